"""Threads: calls that are begun here and waited for there. Outside any project."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import given

from headwater import CallError, Scheduler, catch, cond, evaluate, fork_thread, join_thread, task
from tests.engine.workflows import descriptions, lazy, plain
from tests.properties import tries

headwater_namespace = "background"


@pytest.fixture(autouse=True)
def ran() -> list[Any]:
    RAN.clear()
    return RAN


RAN: list[Any] = []


@task(cache_scope="NONE")
def work(n: int) -> int:
    RAN.append(n)
    return n + 1


@task
def slow(seconds: float) -> float:
    time.sleep(seconds)
    RAN.append(seconds)
    return seconds


@task
def fail(message: str) -> int:
    raise ValueError(message)


@task
def text_of(error: Exception) -> str:
    return str(error)


@task
def fork(n: int) -> Any:
    return fork_thread(work(n) + work(n + 1))


@task
def join(thread: Any) -> Any:
    return join_thread(thread)


@tries(40)
@given(descriptions)
def test_a_joined_thread_gives_what_its_expression_does(description: Any) -> None:
    def main() -> Any:
        thread = fork_thread(lazy(description))
        return [join_thread(thread), lazy(description), join(thread)]

    assert Scheduler(record=False).run(main()) == [plain(description)] * 3


def test_a_thread_is_evaluated_once_however_often_it_is_joined(scheduler: Scheduler, ran: list[Any]) -> None:
    @task(namespace="background")
    def main(n: int) -> Any:
        thread = fork_thread(work(n))
        return [join_thread(thread), join_thread(thread), join(thread), join([thread][0])]

    assert scheduler.run(main(1)) == [2] * 4
    assert ran == [1]


def test_a_thread_outlives_the_call_that_began_it_and_is_joined_elsewhere(
    scheduler: Scheduler, ran: list[Any]
) -> None:
    assert scheduler.run(join(fork(1))) == 5
    assert sorted(ran) == [1, 2]


def test_a_thread_goes_on_beside_the_call_that_began_it(scheduler: Scheduler) -> None:
    joins = threading.Event()

    @task(namespace="background")
    def beside(n: int) -> bool:
        return joins.wait(60)

    @task(namespace="background")
    def main() -> Any:
        return fork_thread(beside(1))

    @task(namespace="background")
    def first(thread: Any) -> Any:
        joins.set()
        return join_thread(thread)

    assert scheduler.run(first(main()))


def test_an_error_is_raised_where_the_thread_is_joined(scheduler: Scheduler) -> None:
    @task(namespace="background")
    def begins() -> Any:
        return [fork_thread(fail("x")), 5]

    thread, other = scheduler.run(begins())
    assert other == 5, "the call that began it does not fail with it"
    with pytest.raises(ValueError, match="x"):
        scheduler.run(join(thread))
    assert scheduler.run(catch(join_thread(begins()[0]), ValueError, text_of)) == "x"


def test_a_thread_that_nobody_joins_ends_with_the_run(scheduler: Scheduler, ran: list[Any]) -> None:
    @task(namespace="background")
    def begins() -> Any:
        return [fork_thread(slow(slow(0.2))), slow(0.05)]

    scheduler.run(begins())
    assert 0.05 in ran
    counts = scheduler.progress().counts["background.slow"]
    assert sum(counts.values()) == 3
    assert set(counts) <= {"DONE", "CANCELLED"}


def test_a_thread_can_be_joined_in_an_async_task(scheduler: Scheduler, ran: list[Any]) -> None:
    @task(namespace="background")
    async def main() -> Any:
        thread = await evaluate(fork_thread(work(1)))
        return [await evaluate(join_thread(thread)), await evaluate(join_thread(thread))]

    assert scheduler.run(main()) == [2, 2]
    assert ran == [1]


def test_a_branch_may_leave_a_thread_alone(scheduler: Scheduler, ran: list[Any]) -> None:
    @task(namespace="background")
    def main(wanted: bool) -> Any:
        return cond(wanted, join_thread(fork_thread(work(1))), 0)

    assert scheduler.run(main(False)) == 0
    assert ran == []
    assert scheduler.run(main(True)) == 2


def test_a_thread_that_joins_itself_fails(scheduler: Scheduler) -> None:
    @task(namespace="background")
    def knot(n: int) -> Any:
        return join_thread(fork_thread(knot(n)))

    with pytest.raises(CallError, match="calls itself"):
        scheduler.run(knot(1))


def test_only_threads_can_be_joined(scheduler: Scheduler) -> None:
    with pytest.raises(CallError, match="what fork_thread gave is needed, not int"):
        scheduler.run(join_thread(5))  # type: ignore[arg-type]


def test_threads_are_values_in_processes_too(scheduler: Scheduler) -> None:
    from tests.engine.workflows import add, pair

    @task(namespace="background")
    def main() -> Any:
        both = pair.options(executor="process")(fork_thread(add(1, 2)), 0)
        return join_thread(both[0])

    assert scheduler.run(main()) == 3
