"""From the driver's values to Python's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from itertools import chain
from typing import Any

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None), bytes})
_LISTS = frozenset({list})


def plain_row(record: Iterable[Any]) -> tuple[Any, ...]:
    """A record as a tuple of plain values."""
    return tuple([value if _is_plain(value) else plain(value) for value in record])


def _is_plain(value: Any) -> bool:
    """Whether a value has nothing of the driver's in it. A level of lists at a time: most answers are large lists of
    lists, and to make these anew takes longer than the driver took to read them."""
    level = [value]
    while level:
        kinds = set(map(type, level)) - _AS_THEY_ARE
        if not kinds:
            return True
        if kinds != _LISTS:
            return False
        level = list(chain.from_iterable([part for part in level if part.__class__ is list]))
    return True


def plain(value: Any) -> Any:
    """A value without any of the driver's types: times as `datetime`'s in UTC, nodes and edges as dicts of their
    properties, a path as the list of its nodes' and edges' properties in turn."""
    if value.__class__ in _AS_THEY_ARE:
        return value
    if isinstance(value, (list, tuple)):
        return [part if part.__class__ in _AS_THEY_ARE else plain(part) for part in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if hasattr(value, "to_native"):
        return _in_utc(value.to_native())
    if hasattr(value, "relationships") and hasattr(value, "nodes"):
        steps = [part for pair in zip(value.nodes, value.relationships, strict=False) for part in pair]
        return [plain(part) for part in (*steps, value.nodes[-1])]
    if isinstance(value, Mapping) or hasattr(value, "items"):
        return {str(key): plain(part) for key, part in value.items()}
    return value


def _in_utc(time: Any) -> Any:
    """What is recorded is in UTC; the local graph forgets to say so."""
    if not isinstance(time, datetime):
        return time
    return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)
