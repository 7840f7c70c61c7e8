"""Functions that are written with promises as forms: one face more of what generators do.

Such a function asks for expressions with `scheduler.evaluate`, and returns a promise. The form wishes for all that was
asked for so far, settles those promises in the order in which they were asked for, and goes on with what was asked for
meanwhile, until the promise that was returned is settled. So the order of calls does not depend on time; and what is
asked for in a callback begins when all that was asked for before it has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from headwater.engine.errors import CallError
from headwater.engine.nested import failures_in, find_expressions
from headwater.engine.promise import Promise
from headwater.engine.special import Settled, Steps

PARAMETERS = ("scheduler", "parent_job", "sexpr")
"""What the first parameters of such a function are called."""


class ParentJob:
    """Stands for the job in whose result a scheduler task stands, for `evaluate`. It tells nothing."""

    def __getattr__(self, name: str) -> NoReturn:
        _nothing_else("parent_job", "is for scheduler.evaluate(…, parent_job=parent_job)", name)


class FormScheduler:
    """What such a function asks for expressions.

    Attributes:
        asked: what was asked for and not wished for yet, with the promises of it; None once the form has ended.
    """

    def __init__(self) -> None:
        self.parent_job = ParentJob()
        self.asked: list[tuple[Any, Promise[Any]]] | None = []

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
        self.asked.append((expr, promise))
        return promise

    def __getattr__(self, name: str) -> NoReturn:
        _nothing_else("scheduler", "has evaluate(expression, parent_job=parent_job)", name)


def _nothing_else(what: str, has: str, name: str) -> NoReturn:
    raise AttributeError(f"the {what} of a scheduler task {has}, and has no {name!r}")


def promised_steps(
    func: Callable[..., Any], sexpr: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Steps:
    """The steps of such a function.

    Raises:
        CallError: it gives no promise, or one that nothing can settle any more.
        BaseException: what the promise was rejected with, or what the function raised.
    """
    scheduler = FormScheduler()
    try:
        made = func(scheduler, scheduler.parent_job, sexpr, *args, **kwargs)
        if not isinstance(made, Promise):
            raise CallError(
                f"a scheduler task that takes {', '.join(PARAMETERS)} returns a promise, not {made!r}"
            )
        while made.is_pending:
            asked, scheduler.asked = scheduler.asked, []
            if not asked:
                raise CallError(
                    "the promise that the scheduler task returned waits for nothing: it is never settled"
                )
            values = yield Settled([expr for expr, _ in asked])
            for value, (_, promise) in zip(values, asked, strict=True):
                failures = failures_in(value)
                if failures:
                    promise.do_reject(failures[0].error)  # type: ignore[arg-type]
                else:
                    promise.do_resolve(value)
    finally:
        scheduler.asked = None
    value = made.value
    return (yield value) if find_expressions(value) else value
