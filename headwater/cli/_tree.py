"""A trace as a tree of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from headwater.cli import _output
from headwater.cli._views import ID, NOT_RECORDED

if TYPE_CHECKING:
    from headwater.lineage.trace_views import Trace, TracedCall, TracedFile

ARGUMENTS = 60
RESULT = 40
DEEPEST = 30
"""from here on a tree does not go further to the right: the depth is written instead"""


class _Branch(NamedTuple):
    """Something that something else came from: a call's id or a file's hash, and as what."""

    role: str
    id: str


def tree(trace: Trace) -> Iterator[str]:
    """A line a call or file, each under what came from it; then the files from outside and the code that ran.

    The walk keeps a stack of its own: a trace may be deeper than Python's.
    """
    if trace.kind == "file" and trace.id in trace.files:
        roots = [_Branch("", trace.id)]
    else:
        roots = [_Branch("", id_) for id_ in trace.start]
    deepest = _output.levels(DEEPEST, 6)
    shown: set[str] = set()
    stack = [(branch, 0, "", "", "") for branch in reversed(roots)]
    while stack:
        branch, depth, prefix, joint, below = stack.pop()
        role = f"{branch.role}: " if branch.role else ""
        deep = f"({depth} deep) " if depth > deepest else ""
        kind, text, id_ = map(_output.one_line, _parts(trace, branch.id))
        before = prefix + joint + _output.one_line(deep + role) + kind
        branches = _branches(trace, branch.id)
        if branch.id in shown and branches:
            yield _output.fitted(before, text, f"{id_} (above)")
            continue
        shown.add(branch.id)
        yield _output.fitted(before, text, id_)
        indent = prefix + below if depth < deepest else prefix
        for place, child in enumerate(reversed(branches)):
            last = place == 0
            stack.append((child, depth + 1, indent, "└─ " if last else "├─ ", "   " if last else "│  "))
    yield from _summary(trace)


def _branches(trace: Trace, id_: str) -> list[_Branch]:
    if id_ in trace.files:
        return _as("made by", trace.files[id_].made_by, trace)
    call = trace.calls[id_]
    branches = _as("result", (*call.returned_by, *call.named), trace)
    for argument in call.arguments:
        branches += _as(argument.name, argument.fed_by, trace)
        if argument.from_parent:
            branches += _as(argument.name, (file for file in argument.files if file in trace.files), trace)
    return branches + _as("given by", call.given_by, trace)


def _as(role: str, ids: Iterable[str], trace: Trace) -> list[_Branch]:
    """What came in one role, in the order of the texts: the graph keeps no other."""
    return sorted(
        (_Branch(role, id_) for id_ in ids), key=lambda branch: _output.natural(_text(trace, branch.id))
    )


def _text(trace: Trace, id_: str) -> str:
    return "".join(_parts(trace, id_))


def _parts(trace: Trace, id_: str) -> tuple[str, str, str]:
    """What a call or a file is called, what it is, and its id with what is to be said of it."""
    return _file(trace.files[id_]) if id_ in trace.files else _call(trace.calls[id_])


def _call(call: TracedCall) -> tuple[str, str, str]:
    arguments = ", ".join(
        argument.preview if argument.position is not None else f"{argument.name}={argument.preview}"
        for argument in call.arguments
    )
    result = ""
    if call.used == "result" and call.preview is not None:
        result = f" → {_output.cut(call.preview, RESULT)}"
    notes = " (failed)" * call.failed + " (and further back: --depth)" * call.cut_off
    return "", f"{call.task}({_output.cut(arguments, ARGUMENTS)}){result}", f"  {call.call[:ID]}{notes}"


def _file(file: TracedFile) -> tuple[str, str, str]:
    return "file ", file.path, f"  {file.file[:ID]}{'' if file.made_by else ' (from outside)'}"


def _summary(trace: Trace) -> Iterator[str]:
    if trace.more_makers:
        yield f"\n… and {trace.more_makers} more calls that made an equal value"
    sources = trace.sources()
    if trace.gaps:
        yield f"\n{NOT_RECORDED} under"
        yield _output.table(["call", "task"], [(gap.call[:ID], gap.task) for gap in trace.gaps], indent="  ")
    if sources:
        yield "\nfiles from outside"
        rows = [
            (file.file[:ID], file.evidence, file.digest, _output.size(file.size), file.path)
            for file in sources
        ]
        yield _output.table(["file", "evidence", "digest", "size", "path"], rows, indent="  ")
    if trace.calls:
        yield "\ncode"
        tasks = [((digest or "")[:ID], name) for name, digest in trace.tasks()]
        yield _output.table(["task hash", "task"], tasks, indent="  ")
    else:
        yield "no recorded call made it: it came from outside"
