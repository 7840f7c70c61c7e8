"""Equal expressions that several forms ask for: each call of theirs came from what all of those had, and from no other.
What it costs to know that is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from headwater.engine import attach, feeding, knots, reduction, visits
from headwater.engine.below import Below
from headwater.engine.children import recorded_children
from headwater.engine.job import BODY, Job, Stored
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    Project,
    Rehearsal,
    Scheduler,
    catch,
    cond,
    evaluate,
    map_,
    scheduler_task,
    seq,
    task,
)
from tests.engine.form_oracle import Oracle, reach
from tests.engine.form_recipes import NUMBERED, World, lazy_world, quiet_world, root, sharing_world, world
from tests.properties import tries

headwater_namespace = "equal_forms"


class Looked:
    """What was known of the calls under one, when it was recorded.

    Attributes:
        calls: their call hashes.
        names: the task of each, with what it gave.
        rows: (consumer, parameter, producer), by the calls' numbers.
        returns: what its result came from.
    """

    def __init__(self, job: Job, children: list[bytes]) -> None:
        below = job.below or Below()
        nodes = {node.call_hash: node for node in below.memo.values() if isinstance(node, Job)}
        self.calls = list(children)
        self.names = {n: (nodes[call].task.name, given_by(nodes[call])) for n, call in enumerate(children)}
        self.rows = list(below.wiring)
        self.returns = {source for source in job.returns if source != BODY}

    def fed(self) -> dict[Any, set[Any]]:
        """What feeds each call."""
        found: dict[Any, set[Any]] = {name: set() for name in self.names.values()}
        for consumer, _, producer in self.rows:
            if producer != BODY:
                found[self.names[consumer]].add(self.names[producer])
        return found

    def holds_circles(self) -> bool:
        """Whether a call came from itself."""
        fed: dict[int, set[int]] = {}
        for consumer, _, producer in self.rows:
            fed.setdefault(consumer, set()).add(producer)
        return any(call in reach(fed, fed[call]) for call in fed)

    def sources(self, name: str) -> set[str]:
        """The tasks that the calls of one came from."""
        fed = self.fed()
        return {one for call in fed if call[0] == name for one, _ in reach(fed, fed[call]) - {call}}


KNOWN: dict[bytes | None, Any] = {}
"""values by their hashes: what the cache answered with may not have been read"""


def given_by(job: Job) -> Any:
    if job.error is not None:
        return job.error.args[0]
    value = KNOWN[job.value_hash] if isinstance(job.value, Stored) else job.value
    KNOWN[job.value_hash] = value
    return value[0] if job.task.name in NUMBERED else value


@contextmanager
def looking(name: str) -> Iterator[list[Looked]]:
    """Looks at what is known of the calls under each call of a task."""
    found: list[Looked] = []

    def looked_at(job: Job) -> list[bytes]:
        children = recorded_children(job)
        if job.task.name == name:
            found.append(Looked(job, children))
        return children

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "recorded_children", looked_at)
        yield found


def under(expression: Any) -> Looked:
    """What was known of the calls of an expression, evaluated in one call."""

    @task(name="under")
    def one() -> Any:
        return expression

    with looking("under") as found:
        Scheduler(record=False).run(one())
    [looked] = found
    return looked


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


TAKEN: dict[str, Callable[[Any], Any]] = {
    "form in a call": lambda given: show(second_of(0, given, 1)),
    "form in a map": lambda given: map_(show, [second_of(0, given, 1)]),
    "cond in a call": lambda given: show(cond(True, given, 1)),
    "cond in a map": lambda given: map_(show, [cond(True, given, 1)]),
}


@pytest.mark.parametrize("way", TAKEN)
def test_a_plain_value_that_comes_out_of_a_form_counts_as_what_was_written_into_it_however_it_is_taken(
    way: str,
) -> None:
    assert under(picked(second_of(3, 4, 1), way)).sources("show") == {"size"}
    assert under(picked(cond(True, 5), way)).sources("show") == {"size"}
    # What comes out holds nothing plain: it is what was handed in.
    assert under(picked(f(1), way)).sources("show") == {"f"}


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
MOST_SEEDS = 4999
"""Every world of each kind up to here was found to be followed as the oracle says."""


def looked_at(made: World, scheduler: Any, again: int = 0, **options: Any) -> Looked:
    with looking(f"root_{made.kinds[-1]}") as found:
        scheduler.run(root(made, again), **options)
    return found[0]


def is_as_the_oracle_says(made: World, looked: Looked) -> None:
    least, most = Oracle(made, loose=False), Oracle(made, loose=True)
    of_least, of_most = least.run(), most.run()
    fed = looked.fed()
    assert fed.keys() == most.fed.keys()
    assert len(looked.rows) == len(set(looked.rows))
    assert not looked.holds_circles()
    for call in fed:
        found, all_ = reach(fed, fed[call]), reach(most.fed, most.fed[call])
        # Of calls that came of each other, not each can be fed by each.
        knot = {one for one in all_ if call in reach(most.fed, most.fed[one])} if call in all_ else set()
        assert reach(least.fed, least.fed[call]) - knot <= found, call
        assert found - {call} <= all_, call
    returned = reach(fed, [looked.names[source] for source in looked.returns])
    assert reach(least.fed, of_least) <= returned <= reach(most.fed, of_most)


@tries(150)
@given(
    st.sampled_from([world, sharing_world, quiet_world, lazy_world]),
    st.integers(0, MOST_SEEDS),
    st.integers(0, 1000),
)
def test_every_call_comes_from_what_an_oracle_says(kind: Any, seed: int, order: int) -> None:
    """Whatever asks for whatever, in any order."""
    made = kind(seed)
    is_as_the_oracle_says(made, looked_at(made, Scheduler(record=False)))
    is_as_the_oracle_says(made, looked_at(made, Rehearsal(), seed=order))


@pytest.mark.parametrize("seed", [38, 271, 333, 369])
def test_a_call_of_what_was_asked_for_again_is_one_with_its_equal(seed: int) -> None:
    looked = looked_at(world(seed), Scheduler(record=False))
    assert len(set(looked.calls)) == len(looked.calls)


@tries(20)
@given(st.integers(0, MOST_SEEDS))
def test_and_so_it_does_where_its_calls_are_answered_from_the_cache(
    shared_local_project: Project, seed: int
) -> None:
    made = sharing_world(seed)
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


@task
def split(value: int, n: int) -> list[int]:
    return list(range(n))


@task
def joined(found: list[int]) -> int:
    return 1


@scheduler_task
def converges(n: int) -> Any:
    found = 1
    for _ in range(5):
        found = yield joined(map_(f, split(found, n)))
    return found


@scheduler_task
def takes(n: int) -> Any:
    return (yield both((yield f(5)), n))


SHARED: dict[str, Callable[[int], Any]] = {
    "a loop that has converged": converges,
    "what many take of calls that came of each other": lambda n: [
        polls(n),
        *(takes(n + k) for k in range(n)),
    ],
    "a chain, each form of which is asked for by another, too": lambda n: [asks_within(k) for k in range(n)],
    "a tree of forms that are memoised": remembers,
    "a call that is asked for again with what came of it": polls,
    "forms around one call": lambda n: [around(n, 5), *(sized_around(name, n) for name in "ab")],
}


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
            for module, name in ((attach, "follow"), (feeding, "wire"), (feeding, "_feed_more")):
                patch.setattr(module, name, counted(getattr(module, name)))
            patch.setattr(visits, "_parts", counted(visits._parts))
            patch.setattr(knots.Knots, "_below", counted(knots.Knots._below))
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
