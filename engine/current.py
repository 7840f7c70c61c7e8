"""The scheduler of this thread: the one whose run is under way on it, else the one that was set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, overload

from headwater.engine.errors import NoCurrentScheduler

if TYPE_CHECKING:
    from headwater.engine.scheduler import Scheduler


class _Current(threading.local):
    scheduler: Scheduler | None = None


_CURRENT = _Current()


@overload
def get_current_scheduler(required: Literal[True] = True) -> Scheduler: ...
@overload
def get_current_scheduler(required: bool) -> Scheduler | None: ...
def get_current_scheduler(required: bool = True) -> Scheduler | None:
    """The scheduler whose run is under way on this thread, or that was set here; None where neither is.

    Tasks run on threads of their own, which have none: what a task has to know of its run, `JobInfo` tells.

    Args:
        required: fail instead of giving None.

    Raises:
        NoCurrentScheduler: there is none, and one is required.
    """
    found = _CURRENT.scheduler
    if found is None and required:
        raise NoCurrentScheduler(
            "no scheduler is current on this thread. Set one with set_current_scheduler(Scheduler()), or evaluate with "
            "run(expression)"
        )
    return found


def set_current_scheduler(scheduler: Scheduler | None) -> None:
    """Make a scheduler the current one of this thread; None for none."""
    _CURRENT.scheduler = scheduler


@contextmanager
def current(scheduler: Scheduler) -> Iterator[None]:
    """Make a scheduler the current one while a run of it is under way."""
    before = _CURRENT.scheduler
    _CURRENT.scheduler = scheduler
    try:
        yield
    finally:
        _CURRENT.scheduler = before
