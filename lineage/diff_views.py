"""What `headwater.lineage.diff` answers with: where two executions, calls, tasks, values or files differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.lineage.changes import ValueChange
from headwater.lineage.log_views import to_json
from headwater.lineage.versions import CodeChange


@dataclass(frozen=True)
class Side:
    """One of the two things that are compared."""

    kind: str
    id: str
    label: str


@dataclass(frozen=True)
class Fact:
    """A circumstance that differs: a status, a commit, a version of Python, a size."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class CallChange:
    """A place in the tree of calls where the two differ."""

    path: str
    """names of tasks from the root, like `flights.main/flights.clean[2]`; the number counts equal names in one place"""
    change: str
    """changed, added, removed, or unfinished where one of them, or both, came to no result"""
    task: str
    """full name"""
    before: str | None
    """call hash"""
    after: str | None
    code: bool
    """whether the versions of the task differ"""
    arguments: Sequence[ValueChange]
    result: ValueChange | None
    below: bool
    """whether something below it differs"""
    called_alike: bool | None = None
    """of what is unfinished: whether code and arguments are the same; which arguments differ is not on record"""
    ended: tuple[str, str] | None = None
    """of what is unfinished: the statuses of both jobs"""


@dataclass(frozen=True)
class Diff:
    """Where two things differ; nothing in any list where they do not."""

    before: Side
    after: Side
    facts: Sequence[Fact]
    code: Sequence[CodeChange]
    """each pair of versions once"""
    calls: Sequence[CallChange]
    """the pairs that differ, a call before the calls below it"""
    value: ValueChange | None
    """of two values"""
    equal_calls: int
    """how many pairs were met that are equal, with all that is below them"""
    unfinished: Sequence[str] = ()
    """`a`, `b` or both: what came to no result, and is compared as far as it came"""

    def __bool__(self) -> bool:
        """Whether they differ."""
        return bool(self.facts or self.code or self.calls or self.value)

    def to_dict(self) -> dict[str, Any]:
        """The shape that `hw diff --json` prints."""
        return {"differ": bool(self), **to_json(self)}
