"""Calls that are not recorded leave nothing behind, and are seen when they change: on both stores."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.journal import read_groups
from headwater.cypher.project import create_project
from headwater.cypher.records import AnyRecord
from headwater.cypher.store import open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.trace_views import Trace
from headwater.lineage.verify import verify
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    File,
    Project,
    Scheduler,
    catch,
    delay,
    force,
    fork_thread,
    get_context,
    join_thread,
    map_,
    no_prov,
    with_export_options,
)
from headwater import run as run_expression
from tests.contract.conftest import Run, define, family
from tests.properties import tries

EVERY_TEXT = (
    "MATCH (n) RETURN labels(n)[0] AS label, n.task_name AS task, n.fullname AS name, n.path AS path, "
    "n.preview AS preview, n.source AS source, n.traceback AS trace, n.error AS error"
)


def ask(project: Project, text: str, **params: Any) -> list[Any]:
    store = open_store(project)
    try:
        return store.ask(text, params, timeout=30, limit=100_000).rows
    finally:
        store.close()


def journaled(project: Project) -> Iterator[AnyRecord]:
    for path in sorted(project.folder.rglob("*.hwj")):
        for group in read_groups(path):
            yield from group.records


def assert_nowhere(project: Project, *secrets: str) -> None:
    """Neither the graph nor the journals nor the value store hold a text."""
    rows = repr(ask(project, EVERY_TEXT))
    records = repr(list(journaled(project)))
    files = b"".join(path.read_bytes() for path in project.values.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in rows
        assert secret not in records
        assert secret.encode() not in files


def assert_verified(project: Project) -> None:
    store = open_store(project)
    try:
        assert verify(project, store).findings == []
    finally:
        store.close()


def trace_of(project: Project, execution: str) -> Trace:
    store = open_store(project)
    try:
        return trace(store, Found("execution", execution, "a run"))
    finally:
        store.close()


def calling(name: str, inner: Any, **options: Any) -> Any:
    """A task that calls another with what it is given."""

    def call(n: int) -> Any:
        return inner(n)

    return define(name, "1", call, **options)


def secretive(ran: list[str], version: str = "1", **options: Any) -> Any:
    """A root that feeds one call by another, which is not recorded and calls two more."""

    def bottom(text: str) -> str:
        ran.append("bottom")
        return f"hidden {text} {version}"

    def middle(text: str) -> Any:
        ran.append("middle")
        return [deepest(text), deepest.options(prov=True)(f"also {text}")]

    def count(texts: list[str]) -> int:
        ran.append("count")
        return len(texts)

    def root(n: int) -> Any:
        ran.append("root")
        return counts(hidden(f"secret {n}"))

    deepest = define("bottom", version, bottom)
    hidden = define("middle", "1", middle, prov=False, **options)
    counts = define("count", "1", count)
    return define("hiding", "1", root)


def test_nothing_of_a_call_that_is_not_recorded_is_left_but_what_others_took(
    run: Run, project: Project, ran: list[str]
) -> None:
    assert run(secretive(ran)(1)) == 2
    assert ran == ["root", "middle", "bottom", "bottom", "count"]
    assert {row[0] for row in ask(project, "MATCH (j:Job) RETURN j.task_name AS task")} == {
        "caching.hiding",
        "caching.count",
    }
    # What `count` took is its own.
    assert [row[0] for row in ask(project, "MATCH (v:Value) RETURN v.type AS type ORDER BY type")] == [
        "int",
        "int",
        "list",
    ]
    assert ask(project, "MATCH (e:Evaluation) RETURN e.eval_hash AS key") == []
    assert_nowhere(project, "caching.middle", "caching.bottom")
    marked = (
        "MATCH (c) WHERE c.prov_off = true RETURN labels(c)[0] AS label, c.task_name AS task ORDER BY label"
    )
    assert [tuple(row) for row in ask(project, marked)] == [
        ("CallNode", "caching.hiding"),
        ("Job", "caching.hiding"),
    ]
    assert_verified(project)


def test_the_call_above_is_reused_and_reacts_to_code_that_was_not_recorded(run: Run, ran: list[str]) -> None:
    run(secretive(ran)(1))
    ran.clear()
    assert run(secretive(ran)(1)) == 2
    assert ran == []
    assert run(secretive(ran, version="2")(1)) == 2
    assert ran == ["root", "middle", "bottom", "bottom", "count"]
    ran.clear()
    run(secretive(ran, version="2")(1))
    assert ran == []


def test_it_reacts_to_files_that_were_not_recorded(
    run: Run, project: Project, ran: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "hidden.txt"
    path.write_text("one")

    def name(n: int) -> File:
        return File(str(path))

    def read(file: File) -> str:
        ran.append("read")
        return str(file.read())

    names, reads = define("name_hidden", "1", name), define("read_hidden", "1", read)
    quiet = define("quiet", "1", lambda n: reads(names(n)), prov=False)
    root = calling("file_root", calling("loud", quiet))
    assert run(root(1)) == "one"
    run(root(1))
    assert ran == ["read"]
    path.write_text("another")
    assert run(root(1)) == "another"
    assert run(root.options(check_valid="shallow")(1)) == "another"
    assert ran == ["read", "read"]
    path.write_text("a third")
    assert run(root.options(check_valid="shallow")(1)) == "another", "shallow looks at tasks alone"
    assert ask(project, "MATCH (f:File) RETURN f.path AS path") == []


def test_a_gap_with_something_never_to_be_reused_is_opened_by_every_run(run: Run, ran: list[str]) -> None:
    def tick(n: int) -> int:
        ran.append("tick")
        return len(ran)

    ticks = define("tick", "5", tick, cache=False)
    root = calling("tick_root", calling("loud_ticks", calling("quiet_ticks", ticks, prov=False)))
    assert run(root(1)) == 1
    assert run(root(1)) == 2
    assert run(root(1)) == 3


def test_no_prov_is_one_call_that_is_reused_until_something_in_it_changes(
    run: Run, project: Project, ran: list[str]
) -> None:
    def whole(middle: str, sibling: str = "1") -> Any:
        inner = family(ran, middle=middle)
        other = define("sibling", sibling, lambda n: n)
        return define("whole", "1", lambda n: [no_prov(inner(n)), other(n)])

    assert run(whole("1")(3)) == [4, 3]
    assert ran == ["root", "middle", "leaf"]
    ran.clear()
    assert run(whole("1", sibling="2")(3)) == [4, 3]
    assert ran == []
    assert run(whole("2")(3)) == [7, 3]
    assert ran == ["root", "middle", "leaf"]
    assert_nowhere(project, "caching.root", "caching.middle", "caching.leaf")
    assert_verified(project)


def test_tasks_handed_to_forms_are_not_recorded_either(run: Run, project: Project) -> None:
    def number(n: int) -> int:
        return 77_000 + n

    def items(n: int) -> list[int]:
        return [91_000_000_001, 91_000_000_002]

    numbers = define("numbered", "1", number, prov=False)
    lists = define("listed", "1", items, prov=False)
    total = define("total", "1", lambda values: sum(values, 0))
    root = define("mapping", "1", lambda n: total(map_(numbers, lists(n))))
    assert run(root(1)) == 2 * 77_000 + 2 * 91_000_000_000 + 3
    assert_nowhere(project, "numbered", "listed", "91000000001")
    assert_verified(project)


def test_an_error_that_was_not_recorded_is_its_callers_alone(run: Run, project: Project) -> None:
    def fails(secret: str) -> int:
        raise ValueError("no")

    failing = define("failing_inside", "1", fails, prov=False)
    root = define("failing_root", "1", lambda n: failing("hush".upper()))
    with pytest.raises(ValueError, match="no") as failure:
        run(root(1))
    assert "failing_inside" in str(failure.value.headwater_traceback)  # type: ignore[attr-defined]
    jobs = ask(project, "MATCH (j:Job) RETURN j.task_name AS task, j.status AS status, j.prov_off AS off")
    assert [tuple(row) for row in jobs] == [("caching.failing_root", "FAILED", True)]
    assert_nowhere(project, "failing_inside", "HUSH")
    assert_verified(project)


def test_an_error_that_was_not_recorded_can_be_caught(run: Run, ran: list[str]) -> None:
    def workflow(version: str) -> Any:
        def fails(n: int) -> int:
            ran.append("fails")
            if version == "1":
                raise ValueError("no")
            return n

        def recover(error: Exception) -> int:
            return -1

        failing = define("failing", version, fails, prov=False)
        return define("catching", "3", lambda n: catch(failing(n), ValueError, define("r", "1", recover)))

    assert run(workflow("1")(5)) == -1
    assert run(workflow("1")(5)) == -1
    assert ran == ["fails"]
    assert run(workflow("2")(5)) == 5


def test_the_trace_names_the_gap_and_what_went_through_it(run: Run, project: Project) -> None:
    source = define("source", "1", lambda n: n)
    quiet = define("quiet", "7", lambda n: n + 1, prov=False)
    last = define("last", "1", lambda n: n * 2)
    root = define("through", "1", lambda n: last(quiet(source(n))))
    assert run(root(1)) == 4
    [(execution,)] = [tuple(row) for row in ask(project, "MATCH (e:Execution) RETURN e.id AS id")]
    found = trace_of(project, execution)
    assert [gap.task for gap in found.gaps] == ["caching.through"]
    by_task = {call.task: call for call in found.calls.values()}
    assert by_task["caching.last"].arguments[0].fed_by == (by_task["caching.source"].id,)
    assert by_task["caching.last"].arguments[0].from_parent


def test_a_run_without_provenance_leaves_no_trace_at_all(project: Project, ran: list[str]) -> None:
    for expression in (family(ran)(1), family(ran).options(prov=False)(1)):
        scheduler = Scheduler(project)
        assert scheduler.run(expression, prov=expression._options is not None) == 2
        assert scheduler.execution_id is None
    assert list(journaled(project)) == []
    assert ask(project, "MATCH (e:Execution) RETURN e.id AS id") == []


def test_what_is_written_around_such_a_call_is_not_recorded_either(run: Run, project: Project) -> None:
    quiet = define("quiet_root", "1", lambda text: len(text) + 1, prov=False)
    double = define("double", "1", lambda n: n * 2)
    word = define("word", "1", lambda n: "x" * n)
    assert run([quiet("top secret"), double(quiet("under " + word(3)))]) == [11, 20]
    assert_nowhere(project, "quiet_root", "top secret", "under ")
    assert_verified(project)


def test_what_holds_such_a_call_back_or_begins_it_does_not_record_it_either(
    run: Run, project: Project, ran: list[str]
) -> None:
    def hidden(text: str) -> int:
        ran.append("quiet_held")
        return len(text)

    quiet = define("quiet_held", "1", hidden, prov=False)
    forced = define("forced", "1", force)
    joined = define("joined", "1", join_thread)
    handed = define("handed", "1", lambda n: [joined(fork_thread(quiet(f"handed {n:04}"))), n])
    held = define("held", "1", lambda n: [forced(delay(quiet(f"held {n:04}"))), n])
    exported = define("exported", "1", lambda n: with_export_options(quiet(f"sent {n:04}"), {"retries": 1}))
    for n in (1, 2):
        assert run([handed(n), held(n), exported(n)]) == [[11, n], [9, n], 9]
        assert run([forced(delay(quiet(f"root {n:04}")))]) == [9]
    assert len(ran) == 8
    assert_nowhere(project, "quiet_held", "handed 000", "held 000", "sent 000", "root 000")
    assert_verified(project)


def test_a_root_that_hands_such_a_task_on_is_not_recorded_either(run: Run, project: Project) -> None:
    quiet = define("quiet_handed", "1", lambda n, m: len(n) + m, prov=False)
    assert run([map_(quiet.partial("handed on"), [1, 2])]) == [[10, 11]]
    assert_nowhere(project, "quiet_handed", "handed on")


def test_a_file_that_changed_before_it_was_read_is_noticed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "raced.txt"
    path.write_text("one")

    def name(n: int) -> File:
        return File(str(path))

    def overwrite_and_read(file: File) -> str:
        if path.read_text() == "one":
            path.write_text("two!")
        return path.read_text()

    quiet = define("raced", "1", overwrite_and_read, prov=False)
    root = define("racing", "1", lambda n: quiet(define("name_raced", "1", name)(n)))
    assert run(root(1)) == "two!"
    path.write_text("one")
    assert run(root(1)) == "two!"
    path.write_text("three")
    assert run(root(1)) == "three"


def test_what_it_read_of_the_context_counts_for_the_call_above(run: Run, ran: list[str]) -> None:
    def read(n: int) -> Any:
        ran.append("read")
        return get_context("rate", 0)

    quiet = define("quiet_reader", "1", read, prov=False)
    root = calling("context_root", calling("context_middle", quiet))
    assert run(root(1), context={"rate": 1}) == 1
    assert run(root(1), context={"rate": 2}) == 2
    assert run(root(1), context={"rate": 1, "other": 5}) == 1
    assert ran == ["read", "read"]


@pytest.mark.parametrize("executor", ["default", "process"])
def test_large_values_that_are_not_recorded_are_stored_nowhere(
    run: Run, project: Project, executor: str
) -> None:
    made = large.options(prov=False, executor=executor)
    root = define("large_root", executor, lambda n: len_of(made(n)))
    len_of = define("len_of", executor, len, prov=False)
    assert run(root(50_000)) == 50_000
    assert [path for path in project.values.rglob("*") if path.is_file()] == []


large = define("large", "1", lambda n: "x" * n)


# -- any workflow ------------------------------------------------------------------------------------------------------

Recipe = tuple[int, bool, bool, tuple[Any, ...]]
"""(number, whether it is recorded, whether it stands in `no_prov`, the recipes of the calls that feed it)"""

recipes = st.recursive(
    st.tuples(st.integers(0, 3), st.booleans(), st.booleans(), st.just(())),
    lambda inner: st.tuples(
        st.integers(0, 3), st.booleans(), st.booleans(), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


def naive(recipe: Recipe, add: int) -> int:
    number, _, _, inner = recipe
    return number + add + 2 * sum(naive(one, add) for one in inner)


def workflow(recipe: Recipe, add: int, ran: list[str]) -> Callable[[], Any]:
    """Defines the tasks of a recipe, and gives what makes its expression. Every call makes those below it itself."""
    number, recorded, wrapped, inner = recipe
    below = [workflow(one, add, ran) for one in inner]

    def node() -> Any:
        ran.append("node")
        return summed(number, [make() for make in below])

    def add_up(number: int, values: list[int]) -> int:
        ran.append("sum")
        return number + add + 2 * sum(values)

    # What a node is, its recipe says; `add` is the part of its code that changes.
    kind = "seen" if recorded else "unseen"
    summed = define(f"sum_{kind}", str(add), add_up)
    made = define(f"{kind}_{hash_of(recipe)}", "1", node, prov=recorded)
    return lambda: no_prov(made()) if wrapped else made()


def listing(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: [make()]


fresh = itertools.count(1_000, 1_000)
"""Every example has calls of its own."""


def hash_of(recipe: Recipe) -> int:
    return random.Random(repr(recipe)).randrange(1 << 40)


@pytest.fixture(scope="module")
def its_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that no other test empties or writes into: all of it is verified."""
    project = create_project(tmp_path_factory.mktemp("any-workflow"))
    yield project
    local_graph.stop(project)


