"""Expressions as recorded values: a flat list, so that depth costs nothing, with tasks by name.

A recorded expression names its tasks without their versions: calling it again calls what the tasks are then.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from headwater.engine.errors import Undecodable, Unrecordable
from headwater.engine.expression import Call, Expression, Given, Operation, Special, set_digest
from headwater.engine.nested import ATOMS, Reference, find_expressions, substitute
from headwater.engine.registry import get_task_registry
from headwater.engine.values import SCALARS, hash_value, register_scalar
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.look import LOOK
from headwater.engine.values.pickling import pickled
from headwater.engine.values.walk import Refused

CODEC = "expression"

SIMPLE = ATOMS | {Reference}
"""Classes of what holds nothing further, in a flat list of expressions."""


class Flat:
    """A nested value whose expressions are entries of a list, each before those that use it.

    Attributes:
        template: the value, with references in the places of its expressions.
        entries: (kind, name, arguments, keyword arguments, options) of each expression.
        members: every plain argument that may hold something: the simplest are left out.
        has_options: whether any of the entries has options.
    """

    def __init__(self, template: Any, entries: list[tuple[str, str, Any, Any, Any]]) -> None:
        self.template = template
        self.entries = entries
        self.members: list[Any] = []
        self.has_options = False
        members = self.members
        for _, _, args, kwargs, options in entries:
            members += [value for value in args if value.__class__ not in SIMPLE]
            if options:
                self.has_options = True
            if kwargs:
                members += [value for value in kwargs.values() if value.__class__ not in SIMPLE]
        if template.__class__ not in SIMPLE:
            members.append(template)

    def hash(self) -> bytes:
        """The identity of the whole (32 bytes)."""
        digest = hashlib.sha256(b"Expression\0")
        for kind, name, args, kwargs, options in self.entries:
            text = f"{kind}\0{name}\0{len(args)}\0".encode()
            digest.update(text + b"".join(map(_part, args)) + (hash_value(kwargs) if kwargs else b""))
            if options:
                digest.update(b"options" + hash_value(options))
        digest.update(hash_value(self.template))
        return digest.digest()

    def payload(self, seen: Callable[[Any], object] | None = None) -> bytes:
        """The whole as bytes (pickle protocol 5).

        Args:
            seen: is told what is in it (`pickled`).

        Raises:
            Exception: whatever pickling a part of it raises.
        """
        whole = self.template, self.entries
        if self.members or self.has_options:
            return pickled(whole, seen=seen)
        return pickle.dumps(whole, 5)  # nothing in it says itself how it is written


def _part(value: Any) -> bytes:
    """An argument as a part of the hash: scalars as they are encoded, anything else by its own hash."""
    scalar = SCALARS.get(value.__class__)
    return scalar(value) if scalar is not None else b"#" + hash_value(value)


def flatten(value: Any) -> Flat:
    """A nested value as a flat list of its expressions."""
    if isinstance(value, Call) and not (
        value._kwargs or value._options or set(map(type, value._args)) - ATOMS
    ):
        # There is nothing to look for, as where a task calls itself.
        return Flat(Reference(0), [("call", value._task.fullname, value._args, None, None)])
    places: dict[int, int] = {}
    entries: list[tuple[str, str, Any, Any, Any]] = []

    def ref(expression: Expression) -> Reference:
        return Reference(places[id(expression)])

    for expression, has_inner in _inner_first(value):
        kind, name, args, kwargs, options = _entry(expression)
        if has_inner:
            args = substitute(args, ref)
            if kwargs or options:
                kwargs, options = substitute(kwargs, ref), substitute(options, ref)
        places[id(expression)] = len(entries)
        entries.append((kind, name, args, kwargs or None, options))
    return Flat(substitute(value, ref), entries)


def made_anew(value: Any) -> Any:
    """The same workflow, each of its expressions made now: whoever takes it out of a value that it has got made it, for
    all that is known (`came.Had.wrote`)."""
    made: dict[int, Expression] = {}

    def own(expression: Expression) -> Expression:
        return made[id(expression)]

    for one, has_inner in _inner_first(value):
        args, kwargs, options = parts_in(one)
        if has_inner:
            args, kwargs, options = substitute(args, own), substitute(kwargs, own), substitute(options, own)
        made[id(one)] = _made_of(one, args, kwargs, options)
    return substitute(value, own)


def _made_of(one: Expression, args: Any, kwargs: Any, options: Any) -> Expression:
    """An expression like another, with these parts."""
    if isinstance(one, Call):
        return Call(one._task, args, kwargs, options)
    if isinstance(one, Operation):
        return Operation(one._symbol, args, kwargs)
    return Special(one._form, args) if isinstance(one, Special) else Given(*args)


def with_others(value: Any, given: Callable[[Given], Any], part: Callable[[Any], Any]) -> Any:
    """A workflow with others in the places of some of its parts. What holds none of them is not made anew.

    Args:
        given: called with what forms have got, to give what stands in its place.
        part: the same with what is neither an atom nor looked into.
    """
    made: dict[int, Any] = {}

    def own(expression: Expression) -> Any:
        return made[id(expression)]

    for one, _ in _inner_first(value):
        if isinstance(one, Given):
            made[id(one)] = given(one)
            continue
        parts = parts_in(one)
        others = [substitute(each, own, part) for each in parts]
        same = all(each is other for each, other in zip(parts, others, strict=True))
        made[id(one)] = one if same else _made_of(one, *others)
    return substitute(value, own, part)


def expressions_in(value: Any) -> Iterator[Expression]:
    """The expressions in a nested value and in each other, once each, those inside before those around them."""
    return (expression for expression, _ in _inner_first(value))


def parts_in(expression: Expression) -> tuple[Any, Any, Any]:
    """What stands in an expression: its arguments, its keyword arguments, its options."""
    return _entry(expression)[2:]


def _inner_first(value: Any) -> Iterator[tuple[Expression, bool]]:
    """The expressions in a nested value, once each after those in it, and whether there are any in it."""
    seen: set[int] = set()
    stack: list[tuple[Expression, bool]] = [(e, False) for e in reversed(find_expressions(value))]
    while stack:
        expression, has_inner = stack.pop()
        if id(expression) in seen:
            continue
        if not has_inner:
            args, kwargs, options = parts_in(expression)
            inner = find_expressions(args)
            if kwargs or options:
                inner = inner + find_expressions([kwargs, options])
            if inner:
                stack.append((expression, True))
                stack += [(e, False) for e in reversed(inner)]
                continue
        seen.add(id(expression))
        yield expression, has_inner


def digest(expression: Expression) -> bytes:
    """What an expression is known by (32 bytes), made of what its parts are known by; nothing where one of them cannot
    be known.

    It is kept with each of them: forms inside forms are asked for again at every level.
    """
    stack = [expression]
    while stack:
        one = stack[-1]
        if hasattr(one, "_digest"):
            stack.pop()
            continue
        kind, name, args, kwargs, options = _entry(one)
        inner = find_expressions([args, kwargs, options])
        missing = [e for e in inner if not hasattr(e, "_digest")]
        if missing:
            stack.extend(reversed(missing))
            continue
        known = b""
        if all(e._digest for e in inner):
            parts = substitute([args, kwargs, options], lambda e: Known(e._digest))
            version = one._task.hash if isinstance(one, Call) else b""
            with suppress(Unrecordable):
                known = hashlib.sha256(f"{kind}\0{name}\0".encode() + version + hash_value(parts)).digest()
        set_digest(one, known)
        stack.pop()
    return expression._digest


class Known(bytes):
    """Stands for an expression that is known by these bytes."""


register_scalar(Known, lambda known: b"K" + known)


def _entry(expression: Expression) -> tuple[str, str, tuple[Any, ...], dict[str, Any], dict[str, Any] | None]:
    if isinstance(expression, Call):
        return "call", expression._task.fullname, expression._args, expression._kwargs, expression._options
    if isinstance(expression, Operation):
        return "operation", expression._symbol, expression._args, expression._kwargs, None
    if isinstance(expression, Given):  # within another form: what it is known by, never recorded
        return "given", "", (expression._value, expression._sources), {}, None
    assert isinstance(expression, Special)
    return "special", expression._form, expression._args, {}, None


def load(payload: bytes) -> Any:
    """The value that `Flat.payload` was made of, with the tasks as they are now.

    Raises:
        Undecodable: a task or class is gone, or the bytes are damaged.
    """
    from headwater.engine.special import FORMS

    built: list[Any] = []
    registry = get_task_registry()
    try:
        template, entries = unpickled(payload)
        for kind, name, lazy_args, lazy_kwargs, options in entries:
            args = substitute(lazy_args, built.__getitem__)
            kwargs = substitute(lazy_kwargs or {}, built.__getitem__)
            if kind == "call":
                task = registry.find(name)
                if task is None:
                    raise Undecodable(f"the task {name} is not defined in this process")
                task.plan.check(name, args, kwargs)
                built.append(Call(task, args, kwargs, substitute(options, built.__getitem__)))
            elif kind == "operation":
                built.append(Operation(name, args, kwargs))
            elif name not in FORMS and name not in ("get_context", "apply_tags"):
                raise Undecodable(f"the form {name} is not defined in this process")
            else:
                built.append(Special(name, args))
        return substitute(template, built.__getitem__)
    except Undecodable:
        raise
    except Exception as error:
        raise Undecodable(f"a recorded expression cannot be read: {type(error).__name__}: {error}") from error


class Quoted:
    """An expression handed over as a value, not to be reduced by whoever receives it.

    Attributes:
        expression: what was quoted.
    """

    __slots__ = ("expression",)

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    def eval(self) -> Any:
        """The expression, to be evaluated: where a task returns it, or in another expression."""
        return made_anew(self.expression)

    def of(self, expression: Any) -> Quoted:
        """Another one, handed over in the same way."""
        return type(self)(expression)

    def __canonical__(self) -> tuple[str, tuple[Any, ...]]:
        # What is quoted may hold what is quoted, and so on; in the hash, and among the members.
        found = {} if LOOK.found is None else LOOK.found
        if id(self) not in found:
            LOOK.quoted += 1
            try:
                flat = flatten(self.expression)
                # The members are in the hash already; they stand here for the files among them, which count like any
                # other.
                found[id(self)] = self, (flat.hash(), *flat.members)
            except RecursionError:
                raise self.too_deep() from None
            finally:
                LOOK.quoted -= 1
        return "headwater.Quoted", found[id(self)][1]

    def too_deep(self) -> Refused:
        """What is told where it is quoted too often in itself: each time takes some of Python's stack."""
        how = f"what it quotes is quoted again in that, more than {LOOK.quoted} deep"
        return Refused(self, f"{how}. Evaluate some of it on the way, with force(...) or .eval()")

    def __reduce__(self) -> tuple[Any, ...]:
        return _unquote, (flatten(self.expression).payload(),)

    def __repr__(self) -> str:
        return f"quote({self.expression!r})"


def unquoted(expression: Special) -> tuple[Any, ...]:
    """A form's arguments, of `force` with what it evaluates of them."""
    args: tuple[Any, ...] = expression._args
    if expression._form != "force":
        return args
    return tuple(arg.expression if isinstance(arg, Quoted) else arg for arg in args)


def holds_back(expression: Special) -> bool:
    """Whether a form evaluates what it was handed as a value."""
    return expression._form == "force" and any(isinstance(arg, Quoted) for arg in expression._args)


def _unquote(payload: bytes) -> Quoted:
    return Quoted(load(payload))


def quote(expression: Any) -> Any:
    """Hand an expression over as a value: whoever receives it decides whether it is evaluated."""
    return Quoted(expression)
