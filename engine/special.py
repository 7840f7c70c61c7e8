"""Special forms: expressions that choose which of their arguments are evaluated, and when.

A form is a generator. It yields what it wants evaluated next, is sent the value (or has the error thrown into it), and
returns its own value. The scheduler steps it; lineage follows what was yielded.
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    ValuesView,
)
from contextlib import contextmanager
from copy import copy
from itertools import count, cycle, islice, repeat, tee
from operator import length_hint
from typing import TYPE_CHECKING, Any, TypeVar, overload

from headwater.engine.called import call_now, check_called
from headwater.engine.came import Had, Wish, had_by
from headwater.engine.errors import CallError
from headwater.engine.expression import Expression, Given, Special, begin_era
from headwater.engine.expression_codec import Quoted, unquoted
from headwater.engine.feeding import hads_of
from headwater.engine.job import BODY
from headwater.engine.nested import failures_in, look_into, substitute
from headwater.engine.origins import came_by
from headwater.engine.taken_along import closed
from headwater.engine.task import Task, task

if TYPE_CHECKING:
    from headwater.engine.job import StepNode

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E", bound=BaseException)
F = TypeVar("F", bound=BaseException)

Steps = Generator[Any, Any, Any]


class Give:
    """Makes a value that a form got an expression again, which has come from where the form's values came from so far.

    Args:
        node: the form's own.
    """

    __slots__ = ("node",)

    def __init__(self, node: StepNode) -> None:
        self.node = node
        if node.had is not None and isinstance(node.expression, Special) and brings_own(node.expression):
            node.had.brought.begun = begin_era()

    def __call__(self, value: Any) -> Given:
        return self._given(value, self.node.gather())

    def part(self, expression: Expression, value: Any) -> Given:
        """The same of what came from one expression alone that the form has asked for."""
        return self._given(value, self._sources(expression))

    def closed(self, quoted: Quoted) -> Quoted:
        """What is quoted, with values in it where it holds what a form has got: these flow into the form's value."""
        return closed(quoted, self.node.gathered)

    def _given(self, value: Any, sources: tuple[int, ...]) -> Given:
        owner = self.node.owner
        assert owner is not None
        assert owner.below is not None
        owner.below.gives = True
        return Given(value, sources)

    def came_with(self, expression: Expression) -> None:
        """What the form has got so far does not flow into its value, but what came from one expression."""
        self.node.gathers(self._sources(expression))

    def _sources(self, expression: Expression) -> tuple[int, ...]:
        owner = self.node.owner
        assert owner is not None
        assert owner.below is not None
        return owner.below.memo[id(expression)].sources

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the form waits for meanwhile does not flow into its value."""
        node = self.node
        gathered, awaited = set(node.gathered), node.awaited
        try:
            yield
        finally:
            node.gathers(gathered)
            node.awaited = awaited

    def had(self) -> Had:
        """From what the plain values in the form's arguments may have come."""
        node = self.node
        if node.had is None:
            assert node.owner is not None
            node.had = had_by(node, hads_of(node.owner).outermost)
        return node.had

    def as_got(self, value: Any) -> Special:
        """A wish for what came out of something that the form has got: the plain values in it came from there."""
        had = self.had()
        return Special("wish", (value, Wish(Had(had.brought, came_by(self.node, None).after(had.came)))))

    def returns_plain(self, args: Any) -> None:
        """What the form's code gives may hold what it was handed: that comes from whoever wrote it."""
        if look_into(args)[1]:
            self.node.gathered.add(BODY)

    def tell(self, wish: Wish, error: BaseException | None = None) -> None:
        """Note what a wish has got, or what its error came from."""
        wish.came = came_by(self.node, error)


Form = Callable[..., Steps]
"""Called with a `Give` and the form's arguments."""


