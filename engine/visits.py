"""In which order the calls under one are come to, where forms ask for the same calls.

A call that several forms ask for is made when the first of them asks, which time decides. It stands where a walk comes
to it first that goes through the result as it is written, and through what each form asked for where the form stands;
what the owner's function wrote itself stands where that is written.
"""

from __future__ import annotations

from typing import Any

from headwater.engine.below import Below
from headwater.engine.expression import Call, Expression, Operation
from headwater.engine.job import Job, Node, StepNode
from headwater.engine.nested import find_expressions
from headwater.engine.parts import parts_of
from headwater.engine.places import in_order


def in_order_of_visits(owner: Job) -> list[int]:
    """The indexes of an owner's calls, in that order."""
    below = owner.below
    assert below is not None
    if below.hads is not None and below.hads.shares:
        return _first_visits(owner, below)
    return in_order(below.places, range(len(below.places)))


def _first_visits(owner: Job, below: Below) -> list[int]:
    """The same by the walk; those that it does not come to are the last, by their places."""
    memo, places = below.memo, below.places
    found: dict[int, None] = {}
    seen: set[Node] = set()
    # An expression is come to after its parts, and a form before what it asked for.
    stack = [(root, is_inside, False) for root, is_inside in reversed(_roots(owner))]
    while stack:
        expression, is_inside, has_parts = stack.pop()
        node = memo.get(id(expression))
        if node is None or node in seen or (is_inside and node.place.within is None):
            continue
        if not has_parts:
            stack.append((expression, is_inside, True))
            stack += [(part, is_inside, False) for part in reversed(_parts(owner, expression))]
            continue
        seen.add(node)
        if isinstance(node, Job):
            found[node.index] = None
        elif isinstance(node, StepNode):
            stack += [(one, True, False) for one in reversed(find_expressions(node.asked))]
    return [*found, *in_order(places, [index for index in range(len(places)) if index not in found])]


def _roots(owner: Job) -> list[tuple[Expression, bool]]:
    """What an owner's function asked for and gave, each with whether it was asked for by a form, or by its body."""
    body = owner.body
    if body is None:
        return [(one, False) for one in find_expressions(owner.result)]
    asked = [body.asked[n] for n in in_order([place for place, _ in body.asked], range(len(body.asked)))]
    return [
        (one, True)
        for value in [*(value for _, value in asked), owner.result]
        for one in find_expressions(value)
    ]


def _parts(owner: Job, expression: Expression) -> list[Any]:
    """What is evaluated before an expression is a node."""
    return parts_of(owner, expression)[1] if isinstance(expression, (Call, Operation)) else []
