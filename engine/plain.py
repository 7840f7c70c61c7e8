"""From where the plain values come that flow into an expression's value, beside the results of calls.

What a form was handed has a place of its own for that in the form: where an equal form was handed the like of it, that
came from elsewhere, and what the one form made of it came from both.

What a form's value has of the plain values in its arguments is known once the form has that value: until then, there is
something in its place that is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from headwater.engine.came import Came, Had
from headwater.engine.expression import Expression, Given, Operation, Special
from headwater.engine.expression_codec import unquoted
from headwater.engine.feeding import flow, hads_of
from headwater.engine.job import BODY, Job, StepNode
from headwater.engine.nested import find_expressions, look_into
from headwater.engine.parts import has_plain_operands, likes
from headwater.engine.special import CHOOSERS, brings_own, flowing, is_users

NO_CAME: frozenset[Came] = frozenset()


def plain_of(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """From what the plain values may have come that flow into an expression's value, as the one has it that asks."""
    if had.brought.is_handed(expression):
        return _as_handed(owner, expression, had)
    known = hads_of(owner).plain
    stack = [expression]
    while stack:
        one = stack[-1]
        if id(one) in known:
            stack.pop()
            continue
        if isinstance(one, Special):
            found = frozenset({_of_form(owner, one, had)}) if _holds_plain(owner, one) else NO_CAME
            known[id(one)] = one, found
            continue
        parts, is_plain = _parts_of(owner, one)
        handed = [part for part in parts if had.brought.is_handed(part)]
        own = [part for part in parts if not had.brought.is_handed(part)]
        missing = [part for part in own if id(part) not in known]
        if missing:
            stack += missing
            continue
        found = NO_CAME.union(*(_as_handed(owner, part, had) for part in handed))
        found = found.union(*(known[id(part)][1] for part in own))
        known[id(one)] = one, found | {had.of(one)} if is_plain else found
    return known[id(expression)][1]


