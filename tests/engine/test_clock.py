"""What is recorded of the calls that forms ask for does not depend on which of them asks first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from headwater.engine import failure, reduction
from headwater.engine.below import Below
from headwater.engine.children import recorded_children
from headwater.engine.job import BODY, Job
from hypothesis import given
from hypothesis import strategies as st

from headwater import Rehearsal, Scheduler, catch, cond, const, evaluate, map_, scheduler_task, seq, task
from tests.engine.form_recipes import lazy_world, narrow_world, quiet_world, root, sharing_world, world
from tests.properties import tries

headwater_namespace = "clock"


@dataclass
class Recorded:
    """What is recorded of the calls under one, whatever numbers these have.

    Attributes:
        children: their call hashes, in order.
        names: their tasks.
        wiring: (consumer, parameter, producer) among them.
        returns: what the result came from.
    """

    children: list[bytes]
    names: list[str]
    wiring: list[tuple[int, str, int]]
    returns: tuple[int, ...]

    def fed(self) -> set[tuple[str, str]]:
        """Which task's call was fed by which task's."""
        return {(self.names[one], self.names[other]) for one, _, other in self.wiring if other != BODY}


@contextmanager
def recording(name: str) -> Iterator[list[Recorded]]:
    """Looks at what is recorded of the calls under each call of a task."""
    found: list[Recorded] = []

    def looked_at(job: Job) -> list[bytes]:
        children = recorded_children(job)
        if job.task.name == name:
            below = job.below or Below()
            nodes = [node for node in below.memo.values() if isinstance(node, Job)]
            names = {node.call_hash: node.task.name for node in nodes}
            wiring = sorted(below.wiring)
            found.append(Recorded(children, [names[call] for call in children], wiring, job.returns))
        return children

    with pytest.MonkeyPatch.context() as patch:
        for module in reduction, failure:
            patch.setattr(module, "recorded_children", looked_at)
        yield found


def in_any_order(expression: Any, name: str, seeds: int = 8) -> Recorded:
    """What is recorded of a call, which is the same in whatever order what is under it ends."""
    with recording(name) as found:
        for seed in range(seeds):
            try:
                Rehearsal().run(expression, seed=seed)
            except ValueError:
                assert name == "failing"
    for other in found[1:]:
        assert other == found[0]
    return found[0]


@tries(200)
@given(
    st.sampled_from([world, narrow_world, sharing_world, quiet_world, lazy_world]), st.integers(0, 100_000)
)
def test_any_workflow_of_forms_is_recorded_the_same_in_whatever_order_its_calls_end(
    kind: Any, seed: int
) -> None:
    made = kind(seed)
    with recording(f"root_{made.kinds[-1]}") as found:
        Scheduler(record=False).run(root(made))
        for order in range(3):
            Rehearsal().run(root(made), seed=order)
    for other in found[1:]:
        assert other == found[0]


@task
def nap(who: str) -> int:
    return 0


@task
def f(x: int) -> int:
    return x + 1


@task
def g(x: int) -> int:
    return x + 1


@task
def last(x: Any) -> Any:
    return x


@task
def fail(x: Any) -> int:
    raise ValueError(x)


@task
def mended(error: Any) -> int:
    return 0


WAYS: dict[str, Any] = {
    "call": lambda: f(g(5)),
    "cond": lambda: cond(True, f(g(5))),
    "catch": lambda: catch(fail(g(5)), ValueError, mended),
    "seq": lambda: seq([g(5), f(6)]),
    "map": lambda: map_(f, [g(5), 6]),
    "operation": lambda: f(g(5)) + 0,
    "form": lambda: inner(g(5)),
}


@scheduler_task
def inner(x: Any) -> Any:
    return (yield last((yield f((yield x)))))


@scheduler_task
def asks(who: str, way: str) -> Any:
    yield nap(who)
    found = yield WAYS[way]()
    return (yield last(found))


@scheduler_task
def asks_for(who: str, wanted: Any) -> Any:
    yield nap(who)
    return (yield last((yield wanted)))


@task
def main(way: str) -> Any:
    return [asks("a", way), asks("b", way)]


@task
def handing_on(way: str) -> Any:
    wanted = WAYS[way]()
    return [asks_for("a", wanted), [asks_for("b", [1, wanted]), asks_for("c", f(g(5)))]]


@task
def failing(way: str) -> Any:
    wanted = WAYS[way]()
    return seq([[asks("a", way), asks_for("b", wanted)], fail(3)])


@task
async def awaiting(way: str) -> Any:
    async def strand(who: str) -> Any:
        await evaluate(nap(who))
        return await evaluate([WAYS[way]()])

    await asyncio.gather(*(strand(who) for who in "ab"))
    return WAYS[way]()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("of", [main, handing_on, failing, awaiting], ids=lambda of: of.name)
def test_a_call_that_two_forms_ask_for_stands_where_the_first_of_them_stands(of: Any, way: str) -> None:
    one = in_any_order(of(way), of.name)
    assert one.names[:2] == ["nap", "g"]


def test_what_the_function_writes_itself_stands_where_it_writes_it() -> None:
    @task
    def writes() -> Any:
        return [asks("a", "call"), nap("c"), f(g(5)), asks("b", "call")]

    assert in_any_order(writes(), "writes").names == ["nap", "last", "nap", "g", "f", "nap"]


@task
def chosen() -> Any:
    return f


@scheduler_task
def calls_lazily(who: str) -> Any:
    yield nap(who)
    return (yield chosen()(const(5, 0)))


@task
def called_lazily() -> Any:
    return [calls_lazily("a"), calls_lazily("b")]


def test_a_call_of_a_lazy_task_came_from_what_each_had_that_asked_for_it() -> None:
    one = in_any_order(called_lazily(), "called_lazily")
    called, naps = one.names.index("f"), [n for n, name in enumerate(one.names) if name == "nap"]
    assert {source for consumer, _, source in one.wiring if consumer == called} == {BODY, *naps}


# -- calls that came of each other -------------------------------------------------------------------------------------


@scheduler_task
def first_f(who: str) -> Any:
    yield nap(who)
    found = yield f(5)
    return (yield g(found))


@scheduler_task
def first_g(who: str) -> Any:
    yield nap(who)
    found = yield g(6)
    return (yield f(found - 2))


@task
def knotted() -> Any:
    return [f(5), g(6), first_f("a"), first_g("b"), last(size("c")), last(f(5)), last(g(6))]


@task
def size(name: str) -> int:
    return 3


@scheduler_task
def sized(name: str) -> Any:
    found = yield size(name)
    return (yield g(found * 2))


@task
def fed_from_outside() -> Any:
    return [last([f(5), 1]), last([g(6), 2]), sized("c"), first_f("a"), first_g("b")]


@scheduler_task
def in_steps() -> Any:
    first = yield size("d")
    second = yield g(f(first * 2))
    return (yield last(second + 0))


@scheduler_task
def wants_f() -> Any:
    yield nap("b")
    return (yield f(5))


@scheduler_task
def recovers(error: Any) -> Any:
    return (yield f(5))


OURS: dict[str, Any] = {
    "cond": lambda: cond(nap("c") == 0, f(5)),
    "map": lambda: map_(f, seq([nap("c"), 5])),
    "catch": lambda: catch(fail(nap("c")), ValueError, recovers),
}


@task
def beside_ours(way: str) -> Any:
    return [in_steps(), OURS[way](), wants_f()]


@pytest.mark.parametrize("way", OURS)
def test_nor_does_it_matter_whether_one_of_ours_asks_first(way: str) -> None:
    one = in_any_order(beside_ours(way), "beside_ours", 12)
    assert {("f", "size"), ("g", "f"), ("last", "g")} <= one.fed()


@pytest.mark.parametrize("seed", [205486, 206093])
def test_what_an_async_body_gives_is_recorded_the_same_in_whatever_order_it_got_that(seed: int) -> None:
    made = narrow_world(seed)
    in_any_order(root(made), f"root_{made.kinds[-1]}", 12)


def test_of_calls_that_came_of_each_other_the_later_is_fed_by_the_earlier() -> None:
    assert in_any_order(knotted(), "knotted").fed() == {
        ("f", "nap"),
        ("g", "f"),
        ("last", "f"),
        ("last", "g"),
        ("last", "size"),
    }


def test_and_all_of_them_by_what_any_of_them_came_from() -> None:
    one = in_any_order(fed_from_outside(), "fed_from_outside")
    assert {("f", "size"), ("f", "nap"), ("g", "f"), ("last", "g")} <= one.fed()
    assert ("f", "g") not in one.fed()
    f_, g_ = one.names.index("f"), one.names.index("g")
    assert len([row for row in one.wiring if row[0] == f_ and row[2] != BODY]) == 3  # two naps, and a size
    # What takes the one that stands first comes from the other, too.
    assert {row[2] for row in one.wiring if one.names[row[0]] == "last"} == {BODY, f_, g_}
