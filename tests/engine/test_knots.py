"""Runs that could go on for ever, and errors that are none of the scheduler's."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from headwater import CallError, Scheduler, catch, task

headwater_namespace = "knots"


@task
def selfish(x: int) -> Any:
    return selfish(x)


@task
def ping(x: int) -> Any:
    return pong(x)


@task
def pong(x: int) -> Any:
    return ping(x)


@task
def both() -> Any:
    return [ping(1), pong(1)]


@task
def shown(error: BaseException) -> str:
    return f"{type(error).__name__}"


@task
def leaves() -> int:
    sys.exit(3)


@task(limits=["scarce"])
def limited(i: int) -> int:
    return i


@task(limits=["scarce", "rare"])
def doubly_limited(i: int) -> int:
    return i


@pytest.mark.parametrize("call", [selfish(1), ping(1), both()])
def test_calls_that_wait_for_one_another_fail(scheduler: Scheduler, call: Any) -> None:
    with pytest.raises(CallError, match="it would never end"):
        scheduler.run(call)
    counts = scheduler.progress().counts
    assert not any("RUNNING" in row or "PENDING" in row for row in counts.values())


def test_a_knot_can_be_caught_like_any_failure(scheduler: Scheduler) -> None:
    assert (
        scheduler.run([catch(both(), CallError, shown), catch(selfish(2), CallError, shown)])
        == ["CallError"] * 2
    )


def test_a_task_that_leaves_the_process_fails_its_own_call(scheduler: Scheduler) -> None:
    assert scheduler.run(catch(leaves() + 1, SystemExit, shown)) == "SystemExit"
    with pytest.raises(SystemExit):
        scheduler.run([leaves() + 1])


def test_thousands_of_calls_wait_for_a_limit_without_a_look_at_each_of_the_others(
    scheduler: Scheduler,
) -> None:
    assert scheduler.run([limited(i) for i in range(5_000)]) == list(range(5_000))


def test_calls_that_need_several_limits_do_not_keep_others_from_theirs(scheduler: Scheduler) -> None:
    calls = [(doubly_limited if i % 3 else limited)(i) for i in range(300)]
    assert scheduler.run(calls) == list(range(300))
