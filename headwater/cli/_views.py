"""The views of `hw log` as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cli import _output
from headwater.cli._progress import status_table

if TYPE_CHECKING:
    from headwater.lineage import log_views as views
    from headwater.lineage.tags import Tag

ID = 8
"""characters of an id where many are listed: mostly enough to be unique, and easy to type"""
SHOWN = 12
"""characters of an execution's id: the first are its time, so fewer would often not be unique"""


NOT_RECORDED = "not recorded (prov=False)"
"""what stands where calls were not recorded"""
REASON = 80
"""characters of why a job ran or did not, in a tree; the job's own view has all of it"""
DEEPEST = 20
"""from here on a tree does not go further to the right: the depth is written instead"""


def view(answer: views.View, tags: Sequence[Tag]) -> Iterator[str]:
    """What is behind an id, part by part, with the tags that it has now."""
    show: Mapping[str, Callable[[Any], Iterator[str]]] = {
        "execution": execution,
        "job": job,
        "call": call,
        "value": value,
        "task": task,
        "file": file,
    }
    yield from show[answer.kind](answer)
    rows = [(tag.text, _output.local_time(tag.at), tag.user) for tag in tags]
    yield from _section("tags", ["tag", "since", "by"], rows)


def executions(listed: Sequence[views.ListedExecution]) -> str:
    """One line a run, newest first."""
    rows = [
        (
            item.execution.id[: SHOWN + 1],
            item.execution.status,
            _output.local_time(item.execution.started),
            _output.duration(_seconds(item.execution.started, item.execution.finished)),
            item.execution.task or "",
            _output.counts(dict(item.jobs)),
            item.execution.command,
        )
        for item in listed
    ]
    return _output.table(
        ["run", "status", "started", "took", "task", "jobs", "command"], rows, right=["took"]
    )


def execution(view: views.ExecutionView) -> Iterator[str]:
    """A run: its facts, a table of statuses per task, the tree of its jobs."""
    run = view.execution
    git = f"{run.git_commit[:ID]}{' with changes' if run.git_dirty else ''}" if run.git_commit else None
    yield _heading("run", run.id, run.status)
    yield _facts(
        ("command", run.command),
        ("started", _output.local_time(run.started)),
        ("took", _output.duration(_seconds(run.started, run.finished))),
        ("by", f"{run.user} on {run.host}"),
        ("in", run.directory),
        ("project", run.project),
        ("git", git),
        ("versions", f"headwater {run.headwater_version}, Python {run.python_version}"),
        ("error", run.error),
    )
    yield ""
    yield status_table(view.tasks)
    if view.jobs:
        yield ""
        yield from _tree(view)
    if view.more_jobs:
        yield f"… and {view.more_jobs} more jobs; --jobs N shows more"


def job(view: views.JobView) -> Iterator[str]:
    """A job: why it ran or did not, what it took and gave, its parent and children, its traceback."""
    item = view.job
    yield _heading("job", item.id, item.status)
    yield _facts(
        ("task", f"{item.task} ({item.task_hash[:ID]})"),
        ("run", item.execution),
        ("parent", item.parent),
        ("started", _output.local_time(item.started)),
        ("took", _output.duration(_seconds(item.started, item.finished))),
        ("executor", item.executor),
        ("attempt", str(item.attempt) if item.attempt and item.attempt > 1 else None),
        ("why", item.reason),
        ("call", item.call),
        ("calls under it", NOT_RECORDED if item.prov_off else None),
        ("error", item.error),
    )
    yield from _arguments(view.arguments)
    yield from _result(view.result)
    yield from _lines("wrote without declaring it", view.undeclared_writes)
    yield from _lines("read without declaring it", view.undeclared_reads)
    if view.children:
        rows = [
            (child.id[:ID], child.status, _took(child), child.task, child.reason) for child in view.children
        ]
        yield from _section("children", ["job", "status", "took", "task", "why"], rows, right=["took"])
    if view.traceback:
        yield "\n" + "\n".join(_output.one_line(line) for line in view.traceback.splitlines())


def call(view: views.CallView) -> Iterator[str]:
    """A call: its arguments and result, its callers and callees, the jobs that share it."""
    yield _heading("call", view.call)
    yield _facts(
        ("task", f"{view.task} ({(view.task_hash or '')[:ID]})"),
        ("recorded", _output.local_time(view.recorded_at)),
        ("cached", None if view.cacheable else "never reused"),
        ("failed", "yes" if view.failed else None),
        ("calls under it", NOT_RECORDED if view.prov_off else None),
        ("eval hash", view.eval_hash),
    )
    yield from _arguments(view.arguments)
    yield from _result(view.result)
    yield from _calls("it called", view.children)
    yield from _calls("called by", view.parents)
    rows = [
        (item.id[:ID], item.status, item.execution, _output.local_time(item.started)) for item in view.jobs
    ]
    yield from _section("jobs", ["job", "status", "run", "started"], rows)


def value(view: views.ValueView) -> Iterator[str]:
    """A value: what it is, the files in it, the calls through which it went."""
    yield _heading("value", view.value)
    yield _facts(
        ("type", view.type),
        ("size", _output.size(view.size)),
        ("kept", view.location and f"in the value store, as {view.location}"),
        ("value", view.preview),
    )
    yield from _files("files in it", view.files)
    yield from _calls("returned by", view.returned_by)
    yield from _calls("taken by", view.taken_by)


