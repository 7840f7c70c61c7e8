"""Trying again: the options of it, which failures deserve another attempt, and how long to wait before that.

Only what a task's own function raised is tried again. Calls that it returned have retries of their own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import InternalError, UsageError
from headwater.engine.errors import CallError, Cancelled, TaskDefinitionError, Unrecordable

if TYPE_CHECKING:
    from headwater.engine.job import Job

BACKOFF = 1.0
"""Seconds before the second attempt, where a task does not say otherwise."""

LONGEST_PAUSE = 300.0
"""Seconds that doubling the pause ends at; a longer `retry_backoff` stays what it is."""

_NEVER = (CallError, Cancelled, InternalError, TaskDefinitionError, Unrecordable, UsageError)
"""What is wrong with a call, and would be so again."""


def check_retries(name: str, value: Any) -> int:
    """The option `retries`: how many further attempts there may be."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TaskDefinitionError(
            f"option {name}={value!r}: a whole number of further attempts is needed, like 3"
        )
    return value


def check_backoff(name: str, value: Any) -> float:
    """The option `retry_backoff`: seconds before the second attempt."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise TaskDefinitionError(f"option {name}={value!r}: seconds are needed, from 0")
    return float(value)


def check_retry_on(name: str, value: Any) -> tuple[type[BaseException], ...]:
    """The option `retry_on`: an exception class or several."""
    classes = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if not classes:
        raise TaskDefinitionError(
            f"option {name}={value!r}: no error would be worth another attempt. Name an exception class, or leave out "
            f"{name} and retries"
        )
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            raise TaskDefinitionError(
                f"option {name}={value!r}: an exception class is needed, or a tuple of them"
            )
    return classes


def deserves_another(job: Job, error: BaseException) -> bool:
    """Whether a job that failed is to be tried again."""
    options = job.options
    return (
        job.traits.attempt <= options.get("retries", 0)
        and isinstance(error, options.get("retry_on", (Exception,)))
        and not isinstance(error, _NEVER)
    )


def pause_after(job: Job, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds to wait after an attempt: doubled from one to the next, and drawn from the upper half, so that calls
    that failed together do not come back together.

    Args:
        draw: gives a number between two.
    """
    backoff: float = job.options.get("retry_backoff", BACKOFF)
    longest = min(backoff * 2.0 ** min(job.traits.attempt - 1, 64), max(backoff, LONGEST_PAUSE))
    return draw(longest / 2, longest)
