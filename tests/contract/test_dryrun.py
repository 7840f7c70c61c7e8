"""What a dry run says would run first, and why: on both stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    DryRunResult,
    File,
    Project,
    Reason,
    Scheduler,
    StoreUnavailable,
    Task,
    catch,
    get_context,
    open_project,
    task,
    with_export_options,
)
from tests.engine import workflows
from tests.engine.code_projects import Load
from tests.engine.conftest import load  # noqa: F401
from tests.engine.workflows import build, descriptions, plain
from tests.properties import tries

headwater_namespace = "dryrun"


@pytest.fixture
def run(project: Project) -> Callable[[Any], Any]:
    """Run an expression, and wait until the graph has it."""

    def evaluate(expression: Any) -> Any:
        scheduler = Scheduler(project)
        try:
            return scheduler.run(expression)
        finally:
            scheduler.wait_recorded()

    return evaluate


def planned(project: Project, expression: Any, **options: Any) -> list[tuple[str, Reason, str]]:
    """What a dry run says: task, reason and detail of each call."""
    with pytest.raises(DryRunResult) as caught:
        Scheduler(project).run(expression, dryrun=True, **options)
    return [(call.task, call.why.reason, call.why.detail) for call in caught.value.calls]


def test_a_context_that_is_read_otherwise_is_named(run: Callable[[Any], Any], project: Project) -> None:
    async def reading() -> Any:
        return [await get_context("model.rate", 0.1), await get_context("model.depth")]

    reads = define("reading", reading)
    run(reads())
    expected = [("dryrun.reading", Reason.ARGUMENT_CHANGED, "context model.rate")]
    assert planned(project, reads(), context={"model": {"rate": 0.2}, "other": 1}) == expected
    assert Scheduler(project).run(reads(), dryrun=True, context={"other": 1}) == [0.1, None]


def define(name: str, function: Callable[..., Any], version: str = "1", **options: Any) -> Task[Any, Any]:
    return task(name=name, namespace="dryrun", version=version, **options)(function)


ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran_yet() -> None:
    ran.clear()


def inc(n: int) -> int:
    ran.append("inc")
    return n + 1


def test_a_new_task_is_listed_and_nothing_runs_or_is_written(project: Project) -> None:
    new = define("new", inc)
    assert planned(project, new(1)) == [("dryrun.new", Reason.NEW_TASK, "dryrun.new")]
    assert ran == []
    assert not list(project.journals.glob("*.hwj*"))
    assert not list(project.loaded_journals.iterdir())


def test_a_result_that_is_there_is_returned(project: Project, run: Callable[[Any], Any]) -> None:
    known = define("known", inc)
    parent = define("parent", lambda n: [known(n), known(n + 1)])
    assert run(parent(1)) == [2, 3]
    ran.clear()
    assert Scheduler(project).run(parent(1), dryrun=True) == [2, 3]
    assert Scheduler(project).run({"a": [parent(1)], "b": 5}, dryrun=True) == {"a": [[2, 3]], "b": 5}
    assert ran == []


def test_everything_that_can_be_known_is_listed_and_no_more(
    project: Project, run: Callable[[Any], Any]
) -> None:
    known, new = define("known", inc), define("new", inc)
    run(known(9))
    expression = [new(1), new(2), known(new(3)), new(known(9)), known(9), new(1)]
    assert [(name, reason) for name, reason, _ in planned(project, expression)] == [
        ("dryrun.new", Reason.NEW_TASK)
    ] * 4


def test_an_argument_that_changed_is_named(project: Project, run: Callable[[Any], Any]) -> None:
    area = define("area", lambda width, height, *, unit: ran.append("area") or width * height)
    run(area(2, 3, unit="m"))
    run(area(5, 8, unit="cm"))
    assert planned(project, area(5, 3, unit="cm")) == [
        ("dryrun.area", Reason.ARGUMENT_CHANGED, "height: 8 → 3")
    ]
    assert planned(project, area(2, 3, unit="km")) == [
        ("dryrun.area", Reason.ARGUMENT_CHANGED, "unit: 'm' → 'km'")
    ]


def test_of_changed_code_the_function_is_named(
    project: Project,
    run: Callable[[Any], Any],
    load: Load,  # noqa: F811
) -> None:
    text = """
