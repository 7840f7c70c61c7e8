"""Results that are unpacked where they are lazy: as many items as there are, from the call that gave them."""

from __future__ import annotations

import sys
import typing
from typing import Annotated, Any, NamedTuple

import pytest

from headwater import CallError, Rehearsal, Scheduler, catch, task

headwater_namespace = "unpacking"


@task
def inc(x: int) -> int:
    return x + 1


@task
def halves(n: int) -> tuple[int, int]:
    return n // 2, n - n // 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([1, 2, 3], r"unpacking.gives gave 3 items, and 2 were unpacked from it, .*\(nout=3\)"),
        ([], "gave 0 items, and 2 were unpacked"),
        (("a",), "gave 1 item, and 2"),
        (5, "gave 5, which has no items in an order; 2 were unpacked"),
        ({"a": 1, "b": 2}, "has no items in an order"),
        ([inc(1), inc(2), inc(3)], "gave 3 items"),
    ],
)
def test_a_result_with_another_number_of_items_than_were_unpacked_is_an_error(
    scheduler: Scheduler, given: Any, told: str
) -> None:
    @task(namespace="unpacking", nout=2, name="gives")
    def gives() -> Any:
        return given

    first, second = gives()
    for one in first, second, [second, first]:
        with pytest.raises(CallError, match=told):
            scheduler.run(one)
    assert scheduler.run(catch(first, CallError, lambda error: "caught")) == "caught"
    assert scheduler.run(gives()) == scheduler.run(given)


def test_what_was_unpacked_comes_from_the_call_alone() -> None:
    rehearsal = Rehearsal()
    first, second = halves(7)
    rehearsal.run(first + inc(second))
    assert [call.task for call in rehearsal.call("unpacking.inc").fed_by["x"]] == ["unpacking.halves"]


class Halves(NamedTuple):
    first: int
    second: int


class Held:
    Halves = Halves


@pytest.mark.parametrize(
    ("annotation", "count"),
    [
        (tuple[int, str], 2),
        ("tuple[int, str]", 2),
        (tuple[()], 0),
        (Annotated[tuple[int, str], "in order"], 2),
        ("Annotated[tuple[int, str], 'in order']", 2),
        (tuple[Annotated[int, "first"], int], 2),
        (Halves, 2),
        ("Halves", 2),
        ("Held.Halves", 2),
        (tuple[int, ...], None),
        (tuple[int, int] | None, None),
        (int, None),
        ("nowhere.Halves", None),
        (None, None),
    ],
)
def test_an_annotation_says_how_many_items_there_are(annotation: Any, count: int | None) -> None:
    def gives() -> Any: ...

    gives.__annotations__["return"] = annotation
    assert task(gives).nout == count


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no such types")
def test_a_tuple_with_a_part_of_any_length_has_no_number_of_items() -> None:
    def gives() -> Any: ...

    for annotation in ("tuple[int, *tuple[int, ...]]", "tuple[int, typing.Unpack[tuple[int, ...]]]"):
        gives.__annotations__["return"] = eval(annotation, {"typing": typing})
        assert task(gives).nout is None
