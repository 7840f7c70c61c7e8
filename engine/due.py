"""Things that fall due at a moment to come, the earliest first."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Due(Generic[T]):
    """A queue by time, on a clock that never goes back.

    Args:
        clock: tells the time, in seconds.

    Attributes:
        entries: what is in it; its truth says at no cost whether anything is.
    """

    __slots__ = ("_added", "_clock", "entries")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.entries: list[tuple[float, int, T]] = []
        self._added = 0

    def add(self, seconds: float, what: T) -> None:
        """Have something fall due in so many seconds."""
        self._added += 1
        heapq.heappush(self.entries, (self._clock() + seconds, self._added, what))

    def take(self) -> list[T]:
        """Take out everything whose moment has come."""
        now, taken = self._clock(), []
        while self.entries and self.entries[0][0] <= now:
            taken.append(heapq.heappop(self.entries)[2])
        return taken

    def seconds(self) -> float:
        """How long it is until the next moment: 0 where one has passed, infinity where nothing is in it."""
        return max(self.entries[0][0] - self._clock(), 0.0) if self.entries else math.inf