def task(view: views.TaskView) -> Iterator[str]:
    """A version of a task: its source, what counts in its hash, its calls, the other versions."""
    yield _heading("task", view.task)
    yield _facts(
        ("hash", view.task_hash),
        ("version", view.version),
        ("options", view.options if view.options and view.options != "{}" else None),
    )
    yield "\n" + "\n".join(_output.one_line(line) for line in view.source.rstrip().splitlines())
    yield from _lines("counts in the hash besides", view.counted)
    yield from _lines("read, but does not count", view.uncounted)
    yield from _calls("calls", view.calls)
    more = sum(item.calls for item in view.versions if item.task_hash == view.task_hash) - len(view.calls)
    if more > 0:
        yield f"  … and {more} more"
    rows: list[tuple[object, ...]] = [
        (item.task_hash[:ID], item.calls, _output.local_time(item.last), item.version)
        for item in view.versions
    ]
    columns = ["task hash", "calls", "last call", "version"]
    if any(item.project for item in view.versions):
        columns.append("project")
        rows = [(*row, item.project) for row, item in zip(rows, view.versions, strict=True)]
    yield from _section("versions", columns, rows, right=["calls"])


def file(view: views.FileView) -> Iterator[str]:
    """One content of a file: how it is known, the calls that made and took it, other contents of the path."""
    yield _heading("file", view.path)
    yield _facts(
        ("hash", view.file),
        (view.evidence, view.digest),
        ("size", _output.size(view.size)),
    )
    yield from _calls("made by", view.returned_by)
    yield from _calls("taken by", view.taken_by)
    others = [item for item in view.contents if item.file != view.file]
    yield from _files("other contents of this path", others)


def _tree(view: views.ExecutionView) -> Iterator[str]:
    """The jobs, each under the one that made it. An explicit stack: a tree may be deeper than Python's."""
    children: dict[str | None, list[views.Job]] = {}
    known = {item.id for item in view.jobs}
    for item in view.jobs:
        children.setdefault(item.parent if item.parent in known else None, []).append(item)
    stack = [(item, 0) for item in reversed(children.get(None, []))]
    rows = []
    while stack:
        item, depth = stack.pop()
        stack.extend((child, depth + 1) for child in reversed(children.get(item.id, [])))
        rows.append((item, depth))
    yield _output.table(
        ["job", "status", "took", "call"],
        [
            (item.id[:ID], item.status, _took(item), _indented(item, depth, view.arguments))
            for item, depth in rows
        ],
        right=["took"],
    )


def call_text(item: views.Job, arguments: Mapping[str, Sequence[views.Argument]]) -> str:
    """A job's call with its arguments, and why it failed or was cached. Those of one without a result are not known."""
    taken = arguments.get(item.call or "", ())
    text = (
        "…"
        if item.call is None
        else ", ".join(
            argument.preview if argument.position is not None else f"{argument.name}={argument.preview}"
            for argument in taken
        )
    )
    note = item.error or (_output.cut(item.reason, REASON) if item.reason else None)
    gap = f"  [calls under it {NOT_RECORDED}]" if item.prov_off else ""
    return f"{item.task}({_output.cut(text, 60)}){gap}{f'  – {note}' if note else ''}"


def _indented(item: views.Job, depth: int, arguments: Mapping[str, Sequence[views.Argument]]) -> str:
    deepest = _output.levels(DEEPEST, 8)
    deep = "  " * depth if depth <= deepest else f"{'  ' * deepest}({depth} deep) "
    return deep + call_text(item, arguments)


def _heading(kind: str, name: str, status: str = "") -> str:
    return f"{kind} {_output.one_line(name)}" + (f"  {_output.status(status)}" if status else "")


def _facts(*facts: tuple[str, str | None]) -> str:
    shown = [(name, text) for name, text in facts if text]
    size = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"  {name.ljust(size)}  {_output.one_line(text)}" for name, text in shown)


def _section(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Iterable[str] = ()
) -> Iterator[str]:
    if rows:
        yield f"\n{title}"
        yield _output.table(columns, rows, right=list(right), indent="  ")


def _lines(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"\n{title}"
        yield from (f"  {_output.one_line(line)}" for line in lines)


def _arguments(arguments: Sequence[views.Argument]) -> Iterator[str]:
    rows = [
        (item.name, item.value[:ID], item.type, _output.size(item.size), item.preview) for item in arguments
    ]
    yield from _section("arguments", ["name", "value", "type", "size", "preview"], rows)


def _result(result: views.Result | None) -> Iterator[str]:
    if result is not None:
        rows = [(result.value[:ID], result.type, _output.size(result.size), result.preview)]
        yield from _section("result", ["value", "type", "size", "preview"], rows)


def _calls(title: str, calls: Sequence[views.CallLine]) -> Iterator[str]:
    rows = [
        (
            item.call[:ID],
            _output.local_time(item.recorded_at),
            item.task + (" (failed)" if item.failed else ""),
        )
        for item in calls
    ]
    yield from _section(title, ["call", "recorded", "task"], rows)


def _files(title: str, files: Sequence[views.FileLine]) -> Iterator[str]:
    rows = [
        (item.file[:ID], item.evidence, item.digest, _output.size(item.size), item.path) for item in files
    ]
    yield from _section(title, ["file", "evidence", "digest", "size", "path"], rows)


def _took(item: views.Job) -> str:
    return _output.duration(_seconds(item.started, item.finished))


def _seconds(started: datetime | None, finished: datetime | None) -> float | None:
    return None if started is None or finished is None else (finished - started).total_seconds()
