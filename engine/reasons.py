"""Why a call has to run: a closed list of reasons.

`explain` finds the reason of a call by asking the graph what was there before.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

UNREADABLE_RESULT = "recorded result unreadable"
UNREADABLE_EXPRESSION = "its recorded expression is unreadable"
"""How `Job.reason` begins where there was a record that could not be read."""

ROLLED_BACK = "a handle that it takes or gives was rolled back"
"""`Job.reason` where a call ran that took an earlier state."""

READ_OTHERWISE = "what it reads is another now: "
"""`Job.reason` begins so where it was called like this before, and read something else from outside; what, follows."""


class Reason(enum.Enum):
    """Why a call has to run. There are no others."""

    NEW_TASK = "new task"
    """no call of a task of this name has been recorded"""
    CODE_CHANGED = "code changed"
    """the task, or something that its code reads, is not what it was"""
    ARGUMENT_CHANGED = "argument changed"
    """it was never called with this argument, or where it reads this of the context"""
    FILE_CHANGED = "file changed"
    """a file that it takes, or gave, is not what it was"""
    UPSTREAM_CHANGED = "upstream changed"
    """what an earlier step of the workflow gives it is not what it was"""
    EARLIER_FAILURE = "earlier failure"
    """it was called like this, and failed"""
    NEVER_CACHED = "never cached"
    """its result is not to be reused, or was not kept"""


@dataclass(frozen=True)
class Why:
    """A reason, and what exactly it was: a function, an argument, a file, an error."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value
