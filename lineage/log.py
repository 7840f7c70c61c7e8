"""What was run: executions with their jobs, and the job, call, value, task or file behind an id.

Every question is a named query (`cypher/queries/log_*.cypher`); a few of them answer for a whole view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import UsageError
from headwater.cypher.records import project_in
from headwater.lineage.log_views import (
    UNTOLD,
    Argument,
    CallJob,
    CallLine,
    CallView,
    Execution,
    ExecutionView,
    FileLine,
    FileView,
    Job,
    JobView,
    ListedExecution,
    Result,
    TaskVersion,
    TaskView,
    ValueView,
    View,
)

if TYPE_CHECKING:
    from datetime import datetime

    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found

LISTED = 20
"""calls, jobs or files that a view lists, newest first"""


def executions(store: GraphStore, *, limit: int, status: str | None = None) -> list[ListedExecution]:
    """The newest executions, newest first.

    Args:
        limit: how many at most.
        status: only those of this status.
    """
    return listed(
        store, [Execution(*row) for row in store.rows("log_executions", status=status, limit=limit)]
    )


def listed(store: GraphStore, found: Sequence[Execution]) -> list[ListedExecution]:
    """Executions with the number of their jobs."""
    counts = _counts(store, [execution.id for execution in found])
    return [ListedExecution(execution, _total(counts.get(execution.id, {}))) for execution in found]


def view(store: GraphStore, found: Found, *, jobs: int) -> View:
    """What the graph has on something that `headwater.lineage.resolve.resolve` found.

    Args:
        jobs: how many jobs of an execution to show.

    Raises:
        UsageError: it is not there any more.
    """
    if found.kind == "execution":
        answer: View | None = execution(store, found.id, limit=jobs)
    else:
        ask: Callable[[GraphStore, str], View | None] = {
            "job": job,
            "call": call,
            "value": value,
            "task": task,
            "file": file,
        }[found.kind]
        answer = ask(store, found.id)
    if answer is None:
        raise UsageError(f"the graph has no {found.kind} {found.id}")
    return answer


def execution(store: GraphStore, id_: str, *, limit: int) -> ExecutionView | None:
    """One execution with its first `limit` jobs; None where the graph has none of that id."""
    rows = store.rows("log_execution", id=id_)
    if not rows:
        return None
    tasks = _counts(store, [id_]).get(id_, {})
    jobs = [Job.of(row) for row in store.rows("log_jobs", execution=id_, limit=limit)]
    total = sum(_total(tasks).values())
    arguments = arguments_of(store, [job.call for job in jobs if job.call])
    return ExecutionView(Execution(*rows[0]), tasks, jobs, arguments, max(total - len(jobs), 0))


def job(store: GraphStore, id_: str) -> JobView | None:
    """One job."""
    rows = store.rows("log_job", id=id_)
    if not rows:
        return None
    *columns, traceback, writes, reads = rows[0]
    found = Job.of(columns)
    arguments: Sequence[Argument] = ()
    result = None
    if found.call:
        arguments = arguments_of(store, [found.call]).get(found.call, ())
        result = _result(store.rows("log_call", call=found.call)[0])
    children = [Job.of(row) for row in store.rows("log_job_children", id=id_, limit=LISTED)]
    return JobView(found, traceback, arguments, result, children, writes or [], reads or [])


def sharing(store: GraphStore, call_hash: str | None) -> list[str]:
    """The ids of the jobs that made a call or were answered with it, newest first."""
    return [row[0] for row in store.rows("log_call_jobs", call=call_hash, limit=LISTED)] if call_hash else []


def call(store: GraphStore, call_hash: str) -> CallView | None:
    """One call."""
    rows = store.rows("log_call", call=call_hash)
    if not rows:
        return None
    children = _lines(store, store.rows("log_call_children", call=call_hash, limit=LISTED))
    _, eval_hash, task_name, task_hash, recorded_at, cacheable, failed, prov_off, *_ = rows[0]
    return CallView(
        call=call_hash,
        eval_hash=eval_hash,
        task=task_name,
        task_hash=task_hash,
        recorded_at=_made_last(store, [call_hash]).get(call_hash, recorded_at),
        cacheable=cacheable,
        failed=failed,
        prov_off=prov_off,
        arguments=arguments_of(store, [call_hash]).get(call_hash, ()),
        result=_result(rows[0]),
        children=children,
        parents=_calls(store, "log_call_parents", call=call_hash),
        jobs=[CallJob(*row) for row in store.rows("log_call_jobs", call=call_hash, limit=LISTED)],
    )


def value(store: GraphStore, value_hash: str) -> ValueView | None:
    """One value."""
    rows = store.rows("log_value", value=value_hash)
    if not rows:
        return None
    _, type_, codec, size, preview, location = rows[0]
    return ValueView(
        value=value_hash,
        type=type_,
        codec=codec,
        size=size,
        preview=preview,
        location=location,
        files=[FileLine(*row) for row in store.rows("log_value_files", value=value_hash, limit=LISTED)],
        returned_by=_calls(store, "log_value_returned", value=value_hash),
        taken_by=_calls(store, "log_value_took", value=value_hash),
    )


def task(store: GraphStore, task_hash: str) -> TaskView | None:
    """One version of a task."""
    rows = store.rows("log_task", task=task_hash)
    if not rows:
        return None
    _, name, version, source, options, counted, uncounted = rows[0]
    return TaskView(
        task_hash=task_hash,
        task=name,
        version=version,
        source=source,
        options=options,
        counted=list(counted or ()),
        uncounted=list(uncounted or ()),
        versions=[
            TaskVersion(one, given_version, calls, last, project_in(given))
            for one, given_version, calls, last, given in store.rows("log_task_versions", fullname=name)
        ],
        calls=_calls(store, "log_task_calls", task=task_hash),
    )


def file(store: GraphStore, file_hash: str) -> FileView | None:
    """One content of a file."""
    rows = store.rows("log_file", file=file_hash)
    if not rows:
        return None
    contents = [FileLine(*row) for row in store.rows("log_file_contents", path=rows[0][1], limit=LISTED)]
    _, path, evidence, digest, size = rows[0]
    return FileView(
        file=file_hash,
        path=path,
        evidence=evidence,
        digest=digest,
        size=size,
        contents=contents,
        returned_by=_calls(store, "log_file_returned", file=file_hash),
        taken_by=_calls(store, "log_file_took", file=file_hash),
    )


def _counts(store: GraphStore, ids: list[str]) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for id_, task_name, status, jobs in store.rows("log_job_counts", ids=ids):
        # (Of a job above others, the graph may have no more than that it is there.)
        counts.setdefault(id_, {}).setdefault(task_name or UNTOLD, {})[status] = jobs
    return counts


def _total(tasks: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for by_status in tasks.values():
        for status, jobs in by_status.items():
            total[status] = total.get(status, 0) + jobs
    return total


def arguments_of(store: GraphStore, calls: Iterable[str]) -> dict[str, Sequence[Argument]]:
    """The arguments of calls, positional ones first."""
    found: dict[str, list[Argument]] = {}
    for call_hash, *columns in store.rows("log_arguments", calls=sorted(set(calls))):
        found.setdefault(call_hash, []).append(Argument(*columns))
    return {
        call_hash: sorted(
            arguments, key=lambda argument: (argument.position is None, argument.position or 0, argument.name)
        )
        for call_hash, arguments in found.items()
    }


def _result(row: tuple[Any, ...]) -> Result | None:
    """The result in a row of log_call."""
    value_hash, *rest = row[8:]
    return None if value_hash is None else Result(value_hash, *rest)


def _calls(store: GraphStore, query: str, **parameters: Any) -> list[CallLine]:
    return _lines(store, store.rows(query, limit=LISTED, **parameters))


def _lines(store: GraphStore, rows: Sequence[tuple[Any, ...]]) -> list[CallLine]:
    """Of rows that begin with call, task, time and whether it failed; the time as of the store's moment."""
    at = _made_last(store, [row[0] for row in rows])
    return [CallLine(row[0], row[1], at.get(row[0], row[2]), row[3]) for row in rows]


def _made_last(store: GraphStore, calls: Sequence[str]) -> dict[str, datetime]:
    """When each of a few calls was made last by the moment as of which the store is seen; nothing where that is now.
    (The graph keeps only when that was last of all.)"""
    if store.moment is None:
        return {}
    return dict(store.rows("made_last", keys=sorted(set(calls))))
