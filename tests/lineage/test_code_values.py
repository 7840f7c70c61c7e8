"""Tasks and functions that are handed on as values: they are named where they were taken, and nobody made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace

from headwater import apply_func, task
from tests.lineage.conftest import run

headwater_namespace = "handed"


@task
def double(n: int) -> int:
    return 2 * n


def halve(n: int) -> float:
    return n / 2


@task
def settings() -> bool:
    return True


@task
def chosen(*, is_double: bool) -> Any:
    return double if is_double else halve


@task
def choice() -> Any:
    return chosen(is_double=settings())


@task
def function_choice() -> Any:
    return chosen(is_double=False)


@task
def call(function: Callable[[int], int], n: int) -> int:
    return function(n)


@task
def unrelated() -> Any:
    return call(double, 4)


@task
def unrelated_function() -> Any:
    return apply_func(halve, 4)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [(choice, unrelated, "task:handed.double"), (function_choice, unrelated_function, "halve")],
)
def test_a_task_that_an_earlier_call_returned_is_not_taken_to_be_made_by_it(
    local_project: Project, local_store: GraphStore, before: Any, after: Any, name: str
) -> None:
    earlier = run(local_project, before())
    later = run(local_project, after())
    found = trace(local_store, Found("execution", later, "a run"))
    names = {one.task for one in found.calls.values()}
    assert not names & {"handed.chosen", "handed.settings", "handed.choice", "handed.function_choice"}
    assert [file.path.endswith(name) for file in found.sources()] == [True]
    assert not impact(local_store, Found("execution", earlier, "a run")).runs


def test_who_chose_it_is_an_origin_where_it_was_handed_on(
    local_project: Project, local_store: GraphStore
) -> None:
    execution = run(local_project, call(chosen(is_double=settings()), 8))
    found = trace(local_store, Found("execution", execution, "a run"))
    assert {"handed.call", "handed.chosen", "handed.settings", "handed.double"} <= {
        one.task for one in found.calls.values()
    }
