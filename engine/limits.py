"""Limits: how many calls that name a resource may run at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwater.engine.errors import CallError

if TYPE_CHECKING:
    from headwater.engine.job import Job


class Limits:
    """Counts what runs under each limit; calls that would exceed one wait in the order in which they came.

    Args:
        capacities: how many of each resource there are; a name that is not listed has one.
    """

    def __init__(self, capacities: Mapping[str, int] | None = None) -> None:
        self._capacities = dict(capacities or {})
        self._used: dict[str, int] = {}
        self._waiting: deque[Job] = deque()

    def acquire(self, job: Job) -> bool:
        """Take what a job needs, or put it in the queue and say False.

        Raises:
            CallError: it needs more of a resource than there is at all.
        """
        wanted = job.options["limits"]
        for name, count in wanted.items():
            if count > self._capacity(name):
                raise CallError(
                    f"{job.task.fullname} needs {count} of the limit {name!r}, and there are only "
                    f"{self._capacity(name)}: raise it under [limits] in headwater.ini."
                )
        if any(self.used(name) + count > self._capacity(name) for name, count in wanted.items()):
            self._waiting.append(job)
            return False
        for name, count in wanted.items():
            self._used[name] = self.used(name) + count
        return True

    def release(self, job: Job) -> list[Job]:
        """Give back what a job had, and take out of the queue every job that might go on now."""
        for name, count in job.options["limits"].items():
            self._used[name] -= count
        waiting, self._waiting = list(self._waiting), deque()
        return waiting

    def taken(self) -> dict[str, int]:
        """How much of each resource that was ever asked for is taken now."""
        return dict(self._used)

    def used(self, name: str) -> int:
        """How much of a resource is taken now."""
        return self._used.get(name, 0)

    def _capacity(self, name: str) -> int:
        return self._capacities.get(name, 1)
