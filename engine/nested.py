"""Finding expressions inside nested values, and putting their results in their place.

Evaluation looks into lists, tuples, sets, dicts (keys and values), named tuples and dataclasses, by exact type: a
subclass with rules of its own is left alone.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable
from typing import Any

from headwater.engine.expression import Call, Expression, Given, Operation, Special
from headwater.engine.values import register_scalar

ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
"""Classes that never contain anything, recognised without looking further."""


class Reference(int):
    """Stands for an expression that is kept elsewhere, in a list: the n-th of it."""


register_scalar(Reference, lambda reference: b"R%x;" % reference)


class Failure:
    """Stands where a value would, had its expression not failed."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


_LAZY = frozenset({Call, Operation, Special, Given, Reference})
_PLAIN = frozenset({list, tuple, set, frozenset})
_SHAPES: dict[type, str] = {}


def _shape(cls: type) -> str:
    """How to look into instances of a class: plain, dict, namedtuple, dataclass, lazy, or opaque."""
    shape = _SHAPES.get(cls)
    if shape is None:
        if cls in _PLAIN:
            shape = "plain"
        elif cls is dict:
            shape = "dict"
        elif issubclass(cls, (Expression, Reference, Failure)):
            shape = "lazy"
        elif issubclass(cls, tuple) and hasattr(cls, "_fields"):
            shape = "namedtuple"
        elif dataclasses.is_dataclass(cls) and not hasattr(cls, "__canonical__"):
            shape = "dataclass"
        else:
            shape = "opaque"
        _SHAPES[cls] = shape
    return shape


def _members(value: Any, shape: str) -> Iterable[Any]:
    if shape == "dict":
        return value.values()  # type: ignore[no-any-return]
    if shape == "dataclass":
        return [getattr(value, f.name) for f in dataclasses.fields(value) if hasattr(value, f.name)]
    return value  # type: ignore[no-any-return]


def find_expressions(value: Any) -> list[Expression]:
    """The distinct expressions inside a value, in the order in which they are written; not those inside them."""
    cls = value.__class__
    if cls in ATOMS:
        return []
    if cls in _LAZY:
        return [value]
    return look_into(value)[0]


def look_into(value: Any) -> tuple[list[Expression], bool]:
    """The expressions inside a value (`find_expressions`), and whether it holds any plain value.

    Every leaf that is no expression is a plain value, None, True and False too: any of them may be what the code was
    given. The keys of dicts are not, nor are empty containers: they are structure.
    """
    cls = value.__class__
    if cls in ATOMS:
        return [], True
    if cls in _LAZY:
        return [value], False
    if (cls is tuple or cls is list) and set(map(type, value)) <= ATOMS:
        return [], bool(value)
    found: dict[int, Expression] = {}
    seen: set[int] = set()
    stack = [value]
    plain = False
    while stack:
        item = stack.pop()
        cls = item.__class__
        if cls in ATOMS:
            plain = True
            continue
        shape = _shape(cls)
        if shape == "lazy":
            found[id(item)] = item
        elif shape == "opaque":
            plain = True
        elif id(item) not in seen:
            seen.add(id(item))
            if shape == "dict" and not set(map(type, item)) <= ATOMS:
                found.update((id(inside), inside) for inside in look_into(tuple(item))[0])
            members = _members(item, shape)
            classes = set(map(type, members))
            if classes <= ATOMS:
                plain = plain or bool(classes)
            elif classes <= _LAZY and not stack:
                found.update((id(member), member) for member in members)
            else:
                stack.extend(reversed(list(members)))
    return list(found.values()), plain


def failures_in(value: Any) -> list[Failure]:
    """The failures inside a value that was waited for whatever fails, in the order in which they are written."""
    found: list[Any] = list(find_expressions(value))
    return [one for one in found if isinstance(one, Failure)]


def substitute(value: Any, resolve: Callable[[Any], Any]) -> Any:
    """A copy of a nested value with every expression replaced; parts without expressions are not copied.

    Args:
        resolve: called with each expression, and with each reference or failure that stands for one.
    """
    cls = value.__class__
    if cls in ATOMS:
        return value
    shape = _shape(cls)
    if shape == "lazy":
        return resolve(value)
    if shape == "opaque":
        return value
    if shape == "plain":
        if set(map(type, value)) <= ATOMS:
            return value
        items = [substitute(item, resolve) for item in value]
        return value if all(map(operator.is_, items, value)) else cls(items)
    if shape == "dict":
        keys = [substitute(key, resolve) for key in value]
        items = [substitute(item, resolve) for item in value.values()]
        same = all(map(operator.is_, keys, value)) and all(map(operator.is_, items, value.values()))
        return value if same else dict(zip(keys, items, strict=True))
    if shape == "namedtuple":
        items = [substitute(item, resolve) for item in value]
        return value if all(map(operator.is_, items, value)) else cls._make(items)
    return _substitute_fields(value, resolve)


def _substitute_fields(value: Any, resolve: Callable[[Expression], Any]) -> Any:
    """A dataclass instance with its fields' expressions replaced, frozen and non-init fields included."""
    changed = {}
    for field in dataclasses.fields(value):
        if hasattr(value, field.name):
            before = getattr(value, field.name)
            after = substitute(before, resolve)
            if after is not before:
                changed[field.name] = after
    if not changed:
        return value
    copy = object.__new__(value.__class__)
    for field in dataclasses.fields(value):
        if hasattr(value, field.name):
            object.__setattr__(copy, field.name, changed.get(field.name, getattr(value, field.name)))
    for name, extra in getattr(value, "__dict__", {}).items():
        if name not in copy.__dict__:
            object.__setattr__(copy, name, extra)
    return copy
