"""Lazy default arguments: a default is evaluated before the call that it belongs to, in the call above, and yet as part
of that call, with its context and what it exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.engine.combinators import evaluated
from headwater.engine.context import Context, with_override
from headwater.engine.expression import Call, Expression, Operation, Special
from headwater.engine.job import Job
from headwater.engine.nested import find_expressions
from headwater.engine.options import CONTEXT, options_of_call
from headwater.engine.unrecorded import quoting


def settle_defaults(owner: Job, call: Call, values: Sequence[Any]) -> Sequence[Any]:
    """A call's arguments with what gives lazy defaults as the call has it, in the places of those."""
    task, given = call._task, call._options
    if not given and not task.definition:
        return values
    override: Context = (given or {}).get(CONTEXT) or {}
    options, exported = options_of_call(task.definition, owner.exported, given)
    off = not owner.unrecorded and options.get("prov") is False
    if not override and not off and exported == owner.exported:
        return values
    below = owner.below
    assert below is not None
    kept = below.kept = below.kept if below.kept is not None else []
    settled = list(values)
    for index, value in enumerate(values):
        if id(value) not in task.plan.lazy_defaults:
            continue
        if _reads_only(value):
            settled[index] = with_override(value, override) if override else value
        else:
            settled[index] = _within(value, exported or {}, override, off=off)
        kept.append(settled[index])
    return settled


def _within(value: Any, exported: dict[str, Any], override: Context, *, off: bool) -> Call:
    options: dict[str, Any] = {"executor": "default", "limits": {}}
    if exported:
        options["export_options"] = exported
    if override:
        options[CONTEXT] = override
    if off:
        options["prov"] = False
    return Call(evaluated, (quoting(value),), {}, options)


def _reads_only(value: Any) -> bool:
    """Whether nothing in an expression is called: it reads the context, and works on what it read."""
    stack: list[Expression] = find_expressions(value)
    while stack:
        one = stack.pop()
        if isinstance(one, Operation):
            if one._symbol == "call":
                return False
            stack.extend(find_expressions([one._args, one._kwargs]))
        elif not isinstance(one, Special) or one._form != "get_context" or find_expressions(one._args):
            return False
    return True