class Settled:
    """A wish that errors do not end: each part has its value, or a `nested.Failure` in its place."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Begun:
    """A wish that is not waited for: a call that is begun now, and outlives the call that began it."""

    __slots__ = ("call",)

    def __init__(self, call: Any) -> None:
        self.call = call


FORMS: dict[str, Form] = {}
"""The forms by the name that an expression carries."""

CHOOSERS = {"cond", "const", "await", "wish", "apply_tags"}
"""Forms whose value comes from their last step alone."""


def flowing(expression: Special) -> Any:
    """Those of a form's arguments that may flow into its value; the others decide on it, or are waited for."""
    args = unquoted(expression)
    if expression._form == "cond":
        return [*args[1::2], *args[len(args) - len(args) % 2 :]]
    if expression._form in ("map_", "starmap") and not isinstance(args[0], Expression):
        return args[1:]
    return args[:1] if expression._form in ("catch", "catch_all", "const") else args


def brings_own(expression: Special) -> bool:
    """Whether what a form was handed to call may hold values: a function, or a partial task."""
    args, name = expression._args, expression._form
    called = {"map_": args[:1], "starmap": args[:1], "catch": args[2::2], "catch_all": args[2:]}.get(name, ())
    return any(not isinstance(one, (Task, Expression, type(None))) for one in called)


def form(name: str) -> Callable[[Form], Form]:
    """Make a generator function the form of a name."""

    def register(steps: Form) -> Form:
        FORMS[name] = steps
        return steps

    return register


# -- cond --------------------------------------------------------------------------------------------------------------


@overload
def cond(condition: Any, then: A, /) -> A | None: ...
@overload
def cond(condition: Any, then: A, otherwise: B, /) -> A | B: ...
@overload
def cond(condition: Any, then: A, condition2: Any, then2: B, /) -> A | B | None: ...
@overload
def cond(condition: Any, then: A, condition2: Any, then2: B, otherwise: C, /) -> A | B | C: ...
@overload
def cond(condition: Any, then: Any, /, *rest: Any) -> Any: ...


def cond(condition: Any, then: Any, /, *rest: Any) -> Any:
    """A lazy if: `cond(a, x)`, `cond(a, x, otherwise)`, `cond(a, x, b, y, otherwise)`.

    Branches stay unevaluated until they are chosen. Without a final otherwise, the value is None when no condition
    holds.
    """
    return Special("cond", (condition, then, *rest))


@form("cond")
def _cond(give: Give, *args: Any) -> Steps:
    for condition, branch in zip(args[0::2], args[1::2], strict=False):
        if (yield condition):
            return (yield branch)
    return (yield args[-1]) if len(args) % 2 else None


# -- errors ------------------------------------------------------------------------------------------------------------


@overload
def catch(expr: T, error: type[E] | tuple[type[E], ...], recover: Callable[[E], A], /) -> T | A: ...
@overload
def catch(
    expr: T,
    error: type[E] | tuple[type[E], ...],
    recover: Callable[[E], A],
    error2: type[F] | tuple[type[F], ...],
    recover2: Callable[[F], B],
    /,
) -> T | A | B: ...
@overload
def catch(
    expr: Any,
    error: Any,
    recover: Any,
    error2: Any,
    recover2: Any,
    error3: Any,
    recover3: Any,
    /,
    *pairs: Any,
) -> Any: ...


def catch(expr: Any, /, *pairs: Any) -> Any:
    """Evaluate an expression; where it fails with an error of a class, the value is what `recover(error)` gives.

    Args:
        expr: what to evaluate.
        *pairs: error class (or tuple of classes; either may be lazy) and recover task or function, as often as wanted;
            the first class that matches wins. An error in a recovery is an error of the whole.

    Raises:
        CallError: classes and recoveries are not in pairs, or a class or a recovery is none.
    """
    if not pairs or len(pairs) % 2:
        raise CallError("catch(expr, error_class, recover, ...) takes classes and recoveries in pairs")
    for classes in pairs[::2]:
        _check_classes("catch", classes)
    check_called("catch", *pairs[1::2])
    return Special("catch", (expr, *pairs))


