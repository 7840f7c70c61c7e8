"""Lazy values inside nested ones, however they are nested."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.engine import expression_codec
from headwater.engine.nested import Reference, find_expressions, substitute
from hypothesis import given
from hypothesis import strategies as st

from headwater import Scheduler, map_, no_prov, quote, task, with_export_options
from tests.engine.workflows import Pair

headwater_namespace = "nested"


@dataclass(frozen=True)
class Box:
    content: Any
    mark: str = field(default="made", init=False)


@task
def number(n: int) -> int:
    return n


@task
def nested(depth: int, kind: str) -> Any:
    value: Any = number(3)
    for _ in range(depth):
        value = [value] if kind == "list" else (value, 0) if kind == "tuple" else {"in": value}
    return value


@task
def depth_of(value: Any) -> int:
    depth = 0
    while not isinstance(value, int):
        value = value["in"] if isinstance(value, dict) else value[0]
        depth += 1
    return depth


@task
def knotted() -> Any:
    value: list[Any] = [number(1)]
    value.append(value)
    return value


def _grow(children: Any) -> Any:
    keys = st.one_of(st.text(max_size=2), st.integers(0, 3), st.integers(0, 3).map(Reference))
    return st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.dictionaries(keys, children, max_size=3),
        st.sets(keys, max_size=4),
        st.builds(Pair, children, children),
        st.builds(Box, children),
    )


_leaves = st.one_of(st.integers(), st.text(max_size=2), st.none(), st.integers(0, 3).map(Reference))
values = st.recursive(_leaves, _grow, max_leaves=20)


def replaced(value: Any) -> Any:
    """What `substitute` has to give where n stands for "n", the short way."""
    if type(value) is Reference:
        return f"<{int(value)}>"
    if isinstance(value, Pair):
        return Pair(*map(replaced, value))
    if isinstance(value, Box):
        return Box(replaced(value.content))
    if isinstance(value, dict):
        return {replaced(key): replaced(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(map(replaced, value))
    return value


@given(values)
def test_every_lazy_value_is_replaced_and_nothing_else(value: Any) -> None:
    made = substitute(value, lambda reference: f"<{int(reference)}>")
    assert made == replaced(value)
    assert find_expressions(made) == []
    if not find_expressions(value):
        assert made is value


@task(cache=False)
def now(n: int) -> int:
    return n


@task
def members(value: Any) -> list[Any]:
    return sorted(value.items() if isinstance(value, dict) else value)


@task
def beside_numbers(again: int) -> list[Any]:
    return [members({now(5), 0}), members({now(6): "lazy", 0: "plain", True: "too"})]


def test_a_lazy_value_is_not_taken_for_a_number_that_stands_beside_it(local_project: Project) -> None:
    run = Scheduler(record=False).run
    assert run(no_prov(members({number(5), 0}))) == [0, 5]
    assert run(with_export_options(quote(members({number(5): "a", 0: "b"})), {})) == [(0, "b"), (5, "a")]
    for _ in range(2):  # in the second run, what the function returned is read from the record
        scheduler = Scheduler(local_project)
        assert scheduler.run(beside_numbers(1)) == [[0, 5], [(0, "plain"), (True, "too"), (6, "lazy")]]
        scheduler.wait_recorded()
    assert scheduler.progress().counts["nested.beside_numbers"] == {"CACHED": 1}


@pytest.mark.parametrize("kind", ["list", "tuple", "dict"])
def test_a_lazy_value_may_be_nested_as_deep_as_memory_goes(kind: str) -> None:
    assert Scheduler(record=False).run(depth_of(nested(100_000, kind))) == 100_000


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_deep_lazy_value_is_recorded_and_sent(executor: str, local_project: Project) -> None:
    scheduler = Scheduler(local_project)
    call = depth_of.options(executor=executor)(nested.options(executor=executor)(5_000, "list"))
    assert [scheduler.run(call), scheduler.run(call)] == [5_000, 5_000]
    assert {"FAILED", "DONE"}.isdisjoint(*scheduler.progress().counts.values())


def test_a_container_of_lazy_values_that_contains_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match="list that contains itself"):
        Scheduler(record=False).run(knotted())


def test_what_cannot_be_known_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lambda has no identity, nor has any form around it."""

    def looks(length: int) -> int:
        seen = 0

        def entry(expression: Any) -> Any:
            nonlocal seen
            seen += 1
            return of(expression)

        value: Any = number(1)
        for _ in range(length):
            value = map_(lambda item: [number(item)], [value])[0][0]
        with monkeypatch.context() as patch:
            of = expression_codec._entry
            patch.setattr(expression_codec, "_entry", entry)
            assert Scheduler(record=False).run(value) == 1
        return seen

    assert looks(80) < 5 * looks(20)
