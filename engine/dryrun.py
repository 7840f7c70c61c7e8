"""A run that runs nothing: it follows the cache as far as that goes, and lists what would run first, and why.

Nothing lasting is written: no journal, and so no execution in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.cypher.errors import HeadwaterError, InternalError, StoreUnavailable
from headwater.cypher.html import table
from headwater.cypher.project import Project
from headwater.engine.background import thread_task
from headwater.engine.cache import GraphCache
from headwater.engine.combinators import evaluated
from headwater.engine.errors import Undecodable, UnknownExecutor
from headwater.engine.expression import Call
from headwater.engine.failure import Unreadable
from headwater.engine.federated import federated_task
from headwater.engine.job import Job, Stored
from headwater.engine.loop import Run
from headwater.engine.nested import find_expressions
from headwater.engine.no_recorder import NoRecorder
from headwater.engine.reasons import Why
from headwater.engine.recorder import read_stored
from headwater.engine.root import root_task
from headwater.engine.subrun import subrun_root_task
from headwater.engine.values import ValueStore, preview

_PREVIEW = 60
_OPENED = {task.fullname for task in (root_task, thread_task, subrun_root_task, evaluated)}
"""tasks that evaluate a quoted expression, their first argument"""


@dataclass(frozen=True)
class PlannedCall:
    """A call that would run.

    Attributes:
        task: its task's full name.
        arguments: a preview of each argument, by the parameter's name.
        why: the reason, of a closed list, and what exactly it was.
    """

    task: str
    arguments: dict[str, str]
    why: Why

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={text}" for name, text in self.arguments.items())
        return f"{self.task}({arguments}): {self.why}"


class DryRunResult(HeadwaterError):
    """A dry run found calls that would run.

    Attributes:
        calls: those that would run first. What depends on them is not known before they have run.
    """

    def __init__(self, calls: Sequence[PlannedCall]) -> None:
        first = "\n".join(f"  {call}" for call in calls[:10])
        more = f"\n  … and {len(calls) - 10} more" if len(calls) > 10 else ""
        super().__init__(f"{len(calls)} call{'s' * (len(calls) != 1)} would run first:\n{first}{more}")
        self.calls = list(calls)

    def _repr_html_(self) -> str:
        rows = [
            (call.task, "\n".join(f"{name}={shown}" for name, shown in call.arguments.items()), call.why)
            for call in self.calls
        ]
        return table(("would run first", "arguments", "why"), rows)


class DryRun(Run):
    """One dry run."""

    _recorded: bool
    _planned: list[Job]
    _elsewhere: dict[Job, Sequence[PlannedCall]]
    """what would run first in other projects, by the call that goes there"""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.flags["dryrun"] = True

    def _open(self, call: Call, tags: Sequence[tuple[str, str]], command: Sequence[str] | None) -> None:
        """As for a run, but without the graph there is no answer.

        Raises:
            StoreUnavailable: the graph cannot be reached, or lacks what is recorded already.
        """
        self._planned, self._elsewhere = [], {}
        self._recorded = not self._is_off(call)
        if self.project is None or not self._recorded:
            return
        from headwater.cypher.backlog import catch_up
        from headwater.cypher.store import open_store

        self._store = store = open_store(self.project, meanwhile=self._go_on)
        caught = catch_up(self.project)
        if not caught.complete:
            raise StoreUnavailable(f"the graph does not hold all earlier runs: {caught.problem}")
        if self._use_cache:
            self._cache = GraphCache(store, self._context, self._can_run)
        self.recorder = _Reader(self.project)
        self.reduction = self._reduce_with(use_cache=self._use_cache)

    def _loop(self, root: Job) -> Any:
        reduction = self.reduction
        while True:
            reduction.advance()
            if self._stop is not None:
                raise self._stop
            if reduction.lookups:
                self._look_up()
            elif reduction.runnable:
                self._plan()
            elif root.finished and root.error is None:
                try:
                    return reduction.value_of(root)
                except Unreadable as unreadable:
                    if not reduction.reopen(unreadable):
                        raise Undecodable(
                            f"the result cannot be read back: {unreadable.reason}"
                        ) from unreadable
            elif self._running or self._completed:
                self._take_completed()
                self._sleep()
            elif not (reduction.ready or reduction.endless(root)):
                break
        if root.error is not None:
            raise root.error
        raise DryRunResult(self._explained())

    def _plan(self) -> None:
        """Note what would run now. Only what stands for a quoted expression is opened: it is no task of the user's, and
        all that it does is to give the expression back. What another project would do, its own process says."""
        reduction = self.reduction
        while reduction.runnable:
            job = reduction.runnable.popleft()
            if job.finished:
                continue
            if job.task.fullname in _OPENED:
                assert job.values is not None
                quoted = job.values[0].expression
                reduction.returned(job, quoted, lazy=bool(find_expressions(quoted)))
            elif job.task.fullname == federated_task.fullname:
                self._ask_elsewhere(job)
            else:
                try:
                    if not _has_settings_of_its_own(job):
                        self._executors.settings_of(job.options.get("executor", "default"))
                except UnknownExecutor as error:
                    reduction.fail(job, error)
                else:
                    self._planned.append(job)

    def _ask_elsewhere(self, job: Job) -> None:
        try:
            executor = self._executors.get(self._executor_of(job))
        except Exception as error:
            self.reduction.fail(job, error)
            return
        self._start(job, executor)
        executor.submit([job])

    def _failed(self, job: Job, error: BaseException) -> None:
        if isinstance(error, DryRunResult):
            self._elsewhere[job] = error.calls
        else:
            self.reduction.fail(job, error)

    def _explained(self) -> list[PlannedCall]:
        from headwater.engine.explain import Explainer

        jobs = [job for job in self._planned if not job.finished]
        elsewhere = [call for job, calls in self._elsewhere.items() if not job.finished for call in calls]
        if not jobs and not elsewhere:
            raise InternalError("a dry run ended with neither a result nor anything to run")
        explainer = Explainer(self._store, use_cache=self._use_cache, recorded=self._recorded)
        reasons = explainer.explain(jobs)
        here = [
            PlannedCall(
                job.task.fullname,
                {
                    name: preview(value, _PREVIEW)
                    for name, value in zip(job.names, job.values or (), strict=False)
                },
                why,
            )
            for job, why in zip(jobs, reasons, strict=True)
        ]
        return here + elsewhere


def _has_settings_of_its_own(job: Job) -> bool:
    """Whether a call is one of a run inside that is given settings: its executors are not those of the run above."""
    above = job.owner
    while above is not None:
        if above.task.fullname == subrun_root_task.fullname:
            settings = dict(zip(above.names, above.values or (), strict=False)).get("settings")
            if settings is not None:
                return True
        above = above.owner
    return False


class _Reader(NoRecorder):
    """Gives what is recorded, and records nothing."""

    def __init__(self, project: Project) -> None:
        self._values = ValueStore(project.values_address())

    def fetch(self, stored: Stored) -> Any:
        return read_stored(stored, self._values)
