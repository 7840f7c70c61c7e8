"""What `headwater.lineage.why` answers with: for each job a reason of a closed list, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from headwater.lineage.changes import FileChange, ValueChange
from headwater.lineage.log_views import to_json

if TYPE_CHECKING:
    from headwater.lineage.versions import CodeChange


class Reason(str, Enum):
    """Why a job ran, or did not. There are no others."""

    NEW_TASK = "new-task"
    """no earlier run called any version of the task"""
    CODE = "code-changed"
    """the task's source, or a helper or constant that it reads, is another one"""
    ARGUMENT = "argument-changed"
    """it was given something that no earlier run gave it, or reads something else from outside"""
    FILE = "file-changed"
    """a file that it took or made is no longer what it was"""
    UPSTREAM = "upstream-changed"
    """a call that fed it, or one below it, ran and gave something else"""
    NEVER_CACHED = "never-cached"
    """an option or the command line says that it runs every time"""
    FAILED = "earlier-failure"
    """the last equal call ended in an error, and errors are not reused"""
    NO_ANSWER = "no-answer"
    """the cache was not asked, or could not tell"""
    REUSED = "reused"
    """an earlier run's result was taken"""
    SHARED = "shared"
    """an equal call of the same run gave the result"""
    UNFINISHED = "unfinished"
    """it came to no end: an argument failed, it was cancelled, or it is still running"""


@dataclass(frozen=True)
class JobLine:
    """A job where a reason mentions it."""

    id: str
    execution: str
    task: str
    task_hash: str | None
    status: str
    started: datetime | None
    call: str | None


@dataclass(frozen=True)
class ArgumentChange(ValueChange):
    """An argument that differs from that of the earlier call."""

    fed_by: Sequence[JobLine]
    """the jobs whose results flowed into it, those that ran first; 20 at most"""
    from_parent: bool
    """whether the parent's own body made it, or put something beside those results"""


@dataclass(frozen=True)
class Step:
    """One job's reason, and what shows it."""

    job: JobLine
    reason: Reason
    because: str
    """the reason in words"""
    recorded: str | None
    """what the scheduler noted when it decided"""
    earlier: JobLine | None
    """the job that it is compared with, or whose result it took"""
    code: CodeChange | None
    arguments: Sequence[ArgumentChange]
    files: Sequence[FileChange]
    """files in its result, or taken below it, that changed"""


@dataclass(frozen=True)
class Why:
    """Why a job ran: its own reason first, then the reason of what caused it, to the root."""

    steps: Sequence[Step]

    @property
    def job(self) -> JobLine:
        return self.steps[0].job

    @property
    def root(self) -> Step:
        """The first cause: nothing that is recorded lies behind it."""
        return self.steps[-1]

    def to_dict(self) -> dict[str, Any]:
        """One element of `jobs` in what `hw why --json` prints."""
        return {
            "job": to_json(self.job),
            "reason": self.steps[0].reason.value,
            "root": self.root.reason.value,
            "steps": [_plain(step) for step in self.steps],
        }


def _plain(step: Step) -> dict[str, Any]:
    return {**to_json(step), "reason": step.reason.value}
