"""Promises: values that are not there yet, and what is to be done with them then.

They know nothing of workflows, but carry along what their values came from. `engine.promised` lets functions that are
written with them be forms.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NoReturn, TypeVar

from headwater.engine.came import NONE, NOWHERE, Came
from headwater.engine.errors import CallError
from headwater.engine.values import register_plan
from headwater.engine.values.walk import Refused, Walk

T = TypeVar("T")
WHY_NOT_KEPT = (
    "a promise is no value that can be recorded or handed to another process. Give what it becomes: where a scheduler "
    "task has several, return Promise.all([promise, …]).then(…)"
)
_PENDING, _FULFILLED, _REJECTED = "pending", "fulfilled", "rejected"


class _Turns(threading.local):
    """What is to be called on a thread, in the order in which it became due.

    Attributes:
        came: what the values may have come from that are at hand where something is called now.
    """

    def __init__(self) -> None:
        self.came = NOWHERE
        self._due: deque[Callable[[], None]] = deque()
        self._busy = False

    def take(self, call: Callable[[], None]) -> None:
        """Call it now, or after what is being called: so a chain of any length needs no deeper stack."""
        self._due.append(call)
        if self._busy:
            return
        self._busy = True
        try:
            while self._due:
                self._due.popleft()()
        finally:
            self._due.clear()
            self._busy = False


_turns = _Turns()


@contextmanager
def at_hand(came: Came) -> Iterator[None]:
    """What is called, and what is settled, has to do with what came from these."""
    before, _turns.came = _turns.came, came
    try:
        yield
    finally:
        _turns.came = before


def came_at_hand() -> Came:
    """From what the values may have come that the code has which runs now."""
    return _turns.came


class Promise(Generic[T]):
    """A value that is there later, or an error in its place. It is settled once, and stays what it is then.

    What was asked for with `then` and `catch` is called in the order in which promises are settled, and of one promise
    in the order in which it was asked for.

    Attributes:
        came: what it came from, once it is settled.

    Args:
        func: called at once with `do_resolve` and `do_reject`; what it raises rejects the promise.
    """

    def __init__(
        self, func: Callable[[Callable[[Any], None], Callable[[Exception], None]], Any] | None = None
    ) -> None:
        self._state = _PENDING
        self._outcome: Any = None
        self._decided = False
        self.came = NOWHERE
        self._waiting: list[Callable[[], None]] = []
        if func is not None:
            try:
                func(self.do_resolve, self.do_reject)
            except Exception as error:
                self.do_reject(error)

    @property
    def is_pending(self) -> bool:
        return self._state is _PENDING

    @property
    def is_fulfilled(self) -> bool:
        return self._state is _FULFILLED

    @property
    def is_rejected(self) -> bool:
        return self._state is _REJECTED

    @property
    def value(self) -> T:
        """The value.

        Raises:
            CallError: it is pending.
            Exception: what it was rejected with.
        """
        if self.is_pending:
            raise CallError("the promise is pending: it has no value yet. Use promise.then(function)")
        if self.is_rejected:
            raise self._outcome
        return self._outcome  # type: ignore[no-any-return]

    @property
    def error(self) -> Exception:
        """What it was rejected with.

        Raises:
            CallError: it was not.
        """
        if not self.is_rejected:
            raise CallError(f"the promise is {self._state}: it has no error")
        return self._outcome  # type: ignore[no-any-return]

    def do_resolve(self, value: T | Promise[T]) -> None:
        """Give it its value, or let it become what another promise becomes. Nothing, where that was done before.

        Raises:
            CallError: the other promise is itself.
        """
        if value is self:
            raise CallError(f"{self!r} cannot become what it becomes itself: it would never be settled")
        if self._decided:
            return
        self._decided = True
        if isinstance(value, Promise):
            value._when_settled(lambda: self._settle(value._state, value._outcome))
        else:
            self._settle(_FULFILLED, value)

    def do_reject(self, error: Exception) -> None:
        """Give it an error. Nothing, where it was given a value, a promise or an error before.

        Raises:
            CallError: it is no exception.
        """
        if not isinstance(error, BaseException):
            raise CallError(f"do_reject({error!r}): an exception is needed, as in ValueError({error!r})")
        if not self._decided:
            self._decided = True
            self._settle(_REJECTED, error)

    def then(
        self, resolver: Callable[[T], Any] | None, rejector: Callable[[Exception], Any] | None = None
    ) -> Promise[Any]:
        """What comes of the value, or of the error, by these functions. What one returns is the new promise's value, or
        the promise that it becomes; what it raises, its error. Without a function, it becomes what this one is."""
        made: Promise[Any] = Promise()

        def go_on() -> None:
            function: Callable[[Any], Any] | None = resolver if self.is_fulfilled else rejector
            if function is None:
                made._settle(self._state, self._outcome)
                return
            try:
                found = function(self._outcome)
            except Exception as error:
                made.do_reject(error)
            else:
                made.do_resolve(found)

        self._when_settled(go_on)
        return made

    def catch(self, rejector: Callable[[Exception], Any]) -> Promise[Any]:
        """What comes of the error by a function; the value itself where there is none."""
        return self.then(None, rejector)

    @classmethod
    def all(cls, promises: Iterable[Promise[T]]) -> Promise[list[T]]:
        """All values, in the order of the promises; the first error, where one is rejected."""
        promises = list(promises)
        return _together(promises, lambda: [promise._outcome for promise in promises], stop_early=True)

    def _settle(self, state: str, outcome: Any) -> None:
        self._state, self._outcome, self.came = state, outcome, _turns.came
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            _turns.take(call)

    def _when_settled(self, call: Callable[[], None]) -> None:
        earlier = came_at_hand()

        def go_on() -> None:
            with at_hand(self.came.after(earlier)):
                call()

        if self.is_pending:
            self._waiting.append(go_on)
        else:
            _turns.take(go_on)

    def __reduce__(self) -> NoReturn:
        raise TypeError(WHY_NOT_KEPT)

    def __repr__(self) -> str:
        return f"Promise({self._state}{'' if self.is_pending else f', {self._outcome!r}'})"


def _refuse(promise: Any, _: Walk) -> bytes:
    raise Refused(promise, WHY_NOT_KEPT)


register_plan(Promise, _refuse)


def wait_promises(promises: Iterable[Promise[T]]) -> Promise[list[Promise[T]]]:
    """The promises themselves, once all of them are settled, whatever became of them."""
    promises = list(promises)
    return _together(promises, lambda: list(promises), stop_early=False)


def _together(
    promises: Sequence[Promise[Any]], outcome: Callable[[], Any], *, stop_early: bool
) -> Promise[Any]:
    made: Promise[Any] = Promise()
    left = len(promises)
    if not left:
        made.do_resolve(outcome())

    def count(promise: Promise[Any]) -> None:
        nonlocal left
        left -= 1
        if stop_early and promise.is_rejected:
            made.do_reject(promise._outcome)
        elif not left:
            came = [promise.came for promise in promises]
            covered = NONE.union(*(one.covered for one in came))
            with at_hand(Came(NONE.union(*(one.results for one in came)), covered).after(came_at_hand())):
                made.do_resolve(outcome())

    for promise in promises:
        promise._when_settled(lambda promise=promise: count(promise))  # type: ignore[misc]
    return made
