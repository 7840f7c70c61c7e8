"""Finding expressions inside nested values, and putting their results in their place.

Evaluation looks into lists, tuples, sets, dicts (keys and values), named tuples and dataclasses, by exact type: a
subclass with rules of its own is left alone.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from headwater.engine.expression import Call, Expression, Given, Operation, Special
from headwater.engine.values import register_plan, register_scalar
from headwater.engine.values.walk import Refused, Walk

ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
"""Classes that never contain anything, recognised without looking further."""


class Reference(int):
    """Stands for an expression that is kept elsewhere, in a list: the n-th of it.

    It is equal to no number, or a set or dict would take it for one that stands beside it.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other.__class__ is Reference and int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__


register_scalar(Reference, lambda reference: b"R%x;" % reference)


class Failure:
    """Stands where a value would, had its expression not failed."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _refuse_lazy(value: Any, _: Walk) -> bytes:
    raise Refused(
        value,
        "a lazy value is evaluated inside lists, tuples, sets, dicts, named tuples and dataclasses only, not inside "
        "other containers or objects. Put it in one of those, or build the object in a task that takes it",
    )


for _lazy in (Call, Operation, Special, Given):
    register_plan(_lazy, _refuse_lazy)

_LAZY = frozenset({Call, Operation, Special, Given, Reference})
_FLAT = ATOMS | _LAZY
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
        elif hasattr(cls, "__opaque__"):
            shape = "opaque"
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


def opaque_parts(value: Any) -> Iterator[Any]:
    """The parts of a nested value that are neither atoms nor expressions, and are not looked into."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        cls = item.__class__
        if cls in ATOMS:
            continue
        shape = _shape(cls)
        if shape == "opaque":
            yield item
        elif shape != "lazy" and id(item) not in seen:
            seen.add(id(item))
            members = [*item, *item.values()] if shape == "dict" else list(_members(item, shape))
            if not set(map(type, members)) <= ATOMS:
                stack.extend(reversed(members))


def failures_in(value: Any) -> list[Failure]:
    """The failures inside a value that was waited for whatever fails, in the order in which they are written."""
    found: list[Any] = list(find_expressions(value))
    return [one for one in found if isinstance(one, Failure)]


class _Open:
    """A container whose members are being replaced."""

    __slots__ = ("built", "members", "shape", "todo", "value")

    def __init__(self, value: Any, shape: str) -> None:
        self.value = value
        self.shape = shape
        self.members = [*value, *value.values()] if shape == "dict" else list(_members(value, shape))
        self.todo = iter(self.members)
        self.built: list[Any] = []

    def close(self) -> Any:
        """The container with its new members: itself where nothing changed."""
        value, built = self.value, self.built
        if all(map(operator.is_, built, self.members)):
            return value
        if self.shape == "plain":
            return value.__class__(built)
        if self.shape == "namedtuple":
            return value.__class__._make(built)
        if self.shape == "dict":
            half = len(built) // 2
            return dict(zip(built[:half], built[half:], strict=True))
        return _with_fields(value, built)


def substitute(value: Any, resolve: Callable[[Any], Any], part: Callable[[Any], Any] | None = None) -> Any:
    """A copy of a nested value with every expression replaced; parts without expressions are not copied.

    Args:
        resolve: called with each expression, and with each reference or failure that stands for one.
        part: called with what is neither an atom nor looked into, to give what stands in its place. Default: itself.

    Raises:
        ValueError: the value contains itself.
    """
    cls = value.__class__
    if cls in ATOMS:
        return value
    shape = _shape(cls)
    if shape == "lazy":
        return resolve(value)
    if shape == "opaque":
        return value if part is None else part(value)
    if shape == "plain":
        classes = set(map(type, value))
        if classes <= ATOMS:
            return value
        if classes <= _FLAT:  # as nearly all arguments are
            built = [item if item.__class__ in ATOMS else resolve(item) for item in value]
            return value if all(map(operator.is_, built, value)) else cls(built)
    elif not value and shape == "dict":
        return value
    stack = [_Open(value, shape)]
    path = {id(value)}
    while True:
        top = stack[-1]
        append = top.built.append
        for item in top.todo:
            cls = item.__class__
            if cls in ATOMS:
                append(item)
                continue
            shape = _shape(cls)
            if shape == "lazy":
                append(resolve(item))
            elif shape == "opaque":
                append(item if part is None else part(item))
            elif shape == "plain" and set(map(type, item)) <= ATOMS:
                append(item)
            elif id(item) in path:
                raise ValueError(f"a {cls.__name__} that contains itself cannot hold lazy values")
            else:
                path.add(id(item))
                stack.append(_Open(item, shape))
                break
        else:
            stack.pop()
            path.discard(id(top.value))
            made = top.close()
            if not stack:
                return made
            stack[-1].built.append(made)


def _with_fields(value: Any, fields: list[Any]) -> Any:
    """A dataclass instance with other values in those fields that have one, frozen and non-init fields included."""
    given = iter(fields)
    copy = object.__new__(value.__class__)
    for field in dataclasses.fields(value):
        if hasattr(value, field.name):
            object.__setattr__(copy, field.name, next(given))
    for name, extra in getattr(value, "__dict__", {}).items():
        if name not in copy.__dict__:
            object.__setattr__(copy, name, extra)
    return copy
