"""Times as counts of microseconds since the epoch, which is how the journal has them, and how queries hand them over
where there are many: the driver takes far longer to make a time of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import overload

UNKNOWN = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""what 0 microseconds stand for, where a record of an older headwater does not tell the time"""
_MICROSECOND = timedelta(microseconds=1)


@overload
def moment(microseconds: int) -> datetime: ...


@overload
def moment(microseconds: int | None) -> datetime | None: ...


def moment(microseconds: int | None) -> datetime | None:
    """A time in UTC; None for None."""
    return None if microseconds is None else UNKNOWN + timedelta(microseconds=microseconds)


def micros(at: datetime | None, otherwise: int) -> int:
    """Microseconds since the epoch; where there is no time, something else."""
    return otherwise if at is None else (at - UNKNOWN) // _MICROSECOND
