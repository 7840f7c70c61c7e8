"""The logs that scripts leave in the project, by job: found, cut and shown."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headwater.cli._live_logs import inert
from headwater.cypher.errors import UsageError
from headwater.lineage import log

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore
    from headwater.lineage import log_views as views

LINES = 10
"""of a log, shown with its job"""


def path_of(project: Project, job: str) -> str | None:
    """Where the log of a job is; None where this project has none of it."""
    from headwater.engine.script_log import log_path

    path = log_path(str(project.folder), job)
    return path if os.path.isfile(path) else None


def tail(path: str) -> Iterator[str]:
    """A section with the last lines of a log."""
    last: deque[str] = deque(maxlen=LINES)
    count = 0
    for line in _lines(path):
        last.append(line)
        count += 1
    more = f" (the last {LINES} of {count} lines; all: --log)" if count > LINES else ""
    yield f"\nlog{more}"
    yield from (f"  {line}" for line in last)


def whole(project: Project, store: GraphStore, view: views.View) -> Iterator[str]:
    """All that the scripts of a job or a run wrote. Where there are several, a line before each names its job. What was
    answered from the cache wrote nothing: then it is the log of the job that ran.

    Raises:
        UsageError: there is none.
    """
    from headwater.lineage.log_views import ExecutionView, JobView

    if isinstance(view, JobView):
        found, what = _of_job(project, store, view), f"job {view.job.id[:8]}"
    elif isinstance(view, ExecutionView):
        found, what = _logs(project, [job.id for job in view.jobs]), f"run {view.execution.id}"
        if not found and view.execution.job is not None:
            root = log.job(store, view.execution.job)
            found = _of_job(project, store, root) if root is not None else []
    else:
        raise UsageError(f"a {view.kind} has no log. Jobs and runs have: hw log JOB --log")
    if not found:
        raise UsageError(f"no log of {what} is in {project.folder}: only what scripts write is kept")
    for job, path in found:
        if len(found) > 1:
            yield f"==> job {job[:8]} <=="
        yield from _lines(path)


def _of_job(project: Project, store: GraphStore, view: views.JobView) -> list[tuple[str, str]]:
    """The log of a job, or of its children; else those of the newest job of the same call that has any."""
    found = _logs(project, [view.job.id]) or _logs(project, [child.id for child in view.children])
    for other in log.sharing(store, view.job.call) if not found else ():
        again = log.job(store, other)
        if again is not None and not found:
            found = _logs(project, [other]) or _logs(project, [child.id for child in again.children])
    return found


def _logs(project: Project, jobs: Sequence[str]) -> list[tuple[str, str]]:
    return [(job, path) for job in jobs if (path := path_of(project, job))]


def _lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for line in file:
            yield inert(line.rstrip("\n"))
