"""`hw cancel EXECUTION|JOB`: stop a run that is under way in another process, or one of its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore
    from headwater.lineage.log_views import Job

PATIENCE = 15.0
"""seconds to wait for a run to do what it was asked"""
_PAUSE = 0.05
_TOLD = 3.0
"""seconds until what a run has done can be read"""
_TERMINAL = {"DONE", "CACHED", "FAILED", "CANCELLED"}


@click.command()
@click.argument("what", metavar="EXECUTION|JOB")
def command(what: str) -> int:
    """Stop a run that is under way, or one of its jobs.

    EXECUTION or JOB is the beginning of its id, as log shows it; - is the last run. A cancelled run ends with exit
    code 130, and every job of it that had not ended is CANCELLED. A job that is cancelled fails with Cancelled, and
    so does what needs its result, unless the workflow catches that; everything else goes on. It may be inside a subrun.

    A call that waits for another attempt is known by the last one, which FAILED.

    Calls in processes are stopped. A call on a thread cannot be: it is left alone, and nobody waits for it.
    """
    from headwater.cli._reading import find, reading, the_project
    from headwater.engine import cancel

    project = the_project()
    execution = _by_prefix(what, cancel.running(project))
    if execution is not None:
        return _cancel_execution(project, execution)
    with reading(raise_damage=False) as store:
        found = find(store, what)
        if found.kind == "job":
            return _cancel_job(project, store, found.id)
    if found.kind != "execution":
        raise UsageError(f"{what} is a {found.kind}. Only runs and their jobs can be cancelled: hw log")
    if not cancel.is_running(project, found.id):
        raise UsageError(f"run {found.id} is not under way: it has ended. See: hw log {found.id[:13]}")
    return _cancel_execution(project, found.id)


def _by_prefix(what: str, ids: list[str]) -> str | None:
    """The only one of some executions whose id begins so: what is under way need not be in the graph yet."""
    digits = what.lower().replace("-", "")
    found = [id for id in ids if id.replace("-", "").startswith(digits)] if len(digits) >= 4 else []
    return found[0] if len(found) == 1 else None


def _cancel_execution(project: Project, execution: str) -> int:
    from headwater.engine import cancel

    request = cancel.request(project, execution)
    if _wait(lambda: not cancel.is_running(project, execution)):
        if request.exists():
            request.unlink(missing_ok=True)
            raise UsageError(
                f"run {execution} ended before it was asked to stop. See: hw log {execution[:13]}"
            )
        click.echo(f"run {execution} CANCELLED")
        return 0
    click.echo(f"run {execution} was asked to stop, and has not yet", err=True)
    return 1


def _cancel_job(project: Project, store: GraphStore, id: str) -> int:
    from headwater.cypher.backlog import catch_up
    from headwater.engine import cancel
    from headwater.lineage import log

    def look() -> Job:
        view = log.job(store, id)
        assert view is not None
        return view.job

    job = look()
    tried_again = job.status == "FAILED"
    if (job.status in _TERMINAL and not tried_again) or not cancel.is_running(project, job.execution):
        raise _not_under_way(job)
    request = cancel.request(project, job.execution, id)
    if tried_again:
        return _cancel_attempt(project, store, job, request)

    def ended() -> bool:
        catch_up(project, execution_id=job.execution, timeout=PATIENCE)
        return look().status in _TERMINAL

    if _wait(ended):
        request.unlink(missing_ok=True)
        click.echo(f"job {id} ({job.task}) {look().status}")
        return 0
    click.echo(f"job {id} ({job.task}) was asked to stop, and has not yet", err=True)
    return 1


def _cancel_attempt(project: Project, store: GraphStore, job: Job, request: Path) -> int:
    """Say what became of a call that waited for another attempt, if it did."""
    from headwater.cypher.backlog import catch_up
    from headwater.engine import cancel

    found: list[str] = []

    def ended() -> bool:
        catch_up(project, execution_id=job.execution, timeout=PATIENCE)
        found.extend(row[0] for row in store.rows("cancelled_attempt", id=job.id))
        return bool(found) or not cancel.is_running(project, job.execution)

    _wait(lambda: not request.exists() or not cancel.is_running(project, job.execution))
    request.unlink(missing_ok=True)
    _wait(ended, _TOLD)
    if not found and (job.parent is not None or cancel.is_running(project, job.execution)):
        raise _not_under_way(job)
    click.echo(f"job {found[0] if found else job.id} ({job.task}) CANCELLED, before it was tried again")
    return 0


def _not_under_way(job: Job) -> UsageError:
    return UsageError(
        f"job {job.id} ({job.task}) is not under way: it is {job.status}. See: hw log {job.id[:8]}"
    )


def _wait(happened: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True
