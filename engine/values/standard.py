"""Parts of the standard library's values: what tells two of them apart, whatever the Python version."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pathlib
import uuid
from collections.abc import Callable
from typing import Any

from headwater.engine.values.walk import Refused


def zone_parts(zone: Any) -> tuple[Any, ...]:
    """Those of a `zoneinfo.ZoneInfo`. (Its module is large, and few use it: it is not imported for this.)"""
    if zone.key is None:
        raise Refused(zone, "it was read from a file and has no name. Use ZoneInfo('Area/City')")
    return (zone.key,)


def _path(path: pathlib.PurePath) -> tuple[Any, ...]:
    return (str(path),)


def _datetime(value: datetime.datetime) -> tuple[Any, ...]:
    date = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return (*date, value.fold, value.tzinfo)


PARTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    datetime.date: lambda v: (v.year, v.month, v.day),
    datetime.time: lambda v: (v.hour, v.minute, v.second, v.microsecond, v.fold, v.tzinfo),
    datetime.datetime: _datetime,
    datetime.timedelta: lambda v: (v.days, v.seconds, v.microseconds),
    datetime.timezone: lambda v: v.__getinitargs__(),
    decimal.Decimal: lambda v: (str(v),),
    fractions.Fraction: lambda v: (v.numerator, v.denominator),
    uuid.UUID: lambda v: (v.bytes,),
    range: lambda v: (v.start, v.stop, v.step),
    slice: lambda v: (v.start, v.stop, v.step),
    collections.deque: lambda v: (list(v), v.maxlen),
    pathlib.PurePosixPath: _path,
    pathlib.PureWindowsPath: _path,
    pathlib.PosixPath: _path,
    pathlib.WindowsPath: _path,
}
"""by exact class; their order counts"""
