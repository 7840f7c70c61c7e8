"""What an executor is: it is handed calls, runs them somewhere, and hands back what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from headwater.engine.forks import forks, leave
from headwater.engine.handle import given_back, opened
from headwater.engine.nested import ATOMS, find_expressions
from headwater.engine.values.own import HOOKED, TRACKED, handed_over

if TYPE_CHECKING:
    from headwater.engine.job import Job
    from headwater.engine.prepare import Prepared


class Outcome(msgspec.Struct):
    """What came of running a task's function once.

    Attributes:
        value: what it returned.
        lazy: whether there are expressions in it.
        prepared: its description, made where it ran; None for atoms and lazy values.
        error: what it raised instead.
        started, stopped: seconds since the epoch.
        changed: paths of files at URLs and folders among the arguments that were not what they were afterwards.
    """

    value: Any
    lazy: bool
    prepared: Prepared | None
    error: BaseException | None
    started: float
    stopped: float
    changed: Sequence[str] = ()


Prepare = Callable[[Any, float], "Prepared"]
"""Describes a result, given when its call began."""
Completed = Callable[["Job", int, Outcome], None]
"""Is told the job, the number that it had when it was handed over (each attempt has its own), and what came of it."""


class Executor(Protocol):
    """Runs calls. Every method is called on the scheduler's thread; `completed` may be called on any."""

    name: str

    def start(self, prepare: Prepare, completed: Completed) -> None:
        """Get ready for a run."""

    def submit(self, jobs: Iterable[Job]) -> None:
        """Run these calls; each is answered by one call of `completed`, unless it is given up."""

    def since(self, job: Job) -> float | None:
        """When a call that was handed over began to run (seconds since the epoch); None while it has not."""

    def give_up(self, job: Job) -> bool:
        """Stop a call, or where that cannot be done leave it alone, so that it is in nobody's way. What comes of it
        may still be told; nobody listens. Returns False where it goes on, unattended."""

    def stop(self, *, wait: bool) -> None:
        """End the run: let what runs finish, or give it up."""


def prepare_for(job: Job, prepare: Prepare) -> Prepare:
    """How a job's result is described: as the run does it, or without leaving anything where it is not recorded."""
    return _unrecorded if job.unrecorded else prepare


def _unrecorded(value: Any, _began: float) -> Prepared:
    from headwater.engine.prepare import prepare_unrecorded

    return prepare_unrecorded(value)


def perform(
    function: Callable[..., Any],
    args: Any,
    kwargs: Any,
    prepare: Prepare,
    started: float,
    *,
    key: bytes | None,
) -> Outcome:
    """Run a function once, and describe what it returned where it ran: that is where the work can be parallel.

    Whatever leaves the function is the outcome, KeyboardInterrupt and the like included: an executor answers every
    call. (A process that the function has forked is none of those who answer, and ends here.)

    Args:
        started: what time it is now, which whoever calls has asked for anyway.
        key: the call's `eval_hash`.
    """
    depth = forks.depth
    try:
        if HOOKED:
            args, kwargs = (handed_over(part, "preprocess", function) for part in (list(args), kwargs))
        if TRACKED:
            opened([args, kwargs])
        value = function(*args, **kwargs) if kwargs else function(*args)
        if forks.depth != depth:
            leave(None)
        if HOOKED:
            value = handed_over(value, "postprocess", function)
        if TRACKED and key is not None:
            value = given_back(value, key)
        if value.__class__ in ATOMS:
            return Outcome(value, False, None, None, started, time())
        if find_expressions(value):
            return Outcome(value, True, None, None, started, time())
        return Outcome(value, False, prepare(value, started), None, started, time())
    except BaseException as error:
        if forks.depth != depth:
            leave(error)
        return Outcome(None, False, None, error, started, time())
