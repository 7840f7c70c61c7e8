"""What reaches into a run while it lasts: another attempt that is due, a call that takes too long, somebody who
cancels, Ctrl-C; and how a run ends with nothing left open.

Everything here but `cancel`, `_interrupt` and `_interrupted` runs on the loop's thread.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any

from headwater.engine.awaiting import Want
from headwater.engine.cancel import Requests
from headwater.engine.config import Config
from headwater.engine.context import Context
from headwater.engine.driving import Drive
from headwater.engine.due import Due
from headwater.engine.errors import CallError, Cancelled, TaskTimeout, UnknownExecutor
from headwater.engine.executors import Executors, Outcome
from headwater.engine.job import STATUS, Job
from headwater.engine.limits import Limits
from headwater.engine.nested import find_expressions
from headwater.engine.no_recorder import NoRecorder
from headwater.engine.recorder import Recorder
from headwater.engine.reduction import Reduction
from headwater.engine.retries import deserves_another, pause_after
from headwater.engine.task import Task
from headwater.engine.timeouts import Timeouts

if TYPE_CHECKING:
    from headwater.engine.subrun import SubRun

_log = logging.getLogger("headwater")

HEARTBEAT = 0.2
"""Seconds the loop sleeps at most, so that signals, requests of others and a failing journal are noticed. (A signal
handler must not set the event that the loop sleeps on: it may run while this very thread holds the event's lock.)"""

_NONE = (0,) * len(STATUS)


class Control:
    """The part of a run that deals with what comes from outside of the workflow.

    Attributes:
        limits: what is taken of each limited resource.
        inside: jobs by task and status of runs inside it.
        make_inside: what runs inside it are made by; None for `subrun.SubRun`.
    """

    make_inside: Callable[..., SubRun] | None = None

    def __init__(self, config: Config, *, keep_going: bool, context: Context) -> None:
        self._keep_going = keep_going
        self._context = context
        self.recorder: Recorder | NoRecorder = NoRecorder()
        self.reduction = self._reduce_with(use_cache=False)
        self.limits = Limits(config.limits)
        self.inside: list[dict[str, list[int]]] = []
        self._executors = Executors(config)
        self._root: Job | None = None
        self._running: set[Job] = set()
        self._completed: deque[tuple[Job, int, Outcome]] = deque()
        self._asked: deque[Want] = deque()
        self._later: Due[tuple[int, Job]] = Due()
        """calls that are tried again, with the numbers of their last attempts: people know no other yet"""
        self._timeouts = Timeouts()
        self._requests: Requests | None = None
        self._wake = threading.Event()
        self._sleeping = False
        self._stop: BaseException | None = None
        self._raises = False
        """whether Ctrl-C is raised where it comes: while the run begins, and while at its end the caller's thread waits
        for what still goes on"""
        self._drive = Drive()
        self._next_beat = 0.0

    def _reduce_with(self, *, use_cache: bool) -> Reduction:
        return Reduction(
            self.recorder,
            self._check,
            use_cache=use_cache,
            keep_going=self._keep_going,
            context=self._context,
        )

    def counts(self) -> dict[str, list[int]]:
        """Jobs by task name and status, those of runs inside it included; may be called from any thread."""
        found: dict[str, list[int]] = {}
        for counts in (self.reduction.counts, *self.inside):
            for name, row in [*counts.items()]:
                found[name] = [a + b for a, b in zip(found.get(name, _NONE), row, strict=True)]
        return found

    # -- options that name what there is not -----------------------------------------------------------------------

    def _check(self, task: Task[Any, Any], options: Mapping[str, Any]) -> None:
        """Refuse a slip in a name before anything is looked up: so it is told whatever was recorded.

        Raises:
            UnknownExecutor, CallError: the message has the nearest name. (A name that is none, as of an executor of
                another machine, is no slip.)
        """
        self._executors.check(options.get("executor", "default"), task.is_async, task.fullname)
        limits = options.get("limits")
        if limits:
            self.limits.check(limits, task.fullname)

    def _can_run(self, task: Task[Any, Any]) -> bool:
        """Whether no name in a task's definition is a slip, in what it hands down included."""
        for options in (task.definition, task.definition.get("export_options", {})):
            try:
                self._check(
                    task, {name: value for name, value in options.items() if not find_expressions(value)}
                )
            except (UnknownExecutor, CallError):
                return False
        return True

    # -- bodies of async tasks that wait ---------------------------------------------------------------------------

    def _ask(self, want: Want) -> None:
        """Called by the body of an async task, on its own thread."""
        self._asked.append(want)
        if self._sleeping:
            self._wake.set()

    def _take_asked(self) -> None:
        while self._asked:
            want = self._asked.popleft()
            job = want.job
            if job.finished or want.n != job.n:
                continue  # nobody waits for the body, and it has been told to stop
            if self.reduction.stopping or (job.owner is not None and job.owner.finished):
                self.reduction.cancel(job)
            else:
                self._lend(job)
                self.reduction.wanted(want)

    def _lend(self, job: Job) -> None:
        """A body that waits gives its limits back: what it waits for may need them."""
        assert job.body is not None
        if job.options.get("limits") and not job.body.lent:
            job.body.lent = True
            self.reduction.runnable.extend(self.limits.release(job))
        if job.body.withheld:  # it goes on without them as long as it waits for anything
            self._leave_queues(job)
            job.body.hand_over()

    def _take_back(self, job: Job) -> None:
        """A body that waits for nothing any more goes on with its limits; until it has them, it is in their queue."""
        assert job.body is not None
        if job.body.withheld and self.limits.acquire(job):
            job.body.lent = False
            job.body.hand_over()

    def _leave_queues(self, job: Job) -> None:
        """A job does not need its limits now, whether it waits for them or was to have them next."""
        self.limits.forget(job)
        with suppress(ValueError):
            self.reduction.runnable.remove(job)
        self._let_pass(job)

    def _let_pass(self, job: Job) -> None:
        """A job that could have its limits does not take them: let those that wait for them have their turn."""
        if job.options.get("limits"):
            self.reduction.runnable.extend(self.limits.offer(job))

    def _stop_bodies(self) -> None:
        """Nothing starts any more, so what waits for calls waits in vain."""
        for job in sorted(self._running, key=_number):
            if job.body is not None and (job.body.waits or job.body.lent):
                self.reduction.cancel(job)

    def _untie(self) -> None:
        """Where nothing but bodies runs, one may wait for itself."""
        if self._root is not None and all(job.body is not None for job in self._running):
            self.reduction.endless(self._root)

    # -- a call that failed ----------------------------------------------------------------------------------------

    def _failed(self, job: Job, error: BaseException) -> None:
        """A job's function raised, or ran too long: it is tried again, or its call has failed."""
        owner = job.owner
        wanted = not self.reduction.stopping and (owner is None or not owner.finished)
        if wanted and deserves_another(job, error):
            pause, number = self._pause(job), job.n
            self.reduction.fail_attempt(job, error)
            self._later.add(pause, (number, job))
        else:
            self.reduction.fail(job, error)

    def _pause(self, job: Job) -> float:
        return pause_after(job)

    # -- moments that have come ------------------------------------------------------------------------------------

    def _ring(self) -> None:
        """Start the attempts that are due, and stop the calls that have run too long."""
        self.reduction.runnable.extend(job for _, job in self._later.take())
        for job in self._timeouts.take():
            seconds = job.options["timeout"]
            # It counts from when the call began; until then it may have waited for a thread or a process.
            began = self._executors.of(job).since(job)
            left = seconds if began is None else began + seconds - time()
            if left > 0:
                self._timeouts.watch(job, left)
                continue
            if not self._leave(job):
                _log.warning(
                    "%s ran longer than %g seconds on a thread. A thread cannot be stopped: it is left alone, and "
                    "what it still does is ignored. With executor='process' it would have been stopped.",
                    job.task.fullname,
                    seconds,
                )
            self._failed(job, TaskTimeout(job.task.fullname, seconds))

    def _until_next_moment(self) -> float:
        """Seconds for which the loop may sleep."""
        return min(HEARTBEAT, self._later.seconds(), self._timeouts.seconds())

    def _leave(self, job: Job) -> bool:
        """Stop a running call, or leave it alone; False where it goes on. Whatever comes of it, nobody takes it."""
        self._release(job)
        _stop_inside(job)
        return self._executors.of(job).give_up(job)

    def _release(self, job: Job) -> None:
        """Take a job off the list of those that run, and give back what it had of limited resources."""
        self._running.discard(job)
        if self._timeouts.jobs:
            self._timeouts.jobs.pop(job.n, None)
        if not job.options.get("limits"):
            return
        if self.limits.holds(job):
            self.reduction.runnable.extend(self.limits.release(job))
        else:
            self._leave_queues(job)

    # -- somebody who cancels --------------------------------------------------------------------------------------

    def cancel(self, reason: str = "the run was cancelled") -> None:
        """Stop the run; may be called from any thread, but by no signal handler. It raises `Cancelled` soon after."""
        if self._stop is None:
            self._stop = Cancelled(reason)
        self._wake.set()

    def _interrupt(self) -> None:
        """The first Ctrl-C: stop cleanly, and wait no longer for calls that nobody needs. The second: at once; the
        journal keeps every group it has."""
        if isinstance(self._stop, KeyboardInterrupt):
            os._exit(130)
        self._stop = KeyboardInterrupt()
        if self._raises:
            raise self._stop

    def _interrupted(self, error: BaseException) -> None:
        """Somebody else's signal handler has raised while the caller waited for the run."""
        if self._stop is None:
            self._stop = error

    def _go_on(self) -> None:
        """Called while the store is waited for: raises where the run is to stop."""
        if self._stop is not None:
            raise self._stop

    def _beat(self, now: float) -> None:
        """Look a few times a second at what nobody tells us of."""
        self._next_beat = now + HEARTBEAT
        self.recorder.check()
        for number in self._requests.take(self.reduction.jobs) if self._requests is not None else ():
            if number is None:
                self.cancel("the run was cancelled by `hw cancel`")
            else:
                self._cancel_job(number)

    def _cancel_job(self, number: int) -> None:
        """Have one call fail with `Cancelled`, and stop what runs for it alone."""
        job = self._unfinished(number)
        if job is None:
            return
        if job is self._root:
            self.cancel(f"{job.task.fullname} was cancelled by `hw cancel`")
            return
        if job in self._running:
            self._leave(job)
        self.reduction.fail(job, Cancelled(f"{job.task.fullname} was cancelled by `hw cancel`"))
        for other in sorted(self._running, key=_number):
            if not other.followers and self._is_orphaned(other):
                self._leave(other)
                self.reduction.cancel(other)

    def _unfinished(self, number: int) -> Job | None:
        """The job of that number, if it has not ended; of an attempt that failed, that of its call, if it waits for
        another."""
        for _, _, (last, job) in self._later.entries:
            if last == number and not job.finished:
                return job
        stack = [self._root] if self._root is not None else []
        for stand_in in self.reduction.stand_ins:
            stack.extend(stand_in.live)
        while stack:
            job = stack.pop()
            if not job.finished:
                if job.n == number:
                    return job
                stack.extend(job.live)
        return None

    # -- ends ------------------------------------------------------------------------------------------------------

    def _end_all(self) -> None:
        """Give every job that has not ended its end: nothing goes on."""
        reduction = self.reduction
        reduction.stopping = True
        for job in sorted(self._running, key=_number):
            self._release(job)
            _stop_inside(job)
            reduction.cancel(job)
        if self._root is not None:
            reduction.cancel(self._root)
        reduction.abandon_background()

    def _is_orphaned(self, job: Job) -> bool:
        """Whether a call that it was made for has ended."""
        above = job.owner
        while above is not None and above not in self.reduction.stand_ins:
            if above.finished:
                return True
            above = above.owner
        return False


def _stop_inside(job: Job) -> None:
    """Stop what runs inside of a call that is given up."""
    for info in job.infos():
        info.stop()


def _number(job: Job) -> int:
    return job.n
