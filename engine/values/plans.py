"""Which plan opens the values of a class.

A plan is a function `(value, walk) -> bytes | Frame`. The choice is made once a class and kept.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from itertools import chain
from typing import Any

from headwater.engine.code_origin import USER, origin_of_class
from headwater.engine.values import objects, standard
from headwater.engine.values.attributes import has_only_attributes
from headwater.engine.values.names import type_name
from headwater.engine.values.own import Value, on_new_proxy, open_own, proxy_of
from headwater.engine.values.refused import refusal_plan
from headwater.engine.values.scalars import SCALARS, text
from headwater.engine.values.walk import (
    PAIRS,
    SEQUENCE,
    SET,
    Frame,
    Plan,
    Walk,
    by_index,
    by_key,
)

_BATCH = 16


def _sequence(tag: bytes) -> Plan:
    def open_sequence(value: Any, _: Walk) -> bytes | Frame:
        items = list(value)
        size = len(items)
        if size > _BATCH and set(map(type, items)) == {int}:
            # The same bytes as one by one, made by a single formatting call.
            body: Any = (b"i%x;" * size) % tuple(items)
            frame = Frame(tag + b"%x;" % size, [], SEQUENCE, by_index)
            frame.parts.append(body)
            return frame
        return Frame(tag + b"%x;" % size, items, SEQUENCE, by_index)

    return open_sequence


def _set(tag: bytes) -> Plan:
    def open_set(value: Any, _: Walk) -> Frame:
        items = list(value)
        return Frame(tag + b"%x;" % len(items), items, SET, by_index)

    return open_set


def _dict(value: dict[Any, Any], _: Walk) -> Frame:
    items = list(chain.from_iterable(list(value.items())))
    return Frame(b"D%x;" % (len(items) // 2), items, PAIRS, by_key)


def _canonical(value: Any, walk: Walk) -> Frame:
    name, parts = value.__canonical__()
    if getattr(type(value), "__reactive__", False):
        walk.files.append(value)
        if hasattr(value, "__members__"):
            walk.files.extend(value.__members__())
    items = list(parts)
    return Frame(b"v" + text(name) + b"%x;" % len(items), items, SEQUENCE, by_index)


def _record(name: str, parts_of: Callable[[Any], tuple[Any, ...]]) -> Plan:
    head = b"r" + text(name)

    def open_record(value: Any, _: Walk) -> Frame:
        parts = parts_of(value)
        return Frame(head + b"%x;" % len(parts), list(parts), SEQUENCE, by_index)

    return open_record


_plans: dict[type, Plan] = {
    list: _sequence(b"l"),
    tuple: _sequence(b"u"),
    dict: _dict,
    set: _set(b"S"),
    frozenset: _set(b"F"),
    **{cls: _record(type_name(cls), parts_of) for cls, parts_of in standard.PARTS.items()},
}


def register_plan(cls: type, plan: Plan) -> None:
    """Open the values of exactly this class with a plan of the caller's.

    For one's own classes, a `__canonical__` method does the same.
    """
    _plans[cls] = plan


def plan_for(cls: type) -> Plan:
    """The plan for a class."""
    plan = _plans.get(cls)
    if plan is None:
        plan = _choose(cls)
        if origin_of_class(cls) == USER:
            plan = objects.with_code(plan, cls)
        if objects.is_findable(cls):
            _plans[cls] = plan
    return plan


def _forget(foreign: type) -> None:
    """Choose anew for a class that has got a proxy, and for its subclasses."""
    for cls in [cls for cls in _plans if issubclass(cls, foreign)]:
        del _plans[cls]


on_new_proxy(_forget)


def _choose(cls: type) -> Plan:
    if issubclass(cls, Value) or proxy_of(cls) is not None:
        return objects.checked(open_own)
    if hasattr(cls, "__canonical__"):
        return _canonical
    if issubclass(cls, type):
        return objects.open_class
    plan = refusal_plan(cls) or objects.function_plan(cls) or _foreign(cls)
    if plan is not None:
        return plan
    if issubclass(cls, enum.Enum):
        return objects.checked(objects.open_enum)
    if objects.has_own_reduce(cls):
        return objects.open_reduced
    if dataclasses.is_dataclass(cls) and has_only_attributes(cls):
        return objects.checked(objects.dataclass_plan(cls))
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return objects.checked(objects.open_namedtuple)
    if issubclass(cls, (set, frozenset)):
        return objects.checked(objects.open_set_subclass)
    return objects.open_reduced


def _foreign(cls: type) -> Plan | None:
    """The plan for arrays, tables and time zones; their modules are there, since the class comes from one of them."""
    if (cls.__module__, cls.__qualname__) == ("zoneinfo", "ZoneInfo"):
        return _record(type_name(cls), standard.zone_parts)
    roots = {base.__module__.partition(".")[0] for base in cls.__mro__}
    if "polars" in roots:
        from headwater.engine.values.polars_frames import polars_plan

        return polars_plan(cls)
    if "pydantic" in roots:
        from headwater.engine.values.models import model_plan

        return model_plan(cls)
    if "pyarrow" in roots:
        from headwater.engine.values.arrow import arrow_plan

        return arrow_plan(cls)
    if "pandas" in roots:
        from headwater.engine.values.frames import frame_plan

        return frame_plan(cls)
    if "numpy" in roots:
        from headwater.engine.values.arrays import array_plan

        return array_plan(cls)
    return None


assert not set(SCALARS) & set(_plans)
