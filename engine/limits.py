"""Limits: how many calls that name a resource may run at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from headwater.engine.errors import CallError
from headwater.engine.slips import Slips

if TYPE_CHECKING:
    from headwater.engine.job import Job


class Limits:
    """Counts what runs under each limit; calls that would exceed one wait in the order in which they came.

    Args:
        capacities: how many of each resource there are; a name that is not listed has one.
    """

    def __init__(self, capacities: Mapping[str, int] | None = None) -> None:
        self._capacities = dict(capacities or {})
        self._slips = Slips(self._capacities)
        self._used: dict[str, int] = {}
        self._waiting: dict[str, deque[Job]] = {}
        """by a limit that they lack; somebody has it, and will give it back"""
        self._holders: set[Job] = set()

    def check(self, names: Iterable[str], task: str) -> None:
        """Refuse slips in the names of what a task needs.

        Raises:
            CallError: one is not configured, and nearly that of one which is.
        """
        for name in names:
            meant = self._slips.meant(name)
            if meant is not None:
                raise CallError(
                    f"{task} needs the limit {name!r}, which is not configured. Did you mean {meant}? Where it is "
                    f"another, put {name} = 1 under [limits] in headwater.ini."
                )

    def acquire(self, job: Job) -> bool:
        """Take what a job needs, or put it in a queue and say False.

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
        lacking = self._lacking(job, {})
        if lacking is not None:
            self._waiting.setdefault(lacking, deque()).append(job)
            return False
        for name, count in wanted.items():
            self._used[name] = self.used(name) + count
        self._holders.add(job)
        return True

    def holds(self, job: Job) -> bool:
        """Whether a job has taken what it needs, and not given it back."""
        return job in self._holders

    def release(self, job: Job) -> list[Job]:
        """Give back what a job had, and take out of the queues every job that can go on now."""
        self._holders.remove(job)
        for name, count in job.options["limits"].items():
            self._used[name] -= count
        return self.offer(job)

    def offer(self, job: Job) -> list[Job]:
        """Take out of the queues every job that can go on, of those that wait for what a job has given back, or could
        have taken and does not need any more."""
        woken: list[Job] = []
        planned: dict[str, int] = {}
        for name in job.options["limits"]:
            queue = self._waiting.get(name)
            while queue:
                waiting = queue[0]
                lacking = None if waiting.finished else self._lacking(waiting, planned)
                if lacking == name:
                    break
                queue.popleft()
                if lacking is not None:
                    self._waiting.setdefault(lacking, deque()).append(waiting)
                elif not waiting.finished:
                    woken.append(waiting)
                    for other, count in waiting.options["limits"].items():
                        planned[other] = planned.get(other, 0) + count
        return woken

    def forget(self, job: Job) -> None:
        """Take a job out of the queues."""
        for queue in self._waiting.values():
            if job in queue:
                queue.remove(job)

    def _lacking(self, job: Job, planned: Mapping[str, int]) -> str | None:
        """A limit that has not enough for a job, besides what is planned for others; None where all is there."""
        for name, count in job.options["limits"].items():
            if self.used(name) + planned.get(name, 0) + count > self._capacity(name):
                return name  # type: ignore[no-any-return]
        return None

    def taken(self) -> dict[str, int]:
        """How much of each resource that was ever asked for is taken now."""
        return dict(self._used)

    def used(self, name: str) -> int:
        """How much of a resource is taken now."""
        return self._used.get(name, 0)

    def _capacity(self, name: str) -> int:
        return self._capacities.get(name, 1)
