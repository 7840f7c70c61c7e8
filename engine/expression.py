"""Lazy expressions: what a task call returns, and what operators on it build.

An expression is a promise of a value. It is never evaluated where it stands; the scheduler reduces it. Python can
express nearly every use of a lazy value lazily (operators, items, attributes, calls); where it cannot (`if`, `for`,
`len`), the error says what to write instead.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from headwater.cypher.errors import UsageError
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


_OF_TASKS = ("export_options", "options", "partial", "update_context")


def _attribute(value: Any, name: str) -> Any:
    try:
        return getattr(value, name)
    except AttributeError as error:
        if name in _OF_TASKS:
            raise CallError(
                f"{preview(value, 60)} has no {name}(...): it is of the task, and stands before the call, like "
                f"task.{name}(...)(...)"
            ) from error
        raise


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
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "divmod": divmod,
    "slice": slice,
    "getitem": operator.getitem,
    "getattr": _attribute,
    "unpack": _unpack,
    "call": _call,
}
"""Every operation a lazy value knows, by the name it is recorded under. `&` and `|` are Python's `and` and `or`."""


_era = 0
_at_begin = threading.Lock()


def begin_era() -> int:
    """Have what is made from now on told apart from what there was before.

    Returns:
        the number of the era, which is larger than that of any before it.
    """
    global _era  # noqa: PLW0603
    with _at_begin:
        _era += 1
        return _era


class Expression:
    """A value that is not there yet.

    Attributes whose names do not begin with an underscore belong to the value, not to the expression: `point.x` is a
    lazy attribute look-up.
    """

    __slots__ = ("__weakref__", "_digest", "_era")

    _digest: bytes
    """what it is known by (`expression_codec.digest`), once that was asked"""
    _era: int
    """in which era it was made; not there where none had begun"""
    # What stands to the left of it in `table * lazy` leaves the operation to it, as numbers do: else numpy would make
    # an array of lazy items, and pandas would ask it how many dimensions it has.
    __array_ufunc__: ClassVar[None] = None
    __pandas_priority__: ClassVar[int] = 1 << 20

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a lazy value has no attribute {name!r}")
        return Operation("getattr", (self, name))

    def __getitem__(self, key: Any) -> Operation:
        return Operation("getitem", (self, _lazy_key(key)))

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse_change()

    def __delattr__(self, name: str) -> None:
        self._refuse_change()

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        self._refuse_change()

    def __delitem__(self, key: Any) -> NoReturn:
        self._refuse_change()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return Operation("call", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        self._refuse(
            "how many items it has", "value[0], value[1] … to unpack it, or a task that loops over it"
        )

    def __next__(self) -> NoReturn:
        self._refuse("which item is next", "value[0], or a task that loops over it")

    def __reversed__(self) -> NoReturn:
        self._refuse("which item is last", "value[::-1]")

    def __aiter__(self) -> NoReturn:
        self._refuse(
            "which items it has", "`await` in the body of an async task, and loop over what that gives"
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

    __aenter__, __aexit__ = __enter__, __exit__

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

    def __complex__(self) -> NoReturn:
        self._refuse("which number it is", "a task that returns its complex()")

    def __fspath__(self) -> NoReturn:
        self._refuse("which path it is", "a task that takes it as an argument")

    def __str__(self) -> NoReturn:
        self._refuse("what its text is", "a task that formats it (or repr() to see the expression)")

    def __format__(self, spec: str) -> NoReturn:
        self._refuse("what its text is", "a task that formats it (or !r to see the expression)")

    def __repr__(self) -> str:
        from headwater.engine.outline import outline

        return outline(self)

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

    def __trunc__(self) -> Operation:
        return Operation("trunc", (self,))

    def __floor__(self) -> Operation:
        return Operation("floor", (self,))

    def __ceil__(self) -> Operation:
        return Operation("ceil", (self,))

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
        _set_call_args(self, args)
        _set_call_kwargs(self, kwargs)
        _set_call_options(self, options)
        _set_call_task(self, task)
        if _era:
            _set_era(self, _era)

    def __iter__(self) -> Iterator[Any]:
        nout = (self._options or {}).get("nout", self._task.nout)
        if nout is None:
            raise CallError(
                f"{self!r} is a lazy value: how many items it has is not known yet. Give the task nout=N (or a "
                "tuple[...] return annotation) to unpack it, or loop over it inside a task."
            )
        items = Operation("unpack", (self, nout, self._task.fullname))
        return iter([items[i] for i in range(nout)])

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (self._task, self._args, self._kwargs, self._options)


class Operation(Expression):
    """An operator, item, attribute or call applied to lazy values."""

    __slots__ = ("_args", "_kwargs", "_symbol")

    def __init__(self, symbol: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        _set_operation_args(self, args)
        _set_operation_kwargs(self, kwargs or {})
        _set_operation_symbol(self, symbol)
        if _era:
            _set_era(self, _era)

    def __iter__(self) -> Iterator[Any]:
        of = self._args[0]
        if (
            self._symbol == "call"
            and of.__class__ is Operation
            and of._symbol == "getattr"
            and of._args[1] == "keys"
        ):
            # `**value` and dict(value) ask for this, and would put an error of their own in the place of a TypeError.
            raise UsageError(
                f"{of._args[0]!r} is a lazy value: which names it has is not known before it is evaluated. Pass it as "
                "one argument, and unpack it inside the task."
            )
        return super().__iter__()

    def __reduce__(self) -> tuple[Any, ...]:
        return Operation, (self._symbol, self._args, self._kwargs)


class Special(Expression):
    """A form whose arguments the scheduler evaluates in an order of its own (`cond`, `catch`)."""

    __slots__ = ("_args", "_form")

    def __init__(self, form: str, args: tuple[Any, ...]) -> None:
        _set_special_args(self, args)
        _set_special_form(self, form)
        if _era:
            _set_era(self, _era)

    def __reduce__(self) -> tuple[Any, ...]:
        return Special, (self._form, self._args)


class Given(Expression):
    """A value that a form has got, as an expression again: so that lineage knows where it came from.

    It stands in what a form asks for next, and nowhere else.
    """

    __slots__ = ("_sources", "_value")

    def __init__(self, value: Any, sources: tuple[int, ...]) -> None:
        _set_given_sources(self, sources)
        _set_given_value(self, value)
        if _era:
            _set_era(self, _era)

    def __reduce__(self) -> tuple[Any, ...]:
        return Given, (self._value, self._sources)


def _setters(cls: type[Expression]) -> list[Callable[[Any, Any], None]]:
    """What sets the slots of a class, in their order: `value._args = …` would be refused, as a user's is."""
    return [cls.__dict__[name].__set__ for name in cls.__slots__]


# Globals, one for each slot: building expressions is what a large workflow's Python does most.
_set_call_args, _set_call_kwargs, _set_call_options, _set_call_task = _setters(Call)
_set_operation_args, _set_operation_kwargs, _set_operation_symbol = _setters(Operation)
_set_special_args, _set_special_form = _setters(Special)
_set_given_sources, _set_given_value = _setters(Given)
_set_era: Callable[[Any, int], None] = Expression.__dict__["_era"].__set__
set_digest: Callable[[Any, bytes], None] = Expression.__dict__["_digest"].__set__
"""Keeps what an expression is known by."""


def era_of(expression: Expression) -> int:
    """In which era an expression was made; 0 before any."""
    return getattr(expression, "_era", 0)
