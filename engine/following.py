"""Following what forms ask for: what an expression came from is handed on to its node, new or not.

Of an expression that turns out to be one with another, the parts that were handed to a form are followed beside those
of the other: these may have come from elsewhere, and something flowed only where the form asked for them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from headwater.engine.came import NONE, NOWHERE, Had, had_by
from headwater.engine.expression import Expression, Operation, Special
from headwater.engine.expression_codec import digest, unquoted
from headwater.engine.feeding import ONLY_BODY, feed, flow, hads_of
from headwater.engine.job import BODY, Job, Node, StepNode
from headwater.engine.nested import find_expressions
from headwater.engine.parts import parts_of
from headwater.engine.plain import NO_CAME, held_back, into, is_handed_on, plain_of
from headwater.engine.taken_along import quoted_in

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
    if not is_new:
        hads_of(owner).again = True
    if isinstance(node, Job):
        _feed(owner, node, expression, parts, had, is_new=is_new)
    elif isinstance(node, StepNode):
        if is_new:
            node.had = node.had or _had_by(owner, node, expression, had)
        else:
            if not node.finished:
                had.check(node)
            asked = _know_of(owner, node)
            assert node.had is not None
            for came in into(owner, expression, had):
                flow(owner, came, node.had.came)
            asked += _likes(owner, node, expression, had)
    hads = owner.below.hads if owner.below is not None else None
    if hads is not None and hads.waiting:
        asked += [(like, None, by) for like, by in hads.waiting.pop(id(expression), ())]
    return asked


def _had_by(owner: Job, node: StepNode, expression: Expression, had: Had) -> Had:
    """What a form has before its first step, that another asks for."""
    hads = hads_of(owner)
    return had_by(node, hads.outermost, had, hads.together(into(owner, expression, had)))


def _feed(owner: Job, job: Job, expression: Expression, parts: Any, had: Had, *, is_new: bool) -> None:
    args, bound = parts
    excluded = job.task.plan.excluded
    came = NO_CAME
    for name, (value, inner, holds_plain) in zip(bound.names, args, strict=True):
        if name not in excluded:
            came = came.union(*(plain_of(owner, part, had) for part in inner))
            if holds_plain:
                came = came.union(*(held_back(quoted.expression, had) for quoted in quoted_in(value)))
                if not is_handed_on(value, had):
                    came |= {had.of(expression)}
    came -= {NOWHERE}
    if came:
        names = _plain_names(owner, job, parts, resolved=not is_new and job.lazy is None)
        feed(owner, job, hads_of(owner).together(came), names, is_new=is_new)


def _likes(owner: Job, node: StepNode, expression: Expression, had: Had) -> list[Asked]:
    """What an expression was handed that turned out to be one with a node's, as far as the like of it is asked for
    there (what is not yet, waits for that)."""
    first = node.expression
    if isinstance(first, Operation) and isinstance(expression, Operation) and first._symbol == "call":
        _same_operands(owner, node, first, expression, had)
    if first is expression or not isinstance(first, Special) or not isinstance(expression, Special):
        return []
    assert owner.below is not None
    hads = hads_of(owner)
    likes: dict[bytes, list[Expression]] = {}
    for part in find_expressions(unquoted(expression)):
        likes.setdefault(digest(part), []).append(part)
    asked: list[Asked] = []
    for part in find_expressions(unquoted(first)):
        for like in likes.get(digest(part), ()):
            _same(owner, node, part, like, had)
            if id(part) in owner.below.memo:
                if like is not part:
                    asked.append((like, None, had))
            elif like is not part:
                hads.waiting.setdefault(id(part), []).append((like, had))
    return asked


def _same_operands(owner: Job, node: StepNode, first: Operation, expression: Operation, had: Had) -> None:
    """Where an operation is one with a node's, and calls a task that was lazy: its operands stand in that call, and so
    came from what both had. (They are all there.)"""
    assert owner.below is not None
    memo = owner.below.memo
    likes: dict[Node, list[Expression]] = {}
    for part in find_expressions([expression._args, expression._kwargs]):
        likes.setdefault(memo[id(part)], []).append(part)
    for part in find_expressions([first._args, first._kwargs]):
        for like in likes.get(memo[id(part)], ()):
            _same(owner, node, part, like, had)


def _same(owner: Job, node: StepNode, part: Expression, like: Expression, had: Had) -> None:
    """What the like of a part of a node's expression came from, as another has it, that came from, too."""
    if like is part:
        return
    assert node.had is not None
    for came in plain_of(owner, like, had):
        for known in plain_of(owner, part, node.had):
            flow(owner, came, known)


def _know_of(owner: Job, node: StepNode) -> list[Asked]:
    """Have what a form made known that nobody followed until now, so that what is found of the form goes there."""
    assert owner.below is not None
    asked: list[Asked] = []
    stack = [node] if node.had is None else []
    while stack:
        node = stack.pop()
        had = node.had = node.had or had_by(node, hads_of(owner).outermost)
        seen: set[int] = set()
        made = find_expressions(node.asked)
        while made:
            expression = made.pop()
            other = owner.below.memo.get(id(expression))
            if other is None or id(expression) in seen or had.of(expression) is NOWHERE:
                continue
            seen.add(id(expression))
            parts, inner = parts_of(owner, expression)
            if isinstance(other, Job):
                _feed(owner, other, expression, parts, had, is_new=False)
                made += inner
            elif isinstance(other, StepNode):
                if other.had is None:
                    other.had = _had_by(owner, other, expression, had)
                    stack.append(other)
                else:
                    for came in into(owner, expression, had):
                        flow(owner, came, other.had.came)
                    asked += _likes(owner, other, expression, had)
                made += inner or find_expressions(getattr(expression, "_args", ()))
    return asked


def _plain_names(owner: Job, job: Job, parts: Any, *, resolved: bool) -> dict[str, Collection[int]]:
    """The parameters with plain values in them, and what is known to flow into these beside.

    Args:
        resolved: whether the lazy ones have their values already.
    """
    args, bound = parts
    assert owner.below is not None
    memo, excluded = owner.below.memo, job.task.plan.excluded
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
