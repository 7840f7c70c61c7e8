"""Arrays too large to stay in memory: the last call that takes one has it for its own, and nobody sees what it does."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from headwater import File, Scheduler, task
from tests.contract.conftest import Run

headwater_namespace = "large"

_SIZE = 300_000
_attempts: list[int] = []


@task
def made(start: int) -> Any:
    return np.arange(start, start + _SIZE)


@task(cache=False)
def spoilt(array: Any) -> Any:
    array += 1
    return array


@task(cache=False)
def first(array: Any) -> int:
    return int(array[0])


@task(cache=False, retries=2)
def stubborn(array: Any) -> int:
    array += 1
    _attempts.append(int(array[0]))
    if len(_attempts) < 3:
        raise ValueError("again")
    return int(array[0])


@task(cache=False)
def viewed() -> Any:
    return _HELD[1:]


@task(cache=False)
def held() -> Any:
    return _HELD


_HELD = np.arange(_SIZE)


def test_each_call_finds_an_array_as_it_was_made(run: Run) -> None:
    array = made(5)
    found = run([first(array), first(spoilt(array)), first(spoilt(spoilt(array))), first(array)])
    assert found == [5, 6, 7, 5]


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_chain_of_calls_that_change_it(run: Run, executor: str) -> None:
    value: Any = made(1)
    for _ in range(4):
        value = spoilt.options(executor=executor)(value)
    assert run(first(value)) == 5


def test_another_attempt_finds_it_as_it_was(run: Run) -> None:
    _attempts.clear()
    assert run(stubborn(made(10))) == 11
    assert _attempts == [11, 11, 11]


def test_what_a_task_keeps_for_itself_is_not_given_away(run: Run) -> None:
    assert run(first(spoilt(held()))) == 1
    assert _HELD[0] == 0
    assert run(first(spoilt(viewed()))) == 2
    assert list(_HELD[:3]) == [0, 1, 2]


def test_an_array_that_a_call_was_written_with_is_not_given_away(run: Run) -> None:
    call = first(spoilt(np.arange(_SIZE)))
    assert [run(call), run(call)] == [1, 1]


def test_a_call_begins_while_another_thread_is_at_importing_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", types.ModuleType("numpy"))

    @task
    def told(file: File) -> str:
        return file.basename()

    assert Scheduler(record=False).run(told(File("begun.txt"))) == "begun.txt"
