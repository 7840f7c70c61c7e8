"""What async tasks evaluate to, and how they end: outside any project."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest
from headwater.engine.executors import coroutines
from hypothesis import given

from headwater import (
    CallError,
    Cancelled,
    JobInfo,
    Scheduler,
    TaskDefinitionError,
    TaskTimeout,
    Unrecordable,
    cond,
    evaluate,
    get_context,
    result_of,
    task,
)
from tests.engine.workflows import awaited, descriptions, plain
from tests.properties import tries
from tests.waiting import wait_for

headwater_namespace = "asyncs"


@task
def inc(n: int) -> int:
    return n + 1


@task
def fail(message: str) -> Any:
    raise ValueError(message)


@task
def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@task
async def nap(seconds: float, n: int = 0) -> int:
    await asyncio.sleep(seconds)
    return n


@task
async def forever(n: int) -> Any:
    await asyncio.sleep(1000)


@tries(100)
@given(descriptions)
def test_an_async_workflow_gives_what_a_plain_evaluation_gives(description: Any) -> None:
    assert Scheduler(record=False).run(awaited(description)) == plain(description)


def test_a_body_waits_decides_and_goes_on(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def collatz(n: int) -> list[int]:
        steps = [n]
        while n != 1:
            n = await evaluate(inc(3 * n)) if n % 2 else n // 2
            steps.append(n)
        return steps

    assert scheduler.run(collatz(6)) == [6, 3, 10, 5, 16, 8, 4, 2, 1]


def test_everything_lazy_can_be_awaited(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def main() -> Any:
        return [
            await inc(1),
            await (inc(1) + inc(2)),
            await cond(inc(0) > 5, inc(1), inc(9)),
            await evaluate({"a": [inc(1), (inc(2),)], inc(5): "key"}),
            await evaluate(5),
            await get_context("a", inc(7)),
            await nap(0, 3),
            inc(10),
        ]

    assert scheduler.run(main(), context={"a": 9}) == [2, 5, 10, {"a": [2, (3,)], 6: "key"}, 5, 9, 3, 11]


def test_asyncio_is_there_as_ever(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def main() -> Any:
        both = await asyncio.gather(inc(1), nap(0.01, 4))
        queue: asyncio.Queue[int | None] = asyncio.Queue()

        async def produce() -> None:
            for n in range(3):
                await queue.put(await evaluate(inc(n)))
            await queue.put(None)

        async def consume() -> list[int]:
            got = []
            while (n := await queue.get()) is not None:
                got.append(n)
            return got

        producer = asyncio.create_task(produce())
        call = asyncio.create_task(inc(5))
        done = [await each for each in asyncio.as_completed([nap(0.05, 1), nap(0, 2)])]
        return both, await consume(), await call, done, await producer, await asyncio.to_thread(inc.func, 1)

    assert scheduler.run(main()) == ([2, 4], [1, 2, 3], 6, [2, 1], None, 2)


def test_many_bodies_wait_at_the_same_time(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def main(n: int) -> int:
        return sum(await asyncio.gather(*[nap(0.2, i) for i in range(n)]))

    started = time.monotonic()
    assert scheduler.run(main(300)) == sum(range(300))
    assert time.monotonic() - started < 30, "not 300 times 0.2 seconds"


def test_bodies_may_wait_for_each_other_to_any_depth(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def fib(n: int) -> int:
        return n if n < 2 else sum(await asyncio.gather(fib(n - 1), fib(n - 2)))

    assert scheduler.run(fib(300)) == 222232244629420445529739893461909967206666939096499764990979600


def test_a_body_that_blocks_stops_no_other_calls(scheduler: Scheduler) -> None:
    ended: list[int] = []

    @task(namespace="asyncs")
    async def blocks() -> None:
        wait_for(lambda: len(ended) == 30)

    @task(namespace="asyncs")
    def goes_on(n: int) -> None:
        ended.append(n)

    scheduler.run([blocks(), *map(goes_on, range(30))])


def test_equal_calls_of_one_body_are_one(scheduler: Scheduler) -> None:
    ran = []

    @task(namespace="asyncs", cache_scope="NONE")
    def note(n: int) -> int:
        ran.append(n)
        return n

    @task(namespace="asyncs")
    async def main() -> Any:
        return [await evaluate(note(1)), *await asyncio.gather(note(1), note(1)), note(1)]

    assert scheduler.run(main()) == [1] * 4
    assert ran == [1]


# -- errors ------------------------------------------------------------------------------------------------------------


def test_a_failure_elsewhere_does_not_wait_for_bodies_that_wait(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def waits() -> Any:
        return await forever(1)

    @task(namespace="asyncs")
    async def fails_later() -> Any:
        await until_running(scheduler, "forever")
        return await fail("soon")

    with pytest.raises(ValueError, match="soon"):
        scheduler.run([waits(), fails_later()])
    counts = scheduler.progress().counts
    assert counts["asyncs.waits"] == counts["asyncs.forever"] == {"CANCELLED": 1}


async def until_running(scheduler: Scheduler, task: str) -> None:
    while not scheduler.progress().counts.get(f"asyncs.{task}", {}).get("RUNNING"):
        await asyncio.sleep(0.01)


def test_keep_going_lets_the_rest_end(scheduler: Scheduler) -> None:
    with pytest.raises(ValueError, match="no"):
        scheduler.run([fail("no"), nap(0.2, 1)], keep_going=True)
    assert scheduler.progress().counts["asyncs.nap"] == {"DONE": 1}


def test_a_body_that_waits_for_itself_fails(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def knot(n: int) -> Any:
        return await knot(n)

    with pytest.raises(CallError, match="calls itself with the same arguments"):
        scheduler.run(knot(1))


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_body_that_blocks_beyond_its_timeout_does_not_hold_up_the_end_of_the_run(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(coroutines, "PATIENCE", 0.01)
    go_on, ended = threading.Event(), threading.Event()

    @task(namespace="asyncs", timeout=0.01)
    async def blocks() -> None:
        go_on.wait(20)
        ended.set()

    with pytest.raises(TaskTimeout):
        scheduler.run(blocks())
    assert not ended.is_set()
    assert "asyncs.blocks: told to stop, and has not" in caplog.text
    go_on.set()
    assert ended.wait(20)
    assert scheduler.run(nap(0, 3)) == 3


def test_a_timeout_ends_a_body_wherever_it_waits(scheduler: Scheduler) -> None:
    ended: list[int] = []

    @task(namespace="asyncs")
    async def patient(n: int) -> None:
        try:
            await (asyncio.sleep(1000) if n == 1 else forever(n))
        finally:
            ended.append(n)

    for n in (1, 2):
        for seconds in (0.2, 4.0, 20.0):  # until it waited before its time was over
            ended.clear()
            with pytest.raises(
                TaskTimeout, match=rf"asyncs\.patient did not finish within {seconds} seconds"
            ):
                scheduler.run(patient.options(timeout=seconds)(n))
            counts = scheduler.progress().counts
            if ended and (n == 1 or "asyncs.forever" in counts):
                break
        assert ended == [n]
    assert counts["asyncs.forever"] == {"CANCELLED": 1}


def test_a_body_is_tried_again_from_its_beginning(scheduler: Scheduler) -> None:
    attempts = []

    @task(namespace="asyncs", retries=3, retry_backoff=0)
    async def flaky() -> Any:
        attempts.append(1)
        left_alone = asyncio.create_task(slow(0.3))
        kept = await asyncio.gather(*[inc(n) for n in range(len(attempts))])
        if len(attempts) < 3:
            raise OSError("not yet")
        return kept, await left_alone, inc(10)

    assert scheduler.run(flaky()) == ([1, 2, 3], 0.3, 11)
    assert scheduler.progress().counts["asyncs.flaky"] == {"FAILED": 2, "DONE": 1}


def test_a_run_that_is_cancelled_ends_its_bodies(scheduler: Scheduler) -> None:
    ended = threading.Event()

    @task(namespace="asyncs")
    async def busy() -> None:
        try:
            await forever(1)
        finally:
            ended.set()

    @task(namespace="asyncs")
    async def cancels() -> None:
        await until_running(scheduler, "forever")
        await asyncio.to_thread(scheduler.cancel)
        await forever(2)

    with pytest.raises(Cancelled):
        scheduler.run([busy(), cancels()])
    assert ended.wait(60)
    assert set(scheduler.progress().counts["asyncs.forever"]) == {"CANCELLED"}


def test_nothing_that_a_body_began_outlives_it(scheduler: Scheduler) -> None:
    ended = []

    @task(namespace="asyncs")
    async def starts() -> int:
        async def linger() -> None:
            try:
                await forever(1)
            finally:
                ended.append(1)

        tasks.add(asyncio.create_task(linger()))
        await asyncio.sleep(0.01)
        return 1

    tasks: set[Any] = set()
    before = set(threading.enumerate())
    assert scheduler.run(starts()) == 1
    assert ended == [1]
    assert not [thread for thread in set(threading.enumerate()) - before if "async" in thread.name]


def test_what_a_body_gave_up_waiting_for_can_be_awaited_again(scheduler: Scheduler) -> None:
    given_up = threading.Event()

    @task(namespace="asyncs")
    def held(n: int) -> int:
        assert given_up.wait(60)
        return n

    @task(namespace="asyncs")
    async def impatient() -> Any:
        call = held(5)
        try:
            return await asyncio.wait_for(evaluate(call), 0.05)
        except asyncio.TimeoutError:
            given_up.set()
            return "late", await evaluate(call)

    assert scheduler.run(impatient()) == ("late", 5)


def test_limits_hold_for_bodies(scheduler: Scheduler) -> None:
    now, most = [0], [0]

    @task(namespace="asyncs", limits=["one"])
    async def limited(n: int) -> int:
        now[0] += 1
        most[0] = max(most[0], now[0])
        await asyncio.sleep(0.01)
        now[0] -= 1
        return n

    assert scheduler.run([limited(n) for n in range(5)]) == list(range(5))
    assert most == [1]


def test_facts_about_the_job_are_filled_in(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def asks(info: JobInfo = JobInfo()) -> Any:
        return info.options["limits"] if info.options else None

    assert scheduler.run(asks.options(limits=["x"])()) == {"x": 1}


# -- what cannot be ----------------------------------------------------------------------------------------------------


def test_generators_are_refused_where_they_are_defined() -> None:
    with pytest.raises(TaskDefinitionError, match=r"asyncs\.items: its function has a `yield`"):

        @task(namespace="asyncs")
        async def items() -> Any:
            yield 1

    with pytest.raises(TaskDefinitionError, match="Return a list of the items"):

        @task(namespace="asyncs", name="items")
        def other_items() -> Any:
            yield 1

    with pytest.raises(TaskDefinitionError, match="await script"):

        @task(namespace="asyncs", script=True)
        async def program() -> str:
            return "true"


def test_a_coroutine_is_no_result(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    def forgot() -> Any:
        async def later() -> int:
            return 1

        coroutine = later()
        coroutine.close()
        return coroutine

    with pytest.raises(Unrecordable, match="Await it inside the task"):
        scheduler.run(forgot())


def test_processes_do_not_run_bodies_but_what_they_await(scheduler: Scheduler) -> None:
    from tests.engine.workflows import add

    @task(namespace="asyncs")
    async def main() -> Any:
        return await add.options(executor="process")(1, 2)

    assert scheduler.run(main()) == 3
    with pytest.raises(CallError, match="cannot run on the executor 'process': its body asks the scheduler"):
        scheduler.run(main.options(executor="process")())


def test_awaiting_elsewhere_says_what_to_do() -> None:
    async def main() -> Any:
        return await inc(1)

    with pytest.raises(CallError, match=r"Elsewhere, evaluate it: run\(expression\)"):
        asyncio.run(main())


def test_the_result_of_a_call_is_the_call_itself() -> None:
    call = nap(0, 4)
    assert result_of(call) is call
    assert Scheduler(record=False).run(inc(result_of(call))) == 5
    with pytest.raises(CallError, match="call of an async task"):
        result_of(3)  # type: ignore[arg-type]


@task
async def one_after_another(calls: int) -> list[int]:
    """Lets go of each expression before it makes the next."""
    got = []
    for i in range(calls):
        got.append(await times_ten(i))
        gc.collect()
    return got


@task
def times_ten(x: int) -> int:
    return x * 10


def test_what_is_awaited_is_never_taken_for_what_was_at_its_address_before(scheduler: Scheduler) -> None:
    assert scheduler.run(one_after_another(40)) == list(range(0, 400, 10))
