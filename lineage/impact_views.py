"""What `headwater.lineage.impact` answers with: the calls, files, runs and people that something reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class AffectedCall:
    """A call to whose arguments or result it came."""

    call: str
    task: str
    task_hash: str | None
    recorded_at: datetime | None
    failed: bool
    type: str | None
    preview: str | None
    """of its result"""
    jobs: Sequence[str]
    """ids of the jobs that it reached; none where the graph has no job of the call"""


@dataclass(frozen=True)
class AffectedFile:
    """A content of a file that an affected call made."""

    file: str
    path: str
    evidence: str
    digest: str
    size: int | None
    made_by: Sequence[str]
    """call hashes"""
    still_there: bool | None
    """whether the file is now as it was recorded; None where nobody looked"""


@dataclass(frozen=True)
class AffectedRun:
    """An execution with affected jobs."""

    id: str
    status: str
    started: datetime | None
    user: str
    host: str
    command: str
    jobs: int
    """how many of its jobs are affected"""


@dataclass(frozen=True)
class UnendedJob:
    """A job that it reached and that came to no result: it goes on, was cancelled, or was cut off."""

    job: str
    task: str
    status: str
    started: datetime | None
    execution: str | None
    user: str
    certain: bool
    """whether it was given it (it may have been cancelled before it began); else it was made by such a job, or jobs
    beside it or under it were reached, and how these fed it is not on record"""


@dataclass(frozen=True)
class Person:
    """Somebody whose runs are affected."""

    user: str
    runs: int


@dataclass(frozen=True)
class Perhaps:
    """What came to a result under or after jobs that came to none: how those fed it is not on record."""

    calls: Sequence[AffectedCall] = ()
    """with the jobs that it reached only perhaps, newest first"""
    files: Sequence[AffectedFile] = ()
    """that these made and no affected call did, sorted by path"""
    runs: Sequence[AffectedRun] = ()
    """of these jobs, with or without a result, where nothing was reached for sure and came to one; newest first"""
    people: Sequence[Person] = ()
    """of these runs, where none of their others is affected"""

    def __bool__(self) -> bool:
        return bool(self.calls or self.files)


@dataclass(frozen=True)
class Impact:
    """Everything that something reached. Calls and runs are newest first, files sorted by path."""

    kind: str
    """of what was asked for: execution, job, call, value, task or file"""
    id: str
    label: str
    contents: Sequence[str]
    """of a file: the hashes of the contents that were asked for"""
    since: datetime | None
    calls: Sequence[AffectedCall]
    files: Sequence[AffectedFile]
    runs: Sequence[AffectedRun]
    people: Sequence[Person]
    unended: Sequence[UnendedJob] = ()
    """newest first; they are among no other of these"""
    perhaps: Perhaps = Perhaps()
    complete: bool = True
    """whether this is all; False where the walk was stopped by its limit, and more may be reached"""

    def __bool__(self) -> bool:
        """Whether anything is affected."""
        return bool(self.calls or self.files or self.runs or self.unended or self.perhaps)

    def counts(self) -> dict[str, int]:
        """How many calls, jobs, files, runs, people and jobs without a result are affected, and how many calls,
        files, runs and people perhaps."""
        return {
            "calls": len(self.calls),
            "jobs": sum(len(call.jobs) for call in self.calls),
            "files": len(self.files),
            "runs": len(self.runs),
            "people": len(self.people),
            "unended": len(self.unended),
            "perhaps_calls": len(self.perhaps.calls),
            "perhaps_files": len(self.perhaps.files),
            "perhaps_runs": len(self.perhaps.runs),
            "perhaps_people": len(self.perhaps.people),
        }

    def to_dict(self) -> dict[str, Any]:
        """The shape that `hw impact --json` prints."""
        from headwater.lineage.log_views import to_json

        head = {name: to_json(getattr(self, name)) for name in ("kind", "id", "label", "contents", "since")}
        lists = {
            name: to_json(getattr(self, name))
            for name in ("calls", "files", "runs", "people", "unended", "perhaps")
        }
        return {**head, "complete": self.complete, "counts": self.counts(), **lists}
