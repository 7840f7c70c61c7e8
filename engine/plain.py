"""From where the plain values come that flow into an expression's value, beside the results of calls.

What a form was handed has a place of its own for that in the form: where an equal form was handed the like of it, that
came from elsewhere, and what the one form made of it came from both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

from headwater.engine.came import Came, Had
from headwater.engine.expression import Expression, Given, Operation, Special
from headwater.engine.expression_codec import Quoted, expressions_in, parts_in
from headwater.engine.feeding import hads_of
from headwater.engine.handed_at import HandedAt
from headwater.engine.job import BODY, Job
from headwater.engine.nested import find_expressions, look_into
from headwater.engine.special import brings_own, flowing
from headwater.engine.taken_along import has_plain_parts, quoted_in

NO_CAME: frozenset[Came] = frozenset()


def plain_of(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """From what the plain values may have come that flow into an expression's value, as the one has it that asks."""
    if had.brought.handed(expression) is not None:
        return _as_handed(owner, expression, had)
    known = hads_of(owner).plain
    for one, parts, is_plain in _upwards(
        owner, expression, known, lambda part, _: had.brought.handed(part) is None
    ):
        found = NO_CAME.union(
            *(
                _as_handed(owner, part, had) if had.brought.handed(part) is not None else known[id(part)][1]
                for part in parts
            )
        )
        own = is_plain
        if _is_begun(one):
            found |= held_back(one._args, had)
            own = look_into(one._args)[1]
        if own:
            found |= {had.of(one)}
        known[id(one)] = one, found
    return known[id(expression)][1]


def held_back(value: Any, had: Had) -> frozenset[Came]:
    """From what the plain values may have come in all that stands in a nested value which somebody else is to evaluate,
    also in what is quoted there: what was handed to the one that hands it on came from whoever wrote it."""
    found, stack = NO_CAME, [value]
    while stack:
        held = stack.pop()
        inside = list(expressions_in(held))
        found = found.union(had.of(one) for one in inside if has_plain_parts(one))
        stack += [quoted.expression for quoted in quoted_in([held, *map(parts_in, inside)])]
    return found


def is_handed_on(value: Any, had: Had) -> bool:
    """Whether a value is nothing but what the one was handed itself, quoted."""
    if not isinstance(value, Quoted):
        return False
    inner, holds_plain = look_into(value.expression)
    return not holds_plain and all(had.brought.handed(one) is not None for one in inner)


def _is_begun(expression: Expression) -> TypeGuard[Special]:
    """Whether an expression's value is what it was handed, to be evaluated by whoever has it."""
    return isinstance(expression, Special) and expression._form == "fork_thread"


def into(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """From what the plain values may have come that a form's code has of its arguments."""
    found = plain_of(owner, expression, had)
    return (
        found | {had.of(expression)} if isinstance(expression, Special) and brings_own(expression) else found
    )


def _as_handed(owner: Job, expression: Expression, had: Had) -> frozenset[Came]:
    """That of something that a form was handed, as the form has it."""
    if not _holds_plain(owner, expression):
        return NO_CAME
    hads, form = hads_of(owner), had.brought
    places = hads.handed.get(id(expression))
    if places is None:
        places = hads.handed[id(expression)] = HandedAt(expression)
    came = places.at(form)
    if came is None:
        outermost = form.outermost(expression)
        around = places.nearest(form, outermost)
        if around is None:
            above = outermost.above
            around = hads.together(NO_CAME if above is None else plain_of(owner, expression, above))
        came = places.add(form, Came().after(around))
    return frozenset({came})


def _holds_plain(owner: Job, expression: Expression) -> bool:
    """Whether there are plain values that flow into an expression's value, whoever wrote them."""
    known = hads_of(owner).holds_plain
    for one, parts, is_plain in _upwards(owner, expression, known, lambda _, is_plain: not is_plain):
        known[id(one)] = is_plain or any(known[id(part)] for part in parts)
    return known[id(expression)]


def _upwards(
    owner: Job,
    expression: Expression,
    known: Mapping[int, object],
    is_asked: Callable[[Expression, bool], bool],
) -> Iterator[tuple[Expression, list[Expression], bool]]:
    """An expression and what flows into it, each after its parts, with these and whether plain values flow into it.

    Args:
        known: by their ids, those that need not be looked at; each that is given is to be there when the next is.
        is_asked: whether a part has to be, also of something into which plain values flow or not.
    """
    stack = [expression]
    while stack:
        one = stack[-1]
        if id(one) in known:
            stack.pop()
            continue
        parts, is_plain = _parts_of(owner, one)
        missing = [part for part in parts if id(part) not in known and is_asked(part, is_plain)]
        if missing:
            stack += missing
        else:
            yield one, parts, is_plain


def _parts_of(owner: Job, expression: Expression) -> tuple[list[Expression], bool]:
    """The parts of an expression whose values flow into its own, and whether plain values do."""
    assert owner.below is not None
    if _is_begun(expression):
        return [], True
    if isinstance(expression, Special):
        return look_into(flowing(expression))
    if isinstance(expression, Operation):
        return find_expressions([expression._args, expression._kwargs]), has_plain_parts(expression)
    if isinstance(expression, Given):
        return [], BODY in expression._sources
    node = owner.below.memo.get(id(expression))
    return [], isinstance(node, Job) and node.unrecorded
