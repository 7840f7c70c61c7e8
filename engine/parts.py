"""What an expression is made of: what has to be there before it can be a node."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from headwater.engine.called import refuse_value
from headwater.engine.defaults import settle_defaults
from headwater.engine.expression import OPERATIONS, Call, Expression, Operation
from headwater.engine.job import Job
from headwater.engine.nested import find_expressions, look_into
from headwater.engine.partial import PartialTask
from headwater.engine.special import Give, Steps
from headwater.engine.taken_along import taken_along
from headwater.engine.task import Task


def parts_of(owner: Job, expression: Expression) -> tuple[Any, list[Expression]]:
    """What an expression is made of, each part with the expressions in it, and all of these together."""
    bound = None
    if isinstance(expression, Call):
        task = expression._task
        bound = task.plan.bind(expression._args, expression._kwargs)
        values = bound.values
        if task.plan.lazy_defaults:
            values = bound.values = settle_defaults(owner, expression, values)
        if owner.below is not None and owner.below.gives:
            values = bound.values = [taken_along(owner, value) for value in values]
    elif isinstance(expression, Operation):
        values = [*expression._args, *expression._kwargs.keys(), *expression._kwargs.values()]
        args = [(value, find_expressions(value), False) for value in values]
        return (args, bound), [e for _, found, _ in args for e in found]
    else:
        # A form evaluates its arguments itself; nothing inside them is waited for here.
        return ([], None), []
    args, inner = [], []
    for value in values:
        found, holds_plain = look_into(value)
        args.append((value, found, holds_plain))
        inner += found
    if expression._options or task.lazy_definition:
        inner += find_expressions(written_options(task, expression))
    return (args, bound), inner


def written_options(task: Task[Any, Any], call: Call) -> tuple[Any, Any]:
    """The options of a call that may hold expressions."""
    return task.definition if task.lazy_definition else None, call._options


def applied(give: Give, operation: Operation, args: Sequence[Any], kwargs: dict[str, Any]) -> Steps:
    """Apply an operation to its operands' values; where its value is lazy again, evaluate that too: what a function
    or a method made came from all of them, as in `quoted.eval()`.

    A task that was lazy itself is called with its operands as they are written, so that this is the call that it would
    be of a task that is not; its value came from that call. What a partial task has already came from where that did.
    """
    if operation._symbol == "call" and isinstance(args[0], (Task, PartialTask)):
        lazy, *rest = operation._args
        called = args[0].given(partial(give.part, lazy)) if isinstance(args[0], PartialTask) else args[0]
        call = called(*rest, **operation._kwargs)
        give.came_with(lazy)
        return (yield call)
    if operation._symbol == "call":
        refuse_value(operation._args[0], args[0])
    value = OPERATIONS[operation._symbol](*args, **kwargs)
    return (yield give.as_got(value)) if find_expressions(value) else value
