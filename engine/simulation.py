"""Runs for tests: calls run one at a time on the scheduler's own thread, time passes only where something waits, and a
seed decides in which order what could happen in any order does.

Everything else is a run like any other: the rules of reduction, the cache, the recorder.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from headwater.engine.context import Context
from headwater.engine.control import HEARTBEAT
from headwater.engine.due import Due
from headwater.engine.errors import TaskTimeout
from headwater.engine.executors.base import Completed, Executor, Outcome, Prepare, perform, prepare_for
from headwater.engine.executors.coroutines import Ask
from headwater.engine.executors.owned import own
from headwater.engine.failure import Recording
from headwater.engine.job import RUNNING, STATUS, Job
from headwater.engine.knots import untie
from headwater.engine.loop import Run
from headwater.engine.reduction import Reduction
from headwater.engine.retries import pause_after
from headwater.engine.simulated_bodies import InlineBodies, no_event_loop
from headwater.engine.subrun import SubRun
from headwater.engine.task import Task
from headwater.engine.through import look_through
from headwater.engine.timeouts import Timeouts


class VirtualClock:
    """A clock that stands still until something waits for a later time.

    Attributes:
        now: seconds since the simulation began.
    """

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        """What time it is."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += max(seconds, 0.0)

    @contextmanager
    def in_tasks(self) -> Iterator[None]:
        """While a task runs on this thread, `time.sleep` lets this clock's time pass, and returns at once."""
        real, thread = time.sleep, threading.get_ident()

        def sleep(seconds: float) -> None:
            if threading.get_ident() != thread:
                real(seconds)
            elif seconds < 0:
                raise ValueError("sleep length must be non-negative")
            else:
                self.advance(seconds)

        time.sleep = sleep  # type: ignore[assignment]
        try:
            yield
        finally:
            time.sleep = real


@dataclass
class SeenCall:
    """A call of a task in a simulated run.

    Attributes:
        task: its full name.
        arguments: by parameter. (Of a call that was answered without being run, those that were there.)
        status: DONE, CACHED, FAILED or CANCELLED.
        ran: whether its function ran.
        attempt: 1, or more where it was tried again; each attempt is a call here.
        reason: why it had to run, or did not.
        recorded: False where it was not recorded (`prov=False`).
        error: what it failed with.
        fed_by: for each parameter the calls whose results flowed into it. (Of one that is not recorded, none.)
    """

    task: str
    arguments: dict[str, Any]
    status: str
    ran: bool
    attempt: int
    reason: str | None
    recorded: bool
    error: BaseException | None
    fed_by: dict[str, list[SeenCall]] = field(default_factory=dict, repr=False)


class InlineExecutor:
    """Holds the calls that are ready until it is told to run some, and runs them on the thread that tells it."""

    def __init__(self, name: str, inline: Inline) -> None:
        self.name = name
        self._inline = inline

    def start(self, prepare: Prepare, completed: Completed) -> None:
        return

    def submit(self, jobs: Iterable[Job]) -> None:
        self._inline.pending.extend(jobs)

    def since(self, job: Job) -> float | None:
        return None

    def give_up(self, job: Job) -> bool:
        if job in self._inline.pending:
            self._inline.pending.remove(job)
        return True

    def stop(self, *, wait: bool) -> None:
        return


