"""What is reused from earlier runs, and what is not: on both stores."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.cache import GraphCache
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    CacheScope,
    CheckValid,
    File,
    Project,
    Scheduler,
    Task,
    catch,
    get_task_registry,
    no_prov,
    seq,
)
from tests.contract.conftest import Run, define, family
from tests.engine import workflows
from tests.engine.workflows import build, descriptions, plain
from tests.properties import tries

headwater_namespace = "caching"


def test_a_second_run_executes_nothing(run: Run, ran: list[str]) -> None:
    root = family(ran)
    assert run(root(1)) == 2
    assert ran == ["root", "middle", "leaf"]
    assert run(root(1)) == 2
    assert ran == ["root", "middle", "leaf"]
    assert run.counts["caching.root"] == {"CACHED": 1}  # type: ignore[attr-defined]


def test_a_changed_task_runs_again_and_its_unchanged_parents_do_not(run: Run, ran: list[str]) -> None:
    assert run(family(ran)(1)) == 2
    ran.clear()
    assert run(family(ran, leaf="5")(1)) == 6
    assert ran == ["leaf"]
    ran.clear()
    assert run(family(ran, leaf="5", middle="2")(1)) == 7
    assert ran == ["middle", "leaf"]
    ran.clear()
    assert run(family(ran)(1)) == 2
    assert ran == [], "results of the first version are still there"


def test_a_change_below_reaches_every_ancestor_through_shallow_hits(run: Run, ran: list[str]) -> None:
    def grandparent(n: int) -> Any:
        return root(n)

    root = family(ran)
    root.definition["check_valid"] = CheckValid.SHALLOW
    top = define("top", "1", grandparent, check_valid="shallow")
    assert run(top(1)) == 2
    assert run(root(1)) == 2
    ran.clear()
    assert run(top(1)) == 2
    assert ran == []
    family(ran, leaf="3")
    assert run(top(1)) == 4
    assert ran == ["leaf"]


def test_a_shallow_check_holds_under_a_call_that_is_checked_in_full(
    run: Run, ran: list[str], tmp_path: Path
) -> None:
    """What was only needed on the way to a result may go, wherever the call with the result stands."""
    way, end = tmp_path / "way", tmp_path / "end"

    def make() -> File:
        ran.append("make")
        File(way).write("5")
        return File(way)

    def use(file: File) -> File:
        ran.append("use")
        File(end).write(str(file.read()) * 2)
        return File(end)

    def main(version: str = "1", *, inside: Callable[[Any], Any] = lambda call: call) -> Any:
        making, using = define("make", "1", make), define("use", version, use)
        result = define("result", "1", lambda: using(inside(making())), check_valid="shallow")
        around = define("around", "1", lambda: [result(), 1])
        return define("main", "1", lambda: [around()])()

    for inside in (lambda call: call, no_prov):
        run(main(inside=inside), cache=False)
        for change in (lambda: way.write_text("otherwise"), way.unlink):
            change()
            ran.clear()
            assert run(main(inside=inside)) == [[File(end), 1]]
            assert ran == []
        end.unlink()
        run(main(inside=inside))
        assert ran == ["make", "use"]
        ran.clear()
        way.unlink()
        run(main("2", inside=inside))
        assert ran == ["make", "use"]
        ran.clear()


@pytest.mark.parametrize("order", ["shallow first", "full first", "at once"])
def test_a_call_that_is_checked_in_full_does_not_take_the_result_of_an_equal_shallow_one(
    run: Run, ran: list[str], tmp_path: Path, order: str
) -> None:
    """Whichever comes first: the one may have what the other must not."""
    way = tmp_path / "way"
    way.write_text("5")

    def count(file: File) -> int:
        ran.append("count")
        return int(file.read())

    counting = define("count", "1", count)
    inner = define("inner", "1", lambda: counting(File(way)))
    shallow = inner.options(check_valid="shallow")

    def both(version: str) -> Any:
        calls: dict[str, Callable[[], Any]] = {
            "shallow first": lambda: seq([shallow(), inner(), shallow()]),
            "full first": lambda: seq([inner(), shallow(), inner()]),
            "at once": lambda: [shallow(), inner(), inner(), shallow()],
        }
        return define("main", version, calls[order])()

    assert set(run(both("1"))) == {5}
    assert ran == ["count"]
    way.write_text("77")
    assert run(both("2"))[1] == 77
    assert run(both("2"))[1] == 77
    assert ran == ["count", "count"]
    way.write_text("9")
    assert run(inner()) == 9
    assert ran == ["count", "count", "count"]


def test_a_shallow_call_does_not_fail_with_an_equal_one_that_is_checked_in_full(
    run: Run, tmp_path: Path
) -> None:
    """Whichever comes first: the one may have a result that the other must not."""
    way = tmp_path / "way"
    way.write_text("5")
    counting = define("counting", "1", lambda file: int(file.read()))
    inner = define("inner", "1", lambda: counting(File(way)))
    told = define("told", "1", lambda error: "failed")
    shallow = inner.options(check_valid="shallow")
    assert run(inner()) == 5
    way.unlink()
    assert run(seq([catch(inner(), Exception, told), shallow()])) == ["failed", 5]
    assert run(seq([shallow(), catch(inner(), Exception, told)])) == [5, "failed"]


def test_other_arguments_run_and_equal_ones_do_not(run: Run, ran: list[str]) -> None:
    root = family(ran)
    run([root(1), root(2)])
    ran.clear()
    assert run([root(2), root(3)]) == [3, 4]
    assert ran == ["root", "middle", "leaf"]


def test_values_of_every_shape_are_the_same_from_the_cache(run: Run) -> None:
    values = [
        1,
        1.0,
        True,
        "1",
        None,
        b"\0",
        [1, (2,)],
        {"a": {1, 2}},
        "x" * 10_000,
        {i: str(i) for i in range(2000)},
    ]

    def give(n: int) -> Any:
        return values[n]

    given_ = define("give", "1", give)
    first = [run(given_(n)) for n in range(len(values))]
    second = [run(given_(n)) for n in range(len(values))]
    assert first == second == values
    assert [type(value) for value in second] == [type(value) for value in values]


def test_what_is_not_to_be_cached_runs_every_time_but_its_parents_do_not(run: Run, ran: list[str]) -> None:
    root = family(ran, cache=False)
    run(root(1))
    run(root(1))
    assert ran == ["root", "middle", "leaf", "leaf"]


def test_without_cache_everything_runs_and_is_recorded(run: Run, ran: list[str]) -> None:
    root = family(ran)
    run(root(1))
    run(root(1), cache=False)
    assert ran == ["root", "middle", "leaf"] * 2
    run(root(1))
    assert len(ran) == 6


def test_cache_scopes_below_the_backend_reuse_nothing_from_earlier_runs(run: Run, ran: list[str]) -> None:
    def note(n: int) -> int:
        ran.append(str(n))
        return n

    def twice(n: int) -> Any:
        return [noted(1), noted(n)]

    for scope, expected in ((CacheScope.CSE, ["1", "1"]), (CacheScope.NONE, ["1", "1"])):
        ran.clear()
        noted = define(f"noted_{scope.value}", "1", note, cache_scope=scope)
        parent = define(f"twice_{scope.value}", "1", twice)
        run(parent(1))
        run(parent(1))
        assert ran == expected


def test_allowed_cache_results_narrow_what_is_reused(run: Run, ran: list[str]) -> None:
    root = family(ran)
    run(root(1))
    ran.clear()
    assert run(root.options(allowed_cache_results={"SINGLE", "MISS"})(1)) == 2
    assert ran == []
    assert run.counts["caching.middle"] == {"CACHED": 1}  # type: ignore[attr-defined]
    assert run(root.options(allowed_cache_results={"CSE", "MISS"})(1)) == 2
    assert ran == ["root"]


def test_what_a_task_without_calls_gave_is_its_single_reduction_and_its_final_result(
    run: Run, ran: list[str]
) -> None:
    leaf = define("alone", "1", lambda n: ran.append("alone") or n)
    for allowed in ({"MISS"}, {"SINGLE", "MISS"}, {"ULTIMATE", "MISS"}, {"CSE", "SINGLE"}):
        assert run(leaf.options(allowed_cache_results=allowed)(1)) == 1
    assert ran == ["alone"]
    run(leaf.options(allowed_cache_results={"CSE", "MISS"})(1))
    assert ran == ["alone", "alone"]


def test_a_failure_is_never_served_from_the_cache(run: Run, ran: list[str]) -> None:
    ready: list[int] = []

    def risky(n: int) -> int:
        ran.append("risky")
        if not ready:
            raise ValueError("not yet")
        return n

    def parent(n: int) -> Any:
        ran.append("parent")
        return [define("sound", "1", sound)(n), define("risky", "1", risky)(n)]

    def sound(n: int) -> int:
        ran.append("sound")
        return n

    root = define("parent", "1", parent)
    with pytest.raises(ValueError, match="not yet"):
        run(root(1), keep_going=True)
    ready.append(1)
    assert run(root(1)) == [1, 1]
    assert sorted(ran) == ["parent", "risky", "risky", "sound"], "what had finished is not repeated"


def test_a_changed_or_deleted_file_in_a_result_runs_its_task_again(
    run: Run, ran: list[str], tmp_path: Path
) -> None:
    def make(name: str) -> File:
        ran.append("make")
        file = File(str(tmp_path / name))
        file.write("made")
        return file

    def size(file: File) -> int:
        ran.append("size")
        return len(file.read())

    def parent(name: str) -> Any:
        ran.append("parent")
        return measured(made(name))

    made, measured = define("make", "1", make), define("size", "1", size)
    root = define("with_file", "1", parent)
    assert run(root("a")) == 4
    assert run(root("a")) == 4
    assert ran == ["parent", "make", "size"]
    ran.clear()
    (tmp_path / "a").write_text("changed by hand")
    assert run(root("a")) == 4
    assert ran[0] == "make"
    assert "parent" not in ran
    ran.clear()
    (tmp_path / "a").unlink()
    assert run(root("a")) == 4
    assert ran[0] == "make"
    ran.clear()
    assert run(root("a")) == 4
    assert ran == []


def test_a_changed_input_file_runs_what_took_it(run: Run, ran: list[str], tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("one")
    other = tmp_path / "other.txt"
    other.write_text("same")

    def read(file: File) -> str:
        ran.append(file.basename())
        return str(file.read())

    def parent() -> Any:
        ran.append("parent")
        return [reader(File(str(source))), reader(File(str(other)))]

    reader, root = define("read", "1", read), define("reads", "1", parent)
    assert run(root()) == ["one", "same"]
    ran.clear()
    source.write_text("two!")
    assert run(root()) == ["two!", "same"]
    assert ran == ["parent", "in.txt"]


def test_a_result_that_cannot_be_read_back_is_a_miss(run: Run, ran: list[str], project: Project) -> None:
    def large(n: int) -> str:
        ran.append("large")
        return "x" * 50_000

    def length(text: str) -> int:
        ran.append("length")
        return len(text)

    def parent(extra: int) -> Any:
        return measured(made(1))

    made, measured = define("large", "1", large), define("length", "1", length)
    root = define("lengths", "1", parent)
    assert run(root(1)) == 50_000
    for folder, _, names in os.walk(project.values):
        for name in names:
            Path(folder, name).write_bytes(b"damaged")
    measured = define("length", "2", length)
    ran.clear()
    assert run(root(1)) == 50_000
    assert ran == ["large", "length"]
    ran.clear()
    for folder, _, names in os.walk(project.values):
        for name in names:
            Path(folder, name).unlink()
    assert run(made(1)) == "x" * 50_000
    assert ran == ["large"]


def test_a_task_passed_as_a_value_counts_with_its_code(run: Run, ran: list[str]) -> None:
    def apply(function: Task[Any, Any], n: int) -> Any:
        ran.append("apply")
        return function.func(n)

    def parent(n: int) -> Any:
        return applied(get_task_registry().get("caching.step"), n)

    applied, root = define("apply", "1", apply), define("applies", "1", parent)
    define("step", "1", lambda n: n + 1)
    assert run(root(1)) == 2
    define("step", "2", lambda n: n + 10)
    assert run(root(1)) == 11
    assert ran == ["apply", "apply"]


def test_recursion_is_answered_whole(run: Run, ran: list[str]) -> None:
    def fib(n: int) -> Any:
        ran.append("fib")
        return n if n < 2 else added(fibs(n - 1), fibs(n - 2))

    fibs, added = define("fib", "1", fib), define("added", "1", lambda a, b: a + b)
    assert run(fibs(18)) == 2584
    assert len(ran) == 19
    assert run(fibs(18)) == 2584
    assert run(fibs(19)) == 4181
    assert len(ran) == 20


def test_a_chain_of_new_quick_calls_does_not_ask_the_graph_for_each(
    run: Run, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[int] = []
    find = GraphCache.find

    def counting(cache: GraphCache, jobs: Any) -> Any:
        questions.append(len(jobs))
        return find(cache, jobs)

    def link(n: int) -> int:
        ran.append("link")
        return n + 1

    def chain(start: int) -> Any:
        expression = links(start)
        for _ in range(999):
            expression = links(expression)
        return expression

    links, root = define("link", "1", link), define("chain", "1", chain)
    assert run(root(0)) == 1000
    monkeypatch.setattr(GraphCache, "find", counting)
    ran.clear()
    assert run(root(100_000)) == 101_000
    assert len(ran) == 1000
    assert len(questions) < 200


def test_what_lies_behind_many_new_calls_is_found_at_its_first(run: Run, ran: list[str]) -> None:
    def down(n: int) -> Any:
        ran.append("down")
        return downs(n - 1) if n else 0

    downs = define("down", "1", down)
    run(downs(130))
    ran.clear()
    assert run(downs(380)) == 0
    assert len(ran) == 250


def test_a_chain_that_broke_off_goes_on_where_it_was(run: Run, ran: list[str]) -> None:
    broken = True

    def down(n: int) -> Any:
        ran.append("down")
        if n == 0 and broken:
            raise ValueError("not yet")
        return downs(n - 1) if n else 0

    downs = define("down", "2", down)
    with pytest.raises(ValueError, match="not yet"):
        run(downs(130))
    ran.clear()
    broken = False
    assert run(downs(380)) == 0
    assert len(ran) == 251


def test_a_quoted_root_is_answered_whole_too(run: Run, ran: list[str]) -> None:
    root = family(ran)
    assert run({"a": root(1), "b": [root(2)]}) == {"a": 2, "b": [3]}
    ran.clear()
    assert run({"a": root(1), "b": [root(2)]}) == {"a": 2, "b": [3]}
    assert ran == []


@tries(20)
@given(descriptions, st.integers(0, 3), st.integers(0, 3))
def test_cached_equals_recomputed_before_and_after_a_change(
    project: Project, description: Any, before: int, after: int
) -> None:
    try:
        for shift in (before, before, after, before):
            workflows.redefine(shift)
            scheduler = Scheduler(project)
            assert scheduler.run(build(description)) == plain(description)
            scheduler.wait_recorded()
    finally:
        workflows.restore()
