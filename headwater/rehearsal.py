"""Trying workflows out in tests: without threads, processes or waiting, and in any order that could happen."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar, overload

from headwater.cypher.project import Project
from headwater.engine.loop import Run
from headwater.engine.run_options import check_project
from headwater.engine.scheduler import Scheduler
from headwater.engine.simulation import SeenCall, SimulatedRun, VirtualClock

T = TypeVar("T")


class Rehearsal:
    """Runs workflows in a simulation, and tells what happened: the pytest fixture `headwater` is one.

    Calls run one at a time on the thread that asks, whatever executor they name, those of a `subrun` too. Pauses before
    further attempts, time limits and `time.sleep` in tasks go by a clock of the rehearsal's own, so nothing waits.
    Results are recorded and reused as in any run of the project.

    Args:
        project: where runs are recorded; None to record nothing, and reuse nothing from one run to the next.

    Attributes:
        project: the same.
        clock: the virtual clock; `clock.now` is how many seconds have passed on it.
        calls: the calls of the last run, in the order in which they ended.
        seed: the seed of the last run; None where the order was the one in which calls are written.
    """

    def __init__(self, project: Project | None = None) -> None:
        self.project = check_project(project, "Rehearsal")
        self.clock = VirtualClock()
        self.calls: list[SeenCall] = []
        self.seed: int | None = None

    @overload
    def run(self, expr: Coroutine[Any, Any, T], *, seed: int | None = None, **options: Any) -> T: ...
    @overload
    def run(
        self, expr: list[Coroutine[Any, Any, T]], *, seed: int | None = None, **options: Any
    ) -> list[T]: ...
    @overload
    def run(self, expr: T, *, seed: int | None = None, **options: Any) -> T: ...

    def run(self, expr: Any, *, seed: int | None = None, **options: Any) -> Any:
        """Evaluate an expression.

        Args:
            seed: of all orders in which ready calls could start and finished ones be taken, choose one by this number:
                the same number, the same order. None for the order in which they are written.
            **options: those of `Scheduler.run`.

        Returns:
            The value.

        Raises:
            BaseException: as `Scheduler.run`.
        """
        self.seed = seed
        scheduler = _Simulator(self.project, self.clock, seed)
        try:
            return scheduler.run(expr, **options)
        finally:
            self.calls = scheduler.calls
            if self.project is not None:
                scheduler.wait_recorded()

    def orders(self, count: int = 20) -> Iterator[int]:
        """Seeds to try, one after the other: a test that fails with one of them says with which."""
        yield from range(count)

    @property
    def ran(self) -> list[str]:
        """The full names of the tasks whose functions ran in the last run, in the order in which their calls ended."""
        return [call.task for call in self.calls if call.ran]

    @property
    def cached(self) -> list[str]:
        """The full names of the tasks whose calls were answered without being run."""
        return [call.task for call in self.calls if call.status == "CACHED"]

    def call(self, task: str) -> SeenCall:
        """The one call of a task in the last run.

        Args:
            task: its full name.

        Raises:
            AssertionError: there is none, or there are several.
        """
        found = [call for call in self.calls if call.task == task]
        if len(found) != 1:
            names = ", ".join(sorted({call.task for call in self.calls})) or "none"
            raise AssertionError(
                f"{len(found)} calls of {task} in the last run. Tasks that were called: {names}"
            )
        return found[0]


class _Simulator(Scheduler):
    def __init__(self, project: Project | None, clock: VirtualClock, seed: int | None) -> None:
        super().__init__(project, record=project is not None)
        self._clock = clock
        self._seed = seed
        self.calls: list[SeenCall] = []

    def _kind(self, *, dryrun: bool) -> Callable[..., Run]:
        if dryrun:
            return super()._kind(dryrun=True)
        return functools.partial(SimulatedRun, clock=self._clock, seed=self._seed, calls=self.calls)
