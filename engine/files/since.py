"""Whether something outside was looked at since the run that is under way began. What was looked at before may have
changed since: a constant of a module, a variable of a notebook, what an earlier run gave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Runs:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.newest = 0


class _Here(threading.local):
    run: int | None = None


_runs = _Runs()
_here = _Here()


def period() -> int:
    """The number of the run of this process that was the last to begin. Ask before looking: a run that begins meanwhile
    is to look again."""
    return _runs.newest


def run_of_thread() -> int:
    """The number of the run that this thread works for; of the newest, where that is not known."""
    return _runs.newest if _here.run is None else _here.run


@contextmanager
def run_under_way() -> Iterator[None]:
    """A run of this thread. One inside another has seen what that has; one beside others looks for itself."""
    before = _here.run
    if before is None:
        with _runs.lock:
            _runs.newest += 1
            _here.run = _runs.newest
    try:
        yield
    finally:
        _here.run = before


class RunThread(threading.Thread):
    """A thread that works for the run of the thread that starts it."""

    _of: int | None

    def start(self) -> None:
        self._of = _here.run
        super().start()

    def run(self) -> None:
        _here.run = self._of
        super().run()
