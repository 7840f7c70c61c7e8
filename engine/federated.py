"""Calls of tasks of other projects, by the names of entry points.

A call runs in a process that belongs to the other project and to the module that the entry point names (`home`): the
project's root is the working directory and the first place to import from, and nothing of the caller's project, nor
what another entry point names, is imported there, nor the other way round. In that process a run inside (`subrun`)
evaluates the task, with the settings of its project, and records into the run above.

The call itself is never reused: what the entry point names now is asked for, and whether what was recorded of it still
holds, that project's process decides, since only that knows its code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import UsageError
from headwater.cypher.project import open_project
from headwater.cypher.settings import nearest
from headwater.engine.code_origin import HEADWATER, origin
from headwater.engine.config import Config
from headwater.engine.context import HERE, Context, Reads, merged, read_hash
from headwater.engine.crossing import refuse_work
from headwater.engine.entry_points import EntryPoint, entry_points, find_entry_point
from headwater.engine.errors import CallError, UnknownTask
from headwater.engine.executors.upwards import importing
from headwater.engine.home import Home, home
from headwater.engine.importing import import_quietly
from headwater.engine.inside import Within
from headwater.engine.registry import get_task_registry
from headwater.engine.subrun import SubRun, asked_inside, run_inside
from headwater.engine.task import Task, task
from headwater.engine.traceback import lines_to

if TYPE_CHECKING:
    from types import ModuleType

    from headwater.engine.job import Job
    from headwater.engine.loop import Run
    from headwater.engine.signature import JobInfo

DEEPEST = 5
"""So many projects may have called one another: each has a process that waits for the next."""

_OF_SETTINGS = ("executor", "limits")
"""Options that name what the caller's settings have. The other project's have others, so they are handed down no
further."""


class Abroad(Within):
    """What a call of an entry point is told, there and here.

    Attributes:
        entry: the entry point; None before the call is about to run.
    """

    entry: EntryPoint | None = None

    def executor(self, run: Run, job: Job) -> str:
        """Where the call runs: on an executor that has processes.

        Raises:
            UsageError: there is no such entry point, or the executor has none.
            CallError: the call holds handles, or projects call one another without end.
        """
        entry = _entry_of(run, job)
        if job.traits.taken:
            raise CallError(
                f"federated_task({entry.name!r}, ...) is given a handle, whose states belong to the run of this "
                "project. Give what it leads to: a path, a URL, a name"
            )
        if self._depth() > DEEPEST:
            raise CallError(
                f"federated_task({entry.name!r}, ...): {DEEPEST} projects have called one another in a row, and this "
                f"call of {entry.task} would be one more. Does the task come back to itself through another project?"
            )
        name: str = job.options.get("executor") or entry.executor
        settings = run.config.executors.get(name)
        above = job.owner.exported if job.owner is not None else None
        if settings is not None and settings.type != "process" and name == (above or {}).get("executor"):
            # It was meant for all that is below the one who handed it down, which this call cannot follow.
            name = entry.executor
            settings = run.config.executors.get(name)
        if settings is not None and settings.type != "process":
            raise UsageError(
                f"{entry}: the executor {name} runs calls on threads of this process, and a task of another project "
                "needs processes of its own. Name one of type process, or leave it out"
            )
        return name

    def filled(self, info: JobInfo, run: Run, job: Job) -> Abroad:
        made = super().filled(info, run, job)
        assert isinstance(made, Abroad)
        made.entry = _entry_of(run, job)
        handed = made.exported or {}
        made.exported = {key: value for key, value in handed.items() if key not in _OF_SETTINGS} or None
        return made

    @property
    def home(self) -> Home | None:
        return None if self.entry is None else Home(self.entry.root, self.entry.module, self._depth())

    def _depth(self) -> int:
        here = home()
        return 1 if here is None else here.depth + 1

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"entry": self.entry})

    def __repr__(self) -> str:
        return "Abroad()"


def _entry_of(run: Run, job: Job) -> EntryPoint:
    name = (job.values or [None])[0]
    if not isinstance(name, str):
        raise CallError(f"federated_task({name!r}, ...): the name of an entry point is needed first, as text")
    if run.entry_points is None:
        run.entry_points = entry_points(run.config.project)
    return find_entry_point(run.entry_points, name)


@task(name="federated_task", namespace="headwater", version="1", cache=False)
def federated_task(
    entrypoint: str,
    /,
    *args: Any,
    _abroad: Abroad = Abroad(),  # noqa: B008  it stands for what is filled in
    **kwargs: Any,
) -> Any:
    """Call a task of another project by the name of an entry point, lazily.

    Args:
        entrypoint: the name: `[federated_tasks.NAME]` in the settings of the run that evaluates the call.
        *args, **kwargs: what the task is given. Expressions in it are evaluated by the run of the caller.

    Raises:
        UsageError: there is no such entry point (the message has the nearest name), its project or its module is not to
            be had, or the module has no such task.
        CallError: the arguments do not fit, or hold what cannot go to another project; or the result does.
        BaseException: what the task raises.
    """
    if not isinstance(_abroad, Abroad):
        raise CallError(
            f"federated_task({entrypoint!r}, ...): _abroad is no name for an argument of such a call. Give that one by "
            "position"
        )
    entry = _abroad.entry
    here = home()
    if entry is None or here is None or here[:2] != (entry.root, entry.module):
        raise UsageError(
            f"federated_task({entrypoint!r}, ...): here is no process of its own for the other project, as in a "
            "rehearsal, and its modules are imported nowhere else. Call it in a run"
        )
    found = _task_of(entry)
    try:
        call = found(*args, **kwargs)
    except CallError as error:
        raise CallError(f"{entry}: {error}") from None
    value = _evaluate(entry, _abroad, call)
    refuse_work(value, f"{entry}: {entry.task} returned")
    return value


federated_task.joins_projects = True


def _evaluate(entry: EntryPoint, abroad: Abroad, call: Any) -> Any:
    config = Config.of(open_project(Path(entry.root)))
    above = abroad.context
    abroad.context = merged(config.context, above)
    if abroad.flags.get("dryrun"):
        return _planned(abroad, config, call)
    run = abroad.run = _FederatedRun(abroad, config, above, new_execution=entry.new_execution)
    return run_inside(run, abroad, call)


def _planned(abroad: Abroad, config: Config, call: Any) -> Any:
    from headwater.engine.dryrun import DryRun

    run = DryRun(
        abroad.project_of,
        config,
        use_cache=abroad.flags["use_cache"],
        keep_going=abroad.flags["keep_going"],
        context=abroad.context,
    )
    return run.evaluate(asked_inside(abroad, call), (), None, lambda _: None)


class _FederatedRun(SubRun):
    """The run inside, in a process of the project that the task is of.

    Args:
        context: that of the run above, which is laid over what the project's settings say.
    """

    def __init__(self, within: Within, config: Config, context: Context, *, new_execution: bool) -> None:
        super().__init__(within, config, new_execution=new_execution)
        self._context_above = context

    def _read(self, reads: Reads | None) -> Reads | None:
        # What this project's settings and folder are is seen in each run: the calls above depend on theirs alone.
        return {path: read_hash(self._context_above, path) for path in reads or () if path != HERE} or None


def _task_of(entry: EntryPoint) -> Task[Any, Any]:
    """The task that an entry point names, with its module imported.

    Raises:
        UsageError: the module is not there, or cannot be imported.
        UnknownTask: it has no such task; the message has the nearest of those that it has.
    """
    try:
        with importing():  # what is imported first is no time of the call's own, here as in other processes
            module = import_quietly(entry.module)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{entry}: load_module = {entry.module} cannot be imported in {entry.root}: {_reason(error)} To see more, "
            f"type there: hw run {entry.module} {entry.task.rpartition('.')[2]} --help"
        ) from error
    known = {one.fullname: one for one in _tasks_in(module)}
    if entry.task in known:
        return known[entry.task]
    own = sorted(name for name, one in known.items() if origin(one.func.__module__, None) != HEADWATER)
    hint = nearest(entry.task, own) if own else " It defines no tasks."
    raise UnknownTask(f"{entry}: {module.__file__} has no task {entry.task!r}.{hint}")


def _tasks_in(module: ModuleType) -> list[Task[Any, Any]]:
    """The tasks that a module, or one inside it, defines, and those that it has imported."""
    inside = f"{module.__name__}."
    own = [
        one
        for one in get_task_registry()
        if one.load_module == module.__name__ or (one.load_module or "").startswith(inside)
    ]
    return [*own, *(one for one in vars(module).values() if isinstance(one, Task) and not one.overrides)]


def _reason(error: BaseException) -> str:
    """What an import failed with, and on which line of the user's."""
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})."
    kept = lines_to(error)
    place = f" ({kept[-1].filename}:{kept[-1].lineno})" if kept else ""
    return f"{type(error).__name__}: {error}{place}."
