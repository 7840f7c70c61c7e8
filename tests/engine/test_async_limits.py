"""Limits of async tasks: given back while a body waits for calls, taken again before it goes on, and none is leaked."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import Any

import pytest

from headwater import Scheduler, TaskTimeout, catch, task
from tests.waiting import wait_for

headwater_namespace = "asynclimits"

_lock = threading.Lock()
_inside = {"now": 0, "most": 0}


@pytest.fixture
def scheduler() -> Scheduler:
    _inside.update(now=0, most=0)
    return Scheduler(record=False)


def enter(step: int) -> None:
    with _lock:
        _inside["now"] += step
        _inside["most"] = max(_inside["most"], _inside["now"])


@task(limits=["one"])
async def leaf(n: int) -> int:
    enter(1)
    await asyncio.sleep(0.001)
    enter(-1)
    return n


@task(limits=["one"])
def plain_leaf(n: int) -> int:
    enter(1)
    time.sleep(0.001)
    enter(-1)
    return n


@task(limits=["one"])
async def in_turn(n: int, depth: int) -> int:
    enter(1)
    total = n
    for i in range(2):
        await asyncio.sleep(0.001)
        enter(-1)
        total += await (in_turn(i, depth - 1) if depth else (leaf, plain_leaf)[i](n))
        enter(1)
    enter(-1)
    return total


def sum_in_turn(n: int, depth: int) -> int:
    return n + sum(sum_in_turn(i, depth - 1) if depth else n for i in range(2))


def test_a_call_that_waits_for_another_with_the_same_limit_does_not_hold_it_up(scheduler: Scheduler) -> None:
    assert scheduler.run([in_turn(i, 2) for i in range(4)]) == [sum_in_turn(i, 2) for i in range(4)]
    assert _inside == {"now": 0, "most": 1}
    assert scheduler.progress().limits == {"one": 0}


@task(limits={"one": 1, "two": 1})
async def at_once(seed: int) -> list[Any]:
    chance = random.Random(seed)

    async def strand(i: int) -> Any:
        if chance.random() < 0.3:
            await asyncio.sleep(0.001)
        if chance.random() < 0.2:
            return await catch(failing(i), ValueError, message)
        first = await (leaf, plain_leaf)[chance.randrange(2)](seed * 100 + i)
        return first + await leaf(i)

    return await asyncio.gather(*map(strand, range(chance.randrange(1, 6))))


@task(limits=["two"])
async def failing(n: int) -> int:
    await leaf(n)
    raise ValueError(n)


@task
def message(error: ValueError) -> str:
    return str(error)


def test_many_awaits_at_once_end_and_leak_no_limit(scheduler: Scheduler) -> None:
    found = scheduler.run([at_once(seed) for seed in range(20)])
    assert all(
        value == str(i) or isinstance(value, int) for values in found for i, value in enumerate(values)
    )
    assert _inside == {"now": 0, "most": 1}
    assert scheduler.progress().limits == {"one": 0, "two": 0}


_enough = threading.Event()


@task(limits=["one"])
async def gives_up() -> str:
    try:
        await asyncio.wait_for(_as_coroutine(lasting()), 0.01)
    except asyncio.TimeoutError:
        _enough.set()
        await leaf(1)
        return "gave up"
    return "in time"


async def _as_coroutine(value: Any) -> Any:
    return await value


@task(limits=["two"], cache=False)
def lasting() -> None:
    """For longer than anybody waits here."""
    assert _enough.wait(60)


@task(limits=["one"], timeout=0.05)
async def too_long() -> None:
    await lasting()


@task(limits=["one"])
async def breaks() -> None:
    await asyncio.gather(leaf(1), failing(2))


@task
def timed_out(error: TaskTimeout) -> str:
    _enough.set()
    return "timed out"


def test_no_limit_is_leaked_where_a_body_does_not_end_well(scheduler: Scheduler) -> None:
    _enough.clear()
    assert scheduler.run(gives_up()) == "gave up"
    assert scheduler.progress().limits == {"one": 0, "two": 0}
    _enough.clear()
    assert scheduler.run([catch(too_long(), TaskTimeout, timed_out), leaf(3)]) == ["timed out", 3]
    assert scheduler.progress().limits == {"one": 0, "two": 0}
    with pytest.raises(ValueError, match="2"):
        scheduler.run([breaks(), in_turn(1, 3)])
    assert scheduler.progress().limits == {"one": 0, "two": 0}


def test_a_cancelled_run_leaks_none(scheduler: Scheduler) -> None:
    @task(namespace="asynclimits")
    def cancels() -> None:
        wait_for(lambda: _inside["most"])
        scheduler.cancel()

    with pytest.raises(Exception, match="cancelled"):
        scheduler.run([cancels(), [in_turn(i, 4) for i in range(10)]])
    assert scheduler.progress().limits == {"one": 0}
