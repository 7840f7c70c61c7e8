"""Lazy expressions: what a task call returns, and what operators on it build.

An expression is a promise of a value. It is never evaluated where it stands; the scheduler reduces it. Python can
express nearly every use of a lazy value lazily (operators, items, attributes, calls); where it cannot (`if`, `for`,
`len`), the error says what to write instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NoReturn

from headwater.engine.errors import CallError
from headwater.engine.values import preview

if TYPE_CHECKING:
    from headwater.engine.task import Task


def _call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _both(left: Any, right: Any) -> Any:
    return left and right


def _either(left: Any, right: Any) -> Any:
    return left or right


def _unpack(value: Any, count: int, task: str) -> Any:
    """What a call gave, where it has as many items as were unpacked."""
    try:
        found = None if isinstance(value, (Mapping, Set)) else len(value)
    except TypeError:
        found = count if hasattr(type(value), "__getitem__") else None
    if found is None:
        raise CallError(
            f"{task} gave {preview(value, 60)}, which has no items in an order; {count} were unpacked from it"
        )
    if found != count:
        raise CallError(
            f"{task} gave {found} item{'s' * (found != 1)}, and {count} were unpacked from it, as its nout (or its "
            f"tuple[...] return annotation) says: make them the same, or call {task}.options(nout={found})"
        )
    return value


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": pow,
    "@": operator.matmul,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "^": operator.xor,
    "&": _both,
    "|": _either,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "abs": abs,
    "len": len,
    "round": round,
    "divmod": divmod,
    "slice": slice,
    "getitem": operator.getitem,
    "getattr": getattr,
    "unpack": _unpack,
    "call": _call,
}
"""Every operation a lazy value knows, by the name it is recorded under. `&` and `|` are Python's `and` and `or`."""


class Expression:
    """A value that is not there yet.

    Attributes whose names do not begin with an underscore belong to the value, not to the expression: `point.x` is a
    lazy attribute look-up.
    """

    __slots__ = ("__weakref__", "_digest")

    _digest: bytes
    """what it is known by (`expression_codec.digest`), once that was asked"""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a lazy value has no attribute {name!r}")
        return Operation("getattr", (self, name))

    def __getitem__(self, key: Any) -> Operation:
        return Operation("getitem", (self, _lazy_key(key)))

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        self._refuse_change()

    def __delitem__(self, key: Any) -> NoReturn:
        self._refuse_change()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return Operation("call", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        raise CallError(
            f"{self!r} is a lazy value: how many items it has is not known yet. Give the task nout=N (or a "
            "tuple[...] return annotation) to unpack it, or loop over it inside a task."
        )

    def __await__(self) -> Generator[Any, Any, Any]:
        from headwater.engine.awaiting import wait_for

        return wait_for(self)

    def __bool__(self) -> NoReturn:
        self._refuse("whether it is true", "cond(value, then, otherwise), or decide inside a task")

    def __len__(self) -> NoReturn:
        self._refuse("how long it is", "len_(value)")

    def __enter__(self) -> NoReturn:
        self._refuse("what it opens and closes", "a task that enters it")

    def __exit__(self, *error: object) -> None:
        """`with` asks for it before it enters."""

    def __contains__(self, item: object) -> NoReturn:
        self._refuse("what it contains", "a task that returns the answer to `in`")

    def __index__(self) -> NoReturn:
        self._refuse("which integer it is", "a task that takes it as an argument")

    def __int__(self) -> NoReturn:
        self._refuse("which integer it is", "a task that returns its int()")

    def __bytes__(self) -> bytes:  # noqa: PLE0308
        self._refuse("which bytes it is", "a task that returns its bytes()")

    def __float__(self) -> NoReturn:
        self._refuse("which number it is", "a task that returns its float()")

    def __str__(self) -> NoReturn:
        self._refuse("what its text is", "a task that formats it (or repr() to see the expression)")

    def __format__(self, spec: str) -> NoReturn:
        self._refuse("what its text is", "a task that formats it (or !r to see the expression)")

    def _refuse(self, question: str, instead: str) -> NoReturn:
        raise CallError(
            f"{self!r} is a lazy value: {question} is not known before it is evaluated. Use {instead}."
        )

    def _refuse_change(self) -> NoReturn:
        raise CallError(
            f"{self!r} is a lazy value: it cannot be changed in place. Change a copy inside a task, and return that."
        )

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return Operation("==", (self, other))

    def __ne__(self, other: object) -> Any:
        return Operation("!=", (self, other))

    def __neg__(self) -> Operation:
        return Operation("neg", (self,))

    def __pos__(self) -> Operation:
        return Operation("pos", (self,))

    def __invert__(self) -> Operation:
        return Operation("invert", (self,))

    def __abs__(self) -> Operation:
        return Operation("abs", (self,))

    def __round__(self, digits: Any = None) -> Operation:
        return Operation("round", (self,) if digits is None else (self, digits))

    def __pow__(self, other: Any, modulo: Any = None) -> Operation:
        return Operation("**", (self, other) if modulo is None else (self, other, modulo))

    def __rpow__(self, other: Any) -> Operation:
        return Operation("**", (other, self))


def _lazy_key(key: Any) -> Any:
    """The key of an item, its slices as operations where their bounds are lazy."""
    if key.__class__ is tuple:
        return tuple([_lazy_key(part) for part in key])
    if key.__class__ is slice:
        bounds = key.start, key.stop, key.step
        if any(isinstance(bound, Expression) for bound in bounds):
            return Operation("slice", bounds)
    return key


def _forward(symbol: str) -> Callable[[Expression, Any], Operation]:
    def method(self: Expression, other: Any) -> Operation:
        return Operation(symbol, (self, other))

    return method


def _reflected(symbol: str) -> Callable[[Expression, Any], Operation]:
    def method(self: Expression, other: Any) -> Operation:
        return Operation(symbol, (other, self))

    return method


_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "matmul": "@",
    "lshift": "<<",
    "rshift": ">>",
    "xor": "^",
    "and": "&",
    "or": "|",
    "divmod": "divmod",
}
for _name, _symbol in _BINARY.items():
    setattr(Expression, f"__{_name}__", _forward(_symbol))
    setattr(Expression, f"__r{_name}__", _reflected(_symbol))
