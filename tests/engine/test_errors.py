"""Errors as values: what is part of them, what they are recorded as, and what recoveries take."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest
from headwater.engine.values import hash_value

from headwater import Project, Scheduler, Unrecordable, catch, catch_all, cond, task

headwater_namespace = "errors"


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


@task
def told(error: Exception) -> str:
    return str(error).partition(",")[0]


@task(config_args=["lock"])
def hold(n: int, lock: Any) -> int:
    return n


@task
def places(case: str) -> Any:
    lock = threading.Lock()
    return {
        "argument": lambda: catch(inc(lock), Unrecordable, told),  # type: ignore[arg-type]
        "beside a lazy one": lambda: catch(inc([inc(1), lock]), Unrecordable, told),  # type: ignore[arg-type, list-item]
        "branch": lambda: cond(inc(0), inc(1), inc(lock)),  # type: ignore[arg-type]
        "what does not count": lambda: hold(inc(1), lock),
    }[case]()


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("argument", "errors.inc(x) is a _thread.lock"),
        ("beside a lazy one", "errors.inc(x)[1] is a _thread.lock"),
        ("branch", 2),
        ("what does not count", 2),
    ],
)
def test_what_cannot_be_recorded_fails_the_call_that_takes_it(
    project: Project, case: str, expected: Any
) -> None:
    for recorded in (False, True):
        assert Scheduler(project if recorded else None, record=recorded).run(places(case)) == expected


@task
def mixed_up() -> Any:
    return [inc(1), threading.Lock()]


def test_the_place_of_what_cannot_be_recorded_is_named(project: Project) -> None:
    for recorded in (False, True):
        with pytest.raises(Unrecordable, match=r"^result\[1\] is a _thread.lock"):
            Scheduler(project if recorded else None, record=recorded).run(mixed_up())


class Held(Exception):
    """Cannot be pickled, and holds more than it says."""

    def __init__(self, n: int) -> None:
        super().__init__("held")
        self.n: list[Any] = [n, threading.Lock()]


@task
def hold_up(n: int) -> int:
    raise Held(n)


@task
def held_in(error: Held) -> int:
    return int(error.n[0])


@task
def recover_each(n: int) -> list[Any]:
    return [catch(hold_up(i), Held, held_in) for i in range(n)]


def test_errors_that_say_the_same_are_told_apart_by_where_they_came_from(local_project: Project) -> None:
    scheduler = Scheduler(local_project)
    assert scheduler.run(recover_each(3)) == [0, 1, 2]
    scheduler.run(catch(hold_up(1), Held, held_in))
    assert scheduler.progress().counts["errors.held_in"] == {"CACHED": 1}
