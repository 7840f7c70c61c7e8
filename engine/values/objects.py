"""Plans for classes, functions and instances: dataclasses, enums, namedtuples, and whatever can be pickled.

The last resort follows `__reduce_ex__`, the protocol of pickle, but encodes what it returns canonically:
pickle's own bytes depend on which sub-objects happen to be shared, and on the order of sets.
"""

from __future__ import annotations

import copyreg
import dataclasses
import enum
import functools
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from headwater.engine.main_program import recorded_module
from headwater.engine.values.attributes import attributes_of
from headwater.engine.values.names import (
    callable_name,
    code_fingerprint,
    find_class,
    is_importable,
    type_name,
)
from headwater.engine.values.scalars import SCALARS, text
from headwater.engine.values.walk import (
    PAIRS,
    SEQUENCE,
    SET,
    Frame,
    Plan,
    Refused,
    Walk,
    by_attribute,
    by_index,
    by_key,
    by_nothing,
)

TRACES = ("headwater_traceback", "headwater_worker_traceback")
"""Attributes that a run gives to errors: the way to them. They are no part of what an error is."""

_OF_ATTRS = frozenset(["_attrs_cached_hash"])

_NEWOBJ: Any = copyreg.__newobj__  # type: ignore[attr-defined]
_NEWOBJ_EX: Any = copyreg.__newobj_ex__  # type: ignore[attr-defined]


def is_findable(cls: type) -> bool:
    """Whether the class can be found again by its name, as reading back its instances takes."""
    return find_class(cls.__module__, cls.__qualname__) is cls


def check_class(cls: type, value: Any) -> None:
    """Refuse an instance of a class that no other process could find."""
    if "<locals>" in cls.__qualname__:
        raise Refused(
            value, "its class is defined inside a function. Define the class at the top of a module"
        )
    if not is_findable(cls):
        name = type_name(cls)
        if isinstance(find_class(cls.__module__, cls.__qualname__), type):
            raise Refused(
                value,
                f"its class was replaced by another under its name, {name}: its module was loaded again. Import the "
                "class again, and make the object with that one",
            )
        raise Refused(
            value, f"no module has its class under its name, {name}. Define it at the top of a module"
        )


def checked(plan: Plan) -> Plan:
    """A plan that refuses instances of classes that cannot be found again."""

    def open_checked(value: Any, walk: Walk) -> bytes | Frame:
        check_class(type(value), value)
        return plan(value, walk)

    return open_checked


def with_code(plan: Plan, cls: type) -> Plan:
    """A plan for instances of a class of the user's own: its code counts, since its methods may be called."""

    def open_with_code(value: Any, walk: Walk) -> bytes | Frame:
        opened = plan(value, walk)
        mark = _code_mark(cls, walk)
        if isinstance(opened, bytes):
            return mark + opened
        opened.head = mark + opened.head
        return opened

    return open_with_code


def _code_mark(code: Any, walk: Walk) -> bytes:
    """What stands before an encoding in which code counts; nothing where its name is enough."""
    fingerprint = code_fingerprint(code)
    if not fingerprint:
        return b""
    walk.note(code)
    return b"U%x:%b" % (len(fingerprint), fingerprint)


def open_class(cls: type, walk: Walk) -> bytes:
    if not is_findable(cls) and cls is not type(None):
        raise Refused(
            cls, f"no module has it under its name, {type_name(cls)}. Define it at the top of a module"
        )
    return _code_mark(cls, walk) + b"C" + text(type_name(cls))


def function_plan(cls: type) -> Plan | None:
    if cls is FunctionType:
        return _open_function
    if issubclass(cls, BuiltinFunctionType):
        return _open_builtin
    if cls is MethodType:
        return _open_method
    return None


def _open_function(func: FunctionType, walk: Walk) -> bytes:
    if func.__name__ == "<lambda>":
        raise Refused(func, "a lambda has no name to find it by. Define it with def at the top of a module")
    if "<locals>" in func.__qualname__:
        raise Refused(func, "it is defined inside another function. Define it at the top of a module")
    if not is_importable(func):
        name = callable_name(func)
        raise Refused(func, f"no module has it under its name, {name}. Pass what that name holds now")
    fingerprint = code_fingerprint(func)
    if fingerprint:
        walk.note(func)
    return b"p" + text(callable_name(func) or "") + b"%x:%b" % (len(fingerprint), fingerprint)


def _open_builtin(func: Any, walk: Walk) -> bytes | Frame:
    owner = func.__self__
    if owner is None or isinstance(owner, type(enum)):
        return b"p" + text(callable_name(func) or "") + b"0:"
    return _bound(func, func.__name__, owner)


def _open_method(method: MethodType, _: Walk) -> Frame:
    return _bound(method, method.__func__.__name__, method.__self__)


def _bound(method: Any, name: str, owner: Any) -> Frame:
    """A method by its name and its object, which must give it under that name."""
    for given in (name, *(f"_{base.__name__.lstrip('_')}{name}" for base in _bases_of(owner))):
        found = getattr(owner, given, None)
        if type(found) is type(method) and found == method:
            return Frame(b"M" + text(given), [owner], SEQUENCE, by_nothing)
    raise Refused(
        method,
        f"its object has another method, or none, under its name, {name}: a decorator gave it that (functools.wraps "
        "keeps the right one), or it is a base class's. Pass a function, and the object beside it",
    )


def _bases_of(owner: Any) -> tuple[type, ...]:
    """The classes in which a method of an object with a private name may be written."""
    return owner.__mro__ if isinstance(owner, type) else type(owner).__mro__