for _name, _symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    setattr(Expression, f"__{_name}__", _forward(_symbol))


class Call(Expression):
    """A task with its arguments, as written: what `inc(1)` is until it is reduced."""

    __slots__ = ("_args", "_kwargs", "_options", "_task")

    def __init__(
        self,
        task: Task[Any, Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        options: dict[str, Any] | None,
    ) -> None:
        self._task = task
        self._args = args
        self._kwargs = kwargs
        self._options = options

    def __iter__(self) -> Iterator[Any]:
        nout = (self._options or {}).get("nout", self._task.nout)
        if nout is None:
            return super().__iter__()
        items = Operation("unpack", (self, nout, self._task.fullname))
        return iter([items[i] for i in range(nout)])

    def __repr__(self) -> str:
        return outline(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (self._task, self._args, self._kwargs, self._options)


class Operation(Expression):
    """An operator, item, attribute or call applied to lazy values."""

    __slots__ = ("_args", "_kwargs", "_symbol")

    def __init__(self, symbol: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        self._symbol = symbol
        self._args = args
        self._kwargs = kwargs or {}

    def __repr__(self) -> str:
        return outline(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Operation, (self._symbol, self._args, self._kwargs)


class Special(Expression):
    """A form whose arguments the scheduler evaluates in an order of its own (`cond`, `catch`)."""

    __slots__ = ("_args", "_form")

    def __init__(self, form: str, args: tuple[Any, ...]) -> None:
        self._form = form
        self._args = args

    def __repr__(self) -> str:
        return outline(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Special, (self._form, self._args)


class Given(Expression):
    """A value that a form has got, as an expression again: so that lineage knows where it came from.

    It stands in what a form asks for next, and nowhere else.
    """

    __slots__ = ("_sources", "_value")

    def __init__(self, value: Any, sources: tuple[int, ...]) -> None:
        self._value = value
        self._sources = sources

    def __repr__(self) -> str:
        return outline(self)


def outline(value: Any, limit: int = 200) -> str:
    """A value with expressions in it as a short text; deep and wide parts are shown as `...`."""
    text = _Outline(limit).of(value, 0)
    return text if len(text) <= limit else text[: limit - 3] + "..."


class _Outline:
    """Writes an expression until there is enough of it."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def of(self, value: Any, depth: int) -> str:
        """The text of one part."""
        if self._left <= 0 or depth > 8:
            return "..."
        if isinstance(value, Call):
            return self._called(value._task.fullname, value._args, value._kwargs, depth)
        if isinstance(value, Special):
            return self._called(value._form, value._args, {}, depth)
        if isinstance(value, Operation):
            return self._operation(value, depth)
        if isinstance(value, Given):
            return self.of(value._value, depth)
        if value.__class__ in (list, tuple):
            start, end = "[]" if value.__class__ is list else "()"
            return start + self._all(value, {}, depth) + end
        text = preview(value, 60)
        self._left -= len(text)
        return text

    def _called(self, name: str, args: Sequence[Any], kwargs: dict[str, Any], depth: int) -> str:
        self._left -= len(name) + 2
        return f"{name}({self._all(args, kwargs, depth)})"

    def _all(self, args: Sequence[Any], kwargs: dict[str, Any], depth: int) -> str:
        parts = []
        for name, value in [*((None, arg) for arg in args), *kwargs.items()]:
            parts.append(f"{name}={self.of(value, depth + 1)}" if name else self.of(value, depth + 1))
            if self._left <= 0:
                break
        return ", ".join(parts)

    def _operation(self, operation: Operation, depth: int) -> str:
        symbol, args = operation._symbol, operation._args
        first = self.of(args[0], depth + 1)
        if symbol == "unpack":
            return first
        if symbol == "getattr":
            return f"{first}.{args[1]}"
        if symbol == "getitem":
            return f"{first}[{self.of(args[1], depth + 1)}]"
        if symbol == "call":
            return f"{first}({self._all(args[1:], operation._kwargs, depth)})"
        if len(args) == 2 and not symbol.isalpha():
            return f"({first} {symbol} {self.of(args[1], depth + 1)})"
        return f"{symbol}({self._all(args, {}, depth)})"
