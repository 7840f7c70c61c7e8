"""Lazy values that forms and bodies ask for, and that nobody handed to them: they came from whoever made them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headwater import (
    cond,
    evaluate,
    force,
    fork_thread,
    join_thread,
    map_,
    quote,
    scheduler_task,
    seq,
    task,
)
from tests.engine.test_clock import Recorded, in_any_order

headwater_namespace = "nobody_handed"


@task
def nap(who: str) -> int:
    return 0


@task
def f(x: Any) -> int:
    return 4


@task
def last(x: Any) -> Any:
    return x


@task
def by_default(x: Any = f(5)) -> Any:  # noqa: B008
    return x


@scheduler_task
def calls_f(x: Any) -> Any:
    return (yield last((yield f(x))))


@scheduler_task
def step(x: Any) -> Any:
    return (yield last((yield x)))


MADE: dict[str, Any] = {
    "call": f(3),
    "operation": f(3) + 1,
    "cond": cond(True, f(3)),
    "map": map_(f, [3]),
    "seq": seq([f(3)]),
    "form": calls_f(3),
    "inside": [1, {"a": f(3)}],
}
"""Made when the module was imported."""
TAKEN: dict[str, Any] = {
    "as it is": lambda made: made,
    "in a call": last,
    "in cond": lambda made: cond(True, made),
    "in a list": lambda made: [1, made],
    "in a form": step,
    "by a function": lambda made: map_(lambda _: made, [1]),
}


def fed_f(recorded: Recorded) -> set[str]:
    """What fed the calls of `f`."""
    return {source for call, source in recorded.fed() if call == "f"}


def wanted(made: str, taken: str) -> Any:
    return TAKEN[taken](MADE[made])


@scheduler_task
def asks(who: str, made: str, taken: str) -> Any:
    found = yield nap(who)
    yield last([found, who])
    return (yield wanted(made, taken))


@scheduler_task
def promises(scheduler: Any, parent_job: Any, sexpr: Any, who: str, *of: str) -> Any:
    return scheduler.evaluate(nap(who), parent_job=parent_job).then(
        lambda _: scheduler.evaluate(wanted(*of), parent_job=parent_job)
    )


@task
async def awaits(made: str, taken: str) -> Any:
    async def strand(who: str) -> Any:
        await nap(who)
        return await evaluate([wanted(made, taken)])

    return await asyncio.gather(*(strand(who) for who in "ab"))


@task
def asks_twice(made: str, taken: str) -> Any:
    return [asks(who, made, taken) for who in "ab"]


@task
def promises_twice(made: str, taken: str) -> Any:
    return [promises(who, made, taken) for who in "ab"]


@pytest.mark.parametrize("taken", TAKEN)
@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("of", [asks_twice, promises_twice, awaits], ids=lambda of: of.name)
def test_what_was_there_before_came_from_nothing_that_was_got(of: Any, made: str, taken: str) -> None:
    assert fed_f(in_any_order(of(made, taken), of.name)) == set()


def test_what_the_owners_function_made_came_from_nothing_that_its_forms_got() -> None:
    @task
    def main() -> Any:
        made = f(3)

        @scheduler_task
        def by_closure(who: str) -> Any:
            yield nap(who)
            return (yield made)

        return [by_closure("a"), by_closure("b")]

    assert fed_f(in_any_order(main(), "main")) == set()


def test_what_a_form_made_came_from_what_it_had_whoever_asks_for_it() -> None:
    @scheduler_task
    def outer() -> Any:
        yield nap("outer")
        made = f(3)

        @scheduler_task
        def inner(who: str) -> Any:
            yield last(who)
            return (yield made)

        return (yield [inner("a"), cond(True, inner("b"))])

    @task
    def main() -> Any:
        return outer()

    assert fed_f(in_any_order(main(), "main")) == {"nap"}


def test_what_a_body_makes_came_from_what_it_had_when_it_asked() -> None:
    @task
    async def main() -> Any:
        made = f(3)
        await nap("main")
        return await made

    assert fed_f(in_any_order(main(), "main")) == {"nap"}


@task
def quotes(n: int) -> Any:
    return quote(f(n))


@task
def starts(n: int) -> Any:
    return fork_thread(f(n))


OUT_OF_VALUES: dict[str, tuple[Any, Any]] = {
    "eval": (quotes, lambda found: found.eval()),
    "in a call": (quotes, lambda found: last(found.eval())),
    "force": (quotes, force),
    "join": (starts, join_thread),
}


@pytest.mark.parametrize("how", OUT_OF_VALUES)
@pytest.mark.parametrize("is_async", [False, True], ids=["form", "body"])
def test_what_is_taken_out_of_a_value_came_from_what_gave_that(how: str, is_async: bool) -> None:
    """Though that may have been there before, as another asked for it."""
    makes, taken = OUT_OF_VALUES[how]

    @scheduler_task
    def takes(who: str) -> Any:
        yield nap(who)
        return (yield taken((yield makes(3))))

    @task
    def main() -> Any:
        return [makes(3), takes("a")]

    @task
    async def body() -> Any:
        async def strand() -> Any:
            await nap("a")
            return await evaluate([taken(await makes(3))])

        return await asyncio.gather(evaluate(makes(3)), strand())

    of = body if is_async else main
    recorded = in_any_order(of(), of.name)
    assert how == "join" or fed_f(recorded) >= {makes.name}


def test_what_comes_through_a_queue_came_from_whoever_made_it() -> None:
    @task
    async def main() -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def producer() -> None:
            made = f(await nap("a"))
            await nap("b")
            await queue.put(made)

        async def worker() -> Any:
            await last(2)
            return await (await queue.get())

        async def late() -> Any:
            return await asyncio.ensure_future(worker())

        return await asyncio.gather(producer(), late())

    assert "nap" in fed_f(in_any_order(main(), "main"))


def test_what_a_strand_made_came_from_what_it_had_though_another_was_there_before() -> None:
    @task
    async def main() -> Any:
        async def inner() -> Any:
            await nap("inner")
            return await f(3)

        return await asyncio.gather(last(1), asyncio.ensure_future(inner()))

    assert fed_f(in_any_order(main(), "main")) == {"nap"}


def test_a_default_is_made_where_the_task_is_defined() -> None:
    @scheduler_task
    def asking(who: str) -> Any:
        yield nap(who)
        return (yield by_default())

    @task
    def main() -> Any:
        return [asking("a"), asking("b")]

    assert fed_f(in_any_order(main(), "main")) == set()


def test_what_the_code_asks_for_again_and_makes_anew_came_from_what_both_had() -> None:
    """An equal expression that a form makes itself holds what it had."""

    @scheduler_task
    def anew(who: str) -> Any:
        yield nap(who)
        return (yield f(3))

    @task
    def main() -> Any:
        return [asks("a", "call", "as it is"), anew("b")]

    assert fed_f(in_any_order(main(), "main")) == {"nap"}
