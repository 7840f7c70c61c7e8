"""What `headwater.lineage.log` answers with: executions, jobs, calls, values, tasks and files as plain facts.

Every answer is a frozen dataclass of plain values; `to_json` gives the shape that `hw log --json` prints and
that `docs/reference/cli.md` documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from headwater.cypher.html import Shown

UNTOLD = "(not told yet)"
"""for the name of a task"""


@dataclass(frozen=True)
class Execution:
    """One run. Times are UTC; `finished` is None while it runs."""

    id: str
    status: str
    command: str
    user: str
    host: str
    project: str
    directory: str
    started: datetime
    finished: datetime | None
    headwater_version: str
    python_version: str
    git_commit: str | None
    git_dirty: bool | None
    error: str | None
    job: str | None
    """id of the root job"""
    task: str | None
    """full name of the root task"""
    tags: Sequence[str]
    """as `key=value`"""


@dataclass(frozen=True)
class Job:
    """One call of one task in one execution. `reason` says why it was cached or had to run."""

    id: str
    execution: str
    parent: str | None
    n: int
    task: str
    task_hash: str
    status: str
    started: datetime | None
    finished: datetime | None
    executor: str | None
    attempt: int | None
    reason: str | None
    error: str | None
    call: str | None
    prov_off: bool | None = None
    """True where calls under it were not recorded"""

    @classmethod
    def of(cls, row: Sequence[Any]) -> Job:
        """A job of a row with its columns. Of one that is at what it returned, the graph may have nothing but that it
        runs, as long as there is more to load: its task is not told yet."""
        found = cls(*row)
        return found if found.task else replace(found, task=UNTOLD, task_hash="")


@dataclass(frozen=True)
class Argument:
    """A value that a call took: by position, or by keyword where `position` is None."""

    name: str
    position: int | None
    value: str
    type: str
    size: int
    preview: str


@dataclass(frozen=True)
class Result:
    """A value that a call returned."""

    value: str
    type: str
    size: int
    preview: str


@dataclass(frozen=True)
class CallLine:
    """A call where another view mentions it."""

    call: str
    task: str
    recorded_at: datetime
    failed: bool


@dataclass(frozen=True)
class FileLine:
    """One content of a file."""

    file: str
    path: str
    evidence: str
    digest: str
    size: int | None


@dataclass(frozen=True)
class ListedExecution(Shown):
    """An execution in the list of executions, with the number of its jobs by status."""

    execution: Execution
    jobs: Mapping[str, int]


@dataclass(frozen=True)
class ExecutionView(Shown):
    """An execution with its jobs, the first of them with their arguments."""

    kind: str = field(default="execution", init=False)
    execution: Execution
    tasks: Mapping[str, Mapping[str, int]]
    """task name to status to number of jobs"""
    jobs: Sequence[Job]
    arguments: Mapping[str, Sequence[Argument]]
    """call hash to its arguments"""
    more_jobs: int
    """how many jobs are left out of `jobs`"""


@dataclass(frozen=True)
class JobView(Shown):
    """A job with what it took, gave and spawned."""

    kind: str = field(default="job", init=False)
    job: Job
    traceback: str | None
    arguments: Sequence[Argument]
    result: Result | None
    children: Sequence[Job]
    undeclared_writes: Sequence[str]
    """paths that its script wrote without declaring them"""
    undeclared_reads: Sequence[str]


@dataclass(frozen=True)
class CallJob:
    """A job that made a call, or was answered with it."""

    id: str
    execution: str
    status: str
    started: datetime | None


@dataclass(frozen=True)
class CallView(Shown):
    """A call, once for all executions that share it."""

    kind: str = field(default="call", init=False)
    call: str
    eval_hash: str
    task: str
    task_hash: str | None
    recorded_at: datetime
    cacheable: bool
    failed: bool
    prov_off: bool | None
    """True where calls under it were not recorded"""
    arguments: Sequence[Argument]
    result: Result | None
    children: Sequence[CallLine]
    parents: Sequence[CallLine]
    jobs: Sequence[CallJob]


@dataclass(frozen=True)
class ValueView(Shown):
    """A value, once for everything that is equal to it."""

    kind: str = field(default="value", init=False)
    value: str
    type: str
    codec: str
    size: int
    preview: str
    location: str | None
    files: Sequence[FileLine]
    returned_by: Sequence[CallLine]
    taken_by: Sequence[CallLine]


@dataclass(frozen=True)
class TaskVersion:
    """A version of a task: the number of its calls, when the last was recorded, and the other project that it is of."""

    task_hash: str
    version: str | None
    calls: int
    last: datetime | None
    project: str | None


@dataclass(frozen=True)
class TaskView(Shown):
    """A version of a task: its source, what else counts in its hash and what does not, its calls."""

    kind: str = field(default="task", init=False)
    task_hash: str
    task: str
    version: str | None
    source: str
    options: str | None
    counted: Sequence[str]
    uncounted: Sequence[str]
    versions: Sequence[TaskVersion]
    calls: Sequence[CallLine]


@dataclass(frozen=True)
class FileView(Shown):
    """One content of a file, and the calls through which it went."""

    kind: str = field(default="file", init=False)
    file: str
    path: str
    evidence: str
    digest: str
    size: int | None
    contents: Sequence[FileLine]
    """every content recorded for the path, this one included"""
    returned_by: Sequence[CallLine]
    taken_by: Sequence[CallLine]


View = ExecutionView | JobView | CallView | ValueView | TaskView | FileView


def to_json(answer: Any) -> Any:
    """An answer as dicts and lists, keys in the order of the fields. Times stay datetimes."""
    if is_dataclass(answer):
        return {item.name: to_json(getattr(answer, item.name)) for item in fields(answer)}
    if isinstance(answer, Mapping):
        return {key: to_json(part) for key, part in answer.items()}
    if isinstance(answer, tuple) and hasattr(answer, "_fields"):
        return {name: to_json(part) for name, part in zip(answer._fields, answer, strict=True)}
    if isinstance(answer, (list, tuple)):
        return [to_json(part) for part in answer]
    return answer
