"""How much memory something takes at most."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def peak(work: Callable[[], T]) -> tuple[T, int]:
    """What the work gives, and the bytes of the objects that it made and that were there at once, at most."""
    gc.collect()
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
