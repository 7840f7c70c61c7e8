"""What is taken for one and the same within a run, and what must not be."""

from __future__ import annotations

import collections
import logging
from collections.abc import Callable
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.engine.registry import TaskRegistry
from hypothesis import given
from hypothesis import strategies as st

from headwater import Scheduler, Task, Unrecordable, cond, seq, task

headwater_namespace = "keys"


@task
def inc(x: int) -> int:
    return x + 1


@task
def the_increment() -> Task[[int], int]:
    return inc


@task
def given_to(*args: Any, **kwargs: Any) -> Any:
    return [args, kwargs]


@task
def the_giver() -> Any:
    return given_to


def test_calls_of_a_lazy_task_in_turn_are_calls_of_their_own(scheduler: Scheduler) -> None:
    """Each is made when it is its turn, at an address where the one before may have been."""
    function = the_increment()
    assert scheduler.run(seq([function(i) for i in range(200)])) == list(range(1, 201))


def test_two_tasks_of_one_name_are_two_tasks(scheduler: Scheduler) -> None:
    def adder(n: int) -> Any:
        @task(namespace="keys", name="adder")
        def add(x: int) -> int:
            return x + n

        return add

    one, ten = adder(1), adder(10)
    assert scheduler.run([one(0), ten(0)]) == [1, 10]


def test_a_name_that_two_modules_use_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    registry = TaskRegistry()

    def defined_in(module: str) -> Task[Any, Any]:
        def load() -> int:
            return 1

        load.__module__ = module
        return Task(load, namespace="keys")

    with caplog.at_level(logging.WARNING, "headwater"):
        registry.add(defined_in("one"))
        registry.add(defined_in("one"))
        assert not caplog.records
        registry.add(defined_in("other"))
    assert "two tasks are called keys.load, in the modules one and other" in caplog.text


arguments = st.lists(st.integers(0, 2), max_size=3)
names = st.dictionaries(
    st.sampled_from(["args", "kwargs", "a", "args[0]", "args[1]"]), st.integers(0, 2), max_size=3
)


@given(st.lists(st.tuples(arguments, names), min_size=1, max_size=6), st.booleans())
def test_calls_are_one_only_where_their_arguments_are(calls: list[Any], lazy: bool) -> None:
    function = the_giver() if lazy else given_to
    found = Scheduler(record=False).run([function(*args, **kwargs) for args, kwargs in calls])
    assert found == [[tuple(args), kwargs] for args, kwargs in calls]


class Box(list):  # type: ignore[type-arg]
    """A list with rules of its own."""


CONTAINERS: list[Callable[[Any], Any]] = [
    lambda value: collections.OrderedDict(a=value),
    lambda value: collections.deque([value]),
    lambda value: collections.defaultdict(int, a=value),
    lambda value: Box([value]),
    ValueError,
]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_lazy_value_where_nobody_evaluates_it_is_refused(
    scheduler: Scheduler, container: Callable[[Any], Any]
) -> None:
    @task(namespace="keys")
    def returns() -> Any:
        return container(inc(1))

    for call in (returns(), given_to(container(inc(1)))):
        with pytest.raises(Unrecordable, match="a lazy value is evaluated inside lists"):
            scheduler.run(call)


def test_forms_inside_forms_are_no_trouble_thousands_deep(scheduler: Scheduler) -> None:
    expression = inc(0)
    for i in range(2_000):
        expression = cond(inc(i) >= 0, expression, 0)
    assert scheduler.run(expression) == 1


@task
def pairs_of(settings: dict[str, int]) -> list[tuple[str, int]]:
    return list(settings.items())


@task
def names_of(**settings: int) -> list[str]:
    return list(settings)


def test_equal_dicts_in_another_order_are_one_call(scheduler: Scheduler) -> None:
    forth, back = {"x": 1, "y": 2}, {"y": 2, "x": 1}
    assert scheduler.run([pairs_of(forth), pairs_of(back)]) == [[("x", 1), ("y", 2)]] * 2
    ordered = [list(forth.items()), list(back.items())]
    assert scheduler.run([given_to(pairs) for pairs in ordered]) == [[(pairs,), {}] for pairs in ordered]
    dicts = [collections.OrderedDict(forth), collections.OrderedDict(back)]
    assert scheduler.run([pairs_of(dict_) for dict_ in dicts]) == ordered


def test_a_dict_from_the_record_has_the_order_of_the_equal_one_before(local_project: Project) -> None:
    first, second = Scheduler(local_project), Scheduler(local_project)
    assert first.run(pairs_of({"x": 1, "y": 2})) == [("x", 1), ("y", 2)]
    first.wait_recorded()
    assert second.run(pairs_of({"y": 2, "x": 1})) == [("x", 1), ("y", 2)]
    assert second.run(given_to(list({"y": 2, "x": 1}.items()))) == [([("y", 2), ("x", 1)],), {}]
    second.wait_recorded()


def test_keyword_arguments_are_given_sorted_by_name_however_they_were_written(scheduler: Scheduler) -> None:
    assert scheduler.run(names_of(b=1, c=2, a=3)) == ["a", "b", "c"]
    assert scheduler.run(names_of(**{"c": 2, "a": 3, "b": 1})) == ["a", "b", "c"]
    assert scheduler.run(names_of.partial(c=1)(b=2)) == ["b", "c"]


def test_lazy_calls_that_differ_in_a_name_alone_are_two(scheduler: Scheduler) -> None:
    assert scheduler.run([given_to(y=inc(1)), given_to(z=inc(1))]) == [[(), {"y": 2}], [(), {"z": 2}]]


def test_what_is_taken_by_keywords_that_do_not_count_does_not(local_project: Project) -> None:
    ran = []

    @task(namespace="keys", config_args=["how"])
    def work(n: int, *more: int, by: int = 0, **how: int) -> tuple[Any, ...]:
        ran.append(how)
        return n, more, by

    calls = [
        work(1, x=2),
        work(1, x=3),
        work(inc(0), y=inc(2)),
        work(1),
        work(1, 2, x=2),
        work(1, by=3, n2=2),
    ]
    for _ in range(2):
        results = [(1, (), 0)] * 4 + [(1, (2,), 0), (1, (), 3)]
        assert Scheduler(local_project).run(calls) == results
        assert len(ran) == 3
