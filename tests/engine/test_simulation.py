"""Simulated runs: inline, on a virtual clock, in the order that a seed chooses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import Project
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    Rehearsal,
    Scheduler,
    Task,
    TaskTimeout,
    WorkerDied,
    catch,
    catch_all,
    cond,
    evaluate,
    map_,
    seq,
    subrun,
    task,
)
from tests.properties import tries

headwater_namespace = "simulated"


@pytest.fixture
def play() -> Rehearsal:
    return Rehearsal()


@task
def number(n: int) -> int:
    return n


@task
def total(values: list[int]) -> int:
    return sum(values)


@task
def fan(n: int) -> int:
    return total([number(i) for i in range(n)])


@task(executor="process")
def whose_thread(n: int) -> int:
    return threading.get_ident()


ATTEMPTS: list[float] = []


@task(retries=2, retry_backoff=500)
def in_the_end(n: int) -> int:
    ATTEMPTS.append(n)
    if len(ATTEMPTS) < 3:
        raise OSError("not yet")
    return n


@task
async def awaiting(n: int) -> int:
    ones = await asyncio.gather(*[number(i) for i in range(n)])
    return sum(ones) + await in_the_end(n)


def test_async_bodies_take_part_and_pauses_of_what_they_await_pass_at_once(play: Rehearsal) -> None:
    ATTEMPTS.clear()
    began = time.monotonic()
    assert play.run(awaiting(4)) == 10
    assert time.monotonic() - began < 30
    assert play.clock.now >= 500
    assert play.ran.count("simulated.in_the_end") == 3


@task(retries=2, retry_backoff=5)
async def strands(n: int, depth: int) -> int:
    """Waits for calls, for time and for threads, each strand in its own order, and fails at times."""
    STEPS.append(("begins", n, depth))

    async def strand(i: int) -> int:
        if (n + i) % 3 == 0:
            await asyncio.sleep((n * 7 + i * 3) % 5)
        found = await number(n * 10 + i)
        STEPS.append(("number", n, i))
        if (n + i) % 2:
            found += await asyncio.to_thread(int, "1")
        if depth:
            found += await strands(i, depth - 1)
        STEPS.append(("ends", n, i))
        return found

    if n == 2 and STEPS.count(("begins", n, depth)) == 1:
        raise ConnectionError(n)
    try:
        return sum(await asyncio.wait_for(asyncio.gather(*map(strand, range(3))), 1 + n % 3))
    except asyncio.TimeoutError:
        STEPS.append(("late", n, depth))
        return await number(-n)


STEPS: list[Any] = []


def test_async_bodies_replay_exactly(play: Rehearsal) -> None:
    def steps(seed: int) -> tuple[Any, ...]:
        STEPS.clear()
        before = play.clock.now
        play.run(strands(1, 2), seed=seed)
        calls = [(call.task, str(call.arguments), call.status, call.attempt) for call in play.calls]
        return tuple(STEPS), tuple(calls), play.clock.now - before

    began = time.monotonic()
    found = {seed: steps(seed) for seed in range(10)}
    assert all(steps(seed) == found[seed] for seed in found)
    assert len({steps for steps, _, _ in found.values()}) > 5
    assert any(step[0] == "late" for steps, _, _ in found.values() for step in steps)
    assert time.monotonic() - began < 30


@task(timeout=10)
async def sleeps(seconds: float) -> float:
    try:
        await asyncio.sleep(seconds)
    finally:
        STEPS.append(threading.get_ident())
    return seconds


@task
def gone(error: TaskTimeout) -> float:
    return -1.0


def test_time_in_async_bodies_is_virtual_and_their_timeouts_are(play: Rehearsal) -> None:
    STEPS.clear()
    began = time.monotonic()
    assert play.run([sleeps(9), catch(sleeps(1000), TaskTimeout, gone)]) == [9, -1]
    assert time.monotonic() - began < 60
    assert play.clock.now == pytest.approx(10)
    assert [threading.get_ident()] * 2 == STEPS


@task
async def asks_a_program() -> str:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(0.1); print('there')", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(program.communicate(), 60)
    return out.decode().strip()


def test_a_body_waits_for_what_is_outside_as_long_as_it_takes(play: Rehearsal) -> None:
    assert play.run([asks_a_program(), sleeps(5)]) == ["there", 5]
    assert play.clock.now < 20


def test_every_call_runs_on_the_thread_that_asks(play: Rehearsal) -> None:
    here = threading.get_ident()
    assert play.run([whose_thread(1), whose_thread.options(executor="of no settings")(2)]) == [here, here]


@task(retries=3, retry_backoff=100)
def lucky_at_third(box: str) -> int:
    attempts.append(box)
    if len(attempts) < 3:
        raise ConnectionError(box)
    return len(attempts)


attempts: list[str] = []


def test_pauses_before_further_attempts_pass_at_once(play: Rehearsal) -> None:
    attempts.clear()
    began = time.monotonic()
    assert play.run(lucky_at_third("a")) == 3
    assert time.monotonic() - began < 60
    assert play.clock.now == 100 + 200
    assert [(call.attempt, call.status) for call in play.calls] == [(1, "FAILED"), (2, "FAILED"), (3, "DONE")]


@task
def doze(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_sleep_in_tasks_passes_at_once_and_real_time_is_back_afterwards(play: Rehearsal) -> None:
    real = time.sleep
    began = time.monotonic()
    assert play.run(seq([doze(3600), doze(1800)])) == [3600, 1800]
    assert play.clock.now == 5400
    assert time.monotonic() - began < 60
    assert time.sleep is real
    with pytest.raises(ValueError, match="non-negative"):
        play.run(doze(-1))
    assert time.sleep is real


def test_a_call_that_sleeps_too_long_fails_as_it_would(play: Rehearsal) -> None:
    with pytest.raises(TaskTimeout):
        play.run(doze.options(timeout=10)(11))
    assert play.run(doze.options(timeout=10)(9)) == 9
    assert play.run(catch(doze.options(timeout=10)(11), TaskTimeout, by_hand)) == -1.0


@task
def by_hand(error: Exception) -> float:
    return -1.0


def test_what_fed_each_call_is_told(play: Rehearsal) -> None:
    play.run(fan(3))
    assert play.ran == ["simulated.number"] * 3 + ["simulated.total", "simulated.fan"]
    fed = play.call("simulated.total").fed_by["values"]
    assert [call.arguments for call in fed] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert play.call("simulated.fan").fed_by == {}
    with pytest.raises(AssertionError, match=r"3 calls of simulated\.number"):
        play.call("simulated.number")
    with pytest.raises(AssertionError, match=r"0 calls of simulated.none .* simulated.fan"):
        play.call("simulated.none")


@task
def one_more(n: int) -> int:
    return n + 1


@task
def in_turn(n: int) -> int:
    return one_more(one_more(one_more(number(n))))


@task
def fails_late(n: int) -> int:
    raise ValueError(n)


@pytest.mark.parametrize("seed", range(12))
def test_what_fed_each_call_is_told_though_the_call_above_it_was_cancelled(
    play: Rehearsal, seed: int
) -> None:
    with pytest.raises(ValueError, match="3"):
        play.run([in_turn(1), fails_late(number(number(number(3))))], seed=seed)
    above = [call for call in play.calls if call.task == "simulated.in_turn"]
    assert [call.status for call in above] == ["CANCELLED"]
    told = [
        [source.task for source in call.fed_by["n"]]
        for call in play.calls
        if call.task == "simulated.one_more" and isinstance(call.arguments.get("n"), int)
    ]
    assert told == ([["simulated.number"]] + [["simulated.one_more"]] * 2)[: len(told)]


@task(retries=1)
def unlucky(n: int) -> int:
    raise OSError(n)


def test_what_fed_a_call_is_told_of_each_attempt(play: Rehearsal) -> None:
    with pytest.raises(OSError, match="4"):
        play.run(as_one(number(3)))
    assert [
        [call.task for call in call.fed_by["n"]] for call in play.calls if call.task == "simulated.unlucky"
    ] == [
        ["simulated.number"],
        ["simulated.number"],
    ]


@task
def as_one(n: int) -> int:
    return unlucky(number(n + 1))


@task
async def goes_on_beside() -> int:
    beside = asyncio.ensure_future(evaluate(one_more(number(5))))
    return await beside


def test_what_fed_a_call_that_is_awaited_is_told(play: Rehearsal) -> None:
    assert play.run(goes_on_beside()) == 6
    assert [call.task for call in play.call("simulated.one_more").fed_by["n"]] == ["simulated.number"]


def test_equal_calls_of_a_run_are_told_as_cached(play: Rehearsal) -> None:
    play.run([fan(2), fan.options(retries=1)(2)])
    assert play.ran.count("simulated.fan") == 1
    assert "simulated.fan" in play.cached


def orders(expression: Any, seeds: range) -> set[tuple[Any, ...]]:
    play = Rehearsal()
    found = set()
    for seed in seeds:
        play.run(expression, seed=seed)
        found.add(tuple(call.arguments["n"] for call in play.calls if call.task == "simulated.number"))
    return found


def test_seeds_choose_orders_and_choose_the_same_again() -> None:
    assert len(orders(fan(5), range(30))) > 10
    assert [orders(fan(8), range(n, n + 1)) for n in range(5)] == [
        orders(fan(8), range(n, n + 1)) for n in range(5)
    ]
    assert orders(fan(5), range(0)) == set()


def test_without_a_seed_calls_run_as_they_are_written(play: Rehearsal) -> None:
    play.run(fan(5))
    assert [call.arguments["n"] for call in play.calls if call.task == "simulated.number"] == [0, 1, 2, 3, 4]


@task
def fails(n: int) -> int:
    raise ValueError(n)


@task
def names(values: list[Any]) -> list[str]:
    return [str(value) for value in values]


def of(kind: int, inner: list[Any]) -> Any:
    if kind == 0:
        return total(inner)
    if kind == 1:
        return cond(number(len(inner)), seq(inner), 0) if inner else number(7)
    if kind == 2:
        return [catch(fails(len(inner)), ValueError, by_hand), *inner]
    if kind == 3:
        return map_(number, [len(inner), 2])
    return catch_all([fails(1), *inner], ValueError, names)


expressions = st.recursive(
    st.integers(0, 3).map(number),
    lambda inner: st.tuples(st.integers(1, 4), st.lists(inner, max_size=3)).map(lambda made: of(*made)),
    max_leaves=8,
)


@tries(60)
@given(expression=expressions, seed=st.integers(0, 1 << 32))
def test_no_order_changes_a_result(expression: Any, seed: int) -> None:
    play = Rehearsal()
    assert play.run(expression, seed=seed) == play.run(expression) == Scheduler(record=False).run(expression)


tries_inside: list[float] = []


@task(retries=1, retry_backoff=50, cache=False)
def long_nap(n: int) -> int:
    assert threading.current_thread() is threading.main_thread()
    tries_inside.append(n)
    time.sleep(100)
    if len(tries_inside) == 1:
        raise ValueError("not yet")
    return n


@task
async def awaits_nap(n: int) -> int:
    return await evaluate(long_nap(n))


@task
def runs_inside(executor: str, second: Task[[int], Any] = awaits_nap) -> Any:
    return subrun([long_nap(1), second(2), subrun(long_nap(3), executor=executor)], executor=executor)


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_run_inside_a_run_takes_part(play: Rehearsal, executor: str) -> None:
    orders = set()
    for seed in (None, *play.orders(8)):
        for second in awaits_nap, long_nap:
            tries_inside.clear()
            before, began = play.clock.now, time.monotonic()
            assert play.run(runs_inside(executor, second), seed=seed) == [1, 2, 3]
            assert 400 <= round(play.clock.now - before) <= 450
            assert time.monotonic() - began < 30
            assert play.ran.count("simulated.long_nap") == 4
        orders.add(tuple(tries_inside))
        first = list(tries_inside)
        tries_inside.clear()
        play.run(runs_inside(executor, long_nap), seed=seed)
        assert tries_inside == first
    assert len(orders) > 2


def test_a_run_inside_that_fails_tells_why(play: Rehearsal) -> None:
    with pytest.raises(ZeroDivisionError):
        play.run(subrun(divide(1, 0), executor="process"))
    assert play.call("simulated.divide").status == "FAILED"


@task
def divide(a: int, b: int) -> float:
    return a / b


def test_a_project_keeps_what_a_simulation_found(local_project: Project) -> None:
    play = Rehearsal(local_project)
    assert play.run(fan(3), seed=1) == 3
    assert play.run(fan(3), seed=2) == 3
    assert (play.ran, play.cached) == ([], ["simulated.fan"])
    assert Scheduler(local_project).run(fan(3)) == 3
    tries_inside[:] = [0]
    assert play.run(runs_inside("process")) == [1, 2, 3]
    assert play.run(awaits_nap(2)) == 2
    assert "simulated.awaits_nap" in play.ran  # what it awaits is never reused
    assert play.run(subrun(divide(4, 2), executor="process")) == 2
    assert Scheduler(local_project).run(divide(4, 2)) == 2
    assert play.run(divide(4, 2)) == 2
    assert play.ran == []
    play.run(fan(3), cache=False)
    assert len(play.ran) == 5


def test_an_interrupted_simulation_leaves_nothing_open(play: Rehearsal) -> None:
    @task(namespace="simulated", version="1")
    def dies(n: int) -> int:
        raise WorkerDied("gone")

    with pytest.raises(WorkerDied):
        play.run([dies(1), doze(5.0)])
    assert {call.status for call in play.calls} <= {"FAILED", "DONE", "CANCELLED"}
    assert play.run(number(1)) == 1


# -- the plug-in -------------------------------------------------------------------------------------------------------

TESTS = """
from headwater import Scheduler, task

@task(namespace="plugged", version="1")
def one() -> int:
    return 1

def test_fails_in_some_order(headwater):
    for seed in headwater.orders(3):
        assert headwater.run(one(), seed=seed) == 1 if seed < 2 else headwater.run(one(), seed=seed) == 5

def test_has_a_project_of_its_own(headwater, tmp_path):
    assert headwater.project.root == tmp_path
    assert headwater.run(one()) == 1
    assert headwater.ran == ["plugged.one"]

@task(namespace="plugged", executor="process")
def two(n: int) -> int:
    assert n  # pytest rewrites this here, and not in the process
    return 2 * n

def test_calls_its_tasks_in_processes():
    assert Scheduler(record=False).run(two(1)) == 2
"""


@pytest.fixture
def reported(tmp_path: Path) -> str:
    (tmp_path / "test_plugged.py").write_text(TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "error",
        "test_plugged.py",
    ]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout


def test_a_failing_test_says_its_seed(reported: str) -> None:
    assert "1 failed, 2 passed" in reported, reported
    assert "the last run had seed=2; headwater.run(..., seed=2)" in reported


def test_headwater_itself_imports_no_pytest() -> None:
    code = "import sys, headwater; headwater.Rehearsal; headwater.run; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
