"""Names that workflows written for the peer use: they are there, and mean what they mean there."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headwater
from headwater import (
    ANY_VALUE,
    CallError,
    NoCurrentScheduler,
    Scheduler,
    TaskDefinitionError,
    TaskRegistry,
    Unrecordable,
    debug_task,
    format_tag_key_value,
    format_tag_value,
    get_context_value,
    get_current_namespace,
    get_current_scheduler,
    get_task_command,
    get_task_registry,
    hash_stream,
    hash_struct,
    namespace,
    parse_tag_key_value,
    parse_tag_value,
    prepare_command,
    quote,
    root_task,
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
        FileCache CacheResult CacheScope CheckValid version parse_tag_value parse_tag_key_value format_tag_value
        format_tag_key_value ANY_VALUE get_context_value root_task TaskRegistry SchedulerTask get_task_command
        prepare_command hash_struct hash_stream Promise wait_promises
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
    for of_a_class in (classmethod(lambda cls: 1), property(lambda self: 1)):
        with pytest.raises(TaskDefinitionError, match="Methods cannot be tasks"):
            task(of_a_class)  # type: ignore[call-overload]
    with pytest.raises(TaskDefinitionError, match="Put @staticmethod above @task"):
        task(staticmethod(inc.func))
    thrown: Any = 5
    with pytest.raises(CallError, match="an exception is needed"):
        Scheduler(record=False).run(throw(thrown))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("abc", "abc"),
        ("a=b", "a=b"),
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("1e-09", 1e-09),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ("[1,2]", [1, 2]),
        ('{"b": 1, "a": [true]}', {"a": [True], "b": 1}),
        # What a number would not be written as is a text: a version, a code, a number of another program's.
        ("1.10", "1.10"),
        ("007", "007"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("[1, 2", "[1, 2"),
        ("[" * 100_000, "[" * 100_000),
        ('"abc"', '"abc"'),
        ("True", "True"),
        ("None", "None"),
        (" 3", " 3"),
        ("", ""),
    ],
)
def test_what_a_tags_text_stands_for(text: str, value: Any) -> None:
    assert parse_tag_value(text) == value
    assert type(parse_tag_value(text)) is type(value)


@given(st.text())
def test_a_tags_text_is_written_as_it_was_read(text: str) -> None:
    value = parse_tag_value(text)
    assert isinstance(value, (list, dict)) or format_tag_value(value) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.lists
    )
)
def test_what_is_no_text_is_read_as_it_was_written(value: Any) -> None:
    assert parse_tag_value(format_tag_value(value)) == value


def test_tags_are_read_and_written_as_those_of_runs_are() -> None:
    assert parse_tag_key_value(" k=a=3 ") == ("k", "a=3 ")
    assert parse_tag_key_value("k=3") == ("k", 3)
    assert parse_tag_key_value("k", value_required=False) == ("k", ANY_VALUE)
    assert parse_tag_key_value("k=3", value_required=False) == ("k", 3)
    assert repr(ANY_VALUE) == "ANY_VALUE"
    for text in ("k", "=3", "k=", "", "k=" + "x" * 1001):
        with pytest.raises(ValueError, match="tag"):
            parse_tag_key_value(text)
    assert format_tag_key_value("k", {"b": 1, "a": "x"}) == 'k={"a": "x", "b": 1}'
    assert format_tag_key_value("k", "x" * 51) == "k=" + "x" * 49 + "…"
    assert format_tag_key_value("k", "x" * 50, max_length=10) == "k=" + "x" * 9 + "…"
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(ValueError, match="something that JSON can write"):
            format_tag_value(value)


def test_a_context_is_looked_into() -> None:
    context = {"model": {"rate": 0.1, "none": None}}
    assert get_context_value(context, "model.rate") == 0.1
    assert get_context_value(context, "model.none", 3) is None
    assert get_context_value(context, "model.rate.deeper", 3) == 3
    assert get_context_value(context, "other") is None


def test_a_script_tasks_text_can_be_had_without_running_it() -> None:
    @task(script=True)
    def listing(folder: str) -> str:
        return f"""
            ls {folder}
        """

    assert (
        get_task_command(listing, ["a"])
        == prepare_command("ls a")
        == get_task_command(listing, [], {"folder": "a"})
    )
    assert prepare_command("ls a").splitlines() == ["#!/usr/bin/env bash", "set -exo pipefail", "ls a"]
    assert prepare_command(["ls", Path("a b")]).splitlines()[-1] == "ls 'a b'"
    with pytest.raises(CallError, match="is no script task"):
        get_task_command(inc, [1])
    with pytest.raises(CallError, match="needs a command"):
        prepare_command(" ")


def test_values_can_be_identified_by_what_is_in_them() -> None:
    assert hash_struct(["a", {"b": 1}]) == hash_struct(["a", {"b": 1}]) != hash_struct(["a", {"b": 2}])
    assert len(hash_struct(None)) == 64
    assert hash_stream(io.BytesIO(b"x" * 3_000_000)) == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    with pytest.raises(Unrecordable):
        hash_struct(lambda: 1)


def test_the_root_of_an_expression_can_be_written() -> None:
    assert Scheduler(record=False).run(root_task(quote([inc(1), inc(inc(1))]))) == [2, 3]


def test_a_registry_is_asked_by_name() -> None:
    assert isinstance(get_task_registry(), TaskRegistry)
    assert get_task_registry().get(task_name="field.inc") is inc
    assert headwater.version == headwater.__version__
    before = inc.hash
    inc.recompute_hash()
    assert inc.hash == before
