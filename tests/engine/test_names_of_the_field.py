"""Names that workflows written for the peer use: they are there, and mean what they mean there."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import headwater
from headwater import (
    CallError,
    NoCurrentScheduler,
    Scheduler,
    TaskDefinitionError,
    debug_task,
    get_current_namespace,
    get_current_scheduler,
    get_task_registry,
    namespace,
    set_current_scheduler,
    task,
    throw,
    wraps_task,
)

headwater_namespace = "field"


@task
def inc(n: int, by: int = 1) -> int:
    return n + by


@wraps_task()
def _noted(inner: Any) -> Any:
    def do(n: int) -> Any:
        return inner.func(n)

    return do


@_noted
@_noted
@task(limits=["db"])
def wrapped(n: int) -> int:
    return n


def test_every_name_that_workflows_import_is_there() -> None:
    names = """
        Dir File Handle PartialTask Scheduler Task apply_tags catch cond get_context get_current_namespace
        get_current_scheduler get_task_registry merge_handles namespace run script set_current_scheduler task throw
        __version__ scheduler_task wraps_task JobInfo catch_all subrun fork_thread join_thread with_export_options
        compose identity delay force seq const apply_func as_task eval_ map_ starmap flatten flat_map zip_ no_prov
        quote copy_file copy_files copy_dir render_template debug_task FileSet IFile ContentFile Value ProxyValue
        FileCache CacheResult CacheScope CheckValid
    """
    assert [name for name in names.split() if not hasattr(headwater, name)] == []


def test_a_scheduler_is_current_while_it_runs_and_where_it_was_set() -> None:
    assert get_current_scheduler(required=False) is None
    with pytest.raises(NoCurrentScheduler, match="set_current_scheduler"):
        get_current_scheduler()
    mine, other = Scheduler(record=False), Scheduler(record=False)
    set_current_scheduler(mine)
    try:
        assert get_current_scheduler() is mine
        assert other.run(inc(1)) == 2
        assert get_current_scheduler() is mine
    finally:
        set_current_scheduler(None)
    assert get_current_scheduler(required=False) is None


def test_the_namespace_that_was_set_can_be_asked_for() -> None:
    namespace("lab.assay")
    try:
        assert get_current_namespace() == "lab.assay"
    finally:
        namespace()
    assert get_current_namespace() == ""


def test_a_task_tells_what_it_is_and_which_options_it_has() -> None:
    assert list(inc.signature.parameters) == ["n", "by"]
    assert inc.inner_task is inc
    assert wrapped.inner_task.fullname == "field.noted.noted.wrapped"
    assert wrapped.inner_task.func(3) == 3
    assert wrapped.get_task_option("limits") == {"db": 1}
    assert inc.options(retries=2).get_task_options() == {"retries": 2}
    assert inc.update_context(a=1).get_task_options() == {}
    assert (inc.has_task_option("retries"), inc.get_task_option("retries", 0)) == (False, 0)


def test_a_task_that_was_defined_anew_is_not_valid_any_more() -> None:
    first = task(name="again", version="1")(inc.func)
    assert first.is_valid()
    second = task(name="again", version="2")(inc.func)
    assert (first.is_valid(), second.is_valid()) == (False, True)
    get_task_registry().remove(second)
    assert not second.is_valid()


def test_mode_says_whether_a_call_runs_on_a_thread_or_in_a_process() -> None:
    assert inc.options(mode="process").get_task_option("executor") == "process"
    assert task(name="moded", mode="threads")(inc.func).get_task_option("executor") == "default"
    with pytest.raises(TaskDefinitionError, match="'thread', 'process'"):
        inc.options(mode="fork")
    with pytest.raises(TaskDefinitionError, match="give executor alone"):
        inc.options(mode="process", executor="default")


def test_debug_task_stops_where_the_value_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    stops: list[int] = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stops.append(1))
    assert Scheduler(record=False).run(inc(debug_task(inc(1)))) == 3
    assert stops == [1]


def test_what_is_no_function_and_no_error_is_refused_with_what_to_write() -> None:
    class Thing:
        pass

    with pytest.raises(TaskDefinitionError, match=r"as_task\(Thing\)"):
        task(Thing)
    with pytest.raises(TaskDefinitionError, match="Put @staticmethod above @task"):
        task(staticmethod(inc.func))
    thrown: Any = 5
    with pytest.raises(CallError, match="an exception is needed"):
        Scheduler(record=False).run(throw(thrown))
