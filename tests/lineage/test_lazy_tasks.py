"""Calls of tasks that are lazy themselves: what they are given came from where it did, as of any call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore
from headwater.engine.errors import Unrecordable
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace

from headwater import Rehearsal, Scheduler, catch, force, map_, quote, starmap, task
from tests.lineage.conftest import run

headwater_namespace = "lazy_tasks"


@task
def load(n: int) -> int:
    return n


@task
def join(a: Any, b: Any = 0) -> str:
    return f"{a} {b}"


@task
def same(value: Any) -> Any:
    return value


@task
def part(n: int) -> Any:
    return join.partial(n)


@task
def held(n: int, m: int) -> Any:
    return quote(join(n, m))


def _joined(n: int, m: int) -> Any:
    return join(n + 1, m)


@task
def function() -> Any:
    return _joined


@task
def fail(n: int) -> int:
    raise ValueError(n)


@task
def twice(n: int) -> int:
    return 2 * n


@task(config_args=["how"])
def led(n: int, how: Any = None) -> str:
    return f"{n} {type(how[-1]).__name__}"


@pytest.fixture
def fed(local_project: Project, local_store: GraphStore) -> Callable[[Any], dict[str, set[str]]]:
    """Which tasks' results went into each parameter of `join`."""

    def of(expression: Any) -> dict[str, set[str]]:
        execution = run(local_project, expression, cache=False)
        calls = trace(local_store, Found("execution", execution, "a run")).calls
        return {
            argument.name: {calls[one].task.rpartition(".")[2] for one in argument.fed_by}
            for call in calls.values()
            if call.task == "lazy_tasks.join"
            for argument in call.arguments
            if argument.fed_by
        }

    return of


Fed = Callable[[Any], dict[str, set[str]]]


def test_what_a_lazy_task_is_called_with_came_from_where_it_did(fed: Fed) -> None:
    assert fed(same(join)(load(1), 2)) == {"a": {"load"}}
    assert fed(same(join)(3, b=[load(4), 5])) == {"b": {"load"}}
    assert fed(same(join)(6, 7)) == {}


def test_what_takes_its_result_came_from_the_call_and_from_whoever_gave_the_task(fed: Fed) -> None:
    assert fed(join(same(twice)(load(8)))) == {"a": {"twice", "same"}}


def test_it_is_called_as_a_task_that_is_not_lazy() -> None:
    """What does not count in the key need not be recordable, and an equal call as it is written is one with it."""
    unrecorded = Scheduler(record=False).run
    assert unrecorded(same(led)(load(1), how=[load(2), threading.Lock()])) == "1 lock"
    assert unrecorded(same(led.partial(3)).partial(how=[threading.Lock()])()) == "3 lock"
    with pytest.raises(Unrecordable, match=r"join\(b\)"):
        unrecorded(same(join.partial(3)).partial(threading.Lock())())
    play = Rehearsal()
    assert play.run([same(join)(load(1), [load(2)]), join(load(1), [load(2)])]) == ["1 [2]"] * 2
    assert [*play.ran, *play.cached].count("lazy_tasks.join") == 1


def test_what_a_lazy_partial_task_has_came_from_where_that_did(fed: Fed) -> None:
    assert fed(part(load(11))(load(12))) == {"a": {"part"}, "b": {"load"}}
    assert fed(map_(part(load(21)), [25])) == {"a": {"part"}}
    assert fed(starmap(part(load(31)), [{"b": load(35)}])) == {"a": {"part"}, "b": {"load"}}
    assert fed(catch(fail(41), ValueError, part(load(42)))) == {"a": {"part"}, "b": {"fail"}}


def test_what_a_task_quoted_came_from_there(fed: Fed) -> None:
    both = {"a": {"held"}, "b": {"held"}}
    assert fed(force(held(load(51), 2))) == both
    assert fed(held(load(61), 2).eval()) == both


def test_what_a_lazy_function_made_came_from_all_that_it_was_given(fed: Fed) -> None:
    both = {"function", "load"}
    assert fed(function()(load(71), 3)) == {"a": both, "b": both}
