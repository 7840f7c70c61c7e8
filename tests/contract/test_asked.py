"""The queries for people that come with headwater, on both stores; and answers as graphs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import StoreError
from headwater.cypher.project import Project
from headwater.cypher.queries import load
from headwater.cypher.store import GraphStore, open_store
from headwater.cypher.tokens import parameters, tokenize

from headwater import File, Scheduler, task
from tests.conftest import Cypher

headwater_namespace = "asked"


@task
def read(file: File) -> str:
    return str(file.read())


@task
def write(text: str, path: str) -> File:
    file = File(path)
    file.write(text.upper())
    return file


@task
def handed_on(source: File, path: str) -> Any:
    return write(read(source), path)


@task
def broken() -> None:
    raise ValueError("no luck")


@pytest.fixture
def recorded(project: Project, tmp_path: Path) -> Any:
    (tmp_path / "in.txt").write_text("abc")
    scheduler = Scheduler(project)
    scheduler.run(handed_on(File(str(tmp_path / "in.txt")), str(tmp_path / "out.txt")))
    with pytest.raises(ValueError, match="no luck"):
        scheduler.run(broken())
    assert catch_up(project, timeout=60).complete
    store = open_store(project)
    yield store
    store.close()


def ask(store: GraphStore, name: str, **params: Any) -> list[dict[str, Any]]:
    table = store.ask(load(f"ask_{name}", store.dialect), params, timeout=30, limit=100)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_the_queries_for_people_answer_what_they_say(recorded: GraphStore, tmp_path: Path) -> None:
    [outside] = ask(recorded, "outside_files")
    assert (Path(outside["path"]).name, outside["size"], outside["calls"]) == ("in.txt", 3, 2)
    [made] = ask(recorded, "made_files")
    assert (Path(made["path"]).name, made["task"], made["size"]) == ("out.txt", "asked.write", 3)
    [failed] = ask(recorded, "failed_jobs")
    assert (failed["task"], failed["error"]) == ("asked.broken", "ValueError: no luck")
    [user] = ask(recorded, "runs_by_user")
    assert (user["runs"], user["failed"]) == (2, 1)
    assert {run["run"] for run in ask(recorded, "uncommitted_runs")} >= {failed["run"]}
    versions = {version["task"]: version["calls"] for version in ask(recorded, "task_versions")}
    assert versions == {"asked.broken": 1, "asked.handed_on": 1, "asked.read": 1, "asked.write": 1}
    slow = {one["task"]: one["jobs"] for one in ask(recorded, "slowest_tasks")}
    assert slow == {"asked.handed_on": 1, "asked.read": 1, "asked.write": 1}
    [call] = ask(recorded, "calls_of_task", task="asked.read")
    assert (call["result"], call["type"]) == ("'abc'", "str")


def test_a_file_that_a_call_made_is_not_from_outside_whatever_is_known_of_its_jobs(
    store: GraphStore, cypher: Cypher
) -> None:
    for name, digest in (("in", "1"), ("between", "2")):
        cypher(
            "CREATE (:Value {value_hash: $name})-[:REFERS_TO]->"
            "(:File {file_hash: $name, path: $name, evidence: 'stat', digest: $digest, size: 1})",
            name=name,
            digest=digest,
        )
    cypher(
        "MATCH (i:Value {value_hash: 'in'}) MATCH (b:Value {value_hash: 'between'}) "
        "CREATE (i)<-[:TOOK {name: 'x'}]-(:CallNode {call_hash: 'c1'})-[:RETURNED]->(b) "
        "CREATE (b)<-[:TOOK {name: 'x'}]-(:CallNode {call_hash: 'c2'})"
    )
    assert [one["path"] for one in ask(store, "outside_files")] == ["in"]


def test_an_answer_is_a_graph_of_its_nodes_and_edges_each_once(recorded: GraphStore) -> None:
    text = (
        "MATCH p = (c:CallNode {task_name: 'asked.read'})-[:RETURNED]->(v:Value) "
        "MATCH (c)-[t:TOOK]->(a:Value) RETURN p, c, [t, a] AS took, {deep: v} AS map, 5 AS plain"
    )
    drawn = recorded.ask_graph(text, {}, timeout=30, limit=10)
    assert sorted(node.labels for node in drawn.nodes) == [("CallNode",), ("Value",), ("Value",)]
    assert sorted(edge.type for edge in drawn.edges) == ["RETURNED", "TOOK"]
    call = next(node for node in drawn.nodes if node.labels == ("CallNode",))
    assert call.properties["task_name"] == "asked.read"
    ids = {node.id for node in drawn.nodes}
    assert all(edge.source == call.id and edge.target in ids for edge in drawn.edges)
    assert not drawn.truncated
    assert recorded.ask_graph("UNWIND [1, 2] AS x RETURN x", {}, timeout=30, limit=1).truncated


def test_rows_beyond_the_limit_are_not_sent(store: GraphStore) -> None:
    """All of them would take half a minute and more."""
    began = time.monotonic()
    text = "UNWIND range(1, 1000000) AS x RETURN x, 'a text that has some length' + x AS y"
    answer = store.ask(text, {}, timeout=60, limit=10)
    assert ([row[0] for row in answer.rows], answer.truncated) == (list(range(1, 11)), True)
    assert time.monotonic() - began < 25


def test_rows_that_come_in_portions_are_all_there(store: GraphStore) -> None:
    for rows, limit in ((2500, 2500), (2501, 2500), (1000, 1000), (999, 1000), (1001, 1000)):
        answer = store.ask("UNWIND range(1, $rows) AS x RETURN x", {"rows": rows}, timeout=30, limit=limit)
        assert [row[0] for row in answer.rows] == list(range(1, min(rows, limit) + 1))
        assert answer.truncated == (rows > limit)


def test_honest_queries_run(store: GraphStore) -> None:
    text = (Path(__file__).parents[1] / "cypher" / "honest.txt").read_text("utf-8")
    both, neo4j, local, _ = text.split("# Those from here on ")
    of_one = neo4j if store.dialect == "neo4j" else local
    queries = [*both.splitlines()[1:], *of_one.splitlines()[1:]]
    assert len(queries) >= 300

    def refusal(query: str) -> str | None:
        written = query.replace("⏎", "\n")
        params = {one.text: "Job" if one.text == "label" else None for one in parameters(tokenize(written))}
        try:
            assert len(store.ask(written, params, timeout=60, limit=10).rows) <= 10, query
        except StoreError as error:
            return f"{query}: {error}"
        return None

    with ThreadPoolExecutor(4) as threads:  # Neo4j takes far longer to plan a query than to run it
        assert not list(filter(None, threads.map(refusal, queries)))