@overload
def catch_all(exprs: T, error_class: None = None, recover: None = None) -> T: ...
@overload
def catch_all(exprs: T, error_class: type[E] | tuple[type[E], ...], recover: Callable[[Any], A]) -> T | A: ...


def catch_all(exprs: Any, error_class: Any = None, recover: Any = None) -> Any:
    """Evaluate every expression in a nested value to its end, whatever fails.

    Where nothing fails, the value is that of `exprs`. Where something does, and all errors are of `error_class`, it is
    what `recover(values)` gives, with the errors in their places among the values. Else the first error that is not of
    the class (in the order in which the expressions are written) is the error of the whole.

    Args:
        exprs: a nested value with expressions in it.
        error_class: an error class or a tuple of them; may be lazy.
        recover: a task or function of one argument.

    Raises:
        CallError: only one of `error_class` and `recover` is given, or a class or the recovery is none.
    """
    if (error_class is None) != (recover is None):
        raise CallError(
            "catch_all(exprs, error_class, recover) takes both a class and a recovery, or neither"
        )
    if error_class is not None:
        _check_classes("catch_all", error_class)
        check_called("catch_all", recover)
    return Special("catch_all", (exprs, error_class, recover))


@task(namespace="headwater", version="1")
def throw(error: BaseException) -> Any:
    """Raise an error lazily."""
    if not isinstance(error, BaseException):
        raise CallError(f"throw({error!r}): an exception is needed")
    raise error


@form("catch")
def _catch(give: Give, expr: Any, *pairs: Any) -> Steps:
    try:
        return (yield expr)
    except GeneratorExit:
        raise
    except BaseException as error:
        for classes, recover in zip(pairs[0::2], pairs[1::2], strict=True):
            if isinstance(error, (yield from _classes("catch", classes))):
                return (yield call_now("catch", recover, give(error)))
        raise


@form("catch_all")
def _catch_all(give: Give, exprs: Any, error_class: Any, recover: Any) -> Steps:
    values = yield Settled(exprs)
    errors = [failure.error for failure in failures_in(values)]
    if not errors:
        return values
    classes = () if error_class is None else (yield from _classes("catch_all", error_class))
    for error in errors:
        if not isinstance(error, classes):
            raise error
    found = give(substitute(values, lambda failure: failure.error))
    return (yield call_now("catch_all", recover, found))


def _classes(name: str, classes: Any) -> Generator[Any, Any, Any]:
    """Error classes, evaluated where they are lazy."""
    if isinstance(classes, Expression) or (
        isinstance(classes, tuple) and any(isinstance(each, Expression) for each in classes)
    ):
        classes = yield classes
        _check_classes(name, classes)
    return classes


def _check_classes(name: str, classes: Any) -> None:
    for cls in classes if isinstance(classes, tuple) else (classes,):
        is_error = isinstance(cls, type) and issubclass(cls, BaseException)
        if not is_error and not isinstance(cls, Expression):
            raise CallError(f"{name}(...): {cls!r} is no exception class")


# -- the bodies of async tasks -----------------------------------------------------------------------------------------


@overload
def evaluate(value: Coroutine[Any, Any, T]) -> Awaitable[T]: ...
@overload
def evaluate(value: list[Coroutine[Any, Any, T]]) -> Awaitable[list[T]]: ...
@overload
def evaluate(value: T) -> Awaitable[T]: ...


def evaluate(value: Any) -> Awaitable[Any]:
    """A nested value with expressions in it as one expression: `await evaluate({"a": f(1), "b": [g(2)]})`.

    In the body of an async task, type checkers know what awaiting it gives, of a single call too.
    """
    return Special("evaluate", (value,))


