"""Differences of values, read from their previews."""

from __future__ import annotations

import pytest
from headwater.lineage.previews import Difference, differences
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("[1, 2, 3]", "[1, 5, 3]", [("[1]", "2", "5")]),
        ("[1, 2]", "[1, 2, 3]", [("[2]", None, "3")]),
        ("[1, 2, 3]", "[2, 3]", [("[0]", "1", None)]),
        (
            "{'a': 1, 'b': [1, 2]}",
            "{'a': 1, 'b': [1, 3], 'c': 4}",
            [("['b'][1]", "2", "3"), ("['c']", None, "4")],
        ),
        ("[P(x=1, y=Q(z='a, b'))]", "[P(x=1, y=Q(z='a; b'))]", [("[0].y.z", "'a, b'", "'a; b'")]),
        ("frozenset({1, 2})", "frozenset({3, 1})", [("{}", "2", None), ("{}", None, "3")]),
        ("File('a.csv')", "File('b.csv')", [("", "File('a.csv')", "File('b.csv')")]),
        ("'abc'", "'abd'", [("", "'abc'", "'abd'")]),
        ("[1, 2", "[1, 3", [("", "[1, 2", "[1, 3")]),
        ("[0, 1, … 100 in all]", "[0, 2, … 100 in all]", [("[1]", "1", "2")]),
        ("[0, 1, 2, … 100 in all]", "[0, 77777, … 100 in all]", [("[1]", "1", "77777")]),
        ("[0, 1, 2, … 1,000 in all]", "[0, 1, 2, … 1,001 in all]", [("[…]", "1,000 in all", "1,001 in all")]),
        ("[0, 1]", "[0, 1, 2, … 9 in all]", [("[2]", None, "2")]),
        ("{'a': 1, 'b': 2, … 9 in all}", "{'a': 100, … 9 in all}", [("['a']", "1", "100")]),
        ("[1]", "(1,)", [("", "[1]", "(1,)")]),
        ("{'it\\'s': 1}", "{'it\\'s': 2}", [("['it\\'s']", "1", "2")]),
        ("[1, 2]", "[1, 2]", []),
    ],
)
def test_differences_are_found_element_by_element(
    before: str, after: str, found: list[tuple[str, ...]]
) -> None:
    assert differences(before, after) == [Difference(*one) for one in found]


VALUES = st.recursive(
    st.integers() | st.text(max_size=5) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_there_is_a_difference_exactly_where_the_texts_differ(one: object, other: object) -> None:
    assert bool(differences(repr(one), repr(other))) == (repr(one) != repr(other))


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    assert bool(differences(one, other)) == (one != other)


def test_there_are_at_most_as_many_differences_as_asked_for() -> None:
    assert len(differences(str([0] * 100), str([1] * 100), limit=7)) == 7
