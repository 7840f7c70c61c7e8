"""Errors as values: what is part of them, what they are recorded as, and what recoveries take."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest
from headwater.engine.values import hash_value

from headwater import Scheduler, catch, catch_all, task

headwater_namespace = "errors"


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler(record=False)


@task
def inc(x: int) -> int:
    return x + 1


@task
def fail(message: str) -> int:
    raise ValueError(message)


NO = ValueError("no")


def test_an_error_that_is_raised_in_two_runs_tells_each_time_the_way_to_it(scheduler: Scheduler) -> None:
    @task(namespace="errors")
    def refuse(n: int) -> int:
        raise NO

    for n in (1, 2):
        with pytest.raises(ValueError, match="no") as caught:
            Scheduler(record=False).run(refuse(n))
        text = str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
        assert f"n={n}" in text
        assert text.count("raise NO") == 1


def test_what_a_run_adds_to_an_error_is_no_part_of_it(scheduler: Scheduler) -> None:
    with pytest.raises(ValueError, match="m") as caught:
        scheduler.run(fail("m"))
    assert hash_value(caught.value) == hash_value(ValueError("m"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.headwater_traceback is None


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("I have nothing to say")


def test_an_error_that_cannot_say_its_message_is_an_error_like_others(scheduler: Scheduler) -> None:
    @task(namespace="errors")
    def silence() -> int:
        raise Mute

    @task(namespace="errors")
    def heard(error: Exception) -> str:
        return type(error).__name__

    assert scheduler.run(catch(silence(), Mute, heard)) == "Mute"


@task
def lock_up(n: int) -> int:
    raise ValueError("locked", threading.Lock())


@task
def shown(error: Any) -> str:
    return str([type(part).__name__ for part in error.args])


def test_an_error_that_cannot_be_recorded_can_be_recovered_from(scheduler: Scheduler) -> None:
    assert scheduler.run(catch(lock_up(1), ValueError, shown)) == "['str', 'lock']"


@task
def count_errors(values: Any) -> int:
    return sum(isinstance(value, ValueError) for value in values)


def test_errors_that_cannot_be_recorded_can_be_recovered_from_together(scheduler: Scheduler) -> None:
    assert scheduler.run(catch_all([lock_up(1), inc(1), lock_up(2)], ValueError, count_errors)) == 2