class Inline:
    """Stands for all executors, whatever their names (`executors.Executors`).

    Attributes:
        pending: the calls that are ready, in the order in which they became it.
        bodies: runs those of async tasks; None where there were none.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.pending: list[Job] = []
        self._clock = clock
        self._made: dict[str, InlineExecutor] = {}
        self.bodies: InlineBodies | None = None

    def start(self, prepare: Prepare, completed: Completed, ask: Ask) -> None:
        self._prepare, self._completed, self._ask = prepare, completed, ask

    def check(self, name: str, is_async: bool, task: str) -> None:
        return

    def where(self, name: str, is_async: bool) -> Executor:
        if not is_async:
            return self.get(name)
        if self.bodies is None:
            self.bodies = InlineBodies(name, self._ask, self._clock)
            self.bodies.start(self._prepare, self._completed)
        return self.bodies

    def of(self, job: Job) -> Executor:
        return self.where(job.executor, job.task.is_async)

    def get(self, name: str) -> InlineExecutor:
        return self._made.setdefault(name, InlineExecutor(name, self))

    def runs_threads(self, name: str) -> bool:
        return False

    def stop(self, *, wait: bool) -> None:
        self.pending.clear()
        if self.bodies is not None:
            self.bodies.stop(wait=wait)
            self.bodies = None

    def run(self, job: Job) -> None:
        """Run one of the pending calls to its end."""
        self.pending.remove(job)
        args, kwargs = job.arguments(own)
        began, limit = self._clock.now, job.options.get("timeout")
        with self._clock.in_tasks(), no_event_loop():
            prepare = prepare_for(job, self._prepare)
            outcome = perform(job.task.body, args, kwargs, prepare, time.time(), key=job.eval_hash)
        if limit is not None and self._clock.now - began > limit:
            # It cannot be stopped on this thread; what came of it counts for nothing all the same.
            late = TaskTimeout(job.task.fullname, limit)
            outcome = Outcome(None, False, None, late, outcome.started, outcome.stopped)
        self._completed(job, job.n, outcome)


class SimulatedRun(Run):
    """One simulated run.

    Args:
        clock: the clock that its pauses and time limits go by.
        seed: decides what happens first; None for the order in which it is written.
        calls: takes the calls as they end.
    """

    def __init__(
        self,
        *args: Any,
        clock: VirtualClock,
        seed: int | None,
        calls: list[SeenCall] | None = None,
        **options: Any,
    ) -> None:
        self.calls: list[SeenCall] = [] if calls is None else calls
        super().__init__(*args, **options)
        self._chance = None if seed is None else random.Random(seed)
        self._clock = clock
        self._inline = Inline(clock)
        self._executors = self._inline  # type: ignore[assignment]
        self._later = Due(clock.read)
        self._timeouts = Timeouts(clock.read)
        self.make_inside = self._inside

    def _inside(self, *args: Any, **options: Any) -> SubRun:
        """A run inside this one: in the same simulation."""
        seed = None if self._chance is None else self._chance.getrandbits(32)
        return _SimulatedSubRun(*args, clock=self._clock, seed=seed, calls=self.calls, **options)

    def _turn(self, root: Job) -> Any:
        return self._loop(root)

    def _reduce_with(self, *, use_cache: bool) -> Reduction:
        return _Watched(
            self.calls,
            self.recorder,
            self._check,
            use_cache=use_cache,
            keep_going=self._keep_going,
            context=self._context,
        )

    def _pause(self, job: Job) -> float:
        return pause_after(job, self._chance.uniform if self._chance is not None else max)

    def _take_completed(self) -> None:
        super()._take_completed()
        self._shuffle(self.reduction.ready)

    def _dispatch(self) -> None:
        self._shuffle(self.reduction.runnable)
        super()._dispatch()

    def _sleep(self) -> None:
        """Instead of waiting: run what is ready, or go to the next moment at which something falls due."""
        pending, chance, bodies = self._inline.pending, self._chance, self._inline.bodies
        if self.reduction.ready:
            return
        if bodies is not None:
            with self._clock.in_tasks():
                bodies.go_on()
            self._shuffle(self._completed)
            if self._asked or self._completed:
                return
        if not pending:
            self._pass_time(bodies)
            return
        some = 1 if chance is None else chance.randint(1, len(pending))
        for _ in range(some):
            if not pending:
                break
            self._inline.run(pending[0] if chance is None else chance.choice(pending))
        self._shuffle(self._completed)

    def _pass_time(self, bodies: InlineBodies | None) -> None:
        rest = bodies.rest if bodies is not None else math.inf
        moment = min(rest, self._later.seconds(), self._timeouts.seconds())
        if bodies is not None and bodies.wait_outside(min(moment, HEARTBEAT)):
            return
        if moment < math.inf:
            self._clock.advance(moment)
        elif bodies is not None:
            super()._sleep()

    def _shuffle(self, some: deque[Any]) -> None:
        if self._chance is not None and len(some) > 1:
            items = list(some)
            self._chance.shuffle(items)
            some.clear()
            some.extend(items)


class _SimulatedSubRun(SimulatedRun, SubRun):
    """A run inside a simulated one."""


class _Watched(Reduction):
    """A reduction that notes each call as it ends, and what fed it."""

    def __init__(
        self,
        calls: list[SeenCall],
        recording: Recording,
        check: Callable[[Task[Any, Any], Mapping[str, Any]], None],
        *,
        use_cache: bool,
        keep_going: bool,
        context: Context | None = None,
    ) -> None:
        super().__init__(recording, check, use_cache=use_cache, keep_going=keep_going, context=context)
        self._calls = calls
        self._ended: dict[Job, dict[int, list[SeenCall]]] = {}
        self._outlived: dict[Job, dict[str, list[SeenCall]]] = {}

    def _finish(self, job: Job, value: Any, value_hash: bytes) -> None:
        untie(job)
        look_through(job)
        self._tell_fed(job)
        super()._finish(job, value, value_hash)

    def _record_failure(self, job: Job, error: BaseException) -> None:
        untie(job)
        look_through(job)
        self._tell_fed(job)
        super()._record_failure(job, error)

    def end(self, job: Job, status: int) -> None:
        seen = SeenCall(
            job.task.fullname,
            dict(zip(job.names, job.values or (), strict=False)),
            STATUS[status],
            job.status == RUNNING,
            job.traits.attempt,
            job.reason,
            not job.unrecorded,
            job.error,
            self._outlived.pop(job, {}),
        )
        if job.owner is not None and not job.owner.finished:
            self._ended.setdefault(job.owner, {}).setdefault(job.index, []).append(seen)
        self._calls.append(seen)
        self._tell_fed(job)
        super().end(job, status)

    def abandon_background(self) -> None:
        for stand_in in self.stand_ins:
            self._tell_fed(stand_in)
        super().abandon_background()

    def _tell_fed(self, owner: Job) -> None:
        """Tell the calls under one, whose time is over, from which others of them they came: all of that is known only
        now, and where it is recorded, the calls get other numbers."""
        ended, below = self._ended.pop(owner, {}), owner.below
        if not (ended and below is not None and below.wiring):
            return
        nodes = below.memo.values()
        outlives = {node.index: node for node in nodes if isinstance(node, Job) and not node.finished}
        for consumer, name, producer in below.wiring:
            if producer not in ended:
                continue
            fed = [seen.fed_by for seen in ended.get(consumer, ())]
            if consumer in outlives:
                fed.append(self._outlived.setdefault(outlives[consumer], {}))
            for sources in fed:
                sources.setdefault(name, []).append(ended[producer][-1])
