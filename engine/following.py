"""Following what forms ask for: what an expression came from is handed on to its node, new or not.

Of an expression that turns out to be one with another, the parts that were handed to a form are followed beside those
of the other: these may have come from elsewhere, and something flowed only where the form asked for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from headwater.engine.came import NONE, NOWHERE, Had, Results, had_by
from headwater.engine.expression import Expression, Operation, Special
from headwater.engine.feeding import ONLY_BODY, Use, feed, feed_parameter, flow, hads_of
from headwater.engine.job import BODY, Job, Node, StepNode
from headwater.engine.nested import find_expressions
from headwater.engine.parts import likes, parts_of
from headwater.engine.plain import NO_CAME, at_first, await_due, into, plain_of
from headwater.engine.special import CHOOSERS


class Again(NamedTuple):
    """An expression that was asked for again, to be looked at once its parts have nodes.

    Attributes:
        use: how it was.
    """

    use: Use

    def missed(self, owner: Job) -> Results:
        """What it came from, but its node did not, for that has come of the node itself or of a part of it."""
        hads, node = hads_of(owner), self.use.node
        missed = set(self.use.ends(owner))
        for name, parts in self.use.flows.items():
            found = NONE.union(*(hads.missed.get(id(part), NONE) for part in parts))
            if found and isinstance(node, Job):
                found = feed_parameter(owner, node, name, found)
            missed |= found
        if missed:
            hads.missed[id(self.use.expression)] = missed
        return missed


Asked = tuple[Expression, Any, Had | None]
"""An expression, its parts where they are known, and what the form had that asks for it."""


def follow(
    owner: Job, node: Node, expression: Expression, parts: Any, had: Had, *, is_new: bool
) -> list[Asked]:
    """Note where the plain values may have come from in what a form asks for.

    Returns:
        what else is to be made nodes of, the last one first.
    """
    asked: list[Asked] = []
    hads = hads_of(owner)
    if isinstance(node, Job):
        use = _feed(owner, node, expression, parts, had, is_new=is_new)
    elif isinstance(node, StepNode):
        if not is_new:
            if not node.finished:
                had.check(node)
            asked = _know_of(owner, node)
        use = _enter(owner, node, expression, had)
        if not is_new:
            assert node.had is not None
            for came in at_first(owner, expression, had):
                flow(owner, came, node.had.came)
            more, flows = _likes(owner, node, expression, had)
            asked += more
            use = use._replace(flows={"": flows})
    else:
        return asked
    hads.uses.append(use)
    if not is_new:
        asked.insert(0, (expression, Again(use), had))
    if hads.waiting:
        asked += [(like, None, by) for like, by in hads.waiting.pop(id(expression), ())]
    return asked


def _enter(owner: Job, node: StepNode, expression: Expression, had: Had) -> Use:
    """Note what an operation or a form was handed, that another asks for; what it has before its first step."""
    is_wish = isinstance(expression, Special) and expression._form == "wish"
    came = NO_CAME if is_wish else into(owner, expression, had)
    hads = hads_of(owner)
    if node.had is None:
        node.had = had_by(node, hads.outermost, had, hads.together(at_first(owner, expression, had)))
    node.had.brought.look()
    due = hads.due.pop(id(expression), None)
    if due is not None:
        await_due(owner, due)
    return Use(expression, node, had, came, {})


def _feed(owner: Job, job: Job, expression: Expression, parts: Any, had: Had, *, is_new: bool) -> Use:
    args, bound = parts
    excluded = job.task.plan.excluded
    came = NO_CAME
    for name, (_, inner, holds_plain) in zip(bound.names, args, strict=True):
        if name not in excluded:
            came = came.union(*(plain_of(owner, part, had) for part in inner))
            if holds_plain:
                came |= {had.of(expression)}
    came -= {NOWHERE}
    if came:
        names = _plain_names(owner, job, parts, resolved=not is_new and job.lazy is None)
        feed(owner, job, hads_of(owner).together(came), names, is_new=is_new)
    flows = {name: inner for name, (_, inner, _) in zip(bound.names, args, strict=True) if inner}
    return Use(expression, job, had, came, flows)


def _likes(
    owner: Job, node: StepNode, expression: Expression, had: Had
) -> tuple[list[Asked], list[Expression]]:
    """What an expression was handed that turned out to be one with a node's, as far as the like of it is asked for
    there (what is not yet, waits for that); and what of it flows into the value."""
    if isinstance(expression, Operation):
        return [], find_expressions([expression._args, expression._kwargs])
    if node.expression is expression:
        return [], []
    assert owner.memo is not None
    hads, known_had = hads_of(owner), node.had
    assert known_had is not None
    takes = taken_by(owner, node)
    asked: list[Asked] = []
    flows: list[Expression] = []
    for part, like in likes(node, expression):
        for came in plain_of(owner, like, had) if like is not part else ():
            for known in plain_of(owner, part, known_had):
                flow(owner, came, known)
        if id(part) in owner.memo:
            if like is not part:
                asked.append((like, None, had))
            if takes(part):
                flows.append(like)
        elif like is not part:
            hads.waiting.setdefault(id(part), []).append((like, had))
    return asked, flows


def taken_by(owner: Job, node: StepNode) -> Callable[[Expression], bool]:
    """Tells whether something that a form was handed flows into its value, as far as it has asked for it."""
    memo, form = owner.memo, node.expression
    assert memo is not None
    if not isinstance(form, Special) or form._form not in CHOOSERS:
        return lambda part: id(part) in memo
    last = {id(part) for part in find_expressions(node.asked[-1:])}
    return lambda part: id(part) in last


def _know_of(owner: Job, node: StepNode) -> list[Asked]:
    """Have what a form made known that nobody followed until now, so that what is found of the form goes there."""
    assert owner.memo is not None
    asked: list[Asked] = []
    uses = hads_of(owner).uses
    stack = [node] if node.had is None else []
    while stack:
        node = stack.pop()
        had = node.had = node.had or had_by(node, hads_of(owner).outermost)
        seen: set[int] = set()
        made = find_expressions(node.asked)
        while made:
            expression = made.pop()
            other = owner.memo.get(id(expression))
            if other is None or id(expression) in seen or had.of(expression) is NOWHERE:
                continue
            seen.add(id(expression))
            parts, inner = parts_of(owner, expression)
            if isinstance(other, Job):
                uses.append(_feed(owner, other, expression, parts, had, is_new=False))
                made += inner
            elif isinstance(other, StepNode):
                if other.had is None:
                    stack.append(other)
                    uses.append(_enter(owner, other, expression, had))
                else:
                    use = _enter(owner, other, expression, had)
                    for came in at_first(owner, expression, had):
                        flow(owner, came, other.had.came)
                    more, flows = _likes(owner, other, expression, had)
                    asked += more
                    uses.append(use._replace(flows={"": flows}))
                made += inner or find_expressions(getattr(expression, "_args", ()))
    return asked


def _plain_names(owner: Job, job: Job, parts: Any, *, resolved: bool) -> dict[str, Collection[int]]:
    """The parameters with plain values in them, and what is known to flow into these beside.

    Args:
        resolved: whether the lazy ones have their values already.
    """
    args, bound = parts
    memo, excluded = owner.memo, job.task.plan.excluded
    assert memo is not None
    names: dict[str, Collection[int]] = {}
    for name, (_, inner, holds_plain) in zip(bound.names, args, strict=True):
        if name in excluded or not (resolved if inner else holds_plain):
            continue
        sources = {
            source
            for expression in inner
            if id(expression) in memo
            for source in memo[id(expression)].sources
        }
        if holds_plain or BODY in sources:
            sources.add(BODY)
            names[name] = NONE if sources == ONLY_BODY else sources
    return names
