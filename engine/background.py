"""Calls in the background: begun at once, waited for somewhere else.

`fork_thread` begins an expression and gives a `Thread`, a value that can be passed on; `join_thread` waits for it. What
is begun is a call of its own, which outlives the call that began it. A join is an equal call, so it shares its result
and its error, and is recorded below whoever joins: there the lineage goes through it.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from headwater.engine.errors import CallError
from headwater.engine.expression import Expression, Special
from headwater.engine.expression_codec import Quoted
from headwater.engine.special import Begun, Give, Steps, form
from headwater.engine.task import task

T = TypeVar("T")


class Thread(Generic[T]):
    """An expression that has been begun, for `join_thread`.

    As a value it is what it evaluates: where it is taken from the record, a join evaluates it then.
    """

    __slots__ = ("quoted",)

    def __init__(self, quoted: Quoted) -> None:
        self.quoted = quoted

    def __canonical__(self) -> tuple[str, tuple[Quoted]]:
        return "headwater.Thread", (self.quoted,)

    def __deepcopy__(self, memo: Any) -> Thread[T]:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Thread, (self.quoted,)

    def __repr__(self) -> str:
        return f"Thread({self.quoted.expression!r})"

    def call(self) -> Any:
        """The call that evaluates it; equal ones share what came of it."""
        return thread_task(self.quoted)


class ThreadUnrecorded(Thread[T]):
    """The same where calls in it are not to be recorded: it is not, either."""

    __slots__ = ()
    __withheld__ = True

    def __reduce__(self) -> tuple[Any, ...]:
        return ThreadUnrecorded, (self.quoted,)

    def __repr__(self) -> str:
        return f"Thread({self.quoted!r})"


@task(name="thread", namespace="headwater", version="1")
def thread_task(quoted: Quoted) -> Any:
    """What was begun in the background, to be evaluated."""
    return quoted.expression


def fork_thread(expr: T) -> Thread[T]:
    """Begin an expression, and go on without it.

    The call that contains this does not wait for it, and does not fail with it. What nobody has joined when the run
    ends is not waited for: calls that run are let finish, and nothing new begins.
    """
    return Special("fork_thread", (expr,))  # type: ignore[return-value]


def join_thread(thread: Thread[T]) -> T:
    """The value of an expression that was begun with `fork_thread`, here or elsewhere in the run; as often as wanted.

    Where it failed, this fails with its error.

    Raises:
        CallError: it is nothing that `fork_thread` gave.
    """
    if not isinstance(thread, Expression):
        _check_thread(thread)
    return Special("join_thread", (thread,))  # type: ignore[return-value]


@form("fork_thread")
def _fork(give: Give, expr: Any) -> Steps:
    from headwater.engine.unrecorded import Withheld, quoting  # which knows of threads itself

    quoted = give.closed(quoting(expr))
    begun: Thread[Any] = (ThreadUnrecorded if isinstance(quoted, Withheld) else Thread)(quoted)
    yield Begun(begun.call())
    return begun


@form("join_thread")
def _join(give: Give, thread: Any) -> Steps:
    if not isinstance(thread, Expression):
        return (yield thread.call())
    found = yield thread
    _check_thread(found)
    return (yield thread_task(give(found.quoted)))  # type: ignore[arg-type]


def _check_thread(thread: Any) -> None:
    if not isinstance(thread, Thread):
        raise CallError(f"join_thread(...): what fork_thread gave is needed, not {type(thread).__name__}")
