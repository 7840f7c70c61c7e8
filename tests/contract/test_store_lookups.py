"""The cache's look-ups, on graphs made by hand: what they find, and that sharing and depth do not sink them."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest
from headwater.cypher.store import GraphStore

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)

_MAKE = """
UNWIND $calls AS c
MERGE (t:Task {task_hash: 't-' + c.task}) ON CREATE SET t.fullname = c.task
CREATE (n:CallNode {call_hash: c.name, eval_hash: 'e-' + c.name, cacheable: c.cacheable, failed: c.failed,
                    task_name: c.task, recorded_at: c.at})
CREATE (n)-[:OF]->(t)
MERGE (v:Value {value_hash: 'v-' + c.name})
ON CREATE SET v.type = 'int', v.codec = 'msgpack', v.bytes = c.bytes
CREATE (n)-[:RETURNED]->(v)
"""
_LINK = """
UNWIND $edges AS edge
MATCH (a:CallNode {call_hash: edge[0]})
MATCH (b:CallNode {call_hash: edge[1]})
CREATE (a)-[:CALLED {order: edge[2]}]->(b)
"""
_FILE = """
MATCH (n:CallNode {call_hash: $call})-[:RETURNED]->(v:Value)
MERGE (f:File {file_hash: $file}) ON CREATE SET f.path = '/' + $file, f.evidence = 'content', f.digest = 'd'
CREATE (v)-[:REFERS_TO]->(f)
"""


def call(name: str, task: str = "task", **changes: Any) -> dict[str, Any]:
    made = {"name": name, "task": task, "cacheable": True, "failed": False, "at": AT, "bytes": b"\x01"}
    return {**made, **changes}


def make(cypher: Any, calls: list[dict[str, Any]], edges: list[tuple[str, str, int]] = ()) -> None:  # type: ignore[assignment]
    for start in range(0, len(calls), 5000):
        cypher(_MAKE, calls=calls[start : start + 5000])
    for start in range(0, len(edges), 5000):
        cypher(_LINK, edges=[list(edge) for edge in edges[start : start + 5000]])


def listed(store: GraphStore, query: str, **params: Any) -> list[tuple[Any, ...]]:
    """The rows of a query that gives them as one list."""
    [(rows,)] = store.rows(query, **params)
    return [tuple(row) for row in rows]


def test_only_known_tasks_are_named(store: GraphStore, cypher: Any) -> None:
    make(cypher, [call("a", "one"), call("b", "two")])
    found = store.rows("known_tasks", task_hashes=["t-one", "t-three"])
    assert found == [("t-one",)]


def test_a_look_up_gives_the_result_and_says_whether_there_are_children(
    store: GraphStore, cypher: Any
) -> None:
    make(cypher, [call("a"), call("b")], [("a", "b", 0)])
    found = sorted(listed(store, "lookup_calls", keys=["e-a", "e-b", "e-none"], newest=1))
    assert found == [
        ("e-a", "a", "v-a", "int", "msgpack", b"\x01", None, True, [], None, None, None),
        ("e-b", "b", "v-b", "int", "msgpack", b"\x01", None, False, [], None, None, None),
    ]


def test_a_look_up_names_the_files_in_the_result(store: GraphStore, cypher: Any) -> None:
    make(cypher, [call("a")])
    cypher(_FILE, call="a", file="f")
    assert listed(store, "lookup_calls", keys=["e-a"], newest=1)[0][-4] == [["f", "/f", "content", "d"]]


@pytest.mark.parametrize("changes", [{"cacheable": False}, {"failed": True, "cacheable": False}])
def test_what_may_not_be_reused_is_not_found(store: GraphStore, cypher: Any, changes: dict[str, Any]) -> None:
    make(cypher, [call("a", **changes)])
    assert listed(store, "lookup_calls", keys=["e-a"], newest=1) == []


def test_of_several_calls_with_one_key_the_newest_is_found(store: GraphStore, cypher: Any) -> None:
    make(cypher, [call(name, at=AT.replace(day=day)) for name, day in [("a", 3), ("b", 9), ("c", 5)]])
    cypher("MATCH (n:CallNode) SET n.eval_hash = 'same'")
    assert [row[1] for row in listed(store, "lookup_calls", keys=["same"], newest=1)] == ["b"]
    assert [row[1] for row in listed(store, "lookup_calls", keys=["same"], newest=2)] == ["b", "c"]


def test_an_evaluation_gives_the_expression_it_reduced_to(store: GraphStore, cypher: Any) -> None:
    cypher(
        "CREATE (:Evaluation {eval_hash: 'e'})-[:REDUCED_TO]->"
        "(:Value {value_hash: 'v', type: 'x', codec: 'c', bytes: $b})",
        b=b"\x07",
    )
    assert listed(store, "lookup_evaluations", keys=["e", "none"]) == [
        ("e", "v", "x", "c", b"\x07", None, [], None)
    ]


def test_expanding_gives_each_child_that_may_be_reused(store: GraphStore, cypher: Any) -> None:
    make(
        cypher,
        [call("a"), call("b"), call("c", cacheable=False), call("d")],
        [("a", "b", 0), ("a", "c", 1), ("a", "d", 2), ("b", "d", 0)],
    )
    found = sorted(row[:4] + row[-5:-3] for row in listed(store, "expand_calls", call_hashes=["a"]))
    assert found == [("a", 0, "b", "e-b", True, []), ("a", 2, "d", "e-d", False, [])]


def facts(store: GraphStore, name: str) -> tuple[set[str], set[str], int]:
    ((found, tasks, files, uncacheable, *_),) = store.rows("subtree_facts", call_hashes=[name])
    assert found == name
    return {task for _, task in tasks}, {file[0] for file in files}, uncacheable


def test_what_was_not_recorded_below_a_call_is_among_its_facts(store: GraphStore, cypher: Any) -> None:
    make(cypher, [call("a"), call("b"), call("c"), call("other")], [("a", "b", 0), ("a", "c", 1)])
    set_gap = "MATCH (c:CallNode {call_hash: $call}) SET c.gap = $gap"
    cypher(set_gap, call="b", gap=["task x", "task y"])
    cypher(set_gap, call="c", gap=["task x", "task z"])
    ((_, _, _, _, gaps, _),) = store.rows("subtree_facts", call_hashes=["a"])
    assert sorted(map(sorted, gaps)) == [["task x", "task y"], ["task x", "task z"]]
    assert dirty(store, "a", marks=["task z"]) == {"a", "c"}
    assert dirty(store, "a", marks=["task x"]) == {"a", "b", "c"}
    [row] = listed(store, "lookup_calls", keys=["e-b"], newest=1)
    assert row[-2] == ["task x", "task y"]


def test_the_facts_of_a_subtree_are_those_below_it_and_no_others(store: GraphStore, cypher: Any) -> None:
    make(
        cypher,
        [call("a", "one"), call("b", "two"), call("c", "three", cacheable=False), call("other", "four")],
        [("a", "b", 0), ("b", "c", 0)],
    )
    cypher(_FILE, call="b", file="f")
    cypher(_FILE, call="other", file="g")
    assert facts(store, "a") == ({"t-one", "t-two", "t-three"}, {"f"}, 1)
    assert facts(store, "c") == ({"t-three"}, set(), 1)
    assert facts(store, "other") == ({"t-four"}, {"g"}, 0)


def dirty(store: GraphStore, root: str, **changed: Any) -> set[str]:
    nothing: dict[str, Any] = {key: [] for key in ("task_hashes", "file_hashes", "marks", "states")}
    nothing["uncacheable"] = False
    return {row[0] for row in store.rows("dirty_calls", root=root, **{**nothing, **changed})}


def test_what_a_change_touches_is_found_with_all_that_is_above_it(store: GraphStore, cypher: Any) -> None:
    make(
        cypher,
        [call("a"), call("b"), call("c", "changed"), call("d"), call("e", cacheable=False)],
        [("a", "b", 0), ("b", "c", 0), ("a", "d", 1), ("d", "e", 0)],
    )
    cypher(_FILE, call="d", file="f")
    assert dirty(store, "a", task_hashes=["t-changed"]) == {"a", "b", "c"}
    assert dirty(store, "a", file_hashes=["f"]) == {"a", "d"}
    assert dirty(store, "a", uncacheable=True) == {"a", "d", "e"}
    assert dirty(store, "a") == set()


def test_sharing_does_not_multiply_the_work(store: GraphStore, cypher: Any) -> None:
    n = 60  # fib(60) has more paths than any store can follow
    make(
        cypher,
        [call(f"f{i}", "fib") for i in range(n)],
        [(f"f{i}", f"f{i - k}", k) for i in range(2, n) for k in (1, 2)],
    )
    began = time.monotonic()
    assert facts(store, f"f{n - 1}") == ({"t-fib"}, set(), 0)
    assert dirty(store, f"f{n - 1}", task_hashes=["t-fib"]) == {f"f{i}" for i in range(n)}
    assert time.monotonic() - began < 60


def test_a_long_chain_is_followed_to_its_end(store: GraphStore, cypher: Any) -> None:
    n = 20_000
    make(
        cypher,
        [call(f"c{i}", "end" if i == n - 1 else "link") for i in range(n)],
        [(f"c{i}", f"c{i + 1}", 0) for i in range(n - 1)],
    )
    began = time.monotonic()
    assert facts(store, "c0") == ({"t-link", "t-end"}, set(), 0)
    assert len(dirty(store, "c0", task_hashes=["t-end"])) == n
    assert time.monotonic() - began < 30
