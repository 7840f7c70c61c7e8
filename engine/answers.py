"""What a cache answers for a call: its final result, what its function returned, or nothing, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headwater.engine.context import Reads
from headwater.engine.handle_states import HandleStates
from headwater.engine.job import Job, Stored


@dataclass(frozen=True)
class Result:
    """A call's final result, good to be reused."""

    value: Stored
    value_hash: bytes
    call_hash: bytes
    reason: str
    reads: Reads | None = None
    """what of the context it depends on"""


@dataclass(frozen=True)
class OneStep:
    """What a call's function returned: an expression that is to be reduced again."""

    value: Stored
    reason: str


@dataclass(frozen=True)
class Miss:
    """Nothing to reuse, and why."""

    reason: str


Answer = Result | OneStep | Miss


class Cache(Protocol):
    """Answers for calls; one instance serves one run.

    Attributes:
        states: what the run knows of the states of handles.
    """

    states: HandleStates

    def find(self, jobs: Sequence[Job]) -> list[Answer]:
        """An answer for each job, in order."""

    def may_find(self, job: Job) -> bool:
        """Whether there may be an answer for a job, without a question for each."""

    def something_ran(self) -> None:
        """A task's function has run, and may have written files: what was seen of files before is to be seen anew."""


class NoCache:
    """For runs outside a project."""

    def __init__(self) -> None:
        self.states = HandleStates()

    def find(self, jobs: Sequence[Job]) -> list[Answer]:
        return [Miss("runs outside a project are not recorded")] * len(jobs)

    def may_find(self, job: Job) -> bool:
        return False

    def something_ran(self) -> None:
        return
