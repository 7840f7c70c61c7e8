"""Python's garbage collector, where it would only get in the way."""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

Thresholds = tuple[int, int, int]

SELDOM: Thresholds = (200_000, 20, 100)
"""for what makes a great many objects that are needed until its end"""
RARELY: Thresholds = (2_000_000, 20, 100)
"""for what has a `MemoryWatch` beside it"""
_LEAST = 64 << 20
"""bytes that may be garbage before anybody looks"""
_SMALL = 1024
"""bytes of each new object, and what hangs on it, that are no sign of anything held by few"""

_lock = threading.Lock()
_inside: list[Thresholds] = []
"""what each of those who are inside has asked for"""
_before: list[Thresholds] = []
"""what was set when the first of them came"""
_own: set[int] = set()
"""this process, where it is a command's from its start to its end"""


@contextmanager
def few_collections(thresholds: Thresholds = SELDOM) -> Iterator[None]:
    """Collect garbage seldom while this lasts, in whatever thread: for what makes a great many objects that are needed
    until its end, and hold no cycles. Going through them again and again takes two fifths of the time of a large trace,
    and a tenth of that of a large run.
    """
    with _lock:
        if not _inside:
            _before[:] = [gc.get_threshold()]
        _inside.append(thresholds)
        gc.set_threshold(*max(_inside))
    try:
        yield
    finally:
        with _lock:
            _inside.remove(thresholds)
            gc.set_threshold(*max(_inside, default=_before[0]))


class MemoryWatch:
    """Collects garbage where memory has grown by more than many small objects explain: few objects in a circle, as an
    error and the frames that it passed through, may hold as much of it as there is."""

    def __init__(self) -> None:
        self._floor = _memory()

    def look(self) -> None:
        """Collect if it is time; takes some microseconds where it is not."""
        used = _memory()
        self._floor = min(self._floor, used)
        allowed = max(_LEAST, self._floor // 4) + _SMALL * gc.get_count()[0]
        if used - self._floor > allowed and gc.isenabled():
            gc.collect()
            self._floor = _memory()


def _memory() -> int:
    """Bytes of memory that this process has; where the system does not tell, the most that it ever had."""
    try:
        with open("/proc/self/statm", "rb") as told:
            return int(told.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def own_process() -> None:
    """Say that this process is a command's own: it ends with the command."""
    _own.add(os.getpid())


def keep_for_good() -> None:
    """Go through nothing of what there is now any more, in a command's own process: it is needed until the end. At its
    end Python goes through everything several times, which is a sixth of the time of a small run.

    Call it when what the command needs is imported, and before code of the user's is: what that leaves in circles is
    still found at the end, and an open file in one is written out. Elsewhere it does nothing: a process that goes on
    would keep what is garbage by now.
    """
    if os.getpid() in _own:
        gc.freeze()