def open_enum(member: Any, _: Walk) -> Frame:
    cls = type(member)
    value = member._value_
    # A combined flag has a name in some Python versions only; a member's value may be of any kind.
    named = [] if isinstance(member, enum.Flag) else [member._name_]
    items = [*named, value] if type(value) in SCALARS else named
    return Frame(b"E" + text(type_name(cls)) + b"%x;" % len(items), items, SEQUENCE, by_nothing)


def attributes(state: dict[Any, Any], without: frozenset[str] = frozenset()) -> Frame:
    """The named parts of an object, in any order."""
    items = list(chain.from_iterable(pair for pair in list(state.items()) if pair[0] not in without))
    return Frame(b"A%x;" % (len(items) // 2), items, PAIRS, by_attribute)


@functools.lru_cache(maxsize=4096)
def cached_names(cls: type) -> frozenset[str]:
    """Names of the cached properties, and of what `attrs` keeps of an object's `hash()`, which is another in each
    process: reading one must not change what the object is."""
    spaces = [vars(base) for base in cls.__mro__]
    found = (
        name
        for space in spaces
        for name, item in space.items()
        if isinstance(item, functools.cached_property)
    )
    return frozenset(found) | (_OF_ATTRS if hasattr(cls, "__attrs_attrs__") else frozenset())


def dataclass_plan(cls: type) -> Callable[[Any, Walk], Frame]:
    head = b"k" + text(type_name(cls))
    names = [field.name for field in dataclasses.fields(cls)]

    def open_dataclass(value: Any, _: Walk) -> Frame:
        state = {name: getattr(value, name) for name in names if hasattr(value, name)}
        state = attributes_of(value) | state  # a base that is no dataclass may have slots of its own
        return Frame(head, [attributes(state, cached_names(cls))], SEQUENCE, by_nothing)

    return open_dataclass


def open_namedtuple(value: Any, _: Walk) -> Frame:
    items = list(value)
    extra = getattr(value, "__dict__", None)
    head = b"T" + text(type_name(type(value))) + b"%x;" % len(items)

    def by_field(_: Frame, index: int) -> str:
        return f".{value._fields[index]}" if index < len(value._fields) else ""

    if extra:
        items.append(attributes(extra))
    return Frame(head + (b"+" if extra else b"-"), items, SEQUENCE, by_field)


def open_set_subclass(value: Any, _: Walk) -> Frame:
    items = list(value)
    members = Frame(b"S%x;" % len(items), items, SET, by_index)
    state = attributes(attributes_of(value))
    return Frame(b"Z" + text(type_name(type(value))), [members, state], SEQUENCE, by_nothing)


def has_own_reduce(cls: type) -> bool:
    """Whether somebody wrote how its instances are taken apart; code generated by `dataclasses` is not."""
    if cls in copyreg.dispatch_table:
        return True
    for base in cls.__mro__:
        space = vars(base)
        if base in (object, tuple, set, frozenset):
            continue
        if "__reduce__" in space or "__reduce_ex__" in space:
            return True
        getstate = space.get("__getstate__")
        if getstate is not None and getattr(getstate, "__module__", None) != "dataclasses":
            return True
    return False


def open_reduced(value: Any, walk: Walk) -> bytes | Frame:
    """Take an object apart as pickle would."""
    cls = type(value)
    reducer = copyreg.dispatch_table.get(cls)
    reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
    if isinstance(reduced, str):
        # A function behind a wrapper of another type, as functools.lru_cache makes them.
        wrapped = getattr(value, "__wrapped__", None)
        mark = _code_mark(wrapped, walk) if isinstance(wrapped, FunctionType) else b""
        return mark + b"G" + text(f"{recorded_module(cls.__module__)}.{reduced}")
    func, args, *rest = reduced
    state, listed, keyed = [*rest, None, None, None][:3]
    if func is _NEWOBJ:
        cls, args = args[0], args[1:]
        check_class(cls, value)
        head, items = b"o" + text(type_name(cls)), list(args)
    elif func is _NEWOBJ_EX:
        cls, args, kwargs = args
        check_class(cls, value)
        head, items = b"O" + text(type_name(cls)), [*args, kwargs]
    elif isinstance(func, (type, FunctionType)) or getattr(func, "__self__", None) is None:
        head, items = b"q" + text(callable_name(func) or type_name(type(func))), list(args)
    else:
        head, items = b"Q", [func, *args]
    if isinstance(func, type):
        check_class(func, value)
    head += b"%x" % len(items)
    state = _plain_state(type(value), state)
    if state is not None:
        head += b"s"
        is_names = type(state) is dict and all(type(name) is str for name in state)
        items.append(attributes(state) if is_names else state)
    if listed is not None:
        members = list(listed)
        head += b"l"
        items.append(Frame(b"l%x;" % len(members), members, SEQUENCE, by_index))
    if keyed is not None:
        pairs = list(chain.from_iterable(keyed))
        head += b"d"
        order = SEQUENCE if isinstance(value, OrderedDict) else PAIRS
        items.append(Frame(b"D%x;" % (len(pairs) // 2), pairs, order, by_key))
    return Frame(head + b";", items, SEQUENCE, by_nothing)


def _plain_state(cls: type, state: Any) -> Any:
    """The state without what Python versions disagree on, cached properties and what runs add to errors."""
    if type(state) is dict and issubclass(cls, BaseException):
        state = {name: item for name, item in state.items() if name not in TRACES}
    if not state and (state is None or type(state) is dict):
        return None
    if getattr(cls, "__getstate__", None) is not getattr(object, "__getstate__", None):
        return state
    if type(state) is tuple and len(state) == 2 and type(state[1]) is dict:
        state = {**(state[0] or {}), **state[1]}
    if type(state) is dict:
        cached = cached_names(cls)
        state = {name: item for name, item in state.items() if name not in cached} if cached else state
    return state or None
