"""Tasks around tasks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from headwater import (
    CacheScope,
    CallError,
    Scheduler,
    Task,
    TaskDefinitionError,
    get_task_registry,
    task,
    wraps_task,
)

headwater_namespace = "wrapping"
AnyTask = Task[Any, Any]


@wraps_task()
def _doubled(inner: AnyTask) -> Callable[..., Any]:
    def do(*args: Any, **kwargs: Any) -> Any:
        return 2 * inner.func(*args, **kwargs)

    return do


def plus(n: int) -> Callable[[Any], Any]:
    @wraps_task("plus", cache=False)
    def wrapper(inner: AnyTask) -> Callable[..., Any]:
        def do(*args: Any, **kwargs: Any) -> Any:
            return inner(*args, **kwargs) + n

        return do

    return wrapper


@plus(5)
@_doubled
@task
def value(x: int, y: int = 1) -> int:
    """A value."""
    return x + y


@_doubled
@_doubled
@task
def quadruple(x: int) -> int:
    return x


def test_wrappers_run_around_the_task_lazily_or_at_once(scheduler: Scheduler) -> None:
    assert scheduler.run(value(1)) == 9
    assert scheduler.run(quadruple(3)) == 12


def test_the_visible_task_keeps_name_signature_and_words() -> None:
    assert (value.fullname, value.func.__doc__) == ("wrapping.value", "A value.")
    assert str(inspect.signature(value)) == "(x: int, y: int = 1) -> int"
    with pytest.raises(CallError, match="too many positional"):
        value(1, 2, 3)  # type: ignore[call-arg]
    assert value.definition["cache_scope"].value == "CSE"


def test_inner_tasks_move_to_hidden_namespaces() -> None:
    names = []
    found: AnyTask | None = quadruple
    while found is not None:
        assert get_task_registry().find(found.fullname) is found
        names.append(found.fullname)
        found = found.wrapped_task
    assert names == ["wrapping.quadruple", "wrapping.doubled.quadruple", "wrapping.doubled.doubled.quadruple"]


def test_a_change_of_the_inner_task_or_of_the_wrapper_is_a_change_of_the_visible_task() -> None:
    def made(inner_version: str, includes: list[Any]) -> bytes:
        @wraps_task(wrapper_hash_includes=includes)
        def same(inner: AnyTask) -> Callable[..., Any]:
            def do(x: int) -> Any:
                return inner(x)

            return do

        @same
        @task(namespace="wrapping", version=inner_version)
        def changing(x: int) -> int:
            return x

        return bytes(changing.hash)

    assert made("1", []) == made("1", [])
    assert len({made("1", []), made("2", []), made("1", ["more"])}) == 3


def test_a_wrapper_may_have_a_signature_of_its_own(scheduler: Scheduler) -> None:
    @wraps_task(use_wrapper_signature=True)
    def repeated(inner: AnyTask) -> Callable[..., Any]:
        def do(x: int, times: int) -> Any:
            return [inner(x + i) for i in range(times)]

        return do

    @repeated
    @task(namespace="wrapping")
    def same(x: int) -> int:
        return x

    assert scheduler.run(same(1, times=2)) == [1, 2]  # type: ignore[call-arg, comparison-overlap]


@pytest.mark.parametrize(
    ("inner", "wrapper", "name", "value"),
    [
        ({"cache": True}, {"cache": False}, "cache_scope", CacheScope.CSE),
        ({"cache_scope": "NONE"}, {"cache": True}, "cache_scope", CacheScope.BACKEND),
        ({"mode": "thread"}, {"mode": "process"}, "executor", "process"),
        ({"executor": "process"}, {"mode": "thread"}, "executor", "default"),
        ({"limits": ["a"]}, {"retries": 1}, "limits", {"a": 1}),
    ],
)
def test_an_option_of_the_wrapper_goes_before_the_one_of_the_task_however_they_are_written(
    inner: dict[str, Any], wrapper: dict[str, Any], name: str, value: Any
) -> None:
    @wraps_task("given", **wrapper)
    def given(inner: AnyTask) -> Callable[..., Any]:
        def do(x: int) -> Any:
            return inner(x)

        return do

    @given
    @task(namespace="wrapping", **inner)
    def optioned(x: int) -> int:
        return x

    assert optioned.get_task_option(name) == value


def test_only_tasks_can_be_wrapped() -> None:
    with pytest.raises(TaskDefinitionError, match="put @task under it"):
        _doubled(lambda: 1)  # type: ignore[type-var]
    with pytest.raises(TaskDefinitionError, match="Did you mean cache"):
        wraps_task(cahe=False)


def test_a_wrapper_that_is_none_is_refused_with_what_to_write() -> None:
    with pytest.raises(TaskDefinitionError, match=r"@wraps_task\(\), not <function"):
        wraps_task(lambda inner: inner.func)  # type: ignore[arg-type]
    with pytest.raises(TaskDefinitionError, match="hash_includes='helper': a list"):
        wraps_task(wrapper_hash_includes="helper")

    @wraps_task()
    def forgetful(inner: Any) -> Any:
        pass

    with pytest.raises(TaskDefinitionError, match=r"@forgetful.*in place of forgotten, not None"):

        @forgetful
        @task(namespace="wrapping")
        def forgotten() -> int:
            return 1