from headwater import task
from tests.properties import tries
headwater_namespace = "dryrun"
LATE = 15
def helper(n):
    return n > LATE
@task
def judge(n):
    return helper(n)
"""
    run(load(first=text).judge(20))
    constant = load(first=text.replace("LATE = 15", "LATE = 30"))
    assert planned(project, constant.judge(20)) == [("dryrun.judge", Reason.CODE_CHANGED, "first.LATE")]
    helper = load(first=text.replace("n > LATE", "n >= LATE"))
    assert planned(project, helper.judge(20)) == [("dryrun.judge", Reason.CODE_CHANGED, "first.helper")]
    body = load(first=text.replace("return helper(n)", "return not helper(n)"))
    assert planned(project, body.judge(20)) == [("dryrun.judge", Reason.CODE_CHANGED, "dryrun.judge")]


def test_of_a_version_the_old_and_the_new_are_named(project: Project, run: Callable[[Any], Any]) -> None:
    run(define("step", inc)(1))
    assert planned(project, define("step", inc, "2")(1)) == [
        ("dryrun.step", Reason.CODE_CHANGED, "dryrun.step, version 1 → 2")
    ]


def test_only_the_calls_of_a_changed_child_are_listed(project: Project, run: Callable[[Any], Any]) -> None:
    child = define("child", inc)
    parent = define("parent", lambda n: [child(n), child(n + 1), [n]])
    run(parent(1))
    child = define("child", inc, "2")
    assert (
        planned(project, parent(1))
        == [("dryrun.child", Reason.CODE_CHANGED, "dryrun.child, version 1 → 2")] * 2
    )


def test_a_file_that_changed_is_named(project: Project, run: Callable[[Any], Any], tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("one")
    read = define("read", lambda file: file.read())
    make = define("make", _written)
    run(read(File(str(source))))
    run(make(str(tmp_path / "out.txt")))
    source.write_text("other")
    assert planned(project, read(File(str(source)))) == [("dryrun.read", Reason.FILE_CHANGED, str(source))]
    (tmp_path / "out.txt").write_text("by hand")
    assert planned(project, make(str(tmp_path / "out.txt"))) == [
        ("dryrun.make", Reason.FILE_CHANGED, str(tmp_path / "out.txt"))
    ]


def repr_of(error: Exception) -> str:
    return repr(error)


def _length(text: str) -> int:
    return len(text)


def _written(name: str) -> File:
    file = File(name)
    file.write("made")
    return file


def test_what_an_earlier_step_gives_otherwise_is_upstream(
    project: Project, run: Callable[[Any], Any]
) -> None:
    give, take = define("give", lambda n: n + 1), define("take", lambda n: n)
    parent = define("parent", lambda n: take(give(n)))
    run(parent(1))
    give = define("give", lambda n: n + 2, "2")
    assert planned(project, parent(1))[0][:2] == ("dryrun.give", Reason.CODE_CHANGED)
    run(give(1))
    assert planned(project, parent(1)) == [("dryrun.take", Reason.UPSTREAM_CHANGED, "what n comes from")]


def test_an_earlier_failure_is_told(project: Project, run: Callable[[Any], Any]) -> None:
    def fail(n: int) -> int:
        raise ValueError(f"no {n}")

    failing, told = define("failing", fail), define("told", repr_of)
    with pytest.raises(ValueError, match="no 1"):
        run(failing(1))
    expected = [("dryrun.failing", Reason.EARLIER_FAILURE, "ValueError: no 1")]
    assert planned(project, failing(1)) == expected
    assert planned(project, catch(failing(1), ValueError, told)) == expected


def test_what_is_never_cached_is_told(project: Project, run: Callable[[Any], Any]) -> None:
    fresh = define("fresh", inc, cache=False)
    run(fresh(1))
    assert planned(project, fresh(1)) == [("dryrun.fresh", Reason.NEVER_CACHED, "its cache_scope is CSE")]
    known = define("known", inc)
    run(known(1))
    assert planned(project, known(1), cache=False) == [
        ("dryrun.known", Reason.NEVER_CACHED, "the cache is off for this run")
    ]


def test_of_a_run_that_is_not_recorded_everything_would_run(
    project: Project, run: Callable[[Any], Any]
) -> None:
    known, hidden = define("known", inc), define("hidden", inc, prov=False)
    run([known(1), hidden(1)])
    ran.clear()
    why = (Reason.NEVER_CACHED, "the run is not recorded (prov=False)")
    assert planned(project, known(1), prov=False) == [("dryrun.known", *why)]
    assert planned(project, known.options(prov=False)(1)) == [("dryrun.known", *why)]
    assert planned(project, known.export_options(prov=False)(1)) == [("dryrun.known", *why)]
    assert planned(project, hidden(1)) == [("dryrun.hidden", *why)]
    assert ran == []
    for expression in (known.options(prov=False)(1), hidden(1)):
        assert run(expression) == 2
    assert ran == ["inc", "inc"]


def test_options_that_are_handed_down_hide_nothing_that_is_recorded(
    project: Project, run: Callable[[Any], Any]
) -> None:
    known = define("known", inc)
    run(known(1))
    ran.clear()
    handed_down = with_export_options([known(1), known(2)], {"retries": 1})
    assert planned(project, handed_down) == [("dryrun.known", Reason.ARGUMENT_CHANGED, "n: 1 → 2")]
    assert ran == []


def test_a_value_that_is_lost_is_told(project: Project, run: Callable[[Any], Any]) -> None:
    large, size = define("large", lambda n: "x" * n), define("size", _length)
    parent = define("parent", lambda n: size(large(n)))
    run(parent(50_000))
    for path in project.values.rglob("*"):
        if path.is_file():
            path.unlink()
    size = define("size", _length, "2")
    [(name, reason, detail)] = planned(project, parent(50_000))
    assert (name, reason) == ("dryrun.large", Reason.NEVER_CACHED)
    assert detail.startswith("recorded result unreadable")


def test_a_run_after_a_dry_run_is_as_if_there_had_been_none(
    project: Project, run: Callable[[Any], Any]
) -> None:
    step = define("step", inc)
    scheduler = Scheduler(project)
    with pytest.raises(DryRunResult, match=r"1 call would run first:\n  dryrun.step\(n=1\): new task"):
        scheduler.run(step(1), dryrun=True)
    assert scheduler.execution_id is None
    assert not any(
        {"PENDING", "RUNNING"} & set(by_status) for by_status in scheduler.progress().counts.values()
    )
    assert scheduler.run(step(1)) == 2
    assert ran == ["inc"]


@tries(15)
@given(descriptions, st.integers(0, 2), st.integers(0, 2))
def test_it_says_what_the_run_after_it_does(
    project: Project, description: Any, before: int, after: int
) -> None:
    def really_run() -> Counter[str]:
        """Run the workflow; which tasks ran, and how often."""
        scheduler = Scheduler(project)
        assert scheduler.run(build(description)) == plain(description)
        scheduler.wait_recorded()
        counts = scheduler.progress().counts
        return Counter(
            {
                name: by_status.get("DONE", 0) + by_status.get("FAILED", 0)
                for name, by_status in counts.items()
            }
        )

    try:
        for shift in (before, after, before):
            workflows.redefine(shift)
            listed: Counter[str] = Counter()
            value = None
            try:
                value = Scheduler(project).run(build(description), dryrun=True)
            except DryRunResult as found:
                listed.update(call.task for call in found.calls)
            really = really_run()
            assert listed <= really, "what is listed runs"
            assert bool(listed) == bool(sum(really.values())), "where nothing is listed, nothing runs"
            assert listed or value == plain(description)
    finally:
        workflows.restore()


def test_outside_a_project_everything_would_run() -> None:
    step = define("step", inc)
    with pytest.raises(DryRunResult, match="nothing is recorded outside a project"):
        Scheduler(record=False).run(step(1), dryrun=True)


def test_without_the_graph_there_is_no_answer(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_STORE_URI", "bolt://127.0.0.1:9")
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "x")
    with pytest.raises(StoreUnavailable):
        Scheduler(open_project(local_project.root)).run(define("step", inc)(1), dryrun=True)
