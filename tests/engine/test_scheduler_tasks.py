"""Scheduler tasks: forms of the user's own."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.values import hash_value

from headwater import (
    CallError,
    Rehearsal,
    Scheduler,
    TaskDefinitionError,
    Undecodable,
    catch,
    catch_all,
    compose,
    evaluate,
    identity,
    map_,
    scheduler_task,
    task,
)
from tests.engine.code_projects import Load

headwater_namespace = "forms"


RAN: list[int] = []


@task(cache_scope="NONE")
def note(n: int) -> int:
    RAN.append(n)
    return n


@task
def fail(message: str) -> int:
    raise ValueError(message)


@scheduler_task
def first_true(*values: Any) -> Any:
    for value in values:
        found = yield value
        if found:
            return found
    return None


@scheduler_task(name="doubled", namespace="elsewhere")
def twice(value: Any, *, plus: int = 0) -> Any:
    return [value, value + plus]


def test_it_decides_what_is_evaluated(scheduler: Scheduler) -> None:
    RAN.clear()
    assert scheduler.run(first_true(note(0), note(2), note(3))) == 2
    assert RAN == [0, 2]
    assert "forms.first_true" not in scheduler.progress().counts, "it makes no job"


def test_an_ordinary_function_gives_what_is_evaluated_in_its_place(scheduler: Scheduler) -> None:
    assert scheduler.run(twice(note(1), plus=5)) == [1, 6]
    assert twice.fullname == "elsewhere.doubled"


def test_equal_ones_of_one_parent_are_one(scheduler: Scheduler) -> None:
    RAN.clear()
    steps = []

    @scheduler_task(namespace="forms")
    def counted(value: Any) -> Any:
        steps.append(1)
        return (yield value)

    assert scheduler.run([counted(note(7)), counted(note(7))]) == [7, 7]
    assert len(steps) == len(RAN) == 1


def test_errors_are_thrown_into_it(scheduler: Scheduler) -> None:
    @scheduler_task(namespace="forms")
    def either(value: Any, other: Any) -> Any:
        try:
            return (yield value)
        except ValueError as error:
            return (yield [str(error), other])

    assert scheduler.run(either(fail("x"), note(1))) == ["x", 1]
    with pytest.raises(ValueError, match="y"):
        scheduler.run(first_true(fail("y")))


def test_what_it_returns_may_be_lazy(scheduler: Scheduler) -> None:
    @scheduler_task(namespace="forms")
    def after(value: Any) -> Any:
        found = yield value
        return [note(found + 1), found]

    assert scheduler.run(after(note(1))) == [2, 1]


def test_after_an_error_it_still_comes_from_what_it_got_before() -> None:
    @scheduler_task(namespace="forms")
    def first_or(value: Any, other: Any) -> Any:
        found = yield value
        try:
            yield other
        except ValueError:
            return found

    @task(namespace="forms")
    def shown(x: Any) -> Any:
        return x

    @task(namespace="forms")
    def main() -> Any:
        return shown(first_or(note(5), fail("x")))

    play = Rehearsal()
    assert play.run(main()) == 5
    assert {call.task for call in play.call("forms.shown").fed_by["x"]} == {"forms.note", "forms.fail"}


def test_an_error_that_it_lets_pass_comes_from_what_failed_alone() -> None:
    @scheduler_task(namespace="forms")
    def both(value: Any, other: Any) -> Any:
        yield value
        return (yield other)

    @task(namespace="forms")
    def mended(error: Exception) -> str:
        return str(error)

    @task(namespace="forms")
    def main() -> Any:
        return catch(both(note(5), fail("x")), ValueError, mended)

    play = Rehearsal()
    assert play.run(main()) == "x"
    assert [call.task for call in play.call("forms.mended").fed_by["error"]] == ["forms.fail"]


def test_an_error_that_was_waited_for_with_others_comes_from_what_failed_alone() -> None:
    @task(namespace="forms")
    def mended(error: Exception) -> str:
        return str(error)

    @task(namespace="forms")
    def main() -> Any:
        return catch(catch_all([note(5), fail("x"), note(6)]), ValueError, mended)

    play = Rehearsal()
    assert play.run(main()) == "x"
    assert [call.task for call in play.call("forms.mended").fed_by["error"]] == ["forms.fail"]


def test_it_can_be_awaited(scheduler: Scheduler) -> None:
    @task(namespace="forms")
    async def main() -> Any:
        return await evaluate(first_true(note(0), note(4)))

    assert scheduler.run(main()) == 4


def test_a_call_that_does_not_fit_is_refused_where_it_is_written() -> None:
    with pytest.raises(CallError, match="unexpected keyword argument 'minus'"):
        twice(1, minus=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("partial", r"Use functools\.partial\(forms\.first_true, \.\.\.\)"),
        ("options", r"makes no job\. .* with_export_options\(forms\.first_true\(\.\.\.\), {\.\.\.}\)"),
        ("export_options", r"makes no job\. .* with_export_options\(forms\.first_true"),
        ("update_context", r"to the tasks that it calls: task\.update_context"),
        ("nout", "a scheduler task has no attribute 'nout'"),
    ],
)
def test_what_only_tasks_have_is_refused_with_what_to_write_instead(name: str, instead: str) -> None:
    with pytest.raises(AttributeError, match=instead):
        getattr(first_true, name)


def test_some_of_its_arguments_can_be_given_before_the_others(scheduler: Scheduler) -> None:
    assert scheduler.run(map_(functools.partial(first_true, note(0)), [0, 7, 8])) == [None, 7, 8]


def test_an_async_function_is_none() -> None:
    with pytest.raises(TaskDefinitionError, match="put @task on it"):

        @scheduler_task
        async def wrong() -> None:
            return None


@task
def applied(form: Any, n: int) -> Any:
    return form(n)


@pytest.mark.parametrize("executor", ["default", "process"])
def test_it_is_a_value_like_a_task(scheduler: Scheduler, executor: str) -> None:
    RAN.clear()
    assert scheduler.run(applied.options(executor=executor)(first_true, 3)) == 3
    assert scheduler.run(compose(first_true, note)(2)) == 2
    assert scheduler.run(identity({"form": first_true})["form"](note(0), note(5))) == 5


MODULE = """
from headwater import scheduler_task, task
headwater_namespace = "forms_of"

@scheduler_task
def form(value):
    found = yield value
    return found + {n}

@task
def main(n):
    return form(n)
"""


def test_its_code_counts_in_the_tasks_that_call_it(load: Load) -> None:
    one, again, other = (load(flow=MODULE.format(n=n)).main.hash for n in (1, 1, 2))
    assert one == again != other


def test_its_code_counts_where_it_is_an_argument(load: Load) -> None:
    one, again, other = (hash_value(load(flow=MODULE.format(n=n)).form) for n in (1, 1, 2))
    assert one == again != other


def test_a_recorded_one_that_is_gone_cannot_be_read(tmp_path: Path, scheduler: Scheduler) -> None:
    from headwater.engine import expression_codec
    from headwater.engine.special import FORMS

    payload = expression_codec.flatten(first_true(note(1))).payload()
    assert scheduler.run(expression_codec.load(payload)) == 1
    kept = FORMS.pop("scheduler_task forms.first_true")
    try:
        with pytest.raises(Undecodable, match=r"forms\.first_true is not defined"):
            expression_codec.load(payload)
    finally:
        FORMS["scheduler_task forms.first_true"] = kept
