"""A name of an executor or a limit that stands for nothing is told, whatever was recorded: on both stores."""

from __future__ import annotations

from typing import Any

import pytest

from headwater import (
    CallError,
    Project,
    UnknownExecutor,
    catch,
    evaluate,
    no_prov,
    subrun,
)
from tests.contract.conftest import Run, define


def leaf(**options: Any) -> Any:
    return define("slipping", "1", lambda n: n + 1, **options)


def alone(task: Any) -> Any:
    return task(1)


def below(task: Any) -> Any:
    return define("slipping_below", "1", lambda n: [task(n)])(1)


def awaited(task: Any) -> Any:
    async def body(n: int) -> Any:
        return await evaluate(task(n))

    return define("slipping_body", "1", body)(1)


def unrecorded(task: Any) -> Any:
    return define("slipping_unseen", "1", lambda n: [no_prov(task(n))])(1)


@pytest.mark.parametrize("where", [alone, below, awaited, unrecorded])
@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        ({"executor": "proces"}, "Did you mean process"),
        ({"limits": ["databse"]}, "Did you mean database"),
        ({"export_options": {"executor": "proces"}}, "Did you mean process"),
    ],
    ids=["executor", "limit", "exported"],
)
def test_a_slip_in_a_definition_is_told_though_the_answer_is_recorded(
    run: Run, project: Project, where: Any, slip: dict[str, Any], hint: str
) -> None:
    project.settings.read_dict({"limits": {"database": "1"}})
    expected = run(where(leaf()))
    # (A dry run does not open a body, or what is not recorded: it says that these would run.)
    for options in ({}, {"dryrun": True}) if where in (alone, below) else ({},):
        with pytest.raises((CallError, UnknownExecutor), match=hint):
            run(where(leaf(**slip)), **options)
    assert run(where(leaf()), dryrun=True) == expected, "without it, nothing has changed"


def test_a_slip_at_a_call_is_told_though_the_answer_is_recorded(run: Run) -> None:
    assert run(leaf()(1)) == 2
    with pytest.raises(UnknownExecutor, match="Did you mean process"):
        run(leaf().options(executor="proces")(1))


def test_a_slip_can_be_caught_like_any_failure_of_the_call(run: Run) -> None:
    def tell(error: Exception) -> str:
        return str(error)

    def main(n: int) -> Any:
        return catch(
            leaf().options(executor="proces")(n),
            UnknownExecutor,
            define("told", "1", tell),
        )

    assert "Did you mean process" in run(define("catching_slip", "1", main)(1))


def test_a_slip_of_one_task_does_not_reach_calls_without_it(run: Run) -> None:
    others = define("other_calls", "1", lambda n: [leaf()(n)])
    run(others(1))
    define("unused", "1", lambda: 1, executor="proces")
    run(others(1))
    assert run.counts == {"caching.other_calls": {"CACHED": 1}}  # type: ignore[attr-defined]


def test_what_runs_inside_with_settings_of_its_own_is_reused_without_them(run: Run) -> None:
    def main(n: int) -> Any:
        inner = leaf(executor="own", limits=["databse"])(n)
        config = {"executors.own": {"type": "thread"}, "limits": {"databse": "1"}}
        return [subrun(inner, "default", config=config)]

    for whole in (main, lambda n: [no_prov(main(n)[0])]):
        root = define("own_settings", f"{whole is main}", whole)
        assert run(root(1)) == [2]
        assert run(root(1)) == [2]
        assert run.counts == {"caching.own_settings": {"CACHED": 1}}  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", [alone, below, awaited])
def test_results_are_reused_where_the_executor_that_made_them_is_not_configured(
    run: Run, project: Project, where: Any
) -> None:
    project.settings.read_dict({"executors.gpu": {"type": "thread"}})
    expected = run(where(leaf(executor="gpu")))
    project.settings.remove_section("executors.gpu")
    again = where(leaf(executor="gpu"))
    assert run(again) == expected
    assert set().union(*run.counts.values()) == {"CACHED"}  # type: ignore[attr-defined]
    assert run(again, dryrun=True) == expected
    for options in ({"dryrun": True}, {}):
        with pytest.raises(UnknownExecutor, match=r"headwater.ini needs \[executors.gpu\]"):
            run(leaf(executor="gpu")(2), **options)


def test_a_body_is_reused_though_what_it_awaits_names_an_executor_of_another_machine(run: Run) -> None:
    task = leaf(executor="gpu")

    async def body(n: int) -> Any:
        return await evaluate(task.options(executor="default")(n))

    root = define("body_elsewhere", "1", body)
    assert run(root(1)) == run(root(1)) == 2
    assert run.counts == {"caching.body_elsewhere": {"CACHED": 1}}  # type: ignore[attr-defined]


def test_an_async_task_on_an_executor_that_is_nowhere_is_told_when_it_is_to_run(run: Run) -> None:
    async def body(n: int) -> int:
        return n

    with pytest.raises(UnknownExecutor, match=r"needs \[executors.gpu\]"):
        run(define("async_elsewhere", "1", body, executor="gpu")(1))
