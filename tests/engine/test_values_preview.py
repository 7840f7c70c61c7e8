"""What people see of a value: short, cheap, and never an error."""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from typing import Any

import pytest
from headwater.engine.values import preview
from hypothesis import given

from tests.engine.golden_values import Order, Point, make
from tests.engine.value_classes import Circle, Loud
from tests.peaks import peak
from tests.strategies import values

SHOWN = {
    "None": None,
    "True": True,
    "-3": -3,
    "1.5": 1.5,
    "'a\\nb'": "a\nb",
    "b'\\x00'": b"\0",
    "[1, 'a']": [1, "a"],
    "(1,)": (1,),
    "{}": {},
    "set()": set(),
    "{1: [2]}": {1: [2]},
    "deque([1])": deque([1]),
    "Counter({'a': 2})": Counter("aa"),
    "OrderedDict({'a': 1})": OrderedDict(a=1),
    "Point(x=1, y=2)": Point(1, 2),
    "Order(id=1, items=['a'])": Order(1, ["a"]),
    "<tests.engine.value_classes.Circle object>": Circle(1),
    "<tests.engine.value_classes.Circle>": Circle,
    "tests.engine.golden_values.make": make,
}


@pytest.mark.parametrize("text", SHOWN)
def test_small_values_are_shown_whole(text: str) -> None:
    assert preview(SHOWN[text]) == text


@given(values)
def test_a_preview_is_one_short_line_that_every_store_takes(value: Any) -> None:
    text = preview(value)
    assert 0 < len(text) <= 200
    text.encode("utf-8")
    assert "\n" not in text
    assert len(preview(value, 30)) <= 30


class Noisy:
    def __repr__(self) -> str:
        return "a\nb\0\udcff" + "x" * 10_000


def test_a_repr_that_raises_or_is_wild_is_tamed() -> None:
    assert "its __repr__ raised RuntimeError" in preview([1, Loud()])
    assert preview(Noisy()).startswith("a b��xxx")
    assert len(preview(Noisy())) == 200


LARGE: dict[str, Any] = {
    "10,000,000 in all": [0] * 10_000_000,
    "1,000,000 in all": dict.fromkeys(range(1_000_000)),
    "50,000,000 characters": "x" * 50_000_000,
    "50,000,000 bytes": bytes(50_000_000),
    "bits)": 7**1_000_000,
    "Counter(": Counter(range(100_000)),
    "defaultdict(": defaultdict(list, dict.fromkeys(range(100_000))),
}


@pytest.mark.parametrize("part", LARGE)
def test_a_large_value_costs_no_more_than_what_is_shown(part: str) -> None:
    text, most = peak(partial(preview, LARGE[part]))
    assert most < 100_000, "bytes: nothing as large as the value was made"
    assert part in text
    assert len(text) <= 200


def test_depth_and_loops_are_cut() -> None:
    deep: list[Any] = []
    deep.append(deep)
    assert preview(deep) == "[[[[[[[…]]]]]]]"


def test_numbers_beyond_the_limit_of_int_to_text_are_shown() -> None:
    digits = getattr(sys, "get_int_max_str_digits", lambda: 4300)()
    assert "bits" in preview(-(10 ** (digits + 1)))
