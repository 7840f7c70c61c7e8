"""What flows through calls that are not recorded, whoever asks for them, and when."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from headwater.engine.job import BODY

from headwater import Rehearsal, Scheduler, catch, cond, evaluate, map_, scheduler_task, task
from tests.engine.test_clock import Recorded, in_any_order
from tests.peaks import peak

headwater_namespace = "unrecorded_flow"


@task
def nap(who: str) -> int:
    return 0


@task
def given(x: Any) -> int:
    return 1


@task(prov=False)
def quiet(*values: Any) -> int:
    return sum(values)


@task(prov=False)
def broken(x: int) -> int:
    raise ValueError(x)


@task
def mended(error: Any) -> int:
    return 0


@task
def last(x: Any) -> Any:
    return x


@task
def taken(x: Any) -> Any:
    return x


@scheduler_task
def asks(who: str, takes: Any) -> Any:
    found = yield nap(who)
    return (yield takes(quiet(found)))


@task
def two() -> Any:
    return [asks("a", last), asks("b", taken)]


@task
def written_before() -> Any:
    return [taken(quiet(0)), asks("a", last)]


@task
def in_a_row() -> Any:
    """One that takes the result of another, which somebody asks for in another way later."""
    return [taken(quiet(quiet(0))), taken(quiet(0)), asks("a", last)]


@task
async def awaits() -> Any:
    return await asyncio.gather(evaluate(taken(quiet(0))), evaluate(asks("a", last)))


def fed(recorded: Recorded, name: str) -> set[str]:
    return {source for call, source in recorded.fed() if call == name}


@pytest.mark.parametrize("of", [two, written_before, in_a_row, awaits], ids=lambda of: of.name)
def test_whoever_takes_its_result_came_from_what_all_put_into_it_that_asked(of: Any) -> None:
    recorded = in_any_order(of(), of.name)
    assert "quiet" not in recorded.names
    assert fed(recorded, "taken") == {"nap"} == fed(recorded, "last")


@task
def lazily() -> Any:
    return taken(quiet(given(1), quiet(given(2))))


@task
def plainly() -> Any:
    return [taken(quiet(1)), quiet(2)]


@task
def through_forms() -> Any:
    caught = catch(broken(given(3)), ValueError, mended)
    return [taken(cond(True, quiet(given(1)))), map_(taken, [quiet(given(2)), caught])]


def test_what_fed_it_is_told_in_its_place_with_the_function_that_wrote_it() -> None:
    recorded = in_any_order(lazily(), "lazily")
    assert recorded.names == ["given", "given", "taken"]
    assert sorted(recorded.wiring) == [(2, "x", BODY), (2, "x", 0), (2, "x", 1)]
    assert recorded.returns == (2,)


def test_what_is_fed_by_nothing_is_a_plain_value() -> None:
    recorded = in_any_order(plainly(), "plainly")
    assert recorded.names == ["taken"]
    assert recorded.wiring == []
    assert recorded.returns == (BODY, 0)


def test_so_it_is_through_whatever_forms() -> None:
    recorded = in_any_order(through_forms(), "through_forms")
    assert recorded.fed() == {("taken", "given"), ("mended", "given"), ("taken", "mended")}


def test_a_result_that_was_not_recorded_came_from_what_fed_it() -> None:
    @task
    def main() -> Any:
        return quiet(given(1), 3)

    assert in_any_order(main(), "main").returns == (BODY, 0)


def test_a_rehearsal_tells_the_same() -> None:
    run = Rehearsal()
    run.run(lazily())
    assert {call.task for call in run.call("unrecorded_flow.taken").fed_by["x"]} == {"unrecorded_flow.given"}


def test_as_many_as_there_are_of_them_cost_no_more_than_calls_do() -> None:
    @task
    def main() -> Any:
        value = quiet(given(1))
        for _ in range(20_000):
            value = quiet(value)
        return taken(value)

    recorded = in_any_order(main(), "main", seeds=1)
    assert sorted(recorded.wiring) == [(1, "x", BODY), (1, "x", 0)]


@task
def count_up(n: int) -> int:
    total: Any = nap("0")
    for number in range(1, n):
        total = quiet(total, nap(str(number)))
    return last(total)


def test_a_chain_of_calls_that_are_not_recorded_takes_no_more_than_it_is_long() -> None:
    """Each takes what the last gave, and one more: what all of them came from would be the square of their number."""
    peaks = []
    for n in (1, 1_000, 2_000):
        found, most = peak(partial(Scheduler(record=False).run, count_up(n)))
        assert found == 0
        peaks.append(most)
    once, half, whole = peaks
    assert whole - once < 3 * (half - once)
