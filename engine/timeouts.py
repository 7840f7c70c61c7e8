"""Calls that may not run longer than so long: the option, and which of those that run are due for a look."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from headwater.engine.errors import TaskDefinitionError

if TYPE_CHECKING:
    from headwater.engine.job import Job

_SLACK = 1000
"""Moments of calls that ended long before them, so many as may lie about before they are swept up."""


IMPORT_AT_LEAST = 60.0
"""Seconds that a process has to import what a call with a timeout needs, however short that is."""
IMPORT_AT_MOST = 1e6
"""However long it is: to wait for more than 2**31 milliseconds, few systems can be asked."""


def time_to_import(timeout: float) -> float:
    """Seconds that a process has to import what a call needs: that is not the call's own time, and may take longer, but
    something that hangs is to be stopped there, too."""
    return min(max(10 * timeout, IMPORT_AT_LEAST), IMPORT_AT_MOST)


def check_timeout(name: str, value: Any) -> float | None:
    """The option `timeout`: seconds, or None for none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise TaskDefinitionError(
            f"option {name}={value!r}: seconds are needed, more than 0, or None for none"
        )
    return float(value)


class Timeouts:
    """The calls that run under a time limit, each with the moment at which to look after it.

    Args:
        clock: tells the time, in seconds.

    Attributes:
        jobs: the calls, by number; its truth says at no cost whether there are any.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.jobs: dict[int, Job] = {}
        self._moments: list[tuple[float, int]] = []

    def watch(self, job: Job, seconds: float) -> None:
        """Look after a call in so many seconds."""
        self.jobs[job.n] = job
        heapq.heappush(self._moments, (self._clock() + seconds, job.n))
        if len(self._moments) > 2 * len(self.jobs) + _SLACK:
            self._moments = [moment for moment in self._moments if moment[1] in self.jobs]
            heapq.heapify(self._moments)

    def take(self) -> list[Job]:
        """Take out the calls whose moment has come and that have not ended."""
        now, taken = self._clock(), []
        while self._moments and self._moments[0][0] <= now:
            job = self.jobs.pop(heapq.heappop(self._moments)[1], None)
            if job is not None:
                taken.append(job)
        return taken

    def seconds(self) -> float:
        """How long it is until the next moment: 0 where one has passed, infinity where there is none."""
        return max(self._moments[0][0] - self._clock(), 0.0) if self._moments else math.inf