def into(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """From what the plain values may have come in what a form or an operation was handed."""
    if not isinstance(expression, Special):
        return plain_of(owner, expression, had)
    parts = look_into(flowing(expression))[0]
    found = NO_CAME.union(*(plain_of(owner, part, had) for part in parts))
    return found | {had.of(expression)} if _has_own(expression) else found


def at_first(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """That which the code has before its first step. (What a scheduler task is handed lazily, its code has once it has
    asked for that.)"""
    if not (isinstance(expression, Special) and is_users(expression)):
        return into(owner, expression, had)
    return frozenset({had.of(expression)}) if _has_own(expression) else NO_CAME


def _has_own(form: Special) -> bool:
    """Whether whoever wrote a form put plain values into it."""
    return look_into(flowing(form))[1] or brings_own(form)


def _as_handed(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """That of something that a form was handed, as the form has it."""
    if not _holds_plain(owner, expression):
        return NO_CAME
    hads = hads_of(owner)
    way: list[Had] = []
    at: Had | None = had
    found = NO_CAME
    while at is not None:
        known = hads.handed.get((id(at.brought), id(expression)))
        if known is not None:
            found = frozenset({known[2]})
            break
        if not at.brought.is_handed(expression):
            found = plain_of(owner, expression, at)
            break
        way.append(at)
        at = at.brought.above
    for at in reversed(way):
        came = Came().after(hads.together(found))
        hads.handed[id(at.brought), id(expression)] = at.brought, expression, came
        found = frozenset({came})
    return found


def _holds_plain(owner: Job, expression: Expression) -> bool:
    """Whether there are plain values that may flow into an expression's value, whoever wrote them."""
    known = hads_of(owner).holds_plain
    stack = [expression]
    while stack:
        one = stack[-1]
        if id(one) in known:
            stack.pop()
            continue
        parts, is_plain = _parts_of(owner, one)
        missing = [part for part in parts if id(part) not in known]
        if missing and not is_plain:
            stack += missing
        else:
            known[id(one)] = is_plain or any(known[id(part)] for part in parts)
    return known[id(expression)]


def _parts_of(owner: Job, expression: Expression) -> tuple[list[Expression], bool]:
    """The parts of an expression whose values may flow into its own, and whether plain values may."""
    assert owner.memo is not None
    if isinstance(expression, Special):
        parts, is_plain = look_into(flowing(expression))
        return parts, is_plain or brings_own(expression)
    if isinstance(expression, Operation):
        return find_expressions([expression._args, expression._kwargs]), has_plain_operands(expression)
    if isinstance(expression, Given):
        return [], BODY in expression._sources
    node = owner.memo.get(id(expression))
    return [], isinstance(node, Job) and node.unrecorded


# -- what forms have in their values -----------------------------------------------------------------------------------


class Due(NamedTuple):
    """What is to be told of a form once it has its value.

    Attributes:
        form: as it was asked for.
        had: what the one had that did so.
        came: from what the plain values in its value came; filled in then.
    """

    form: Special
    had: Had
    came: Came


def _of_form(owner: Job, form: Special, had: Had) -> Came:
    due = Due(form, had, Came())
    if not await_due(owner, due):
        hads_of(owner).due[id(form)] = due
    return due.came


def await_due(owner: Job, due: Due) -> bool:
    """Have a form's node tell what is due, at once where it has its value; whether there is a node."""
    node = node_of(owner, due.form)
    if node is None:
        return False
    if node.finished:
        _tell(owner, node, due)
    else:
        hads_of(owner).dues.setdefault(node, []).append(due)
    return True


def tell_plain(owner: Job, node: StepNode) -> None:
    """A form has its value: tell from what the plain values in that came."""
    form = node.expression
    if isinstance(form, Special) and form._form == "wish" and BODY in node.sources:
        assert node.had is not None
        for part in find_expressions(node.asked):
            for came in plain_of(owner, part, node.had):
                flow(owner, came, form._args[1].came)
    for due in hads_of(owner).dues.pop(node, ()):
        _tell(owner, node, due)


def _tell(owner: Job, node: StepNode, due: Due) -> None:
    origins = _origins(owner, node)
    if None in origins and _has_own(due.form):
        flow(owner, due.had.of(due.form), due.came)
    for part, like in likes(node, due.form) if origins else ():
        if id(part) in origins:
            for came in plain_of(owner, like, due.had):
                flow(owner, came, due.came)


Origins = set[int | None]
"""What was handed to a form and gave plain values to its value, by its id; None where its code gave some."""


def _origins(owner: Job, node: StepNode) -> Origins:
    """From where a form that has its value has the plain values in that."""
    known = hads_of(owner).origins
    stack = [node]
    while stack:
        one = stack[-1]
        if one in known:
            stack.pop()
            continue
        found, missing = _look(owner, one, known)
        if missing:
            stack += missing
        else:
            known[one] = found
    return known[node]


def _look(owner: Job, node: StepNode, known: Mapping[StepNode, Origins]) -> tuple[Origins, list[StepNode]]:
    """That, as far as it is known of the forms that it asked for; and those of which it is to be known first."""
    memo, form, found = owner.memo, node.expression, Origins()
    assert memo is not None
    if BODY not in node.sources or not isinstance(form, Special):
        return found, []
    if node in hads_of(owner).gave_plain:
        found.add(None)
    handed = {id(part) for part in find_expressions(unquoted(form))}
    missing: list[StepNode] = []
    seen: set[int] = set()
    values: list[Any] = node.asked[-1:] if form._form in CHOOSERS else list(node.asked)
    while values:
        parts, is_plain = look_into(values.pop())
        if is_plain:
            found.add(None)
        for part in parts:
            there = memo.get(id(part))
            if there is None or BODY not in there.sources or id(part) in seen:
                continue
            seen.add(id(part))
            if id(part) in handed:
                found.add(id(part))
            elif isinstance(part, Operation):
                if has_plain_operands(part):
                    found.add(None)
                values.append(find_expressions([part._args, part._kwargs]))
            elif isinstance(part, Special) and part._form == "wish":
                values.append(part._args[0])
            elif isinstance(part, Special):
                inner = node_of(owner, part)
                assert inner is not None
                if inner not in known:
                    missing.append(inner)
                    continue
                if None in known[inner]:
                    found.add(None)
                values.append([like for own, like in likes(inner, part) if id(own) in known[inner]])
            elif not isinstance(part, Given):  # that came from what was asked for before
                found.add(None)
    return found, missing


def node_of(owner: Job, form: Special) -> StepNode | None:
    """The node that all have who ask for a form."""
    assert owner.memo is not None
    node = owner.memo.get(id(form))
    while isinstance(node, StepNode) and node.missed:  # it was asked for again
        node = owner.memo[id(node.expression._args[0])]
    assert node is None or isinstance(node, StepNode)
    return node