@tries(12)
@given(recipe=recipes, changed=st.booleans())
def test_any_workflow_gives_what_it_would_if_all_were_recorded(
    its_project: Project, recipe: Recipe, changed: bool
) -> None:
    ran: list[str] = []
    add = next(fresh)
    assert run_expression([workflow(recipe, add, ran)()]) == [naive(recipe, add)]
    for now in (add, add, add + changed):
        ran.clear()
        root = define("root_of_any", str(add), listing(workflow(recipe, now, ran)))
        scheduler = Scheduler(its_project)
        assert scheduler.run(root()) == [naive(recipe, now)]
        scheduler.wait_recorded()
    assert bool(ran) is changed
    rows = ask(its_project, "MATCH (n) RETURN n.task_name AS task, n.fullname AS name")
    assert "unseen" not in repr([tuple(row) for row in rows])
    assert_verified(its_project)


def test_an_async_task_that_is_not_recorded_leaves_nothing_either(
    run: Run, project: Project, ran: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "told.txt"
    path.write_text("abc")

    def length(file: File) -> int:
        ran.append("length")
        return len(file.read())

    async def wait(n: int) -> int:
        ran.append("wait")
        return int(await lengths(File(str(path)))) + n

    lengths = define("length", "1", length)
    waits = define("wait", "1", wait, prov=False)
    root = calling("above", waits)
    assert run(root(1)) == 4
    assert {row[0] for row in ask(project, "MATCH (j:Job) RETURN j.task_name AS task")} == {"caching.above"}
    assert_nowhere(project, "caching.wait", "caching.length")
    assert_verified(project)
    ran.clear()
    assert run(root(1)) == 4
    assert ran == []
    path.write_text("abcdef")
    assert run(root(1)) == 7
    assert ran == ["wait", "length"]
