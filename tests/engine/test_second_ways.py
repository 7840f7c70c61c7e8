"""Forms that a second asks for with what came of the calls in them: what they have made comes from that as well,
whenever it was made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from headwater.engine.came import NOWHERE

from headwater import Promise, SchedulerTask, catch, cond, map_, scheduler_task, seq, task
from tests.engine.test_equal_forms import both, f, fail, mended, other, show, size, under

headwater_namespace = "second_ways"


@task
def caught(error: Any) -> int:
    return 1


@scheduler_task
def shows_of(n: int) -> Any:
    return show(f(n))
    yield


@scheduler_task
def shows_it(value: Any) -> Any:
    return show(value)
    yield


@scheduler_task
def shows_in_steps(n: int) -> Any:
    found = yield f(n)
    return (yield show(found))


@scheduler_task()
def shows_promised(scheduler: Any, parent_job: Any, sexpr: Any, n: int) -> Any:
    values = Promise.all([scheduler.evaluate(f(n)), scheduler.evaluate(size("c"))])
    return values.then(lambda found: show(found[0]))


SHARED_SHOWS: dict[str, Callable[[int], Any]] = {
    "a plain value": shows_of,
    "a plain value in a call": lambda n: shows_it(f(n)),
    "in a cond": lambda n: shows_it(cond(True, f(n))),
    "in steps": shows_in_steps,
    "in promises": shows_promised,
    "in a map": lambda n: shows_it(map_(f, [n])[0]),
    "of a lazy map": lambda n: cond(True, map_(show, seq([f(n)]))),
    "a recovery": lambda n: catch(fail(f(n)), ValueError, show),
    "in a cond itself": lambda n: cond(True, show(f(n))),
    "an operation": lambda n: shows_it(f(n) + 0),
    "forms in forms": lambda n: shows_it(shows_of(n)),
    "through forms": lambda n: hands_on(hands_on(shows_it, f(n)), 3),
}


@scheduler_task
def hands_on(first: Any, second: Any) -> Any:
    if isinstance(first, SchedulerTask):
        return first(second)
    return first
    yield


@scheduler_task
def with_its_own(way: str, turns: int) -> Any:
    """Asks for a form with what came of a call in it, some time later."""
    found = yield both(f(5), other("b"))
    for turn in range(turns):
        found = yield both(found, turn)
    return (yield SHARED_SHOWS[way](found - 1))


@scheduler_task
def with_another(way: str, turns: int) -> Any:
    for turn in range(turns):
        yield size(str(turn))
    return (yield SHARED_SHOWS[way](5))


@pytest.mark.parametrize("turns", [(0, 5), (5, 0)], ids=["the other before", "the other after"])
@pytest.mark.parametrize("way", SHARED_SHOWS)
def test_what_a_form_has_made_comes_from_what_came_of_it_that_a_second_hands_to_the_form(
    way: str, turns: tuple[int, int]
) -> None:
    looked = under([with_another(way, turns[0]), with_its_own(way, turns[1])])
    assert {"f", "both", "other"} <= looked.sources("show")
    assert not looked.holds_circles()


def test_and_nothing_else_does() -> None:
    @scheduler_task
    def shows_both(value: Any) -> Any:
        yield show(value)
        return both(size("a"), 1)

    @scheduler_task
    def twice(value: Any) -> Any:
        return [value, shows_both(value), mended(value)]
        yield

    @scheduler_task
    def again() -> Any:
        found = yield other(f(5))
        return (yield shows_both(f(found - 2)))

    looked = under([twice(f(5)), again(), caught(f(7))])
    assert looked.sources("show") == {"f", "other"}
    assert looked.sources("both") == {"size", "show", "f", "other"}
    # What stands beside the form takes the same call, which came from that, too; another does not.
    assert looked.sources("mended") == {"f", "other"}
    assert looked.sources("caught") == {"f"}


@task
def slow(n: int) -> int:
    ENDED.wait(0.5)
    return n


ENDED = threading.Event()


@task
def ends_badly(n: int) -> int:
    raise ValueError(n)


@scheduler_task
def waits(n: int) -> Any:
    return show(sum((yield [f(n), slow(n)])))


@scheduler_task
def ends_it() -> Any:
    found = yield both(f(5), other("a"))
    yield [waits(found - 1), ends_badly(both(found, 1))]


def test_what_forms_still_wait_for_when_their_owner_fails_tells_nothing_of_other_runs() -> None:
    with pytest.raises(ValueError, match="6"):
        under([waits(5), ends_it()])
    ENDED.set()
    assert not NOWHERE.results
    assert under(show(f(5))).sources("f") == set()
