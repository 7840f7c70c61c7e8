"""Times as counts of microseconds since the epoch, which is how the journal has them, and how queries hand them over
where there are many: the driver takes far longer to make a time of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def moment(microseconds: int | None) -> datetime | None:
    """A time in UTC; None for None."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def micros(at: datetime | None, otherwise: int) -> int:
    """Microseconds since the epoch; where there is no time, something else."""
    return otherwise if at is None else (at - _EPOCH) // _MICROSECOND
