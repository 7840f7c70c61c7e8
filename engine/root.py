"""The root of a run: one call, with whatever is no plain call quoted in it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from headwater.engine.errors import CallError, Undecodable
from headwater.engine.expression import Call
from headwater.engine.expression_codec import Quoted
from headwater.engine.nested import find_expressions
from headwater.engine.parts import written_options
from headwater.engine.task import task
from headwater.engine.unrecorded import quoting


@task(name="root_task", namespace="headwater", version="1")
def root_task(quoted: Quoted) -> Any:
    """The root of a run whose expression is no plain call: what was quoted, to be evaluated.

    Raises:
        CallError: it was not quoted.
    """
    if not isinstance(quoted, Quoted):
        raise CallError("root_task(...): what is quoted is needed, like root_task(quote(f(1)))")
    return quoted.expression


class Unkept(Quoted):
    """An expression with something in it that cannot be recorded. It is equal to no other, so that its call is never
    reused: whoever takes what cannot be recorded fails, and the rest of the expression may deal with that."""

    __slots__ = ()

    def __canonical__(self) -> tuple[str, tuple[bytes]]:
        return "headwater.Unkept", (uuid4().bytes,)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unkept, ()

    def __repr__(self) -> str:
        return "not kept: something in it cannot be recorded"


def _unkept() -> None:
    raise Undecodable("something in the expression could not be recorded")


def root_call(expr: Any) -> Call:
    """The expression as one call without expressions in its arguments; anything else is quoted."""
    if isinstance(expr, Call):
        bound = expr._task.plan.bind(expr._args, expr._kwargs)
        if not find_expressions([bound.values, written_options(expr._task, expr)]):
            return expr
    return root_task(quoting(expr))  # type: ignore[no-any-return]


def unkept(call: Call) -> Call | None:
    """A root's call that could not be identified, with its expression kept as it is; None where none was quoted."""
    if call._task is not root_task:
        return None
    return root_task(Unkept(call._args[0].expression))  # type: ignore[no-any-return]
