"""What is quoted of what a form has got: `with_export_options(f(item), ...)` in a function that is handed to `map_`.

It leaves the calls among which it was got, so it takes the values along. What they came from is known of the whole
then, as of anything that a form has got.
"""

from __future__ import annotations

from typing import Any

from headwater.engine.expression import Expression, Given, Operation
from headwater.engine.expression_codec import Quoted, expressions_in, parts_in, with_others
from headwater.engine.job import BODY, Job
from headwater.engine.nested import look_into, opaque_parts, substitute


def taken_along(owner: Job, value: Any) -> Any:
    """A nested value; what is quoted in it is as something that a form has got, where it holds such."""
    below = owner.below
    if below is None or not below.gives or not quoted_in(value):
        return value
    kept = below.kept = below.kept if below.kept is not None else []

    def as_got(part: Any) -> Any:
        sources: set[int] = set()
        made = closed(part, sources) if isinstance(part, Quoted) else part
        if made is part:
            return part
        kept.append(Given(made, tuple(sorted(sources))))
        return kept[-1]

    return substitute(value, _as_it_is, as_got)


def closed(quoted: Quoted, sources: set[int]) -> Quoted:
    """The same with values in the place of what a form has got, also in what is quoted inside; itself where there is
    none. What they came from is added to `sources`, with the body where it holds other values, too."""
    made: dict[int, Quoted] = {}
    stack = [quoted]
    while stack:
        one = stack[-1]
        inner = _quoted_inside(one)
        missing = [each for each in inner if id(each) not in made]
        if missing:
            stack += missing
            continue
        stack.pop()
        made[id(one)] = one
        if any(made[id(each)] is not each for each in inner) or any(
            isinstance(each, Given) for each in expressions_in(one.expression)
        ):
            made[id(one)] = one.of(_with_values(one.expression, made, sources))
    return made[id(quoted)]


def _with_values(value: Any, made: dict[int, Quoted], sources: set[int]) -> Any:
    def value_of(given: Given) -> Any:
        sources.update(given._sources)
        return given._value

    if look_into(value)[1] or any(map(has_plain_parts, expressions_in(value))):
        sources.add(BODY)
    return with_others(value, value_of, lambda part: made.get(id(part), part))


def has_plain_parts(expression: Expression) -> bool:
    """Whether plain values stand in an expression itself, beside those in what is inside it. An attribute's name and
    an item's key are none: they do not go into what it gives."""
    if isinstance(expression, Given):
        return False
    if isinstance(expression, Operation) and expression._symbol in ("getattr", "getitem", "slice", "unpack"):
        return False
    args, kwargs, _ = parts_in(expression)
    return look_into(args)[1] or (bool(kwargs) and look_into(kwargs)[1])


def quoted_in(value: Any) -> list[Quoted]:
    """What is quoted in a nested value."""
    return [part for part in opaque_parts(value) if isinstance(part, Quoted)]


def _quoted_inside(quoted: Quoted) -> list[Quoted]:
    """What is quoted in what is quoted."""
    inside = (one for one in expressions_in(quoted.expression) if not isinstance(one, Given))
    return quoted_in([quoted.expression, *map(parts_in, inside)])


def _as_it_is(expression: Expression) -> Expression:
    return expression
