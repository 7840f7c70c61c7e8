"""What an executor is: it is handed calls, runs them somewhere, and hands back what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from headwater.engine.nested import ATOMS, find_expressions

if TYPE_CHECKING:
    from headwater.engine.job import Job
    from headwater.engine.prepare import Prepared


class Outcome(NamedTuple):
    """What came of running a task's function once.

    Attributes:
        value: what it returned.
        lazy: whether there are expressions in it.
        prepared: its description, made where it ran; None for atoms and lazy values.
        error: what it raised instead.
        started, stopped: seconds since the epoch.
    """

    value: Any
    lazy: bool
    prepared: Prepared | None
    error: BaseException | None
    started: float
    stopped: float


Prepare = Callable[[Any], "Prepared"]
Completed = Callable[["Job", Outcome], None]


class Executor(Protocol):
    """Runs calls. Every method is called on the scheduler's thread; `completed` may be called on any."""

    name: str

    def start(self, prepare: Prepare, completed: Completed) -> None:
        """Get ready for a run."""

    def submit(self, jobs: Iterable[Job]) -> None:
        """Run these calls; each is answered by one call of `completed`."""

    def stop(self, *, wait: bool) -> None:
        """End the run: let what runs finish, or give it up."""


def perform(function: Callable[..., Any], args: Any, kwargs: Any, prepare: Prepare) -> Outcome:
    """Run a function once, and describe what it returned where it ran: that is where the work can be parallel."""
    started = time()
    try:
        value = function(*args, **kwargs) if kwargs else function(*args)
        if value.__class__ in ATOMS:
            return Outcome(value, False, None, None, started, time())
        if find_expressions(value):
            return Outcome(value, True, None, None, started, time())
        return Outcome(value, False, prepare(value), None, started, time())
    except (Exception, SystemExit) as error:
        return Outcome(None, False, None, error, started, time())
