"""The places of one expression that was handed to forms, and by them to forms inside: in each of those that asked for
it, from what its plain values came there.

Of a chain of forms, each of which is handed the one before, the innermost is handed through all of them. So a form
has a place only if it was asked there, and it is found without going through those between.
"""

from __future__ import annotations

from headwater.engine.came import Brought, Came
from headwater.engine.expression import Expression


class HandedAt:
    """The places of one expression, which is kept: others know it by its id."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self._places: dict[int, tuple[Brought, Came]] = {}
        self._deepest = -1

    def at(self, form: Brought) -> Came | None:
        """What is at a form's place; None where it has none yet."""
        known = self._places.get(id(form))
        return None if known is None else known[1]

    def nearest(self, form: Brought, outermost: Brought) -> Came | None:
        """What is at the innermost place among those of the forms around one, up to the outermost; None for none."""
        places = self._places
        at: Brought | None = form.around
        # Mostly it is near. If not, to look at all places takes no longer than the way so far.
        for _ in places:
            if at is None or at.depth < outermost.depth:
                return None
            if id(at) in places:
                return places[id(at)][1]
            at = at.around
        around = [one for one, _ in places.values() if form.is_inside(one)]
        return places[id(max(around, key=_depth))][1] if around else None

    def add(self, form: Brought, came: Came) -> Came:
        """Give a form a place, between those around it and those inside it."""
        if form.depth < self._deepest:
            for one, known in self._places.values():
                if one.is_inside(form):
                    came.leads_to(known)
        self._places[id(form)] = form, came
        self._deepest = max(self._deepest, form.depth)
        return came


def _depth(form: Brought) -> int:
    return form.depth
