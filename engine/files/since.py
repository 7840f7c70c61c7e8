"""Whether something outside was looked at since the run that is under way began. What was looked at before may have
changed since: a constant of a module, a variable of a notebook, what an earlier run gave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Periods:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0
        self.runs = 0


_periods = _Periods()


def period() -> int:
    """The number of the time since a run began while no other was under way."""
    return _periods.now


@contextmanager
def run_under_way() -> Iterator[None]:
    """A run of this process. Those beside it and inside it have seen the same."""
    with _periods.lock:
        if not _periods.runs:
            _periods.now += 1
        _periods.runs += 1
    try:
        yield
    finally:
        with _periods.lock:
            _periods.runs -= 1
