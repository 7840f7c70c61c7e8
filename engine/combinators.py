"""Combinators: the small parts that workflows are put together from, beside the special forms.

`map_` and its like are forms: they make no calls of their own, and what each call is fed with keeps its own origin.
Those that run code of the user's are tasks.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence, Sized
from functools import partial
from typing import Any, NoReturn, TypeVar, cast, overload

from headwater.engine.called import call_now, check_called
from headwater.engine.errors import CallError
from headwater.engine.expression import Expression, Operation, Special
from headwater.engine.expression_codec import Quoted
from headwater.engine.partial import PartialTask
from headwater.engine.special import Give, Steps, as_list, form, items_of, listed, ordered
from headwater.engine.task import Task, task
from headwater.engine.unrecorded import quoting

R = TypeVar("R")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_namespace = "headwater"


# -- over lists --------------------------------------------------------------------------------------------------------


@overload
def map_(function: Callable[[T], Coroutine[Any, Any, R]], values: Iterable[T]) -> list[R]: ...
@overload
def map_(function: Callable[[T], R], values: Iterable[T]) -> list[R]: ...


def map_(function: Callable[[T], Any], values: Iterable[T]) -> Any:
    """Call a task for each value of a list: `map_(inc, [1, 2])` is `[inc(1), inc(2)]`.

    Args:
        function: a task, a partial task or a function that returns an expression; may be lazy.
        values: a list; may be lazy, so that how many calls there are is decided while the workflow runs.

    Raises:
        CallError: what cannot be called, or has no order.
    """
    check_called("map_", function)
    return Special("map_", (function, listed(values, "map_")))


@overload
def starmap(
    function: Callable[..., Coroutine[Any, Any, R]], values: Iterable[Mapping[str, Any] | Sequence[Any]]
) -> list[R]: ...
@overload
def starmap(function: Callable[..., R], values: Iterable[Mapping[str, Any] | Sequence[Any]]) -> list[R]: ...


def starmap(function: Callable[..., Any], values: Iterable[Mapping[str, Any] | Sequence[Any]]) -> Any:
    """Call a task for each set of arguments in a list: dicts of keyword arguments, or tuples of positional ones.

    Raises:
        CallError: what cannot be called, or has no order.
    """
    check_called("starmap", function)
    return Special("starmap", (function, listed(values, "starmap")))


def flatten(lists: Iterable[Iterable[T]]) -> list[T]:
    """The items of lists, in one list. The lists may be lazy, together and each for itself.

    Raises:
        CallError: what has no order.
    """
    kept = listed(lists, "flatten")
    if isinstance(kept, (list, tuple)):
        inner = [as_list(items) for items in kept]
        kept = inner if any(map(operator.is_not, inner, kept)) else kept
    return Special("flatten", (kept,))  # type: ignore[return-value]


@overload
def flat_map(function: Callable[[T], Coroutine[Any, Any, Iterable[R]]], values: Iterable[T]) -> list[R]: ...
@overload
def flat_map(function: Callable[[T], Iterable[R]], values: Iterable[T]) -> list[R]: ...


def flat_map(function: Callable[[T], Any], values: Iterable[T]) -> list[Any]:
    """Call a task that gives a list for each value of a list, and join what they give.

    Raises:
        CallError: what cannot be called, or has no order.
    """
    check_called("flat_map", function)
    return flatten(map_(function, listed(values, "flat_map")))


@overload
def zip_(a: Iterable[A], b: Iterable[B], /) -> list[tuple[A, B]]: ...
@overload
def zip_(a: Iterable[A], b: Iterable[B], c: Iterable[C], /) -> list[tuple[A, B, C]]: ...
@overload
def zip_(*lists: Iterable[Any]) -> list[tuple[Any, ...]]: ...


def zip_(*lists: Any) -> Any:
    """The items of lists side by side, as far as the shortest goes. The lists may be lazy.

    Raises:
        CallError: what has no order.
    """
    shortest = min((len(one) for one in lists if isinstance(one, Sequence)), default=None)
    return Special("zip_", tuple([listed(one, "zip_", shortest) for one in lists]))


def _function(give: Give, function: Any, name: str) -> Generator[Any, Any, Any]:
    """A task, evaluated where it is lazy. (Nothing comes from one that is not: it is not asked for.)"""
    if not isinstance(function, Expression):
        found = function
    else:
        found = yield function
        if isinstance(found, PartialTask):
            found = found.given(give)
    if not callable(found):
        raise CallError(f"{name}(...): a task or a function is needed, not {type(found).__name__}")
    return found


@form("map_")
def _map(give: Give, function: Any, values: Any) -> Steps:
    call = yield from _function(give, function, "map_")
    items = yield from items_of(give, values, "map_")
    return (yield [call_now("map_", call, item) for item in items])


@form("starmap")
def _starmap(give: Give, function: Any, values: Any) -> Steps:
    call = yield from _function(give, function, "starmap")
    found = []
    for item in (yield from items_of(give, values, "starmap")):
        # Which arguments there are must be known to make the call.
        arguments = (yield item) if isinstance(item, Expression) else item
        again = partial(give.part, item) if isinstance(item, Expression) else _as_written
        if isinstance(arguments, dict):
            found.append(
                call_now("starmap", call, **{name: again(value) for name, value in arguments.items()})
            )
        elif isinstance(arguments, (tuple, list)):
            found.append(call_now("starmap", call, *map(again, arguments)))
        else:
            raise CallError(
                f"starmap(...): a dict or a tuple of arguments is needed for each call, not "
                f"{type(arguments).__name__}. For one argument each, use map_."
            )
    return (yield found)


def _as_written(value: Any) -> Any:
    return value


@form("flatten")
def _flatten(give: Give, lists: Any) -> Steps:
    found = []
    for items in ordered((yield lists), "flatten"):
        if isinstance(items, (str, bytes, set, frozenset)) or not hasattr(items, "__iter__"):
            raise CallError(f"flatten(...): a list of lists is needed, and {type(items).__name__} is in it")
        found.extend(items)
    return found


@form("zip_")
def _zip(give: Give, *lists: Any) -> Steps:
    return list(zip(*[ordered(one, "zip_") for one in (yield lists)], strict=False))


def len_(values: Sized) -> int:
    """How long a lazy value is: what `len` would say of it, once it is there."""
    return Operation("len", (values,))  # type: ignore[return-value]


# -- when something is evaluated ---------------------------------------------------------------------------------------


def delay(expr: T) -> T:
    """Hold an expression back: it is handed over as a value, and evaluated where `force` meets it."""
    return quoting(expr)  # type: ignore[return-value]


def force(delayed: T) -> T:
    """Evaluate what `delay` (or `quote`) held back; a value that was not held back is what it is."""
    return Special("force", (delayed,))  # type: ignore[return-value]


def const(value: T, other: Any) -> T:
    """The first value, once the second is there too: an order without a use for what it waits for."""
    return Special("const", (value, other))  # type: ignore[return-value]


@form("force")
def _force(give: Give, delayed: Any) -> Steps:
    if isinstance(delayed, Expression):
        found = yield delayed
        return (yield give.as_got(found.eval())) if isinstance(found, Quoted) else found
    return (yield delayed.expression) if isinstance(delayed, Quoted) else delayed


@form("const")
def _const(give: Give, value: Any, other: Any) -> Steps:
    yield other
    return (yield value)


# -- functions as tasks ------------------------------------------------------------------------------------------------


@task(namespace=_namespace, version="1")
def identity(value: T) -> T:
    """What it is given, as the result of a call."""
    return value


@task(namespace=_namespace, version="1")
def apply_func(function: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    """Call a plain function as a task. Its code counts: where it changes, the call is made again."""
    return function(*args, **kwargs)


def as_task(function: Callable[..., R]) -> PartialTask[R]:
    """A plain function as a task, to be called lazily or handed to `map_`: `as_task(math.sqrt)(x)`.

    Raises:
        CallError: it is no function.
    """
    check_called("as_task", function)
    return PartialTask(cast(Task[Any, R], apply_func), (function,), {})


@task(namespace=_namespace, version="1")
def eval_(code: str, /, *args: Any, pos_args: Iterable[str] = (), **names: Any) -> Any:
    """The value of a Python expression, given as text, over named values: `eval_("a + b", a=f(1), b=2)`.

    Args:
        code: the expression. It has Python's builtins, and whoever writes it can do all that Python can.
        *args: values for the names in `pos_args`.
        pos_args: names for the positional values.
        **names: further values by name.

    Raises:
        CallError: it is no expression, or there are not as many positional values as names for them.
    """
    positional = list(pos_args)
    if len(positional) != len(args):
        raise CallError(
            f"eval_(...): {len(args)} positional values, and pos_args names {len(positional)} of them"
        )
    try:
        compiled = compile(code.strip(" \t"), "<eval_>", "eval")
    except (AttributeError, TypeError, SyntaxError, ValueError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it has to be a text"
        raise CallError(f"eval_({code!r}): no expression of Python's: {why}") from None
    return eval(compiled, {**dict(zip(positional, args, strict=True)), **names})


@task(namespace=_namespace, version="1", name="compose")
def _composed(functions: list[Any], /, *args: Any, **kwargs: Any) -> Any:
    *outer, inner = functions
    value = inner(*args, **kwargs)
    for function in reversed(outer):
        value = function(value)
    return value


@overload
def compose(outer: Callable[..., R], /, *inner: Callable[..., Any]) -> PartialTask[R]: ...
@overload
def compose() -> NoReturn: ...


def compose(*functions: Callable[..., Any]) -> PartialTask[Any]:
    """One task of several, the last called first: `compose(f, g)(x)` is `f(g(x))`.

    Raises:
        CallError: there is none, or one that cannot be called.
    """
    if not functions:
        raise CallError("compose(...) needs at least one task")
    check_called("compose", *functions)
    return _composed.partial(list(functions))


@task(namespace=_namespace, version="1", name="with_export_options")
def evaluated(quoted: Any) -> Any:
    """What was quoted, evaluated as part of this call."""
    return quoted.expression


def with_export_options(expr: T, options: Mapping[str, Any]) -> T:
    """Evaluate an expression whose calls, and those under them, inherit options.

    Args:
        expr: the expression, or a nested value with expressions in it; it may be quoted (`quote`).
        options: options as of any task; what a call says itself goes before them.

    Raises:
        TaskDefinitionError: an unknown option, or a value that cannot be.
    """
    quoted = expr if isinstance(expr, Quoted) else quoting(expr)
    return evaluated.options(executor="default", export_options=options)(quoted)  # type: ignore[no-any-return]
