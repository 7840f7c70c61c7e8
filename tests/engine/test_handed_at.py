"""Where an expression was handed on from form to form: which place comes from which."""

from __future__ import annotations

import random
from typing import Any

import pytest
from headwater.engine.came import NOWHERE, Brought, Came, Had
from headwater.engine.handed_at import HandedAt

from headwater import task

headwater_namespace = "handed_at"


@task
def note(n: int) -> int:
    return n


HANDED: Any = note(1)


def forms_in_forms(chance: random.Random, many: int) -> list[Brought]:
    """Calls of forms, each asked for by one of those before: some in long chains, some beside each other."""
    forms = [Brought(None, HANDED, None)]
    for _ in range(many):
        around = forms[-1] if chance.random() < 0.8 else chance.choice(forms)
        forms.append(Brought(None, HANDED, Had(around, NOWHERE)))
    return forms


def around(form: Brought) -> list[Brought]:
    """The forms around one, from inside out."""
    found = []
    at = form.around
    while at is not None:
        found.append(at)
        at = at.around
    return found


def comes_to(came: Came) -> set[Came]:
    """All that came of something."""
    found, stack = {came}, [came]
    while stack:
        further = set(stack.pop().later or ()) - found
        found |= further
        stack += further
    return found


@pytest.mark.parametrize("seed", range(60))
def test_a_place_comes_from_those_around_it_whichever_was_asked_first(seed: int) -> None:
    chance = random.Random(seed)
    forms = forms_in_forms(chance, many=60)
    places = HandedAt(HANDED)
    top = Came()
    asked: dict[Brought, Came] = {}
    for form in chance.sample(forms, chance.choice([3, 20, 60])):
        assert form.handed(HANDED) is not None
        assert form.outermost(HANDED) is forms[0]
        known = [asked[one] for one in around(form) if one in asked]
        nearest = places.nearest(form, forms[0])
        assert nearest is (known[0] if known else None)
        assert places.at(form) is None
        asked[form] = places.add(form, Came().after(nearest or top))
        assert places.at(form) is asked[form]
    for form, came in asked.items():
        for one in around(form):
            assert one not in asked or came in comes_to(asked[one])
        for other, others in asked.items():
            assert form.is_inside(other) == (other in around(form))
            if other is not form and other not in around(form):
                assert came not in comes_to(others), "it does not go to forms beside, or around"


def test_what_is_near_is_found_without_looking_at_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each of a chain of forms asks for what it was handed, one after the other."""
    asked: list[Brought] = []
    is_inside = Brought.is_inside
    monkeypatch.setattr(
        Brought, "is_inside", lambda self, other: asked.append(other) or is_inside(self, other)
    )
    places, form = HandedAt(HANDED), Brought(None, HANDED, None)
    outermost = form
    assert form.handed(HANDED) is not None
    came = places.add(form, Came())
    for _ in range(300):
        form = Brought(None, HANDED, Had(form, NOWHERE))
        assert places.nearest(form, outermost) is came
        came = places.add(form, Came().after(came))
    assert not asked
