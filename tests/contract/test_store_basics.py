"""What every store does: rows, writes, questions, and errors in our own words."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from headwater.cypher import bolt
from headwater.cypher.errors import InternalError, QueryRefused, StoreError, UsageError
from headwater.cypher.store import GraphStore
from headwater.cypher.waiting import Overdue


def test_a_fresh_store_is_empty_and_usable(store: GraphStore) -> None:
    store.check()
    assert store.ask(
        "MATCH (n) WHERE NOT n:SchemaVersion RETURN count(n) AS n", {}, timeout=10, limit=1
    ).rows == [(0,)]


def test_the_address_shows_no_password(store: GraphStore) -> None:
    assert not re.search(r"://[^/]*:[^/]*@", store.address)


def test_a_migration_that_is_recorded_twice_is_recorded_once(store: GraphStore) -> None:
    before = store.rows("schema_versions")
    (version, checksum) = before[0]
    store.write([("record_migration", {"version": version, "checksum": checksum})] * 2)
    assert store.rows("schema_versions") == before


def test_values_come_back_as_they_went_in(store: GraphStore, cypher: Any) -> None:
    at = datetime(2026, 11, 24, 3, 4, 5, 678901, tzinfo=timezone.utc)
    sent = {"text": "ü☃", "number": 2**62, "real": -0.5, "yes": True, "at": at, "list": ["a", "b"]}
    cypher(
        "CREATE (:File {file_hash: 'f'}) WITH 1 AS x MATCH (n:File {file_hash: 'f'}) SET n += $sent",
        sent=sent,
    )
    asked = "MATCH (n:File) RETURN n.text, n.number, n.real, n.yes, n.at, n.list"
    assert store.ask(asked, {}, timeout=10, limit=1).rows == [("ü☃", 2**62, -0.5, True, at, ["a", "b"])]


def test_bytes_come_back_as_bytes(store: GraphStore, cypher: Any) -> None:
    payload = bytes(range(256)) * 40
    cypher("CREATE (:Value {value_hash: 'v', bytes: $payload})", payload=payload)
    assert store.ask("MATCH (v:Value) RETURN v.bytes", {}, timeout=10, limit=1).rows == [(payload,)]


def test_times_and_bytes_in_lists_of_lists_come_back_as_they_went_in(store: GraphStore) -> None:
    at = datetime(2026, 11, 24, 3, 4, 5, 678901, tzinfo=timezone.utc)
    sent = {"at": at, "bytes": b"\x00\xff", "text": "a"}
    asked = "RETURN [['b', [1, $text]], [[$at], [[$bytes]]]] AS found"
    assert store.ask(asked, sent, timeout=10, limit=1).rows == [([["b", [1, "a"]], [[at], [[b"\x00\xff"]]]],)]


@pytest.mark.parametrize("count", [0, 1, 3, 30, 300])
def test_rows_are_handed_over_one_by_one_as_they_are_given_at_once(
    store: GraphStore, cypher: Any, count: int
) -> None:
    tasks = [f"{n:03}" for n in range(count)]
    cypher("UNWIND $tasks AS task CREATE (:Task {task_hash: task})", tasks=tasks)
    found: list[tuple[Any, ...]] = []
    store.each("known_tasks", found.append, task_hashes=[*tasks, "none"])
    assert sorted(found) == sorted(store.rows("known_tasks", task_hashes=[*tasks, "none"]))
    assert len(found) == count


@pytest.mark.parametrize("kind", [ValueError, OSError, ConnectionResetError, UnicodeError, KeyboardInterrupt])
def test_what_goes_wrong_with_a_row_that_is_handed_over_is_none_of_the_stores_errors(
    store: GraphStore, cypher: Any, kind: type[BaseException]
) -> None:
    cypher("UNWIND ['a', 'b'] AS task CREATE (:Task {task_hash: task})")
    taken: list[tuple[Any, ...]] = []
    error = kind("of our own")

    def take(row: tuple[Any, ...]) -> None:
        taken.append(row)
        raise error

    with pytest.raises(kind) as caught:
        store.each("known_tasks", take, task_hashes=["a", "b"])
    assert caught.value is error
    assert len(taken) == 1, "it is not tried again"
    assert len(store.rows("known_tasks", task_hashes=["a", "b"])) == 2


def test_a_question_is_answered_with_columns_and_the_rows_asked_for(store: GraphStore) -> None:
    table = store.ask("UNWIND range(1, $n) AS x RETURN x, x * x AS square", {"n": 5}, timeout=10, limit=3)
    assert table.columns == ("x", "square")
    assert table.rows == [(1, 1), (2, 4), (3, 9)]
    assert table.truncated


def test_a_question_with_as_many_answers_as_allowed_is_not_truncated(store: GraphStore) -> None:
    table = store.ask("UNWIND [1, 2] AS x RETURN x", {}, timeout=10, limit=2)
    assert len(table.rows) == 2
    assert not table.truncated


def test_nodes_and_edges_come_as_their_properties(store: GraphStore, cypher: Any) -> None:
    cypher("CREATE (:CallNode {call_hash: 'c'})-[:TOOK {name: 'x', position: 0}]->(:Value {value_hash: 'v'})")
    (row,) = store.ask("MATCH p = (c)-[t:TOOK]->(v) RETURN c, t, p", {}, timeout=10, limit=1).rows
    took = {"name": "x", "position": 0}
    assert row == ({"call_hash": "c"}, took, [{"call_hash": "c"}, took, {"value_hash": "v"}])


@pytest.mark.parametrize(
    "text", ["CREATE (n) RETURN n", "MATCH (n) DETACH DELETE n", "MATCH (n) SET n.x = 1"]
)
def test_a_question_that_would_write_is_refused(store: GraphStore, text: str) -> None:
    with pytest.raises(QueryRefused):
        store.ask(text, {}, timeout=10, limit=1)


def test_a_question_that_is_not_cypher_is_wrong_use(store: GraphStore) -> None:
    with pytest.raises(UsageError):
        store.ask("MATCH (n RETURN n", {}, timeout=10, limit=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [("RETURN nofunc(1)", "nofunc"), ("RETURN forgotten", "forgotten"), ("MATCH (n RETURN n", "line 1")],
)
def test_what_is_wrong_with_a_question_is_said(store: GraphStore, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        store.ask(text, {}, timeout=10, limit=1)


def test_a_question_without_answers_has_its_columns(store: GraphStore) -> None:
    for text, columns in [
        ("MATCH (n:Task) RETURN n.name, n.version AS version", ("n.name", "version")),
        ("MATCH (n:Task) RETURN DISTINCT n.name AS `a name`, n.x ORDER BY n.x LIMIT 3", ("a name", "n.x")),
    ]:
        table = store.ask(text, {}, timeout=10, limit=1)
        assert (table.columns, table.rows) == (columns, [])


@pytest.mark.parametrize("text", ["RETURN 1 AS x;", "RETURN 1 AS x ; // one", "RETURN 1 AS x\n;\n"])
def test_a_question_may_end_with_a_semicolon(store: GraphStore, text: str) -> None:
    assert store.ask(text, {}, timeout=10, limit=1).rows == [(1,)]


SLOW = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b < 0 RETURN count(*)"


def test_a_question_that_takes_too_long_is_given_up(store: GraphStore) -> None:
    with pytest.raises(StoreError, match=r"took too long and was given up; .*--timeout"):
        store.ask(SLOW, {}, timeout=0.5, limit=1)
    store.check()


def test_a_question_that_the_store_does_not_end_is_left_alone(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bolt, "GRACE", 0.3)
    with pytest.raises(StoreError, match=r"took too long and was given up; .*--timeout") as told:
        # Neither store looks at the time within one expression.
        store.ask("RETURN reduce(s = 0, x IN range(1, 12000000) | s + x % 3)", {}, timeout=0.2, limit=1)
    assert isinstance(told.value.__cause__, Overdue), "the store had not ended it"
    assert store.ask("RETURN 1", {}, timeout=60, limit=1).rows == [(1,)]


def test_an_unknown_query_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(InternalError, match="schema_versions"):
        store.rows("schema_version")


def test_nothing_of_a_transaction_stays_when_one_statement_fails(store: GraphStore) -> None:
    before = store.rows("schema_versions")
    with pytest.raises(StoreError):
        store.write(
            [("record_migration", {"version": 99, "checksum": "x"}), ("record_migration", {"version": 100})]
        )
    assert store.rows("schema_versions") == before


def test_a_closed_store_says_so(store: GraphStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.rows("schema_versions")
