"""What `hw log` and `hw trace` tell, for programs and notebooks: dataclasses, which a notebook shows as tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.cypher.errors import StoreUnavailable, UsageError
from headwater.cypher.html import Shown, table
from headwater.cypher.project import Project, find_project

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.log_views import ListedExecution, View
    from headwater.lineage.resolve import Found
    from headwater.lineage.trace_views import Trace


@dataclass(frozen=True)
class Runs(Shown):
    """The newest runs of a project.

    Attributes:
        runs: the newest first, each with the number of its jobs by status.
    """

    runs: tuple[ListedExecution, ...]

    def _repr_html_(self) -> str:
        rows = []
        for listed in self.runs:
            run = listed.execution
            jobs = ", ".join(f"{count} {status}" for status, count in listed.jobs.items())
            rows.append((run.id, run.status, run.started, run.task, jobs, run.command))
        return table(("run", "status", "started", "task", "jobs", "command"), rows)


def log(what: str | None = None, *, project: Project | None = None, limit: int = 20) -> Runs | View:
    """What is recorded of a run, job, call, value, task or file; without `what`, of the newest runs.

    Args:
        what: as for `hw log`: the beginning of an id or hash, a task's name, a path, `-` for the last run.
        project: where to look; default: the project around the working directory.
        limit: how many runs, or jobs of a run, there are at most.

    Raises:
        UsageError: there is no project, or nothing, or more than one thing, is meant.
        StoreError: the graph cannot be read, or lacks runs that were recorded.
    """
    from headwater.lineage import log as recorded

    with _reading(project) as store:
        if what is None:
            return Runs(tuple(recorded.executions(store, limit=limit)))
        return recorded.view(store, _found(store, what), jobs=limit)


def trace(what: str, *, project: Project | None = None, depth: int | None = None) -> Trace:
    """Everything that a run's result, or a job, call, value or file, came from.

    Args:
        what: as for `hw trace`: the beginning of an id or hash, a path, `task:NAME` for a task's last call, `-` for the
            last run.
        project: where to look; default: the project around the working directory.
        depth: how many steps to go back; default: all.

    Raises:
        UsageError: there is no project, nothing, or more than one thing, is meant, or it came to no result.
        StoreError: the graph cannot be read, or lacks runs that were recorded.
    """
    from headwater.lineage.trace import call_of_task
    from headwater.lineage.trace import trace as traced

    with _reading(project) as store:
        return traced(store, call_of_task(store, _found(store, what), what), depth=depth)


@contextmanager
def _reading(project: Project | None) -> Iterator[GraphStore]:
    from headwater.cypher.backlog import catch_up
    from headwater.cypher.store import open_store

    project = project or find_project()
    if project is None:
        raise UsageError(
            "this is not in a project. Make one with `hw init`, or give one: project=open_project(...)"
        )
    store = open_store(project)
    try:
        caught = catch_up(project)
        if not caught.complete:
            raise StoreUnavailable(f"the graph does not hold all runs yet: {caught.problem}")
        yield store
    finally:
        store.close()


def _found(store: GraphStore, what: str) -> Found:
    from headwater.engine.files import still_valid
    from headwater.lineage.resolve import resolve

    return resolve(store, what, still_valid=still_valid)
