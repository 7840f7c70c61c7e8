"""Where the expressions of a result stand in it, whatever order they are made in.

A place is a link to the form that asked for the expression, if any, with the number of that form's step and the number
within the step. Links share what is above them, so that forms may be nested as deep as memory goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Outermost(msgspec.Struct, frozen=True, gc=False):
    """The `n`-th expression of the result itself. Most are there, and there may be very many: so it holds no more."""

    n: int
    within: ClassVar[None] = None
    step: ClassVar[int] = 0


class Inner(msgspec.Struct, frozen=True):
    """The `n`-th expression of the `step`-th step of the form at `within`, or of an async body where that is None."""

    within: Place | None
    step: int
    n: int


Place = Outermost | Inner


def in_order(places: Sequence[Place], chosen: Sequence[int]) -> list[int]:
    """The indexes in `chosen`, in the order in which their places are written."""
    below: dict[int, list[tuple[tuple[int, int], Place, int | None]]] = {}
    known: set[int] = set()
    for index in chosen:
        place = places[index]
        below.setdefault(id(place.within), []).append(((place.step, place.n), place, index))
        within = place.within
        while within is not None and id(within) not in known:
            known.add(id(within))
            below.setdefault(id(within.within), []).append(((within.step, within.n), within, None))
            within = within.within
    order: list[int] = []
    stack = [iter(sorted(below.get(id(None), []), key=_numbers))]
    while stack:
        for _, place, leaf in stack[-1]:
            if leaf is not None:
                order.append(leaf)
            elif id(place) in below:
                stack.append(iter(sorted(below[id(place)], key=_numbers)))
                break
        else:
            stack.pop()
    return order


def _numbers(entry: tuple[tuple[int, int], Place, int | None]) -> tuple[int, int]:
    return entry[0]
