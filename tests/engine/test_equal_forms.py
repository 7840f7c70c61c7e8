"""Equal expressions that several forms ask for: each call of theirs came from what all of those had, and from no other.
What it costs to know that is counted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from headwater.engine import attach, feeding, later
from headwater.engine.job import BODY
from hypothesis import example, given
from hypothesis import strategies as st

from headwater import (
    Project,
    Rehearsal,
    Scheduler,
    catch,
    cond,
    const,
    evaluate,
    map_,
    scheduler_task,
    seq,
    task,
)
from tests.engine.form_oracle import Oracle, reach
from tests.engine.form_recipes import World, narrow_world, root, world
from tests.engine.looked_forms import Looked, looking, under
from tests.properties import tries

headwater_namespace = "equal_forms"


@task
def size(name: str) -> int:
    return 5


@task
def other(name: str) -> int:
    return 7


@task
def f(x: int) -> int:
    return x + 1


@task
def show(x: Any) -> Any:
    return x


@task
def both(x: int, y: int) -> int:
    return x


@task
def fail(n: int) -> int:
    raise ValueError(n)


@task
def mended(error: Any) -> int:
    return 0


WAYS: dict[str, Callable[[int], Any]] = {
    "call": f,
    "cond": lambda n: cond(True, f(n)),
    "nested cond": lambda n: cond(True, cond(False, 1, f(n))),
    "catch": lambda n: catch(f(n), ValueError, mended),
    "seq": lambda n: seq([f(n)])[0],
    "map": lambda n: map_(f, [n])[0],
    "evaluate": lambda n: evaluate([f(n)])[0],
    "operation": lambda n: f(n) + 0,
}


@scheduler_task
def sized(ask: Any, way: str) -> Any:
    found = yield ask
    return (yield WAYS[way](found if found == 5 else 5))


@pytest.mark.parametrize("way", WAYS)
def test_what_two_forms_ask_for_came_from_what_both_had(way: str) -> None:
    assert under([sized(size("a"), way), sized(other("b"), way)]).sources("f") == {"size", "other"}


@pytest.mark.parametrize("way", WAYS)
def test_what_its_owner_asked_for_before_came_from_what_a_form_had(way: str) -> None:
    assert under([WAYS[way](5), sized(size("a"), way)]).sources("f") == {"size"}
    assert under([sized(size("a"), way), WAYS[way](5)]).sources("f") == {"size"}


@scheduler_task
def shown(given: Any, way: str) -> Any:
    yield size("a")
    return (yield [given, show(WAYS[way](5))])


@pytest.mark.parametrize("way", WAYS)
def test_what_a_form_was_handed_came_from_nothing_that_it_had(way: str) -> None:
    assert under(shown(WAYS[way](6), way)).fed()["f", 7] == set()
    # The same where it turns out to be one with what another wrote.
    assert under([WAYS[way](6), shown(WAYS[way](6), way)]).fed()["f", 7] == set()
    assert under([cond(True, WAYS[way](6)), in_cond(WAYS[way](6))]).fed()["f", 7] == set()


@scheduler_task
def in_cond(given: Any) -> Any:
    yield size("a")
    return (yield cond(True, given))


@scheduler_task
def second_of(first: Any, second: Any, plain: int) -> Any:
    return second


@scheduler_task
def picked(given: Any, way: str) -> Any:
    yield size("a")
    return (yield TAKEN[way](given))


PICKS: dict[str, Callable[[Any, Any], Any]] = {
    "form": lambda given, plain: second_of(plain, given, 1),
    "form of a form": lambda given, plain: second_of(plain, second_of(given, given, 1), 1),
    "cond": lambda given, plain: cond(True, given, plain),
    "cond in a cond": lambda given, plain: cond(False, plain, cond(True, given, plain)),
    "const": lambda given, plain: const(given, [plain, f(9)]),
}
TAKEN: dict[str, Callable[[Any], Any]] = {
    f"{pick} in a {place}": (lambda given, chosen=chosen, take=take: take(chosen(given, 1)))
    for pick, chosen in PICKS.items()
    for place, take in (("call", show), ("map", lambda value: map_(show, [value])))
}


@pytest.mark.parametrize("way", TAKEN)
def test_a_plain_value_that_comes_out_of_a_form_came_from_whoever_wrote_that_however_it_is_taken(
    way: str,
) -> None:
    assert under(picked(second_of(3, 4, 1), way)).sources("show") == set()
    assert under(picked(cond(True, 5), way)).sources("show") == set()
    assert under(picked(f(1), way)).sources("show") == {"f"}
    assert under(sized_and_picked(way)).sources("show") == {"other"}


@scheduler_task
def sized_and_picked(way: str) -> Any:
    """Hands on a plain value that came from `other`."""
    found = yield other("a")
    return (yield picked(second_of(0, found, 1), way))


@scheduler_task
def chosen(way: str) -> Any:
    yield size("a")
    return (yield show(WRITTEN[way](f(1))))


WRITTEN: dict[str, Callable[[Any], Any]] = {
    "form": lambda given: second_of(given, 1, 0),
    "form of a form": lambda given: second_of(given, second_of(given, 1, 0), 0),
    "cond": lambda given: cond(False, given, 1),
    "catch": lambda given: catch(seq([1, given])[0], ValueError, mended),
    "operation in a form": lambda given: second_of(given, seq([1, given])[0] + 1, 0),
    "what a form makes of it": lambda given: one_more(1),
    "what it makes of it in a form": lambda given: second_of(given, one_more(1), 0),
}


@scheduler_task
def one_more(n: int) -> Any:
    yield None
    return n + 1


@pytest.mark.parametrize("way", WRITTEN)
def test_so_does_one_that_the_form_wrote_itself_that_asks_for_it(way: str) -> None:
    assert "size" in under(chosen(way)).sources("show")


@scheduler_task
def keeps(x: Any, *beside: Any) -> Any:
    yield list(beside)
    return x


@scheduler_task
def sized_and_kept(*beside: Any) -> Any:
    found = yield size("a")
    return (yield show(keeps(found, *beside)))


def test_a_plain_value_that_a_form_gives_came_from_whoever_handed_it() -> None:
    assert under(sized_and_kept()).sources("show") == {"size"}
    assert under(sized_and_kept(f(1))).sources("show") == {"size", "f"}
    [row] = [row for row in under(show(keeps(3, f(1)))).rows if row[2] == BODY]
    assert row[1] == "x", "the owner wrote it"


@scheduler_task
def asked_again(way: str) -> Any:
    found = yield WAYS[way](5)
    found = yield both(found, 9)
    return (yield show(WAYS[way](found - 1)))


@pytest.mark.parametrize("way", WAYS)
def test_what_is_asked_for_with_what_came_of_it_hands_that_on_and_does_not_come_from_itself(way: str) -> None:
    looked = under(asked_again(way))
    fed = looked.fed()
    assert looked.sources("show") == {"f", "both"}
    assert fed["f", 6] == set()


@scheduler_task
def asked_again_beside(value: Any) -> Any:
    found = yield f(5)
    found = yield both(found, value)
    return (yield show(f(found - 1)))


def test_and_yet_comes_from_what_else_that_came_from() -> None:
    assert under(asked_again_beside(other("b"))).sources("f") == {"other"}


@pytest.mark.parametrize("way", WAYS)
def test_an_async_body_that_awaits_an_equal_expression_has_it_come_from_what_it_had(way: str) -> None:
    @task(name="under")
    async def one() -> Any:
        await evaluate([WAYS[way](5)])
        found = await evaluate(size("a"))
        return await evaluate(show(WAYS[way](found)))

    with looking("under") as found:
        Scheduler(record=False).run(one())
    assert found[0].sources("show") == {"f", "size"}


# -- any workflow ------------------------------------------------------------------------------------------------------


TIMES = count(1)
MOST_SEEDS = 19_999
"""Every world of either kind up to here was found to be followed as the oracle says."""
WORLDS = st.builds(
    lambda make, seed: make(seed), st.sampled_from([world, narrow_world]), st.integers(0, MOST_SEEDS)
)


def looked_at(made: World, scheduler: Any, again: int = 0, **options: Any) -> Looked:
    with looking(f"root_{made.kinds[-1]}") as found:
        scheduler.run(root(made, again), **options)
    return found[0]


def is_as_the_oracle_says(made: World, looked: Looked) -> None:
    oracle = Oracle(made)
    returns = oracle.run()
    fed = looked.fed()
    assert fed.keys() == oracle.fed.keys()
    assert len(looked.rows) == len(set(looked.rows))
    assert not looked.holds_circles()
    inside = {call for call in oracle.fed if call in reach(oracle.fed, oracle.fed[call])}
    # Calls that came of each other are not fed by each other both: which, that goes by which was asked for first.
    surely = {call: set() if call in inside else sources for call, sources in oracle.fed.items()}
    for call in fed:
        found = reach(fed, fed[call])
        assert reach(surely, surely[call]) <= found - {call}, call
        assert found - {call} <= reach(oracle.fed, oracle.fed[call]), call
    returned = reach(fed, [looked.names[source] for source in looked.returns])
    assert reach(surely, returns) <= returned <= reach(oracle.fed, returns)


@tries(150)
@example(world(8934), 0)
@example(world(13965), 0)
@example(world(19984), 0)
@example(narrow_world(35), 0)
@example(narrow_world(1553), 0)
@example(narrow_world(2343), 0)
@given(WORLDS, st.integers(0, 1000))
def test_every_call_comes_from_what_an_oracle_says(made: World, order: int) -> None:
    """Whatever asks for whatever, in any order."""
    is_as_the_oracle_says(made, looked_at(made, Scheduler(record=False)))
    is_as_the_oracle_says(made, looked_at(made, Rehearsal(), seed=order))


@pytest.mark.parametrize("seed", [38, 271, 333, 369])
def test_a_call_of_what_was_asked_for_again_is_one_with_its_equal(seed: int) -> None:
    looked = looked_at(world(seed), Scheduler(record=False))
    assert len(set(looked.calls)) == len(looked.calls)


@tries(20)
@given(WORLDS)
def test_and_so_it_does_where_its_calls_are_answered_from_the_cache(
    shared_local_project: Project, made: World
) -> None:
    for _ in range(2):
        scheduler = Scheduler(shared_local_project)
        is_as_the_oracle_says(made, looked_at(made, scheduler, again=next(TIMES)))
        scheduler.wait_recorded()


# -- what it costs -----------------------------------------------------------------------------------------------------


@scheduler_task
def descends(n: int) -> Any:
    found = yield show(n)
    return found if n == 0 else (yield descends(n - 1))


@scheduler_task
def asks_within(n: int) -> Any:
    yield size(str(n))
    return (yield descends(n))


@scheduler_task
def remembers(n: int) -> Any:
    yield show(n)
    return n if n < 2 else sum((yield [remembers(n - 1), remembers(n - 2)]))


@scheduler_task
def polls(times: int) -> Any:
    found = yield f(5)
    for n in range(times):
        yield both(found, n)
        found = yield f(5)
    return found


SHARED: dict[str, Callable[[int], Any]] = {
    "a chain, each form of which is asked for by another, too": lambda n: [asks_within(k) for k in range(n)],
    "a tree of forms that are memoised": remembers,
    "a call that is asked for again with what came of it": polls,
    "forms that are asked for again with what came of them": lambda n: [
        *(one(k) for k in range(n) for one in (shows_of, shows_again)),
    ],
    "forms in forms that are asked for again with what came of them": lambda n: [
        hands_down(n, 5),
        down_again(n),
    ],
    "forms around one call": lambda n: [around(n, 5), *(sized_around(name, n) for name in "ab")],
}


@scheduler_task
def shows_of(n: int) -> Any:
    return show(f(n))
    yield


@scheduler_task
def shows_again(n: int) -> Any:
    return (yield shows_of((yield both(f(n), other("a"))) - 1))


@scheduler_task
def hands_down(n: int, x: int) -> Any:
    return (yield show(f(x)) if n == 0 else hands_down(n - 1, x))


@scheduler_task
def down_again(n: int) -> Any:
    return (yield hands_down(n, (yield both(f(5), other("a"))) - 1))


def around(n: int, x: int) -> Any:
    made = f(x)
    for _ in range(n):
        made = cond(True, made)
    return made


@scheduler_task
def sized_around(name: str, n: int) -> Any:
    return (yield around(n, (yield size(name))))


@pytest.mark.parametrize("shape", SHARED)
def test_shared_forms_cost_as_much_as_there_is_of_them(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(n: int) -> int:
        steps = 0

        def counted(function: Any) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal steps
                steps += 1
                return function(*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            for module, name in (
                (attach, "follow"),
                (feeding, "wire"),
                (feeding, "_feed_more"),
                (later, "feed_parameter"),
                (later, "grow"),
                (later, "within"),
            ):
                patch.setattr(module, name, counted(getattr(module, name)))
            looked = under(SHARED[shape](n))
        return steps + len(looked.rows)

    small, large = cost(20), cost(80)
    assert large <= 4 * small + 40


def test_shared_forms_may_be_nested_as_deep_as_memory_goes() -> None:
    looked = under(
        [around(2000, 5), sized_around("a", 2000), handed_down(2000, cond(True, 5)), sized_down(2000)]
    )
    assert looked.sources("f") == looked.sources("show") == {"size"}


@scheduler_task
def handed_down(n: int, value: Any) -> Any:
    return (yield show(value) if n == 0 else handed_down(n - 1, value))


@scheduler_task
def sized_down(n: int) -> Any:
    return (yield handed_down(n, cond(True, (yield size("a")))))
