"""Functions that are written with promises as forms: one face more of what generators do.

Such a function asks for expressions with `scheduler.evaluate`, and returns a promise. The form wishes for all that was
asked for so far, settles those promises in the order in which they were asked for, and goes on with what was asked for
meanwhile, until the promise that was returned is settled. So the order of calls does not depend on time; and what is
asked for in a callback begins when all that was asked for before it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NoReturn

from headwater.engine.came import Brought, Came, Had, Wish
from headwater.engine.errors import CallError
from headwater.engine.expression import Special, begin_era
from headwater.engine.nested import Failure, find_expressions
from headwater.engine.promise import Promise, at_hand, came_at_hand
from headwater.engine.special import Give, Settled, Steps

PARAMETERS = ("scheduler", "parent_job", "sexpr")
"""What the first parameters of such a function are called."""


class ParentJob:
    """Stands for the job in whose result a scheduler task stands, for `evaluate`. It tells nothing."""

    def __getattr__(self, name: str) -> NoReturn:
        _nothing_else("parent_job", "is for scheduler.evaluate(…, parent_job=parent_job)", name)


class FormScheduler:
    """What such a function asks for expressions.

    Attributes:
        asked: what was asked for and not wished for yet, with the promises of it and from what the plain values in
            it may have come; None once the form has ended.
    """

    def __init__(self) -> None:
        self.parent_job = ParentJob()
        self.asked: list[tuple[Any, Promise[Any], Came]] | None = []

    def evaluate(self, expr: Any, parent_job: Any = None) -> Promise[Any]:
        """The promise of an expression's value, or of that of a nested value with expressions in it.

        Args:
            parent_job: the one that the function was given.

        Raises:
            CallError: it is another, or the form has ended.
        """
        if parent_job is not None and parent_job is not self.parent_job:
            raise CallError(
                f"scheduler.evaluate(…, parent_job={parent_job!r}): give the parent_job of this call"
            )
        if self.asked is None:
            raise CallError("scheduler.evaluate(…): the scheduler task has ended; its result is there")
        promise: Promise[Any] = Promise()
        self.asked.append((expr, promise, came_at_hand()))
        return promise

    def __getattr__(self, name: str) -> NoReturn:
        _nothing_else("scheduler", "has evaluate(expression, parent_job=parent_job)", name)


def _nothing_else(what: str, has: str, name: str) -> NoReturn:
    raise AttributeError(f"the {what} of a scheduler task {has}, and has no {name!r}")


def promised_steps(
    give: Give, func: Callable[..., Any], sexpr: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Steps:
    """The steps of such a function.

    Raises:
        CallError: it gives no promise, or one that nothing can settle any more.
        BaseException: what the promise was rejected with, or what the function raised.
    """
    scheduler = FormScheduler()
    had = give.had()
    brought = had.brought
    brought.begun = begin_era()
    try:
        with at_hand(had.came):
            made = func(scheduler, scheduler.parent_job, sexpr, *args, **kwargs)
        if not isinstance(made, Promise):
            raise CallError(
                f"a scheduler task that takes {', '.join(PARAMETERS)} returns a promise, not {made!r}"
            )
        while made.is_pending:
            if not scheduler.asked:
                raise CallError(
                    "the promise that the scheduler task returned waits for nothing: it is never settled"
                )
            yield from _settle(scheduler, brought)
        with give.aside():
            while scheduler.asked:
                yield from _settle(scheduler, brought)
    finally:
        scheduler.asked = None
    value = made.value
    if not find_expressions(value):
        give.returns_plain((args, kwargs))
        return value
    return (yield Special("wish", (value, Wish(Had(brought, made.came)))))


def _settle(scheduler: FormScheduler, brought: Brought) -> Generator[Any, Any, None]:
    """Evaluate what was asked for so far, and settle the promises of it."""
    asked, scheduler.asked = scheduler.asked or [], []
    wishes = [Wish(Had(brought, came), tolerant=True) for _, _, came in asked]
    values = yield Settled(
        [Special("wish", (expr, one)) for (expr, _, _), one in zip(asked, wishes, strict=True)]
    )
    for value, one, (_, promise, _) in zip(values, wishes, asked, strict=True):
        with at_hand(one.came):
            if isinstance(value, Failure):
                promise.do_reject(value.error)  # type: ignore[arg-type]
            else:
                promise.do_resolve(value)
