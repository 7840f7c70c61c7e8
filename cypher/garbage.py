"""Python's garbage collector, where it would only get in the way."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (200_000, 20, 100)
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []
"""the thresholds that were set when each of those who are inside came"""
_own: set[int] = set()
"""this process, where it is a command's from its start to its end"""


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect garbage seldom while this lasts, in whatever thread: for what makes a great many objects that are needed
    until its end, and hold no cycles. Going through them again and again takes two fifths of the time of a large trace.
    """
    with _lock:
        _before.append(gc.get_threshold())
        gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _lock:
            found = _before.pop()
            if not _before:
                gc.set_threshold(*found)


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
