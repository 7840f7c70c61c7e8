"""The context: who reads what, outside any project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from headwater.engine.context import (
    MISSING,
    add_reads,
    is_settled,
    look_up,
    merged,
    parse_assignment,
    read_hash,
)
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    CallError,
    JobInfo,
    Scheduler,
    UsageError,
    cond,
    create_project,
    get_context,
    map_,
    task,
)

headwater_namespace = "context"


@task
def same(x: Any) -> Any:
    return x


@task
def reader() -> Any:
    return same(get_context("a.b", "default"))


@task
def default_reader(x: Any = get_context("a.b", "default")) -> Any:
    return x


@task
def two() -> int:
    return 2


def test_what_is_not_there_has_a_default_that_may_be_lazy(scheduler: Scheduler) -> None:
    assert scheduler.run(reader()) == "default"
    assert scheduler.run(get_context("a.b", two())) == 2
    assert scheduler.run(get_context("a.b")) is None
    assert scheduler.run(get_context("a.b", 1), context={"a": {"b": None}}) is None
    assert scheduler.run(get_context("a.b", 1), context={"a": 5}) == 1


def test_an_override_reaches_everything_under_its_call_and_nothing_beside_it(scheduler: Scheduler) -> None:
    @task(namespace="context")
    def above() -> Any:
        return [reader(), default_reader()]

    @task(namespace="context")
    def beside() -> Any:
        return [above.update_context(a={"b": 1})(), above(), above.update_context(a={"c": 1})()]

    found = scheduler.run(beside(), context={"a": {"b": 0}})
    assert found == [[1, 1], [0, 0], [0, 0]]


def test_overrides_of_overrides_are_merged_at_every_depth(scheduler: Scheduler) -> None:
    call = reader.update_context({"a": {"c": 1}}).update_context(a={"b": 3})
    assert scheduler.run(call()) == 3
    assert scheduler.run(same.options()(default_reader.update_context(a={"b": two()})())) == 2


def test_equal_calls_in_different_contexts_are_different_calls(scheduler: Scheduler) -> None:
    calls = [reader.update_context(a={"b": n})() for n in range(3)]
    assert scheduler.run(calls) == [0, 1, 2]


@pytest.mark.parametrize("given", [3, ["a"], {1: 2}])
def test_a_run_with_what_is_no_context_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"run\(…, context=.*\): a dict with texts for keys is needed"):
        Scheduler(record=False).run(reader(), context=given)


@pytest.mark.parametrize("path", ["", "a..b", ".a", 5])
def test_a_path_that_is_none_is_refused_where_it_is_written(path: Any) -> None:
    with pytest.raises(CallError, match="a dotted path"):
        get_context(path)


@pytest.mark.parametrize("context", [5, [("a", 1)], {1: 2}, "a", reader()])
def test_an_override_that_is_no_context_is_refused_where_it_is_written(context: Any) -> None:
    for one in reader, reader.partial():
        with pytest.raises(CallError, match=r"reader\.update_context\(.*a dict with texts for keys"):
            one.update_context(context)


contexts = st.recursive(
    st.integers(0, 3), lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3), max_leaves=6
).filter(lambda value: isinstance(value, dict))
paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)


@given(contexts, contexts, contexts, paths)
def test_what_an_override_settles_does_not_depend_on_what_is_under_it(
    base: Any, other: Any, override: Any, path: str
) -> None:
    if is_settled(override, path):
        assert look_up(merged(base, override), path) == look_up(merged(other, override), path)


@given(contexts, contexts, contexts, paths)
def test_a_parent_whose_reads_are_the_same_gives_its_child_the_same_to_read(
    one: Any, other: Any, override: Any, path: str
) -> None:
    child = {path: read_hash(merged(one, override), path)}
    reads = add_reads(None, one, child, override) or {}
    if all(read_hash(other, read) == digest for read, digest in reads.items()):
        assert read_hash(merged(other, override), path) == child[path]


def test_nothing_and_none_are_read_as_different() -> None:
    assert read_hash({}, "a") == MISSING != read_hash({"a": None}, "a")


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("a.b=3", {"a": {"b": 3}}),
        ("a=x y", {"a": "x y"}),
        ("a=", {"a": ""}),
        ("a=[1, true]", {"a": [1, True]}),
        ("a=b=c", {"a": "b=c"}),
    ],
)
def test_an_assignment_is_json_or_text(text: str, context: Any) -> None:
    assert parse_assignment(text) == context


@pytest.mark.parametrize("text", ["a", "=3", "a..b=1"])
def test_an_assignment_without_a_path_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a dotted path and a value"):
        parse_assignment(text)


def settings(tmp_path: Path, text: str) -> Scheduler:
    project = create_project(tmp_path)
    (project.folder / "headwater.ini").write_text(text, encoding="utf-8")
    from headwater import open_project

    scheduler = Scheduler(open_project(tmp_path))
    scheduler.project = None
    return scheduler


def test_the_settings_hold_a_context_that_a_run_is_laid_over(tmp_path: Path) -> None:
    scheduler = settings(tmp_path, '[scheduler]\ncontext = {"a": {"b": 1, "c": 2}}\n')
    assert scheduler.run([get_context("a.b"), get_context("a.c")], context={"a": {"b": 5}}) == [5, 2]


def test_the_settings_may_name_a_file_beside_them(tmp_path: Path) -> None:
    create_project(tmp_path)
    (tmp_path / ".headwater" / "context.json").write_text('{"a": {"b": 7}}')
    assert settings(tmp_path, "[scheduler]\ncontext_file = context.json\n").run(reader()) == 7


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("context = [1]", "a JSON object"),
        ("context = {", "no JSON"),
        ("context_file = nowhere.json", "cannot be read"),
        ("context = {}\ncontext_file = x", "both"),
    ],
)
def test_settings_that_hold_no_context_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        settings(tmp_path, f"[scheduler]\n{text}\n")


@task
def limits_seen(info: JobInfo = JobInfo()) -> Any:
    assert info.options is not None
    return info.options.get("limits")


READ = reader()
NESTED = same([get_context("a.b", "default"), reader()])
CHOSEN = cond(get_context("a.b"), map_(same, [reader()]), "neither")
SEEN = limits_seen()
SEEN_ANEW = limits_seen.options(cache=False)()


@task
def with_defaults(a: Any = READ, b: Any = NESTED, c: Any = CHOSEN, d: Any = SEEN) -> Any:
    return [a, b, c, d]


@task(export_options={"limits": ["own"]})
def exporting(limits: Any = SEEN_ANEW) -> Any:
    return limits


def test_calls_in_a_default_are_evaluated_as_part_of_the_call() -> None:
    scheduler = Scheduler(record=False)
    plain = ["default", ["default", "default"], "neither", None]
    own = with_defaults.update_context(a={"b": 1})()
    for lazily in own, with_defaults.update_context(a={"b": same(1)})():
        assert scheduler.run([with_defaults(), lazily]) == [plain, [1, [1, 1], [1], None]]
    assert scheduler.run([with_defaults.update_context(a={"b": 1})(d=2)]) == [[1, [1, 1], [1], 2]]
    exported = with_defaults.export_options(limits=["x"])()
    assert scheduler.run([exported])[0][3] == {"x": 1}
    assert scheduler.run([exporting()]) == [{"own": 1}]
    assert scheduler.run(same.export_options(limits=["y"])([exporting()])) == [{"own": 1}]
    assert scheduler.progress().limits == {"own": 0, "y": 0}
