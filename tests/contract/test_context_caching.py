"""A context counts in the cache exactly where it was read: on both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headwater import Project, Scheduler, catch, get_context, task

headwater_namespace = "context_caching"
Run = Callable[..., Any]

ran: list[str] = []


@task
def use(x: Any) -> Any:
    ran.append(f"use {x}")
    return x


@task
def leaf() -> Any:
    ran.append("leaf")
    return use(get_context("a.b", 0))


@task
def deaf(x: int) -> int:
    ran.append("deaf")
    return x


@task
def root() -> Any:
    ran.append("root")
    return [leaf(), deaf(1)]


@task
def shielded() -> Any:
    ran.append("shielded")
    return [leaf.update_context(a={"b": 9})(), leaf.update_context(a={"c": 9})()]


@task
def refuse(x: int) -> int:
    if x == 0:
        raise ValueError("nothing is set")
    return x


@task
def strict() -> Any:
    return refuse(get_context("a.b", 0))


@task
def recover(error: ValueError) -> int:
    return -1


@task
def careful(n: int) -> Any:
    return catch(strict(), ValueError, recover)


@task
def all_careful() -> Any:
    return [careful(n) for n in range(3)]


@pytest.fixture
def run(project: Project) -> Run:
    def evaluate(expression: Any, **context: Any) -> Any:
        ran.clear()
        scheduler = Scheduler(project)
        value = scheduler.run(expression, context=context)
        scheduler.wait_recorded()
        return value

    return evaluate


def test_a_call_is_reused_where_it_would_read_the_same(run: Run) -> None:
    assert run(root(), a={"b": 1}) == [1, 1]
    assert ran == ["root", "leaf", "deaf", "use 1"]
    assert run(root(), a={"b": 1, "c": 5}, d=1) == [1, 1]
    assert ran == []
    assert run(root(), a={"b": 2}) == [2, 1]
    assert ran == ["use 2"]
    assert run(root()) == [0, 1]
    assert ran == ["use 0"]
    # None of them has put out another.
    for value, context in ((1, {"b": 1}), (2, {"b": 2}), (0, {})):
        assert run(root(), a=context) == [value, 1]
        assert ran == []


def test_what_an_override_settles_is_no_read_of_the_call_above(run: Run) -> None:
    assert run(shielded(), a={"b": 1}) == [9, 1]
    assert run(shielded(), a={"b": 1, "d": 1}) == [9, 1]
    assert ran == []
    assert run(shielded(), a={"b": 2}) == [9, 2]
    assert ran == ["use 2"]


def test_equal_calls_in_different_contexts_have_answers_of_their_own(run: Run) -> None:
    calls = [leaf.update_context(a={"b": n})() for n in range(4)]
    assert run(calls) == [0, 1, 2, 3]
    assert run([*calls, leaf()], a={"b": 2}) == [0, 1, 2, 3, 2]
    assert ran == []


def test_calls_that_fail_as_an_equal_one_did_have_read_what_it_read(run: Run) -> None:
    assert run(all_careful()) == [-1, -1, -1]
    assert run(all_careful(), a={"b": 2}) == [2, 2, 2]
    assert run(all_careful()) == [-1, -1, -1]
