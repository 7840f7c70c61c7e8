"""Calls of tasks of other projects, by the names of entry points.

`federated_task` makes one call, `headwater.federated_task`, which takes what the task is given and gives a run inside
(`subrun`) with the settings of the task's project. It is never reused itself, so that what the settings say now is
what is called; the run inside is, as long as the code of the task and what it read are what they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.project import find_project
from headwater.engine.config import Config
from headwater.engine.current import get_current_scheduler
from headwater.engine.entry_points import EntryPoint, find_entry_point, known_here, load_task
from headwater.engine.signature import JobInfo
from headwater.engine.subrun import subrun
from headwater.engine.task import task

if TYPE_CHECKING:
    from headwater.engine.job import Job
    from headwater.engine.loop import Run


def federated_task(entrypoint: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task of another project by the name of an entry point, lazily.

    Args:
        entrypoint: the name: `[federated_tasks.NAME]` in the settings of the run that evaluates the call.
        *args, **kwargs: what the task is given. Expressions in it are evaluated by the run of the caller.

    Raises (at once):
        CallError: the arguments do not fit; where the module of the task cannot be imported here, it is told later.

    Raises (when it is evaluated):
        UsageError: there is no such entry point; the message has the nearest name.
        Exception: what importing its module raises, or the task itself.
    """
    scheduler = get_current_scheduler(required=False)
    config = scheduler.config if scheduler is not None else Config.of(find_project())
    # Which run evaluates the call is not known here for sure, so an unknown name is told there.
    entry = config.entry_points.get(entrypoint)
    found = known_here(entry) if entry is not None else None
    if found is not None:
        found.plan.check(found.fullname, args, kwargs)
    return call_entry_point(entrypoint, args, kwargs)


class EntryPoints(JobInfo):
    """What a job is told of the entry points of its run."""

    known: Mapping[str, EntryPoint]

    def filled(self, info: JobInfo, run: Run, job: Job) -> EntryPoints:
        made = EntryPoints()
        made.known = run.config.entry_points
        return made


@task(name="federated_task", namespace="headwater", version="1", cache=False)
def call_entry_point(
    entrypoint: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    points: EntryPoints = EntryPoints(),  # noqa: B008  it stands for what is filled in
) -> Any:
    """The call of the run above. `federated_task(...)` makes it."""
    return expanded(points.known, entrypoint, args, kwargs)


def expanded(
    known: Mapping[str, EntryPoint], entrypoint: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """What a call of an entry point comes to: a run inside.

    Raises:
        UsageError: there is no such entry point.
        CallError: the arguments do not fit.
    """
    entry = find_entry_point(known, entrypoint)
    found = known_here(entry)
    if found is not None:
        call = found(*args, **kwargs)
        modules = [found.load_module or entry.module]
    else:
        call = call_by_name(entry.module, str(entry.root), entry.task, args, kwargs)
        modules = [__name__]  # of the caller's there need be none
    return subrun(
        call,
        entry.executor,
        config_dir=str(entry.root),
        new_execution=entry.new_execution,
        load_modules=modules,
    )


@task(name="call_by_name", namespace="headwater", version="1", config_args=["root"])
def call_by_name(
    module: str, root: str, fullname: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """A call of a task whose module the run above could not import: it is imported where the run inside is."""
    return load_task(module, Path(root), fullname)(*args, **kwargs)
