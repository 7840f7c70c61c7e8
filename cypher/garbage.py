"""Python's garbage collector, where it would only get in the way."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (200_000, 20, 100)
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []
"""the thresholds that were set when each of those who are inside came"""


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