def result_of(call: Coroutine[Any, Any, T]) -> T:
    """The call of an async task as an argument of another call: `double(result_of(size("a")))`.

    It is the call itself, typed as its result, as calls of plain tasks are.

    Raises:
        CallError: it is no lazy value, but a coroutine.
    """
    if not isinstance(call, Expression):
        raise CallError(f"result_of({call!r}): the call of an async task is needed")
    return call  # type: ignore[return-value]


@form("evaluate")
def _evaluate(give: Give, value: Any) -> Steps:
    return (yield value)


@form("await")
def _await(give: Give, value: Any, reply: Callable[[Any, BaseException | None], None]) -> Steps:
    """What a body waits for: it is told the value, or the error."""
    try:
        found = yield value
    except GeneratorExit:
        raise
    except BaseException as error:
        reply(None, error)
    else:
        reply(found, None)


@form("wish")
def _wish(give: Give, value: Any, wish: Wish) -> Steps:
    """What a user's form waits for."""
    try:
        found = yield Settled(value) if wish.tolerant else value
        for failure in failures_in(found):
            raise failure.error
    except GeneratorExit:
        raise
    except BaseException as error:
        give.tell(wish, error)
        raise
    give.tell(wish)
    return found


# -- order -------------------------------------------------------------------------------------------------------------


def seq(expressions: Iterable[T]) -> list[T]:
    """Evaluate a list of expressions one after the other, and give the list of their values.

    Raises:
        CallError: it is no list, and so says of no expression which is first.
    """
    if isinstance(expressions, dict):  # whose values nothing would evaluate
        raise CallError("seq(...): a list is needed, not dict")
    return Special("seq", tuple(ordered(expressions, "seq")))  # type: ignore[return-value]


@form("seq")
def _seq(give: Give, *expressions: Any) -> Steps:
    values = []
    for expression in expressions:
        values.append((yield expression))
    return values


def items_of(give: Give, values: Any, name: str) -> Generator[Any, Any, list[Any]]:
    """What stands in a list, each part lazy on its own: what is written as a list keeps its parts' own origins.

    Raises:
        CallError: it is nothing that can be gone through in a fixed order.
    """
    if isinstance(values, (list, tuple)):
        return list(values)
    found = yield values
    return [give(value) for value in ordered(found, name)]


_TEE: Any = type(tee(())[0])


def ordered(values: Any, name: str) -> Iterator[Any]:
    """What can be gone through in an order that is the same in every process.

    Raises:
        CallError: it is nothing of the kind.
    """
    _check_ordered(values, name)
    return copy(values) if isinstance(values, _TEE) else iter(values)


def listed(values: Any, name: str, most: int | None = None) -> Any:
    """What a form is to go through, as it is kept in an expression: what is used up by reading it, and what lazy values
    are not found in, is a list of its items from here on. What never ends is read when it is evaluated.

    Args:
        most: how many items of an iterator are needed, where that is known.

    Raises:
        CallError: it is nothing that can be gone through in a fixed order.
    """
    if isinstance(values, Expression):
        return values
    _check_ordered(values, name)
    return as_list(values if most is None or not isinstance(values, Iterator) else islice(values, most))


def as_list(values: Any) -> Any:
    """An iterator, or a view of a dict, as a list; anything else as it is. Of what never ends, each evaluation goes
    through a copy, from the same item on."""
    if values.__class__ is list or isinstance(values, (tuple, Expression)):
        return values  # (there may be very many of them in a list)
    if isinstance(values, (count, cycle)) or (isinstance(values, repeat) and length_hint(values, -1) < 0):
        return tee(values, 1)[0]
    return list(values) if isinstance(values, (Iterator, KeysView, ValuesView, ItemsView)) else values


def _check_ordered(values: Any, name: str) -> None:
    if isinstance(values, (str, bytes, set, frozenset)) or not hasattr(values, "__iter__"):
        raise CallError(f"{name}(...): a list is needed, not {type(values).__name__}")
