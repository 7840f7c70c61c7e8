"""Each rule that comes with headwater, against a graph that it finds fault with and one that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import audit as audits
from headwater.lineage import audit_origins
from headwater.lineage.audit import audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.rules import SHIPPED, read_rule

from tests.conftest import Cypher, Server, server_of

AT = datetime(2026, 5, 1, tzinfo=timezone.utc)

GRAPH = """
CREATE (e:Execution {id: 'e1', status: 'DONE', started: $at, finished: $at, git_commit: 'abc', git_dirty: false,
                     user: 'me'})
CREATE (j:Job {id: 'j1', execution_id: 'e1', n: 0, task_name: 'lab.load', task_hash: 't1', status: 'DONE',
               started: $at, finished: $at, tags: ['owner=me']})
CREATE (t:Task {task_hash: 't1', name: 'load', namespace: 'lab', fullname: 'lab.load', version: '1', options: '{}'})
CREATE (c:CallNode {call_hash: 'c1', eval_hash: 'v1', task_name: 'lab.load', recorded_at: $at, failed: false})
CREATE (v:Value {value_hash: 'in', type: 'File', preview: '', size: 1})
CREATE (w:Value {value_hash: 'out', type: 'File', preview: '', size: 1})
CREATE (f:File {file_hash: 'f1', path: '/data/in.csv', evidence: 'content', digest: 'd', size: 1})
CREATE (g:File {file_hash: 'f2', path: '/data/out.csv', evidence: 'content', digest: 'e', size: 1})
CREATE (e)-[:STARTED]->(j) CREATE (j)-[:MADE]->(c) CREATE (c)-[:OF]->(t)
CREATE (c)-[:TOOK {name: 'file', position: 0}]->(v) CREATE (c)-[:RETURNED]->(w)
CREATE (v)-[:REFERS_TO]->(f) CREATE (w)-[:REFERS_TO]->(g)
CREATE (ch:Change {id: 'ch', at: $at, user: 'me', project_root: '/data'})
CREATE (d:Dataset {id: 'd1', name: 'people', files: ['in.csv'], sensitivity: 'personal', licence: 'CC-BY-SA-4.0',
                   origin: 'clinic', collected_by: '', purpose: 'study', lawful_basis: 'consent'})
CREATE (ch)-[:ADDED]->(d) CREATE (f)-[:PART_OF {change: 'ch'}]->(d)
"""
ANOTHER_RUN = """
MATCH (c:CallNode {call_hash: 'c1'})
CREATE (e:Execution {id: 'e2', status: 'DONE', started: $later, finished: $later, git_commit: 'abc', git_dirty: false})
CREATE (j:Job {id: 'j2', execution_id: 'e2', n: 0, task_name: 'lab.load', task_hash: 't1', status: 'CACHED',
               started: $later, finished: $later})
CREATE (e)-[:STARTED]->(j) CREATE (j)-[:MADE]->(c)
"""
TAG = """
MATCH (ch:Change)
CREATE (ch)-[:ADDED]->(:Tag {id: 'tag', kind: $kind, target: $target, key: 'visibility', value: 'public', given: false})
"""
SECOND_DATASET = """
MATCH (ch:Change) MATCH (v:Value {value_hash: 'in'})
CREATE (f:File {file_hash: 'f3', path: '/data/more.csv', evidence: 'content', digest: 'd', size: 1})
CREATE (d:Dataset {id: 'd2', name: 'more', files: ['more.csv'], sensitivity: 'public', licence: $licence, origin: '',
                   collected_by: '', purpose: '', lawful_basis: ''})
CREATE (v)-[:REFERS_TO]->(f) CREATE (ch)-[:ADDED]->(d) CREATE (f)-[:PART_OF {change: 'ch'}]->(d)
"""

# rule, what is done to the graph, the nodes of the findings
CASES: list[tuple[str, list[str | tuple[str, dict[str, Any]]], list[str]]] = [
    ("undeclared-origin", ["MATCH (:File)-[r:PART_OF]->() DELETE r"], ["file:f1"]),
    (
        "undeclared-origin",
        ["MATCH (d:Dataset) CREATE (:Change {id: 'x', at: $later})-[:ENDED]->(d)"],
        ["file:f1"],
    ),
    ("personal-data-in-public", [(TAG, {"kind": "file", "target": "f2"})], ["file:f2"]),
    ("personal-data-in-public", [(TAG, {"kind": "execution", "target": "e1"})], ["execution:e1"]),
    ("personal-data-in-public", [(TAG, {"kind": "job", "target": "j1"})], ["job:j1"]),
    ("personal-data-in-public", [(TAG, {"kind": "call", "target": "c1"})], ["call:c1"]),
    ("personal-data-in-public", [(TAG, {"kind": "value", "target": "out"})], ["value:out"]),
    ("personal-data-in-public", [(TAG, {"kind": "task", "target": "t1"})], ["task:t1"]),
    ("personal-data-in-public", ["MATCH (j:Job) SET j.tags = ['visibility=public']"], ["job:j1"]),
    ("personal-data-in-public", ["MATCH (e:Execution) SET e.tags = ['visibility=public']"], ["execution:e1"]),
    (
        "personal-data-in-public",
        [
            (TAG, {"kind": "file", "target": "f2"}),
            'MATCH (t:Task) SET t.options = \'{"declassifies": "internal"}\'',
        ],
        [],
    ),
    (
        "personal-data-in-public",
        [
            (TAG, {"kind": "file", "target": "f2"}),
            "MATCH (t:Tag) CREATE (:Change {id: 'x', at: $later, user: 'me'})-[:ENDED]->(t)",
        ],
        [],
    ),
    ("licence-conflict", [(SECOND_DATASET, {"licence": "GPL-3.0-only"})], ["execution:e1", "file:f2"]),
    ("licence-conflict", [(SECOND_DATASET, {"licence": "CC-BY-ND-4.0"})], ["execution:e1", "file:f2"]),
    ("licence-conflict", [(SECOND_DATASET, {"licence": "CC0-1.0"})], []),
    ("uncommitted-code", ["MATCH (e:Execution) SET e.git_dirty = true"], ["execution:e1"]),
    ("uncommitted-code", ["MATCH (e:Execution) REMOVE e.git_commit"], ["execution:e1"]),
    ("unrecorded-calls", ["MATCH (j:Job) SET j.prov_off = true"], ["execution:e1", "job:j1"]),
    ("undeclared-files", ["MATCH (j:Job) SET j.undeclared_reads = ['/etc/x']"], ["execution:e1", "job:j1"]),
    ("undeclared-files", ["MATCH (j:Job) SET j.undeclared_writes = ['a', 'b']"], ["execution:e1", "job:j1"]),
    ("failed-run-result", [ANOTHER_RUN], []),
    (
        "failed-run-result",
        [ANOTHER_RUN, "MATCH (e:Execution {id: 'e1'}) SET e.status = 'FAILED'"],
        ["execution:e1", "job:j2"],
    ),
    (
        "failed-run-result",
        [
            ANOTHER_RUN,
            "MATCH (e:Execution {id: 'e1'}) SET e.status = 'FAILED'",
            "MATCH (j:Job {id: 'j2'}) SET j.reason = 'single reduction reused: the result is not there'",
            """MATCH (c:CallNode {call_hash: 'c1'})
               CREATE (:Execution {id: 'e3', status: 'DONE', started: $later, finished: $later})-[:STARTED]->
                 (:Job {id: 'j3', execution_id: 'e3', n: 0, task_name: 'lab.load', task_hash: 't1', status: 'CACHED',
                        started: $later, finished: $later})-[:MADE]->(c)""",
        ],
        [],
    ),
    ("old-cache", [ANOTHER_RUN], []),
    (
        "old-cache",
        [ANOTHER_RUN, "MATCH (c:CallNode) SET c.recorded_at = datetime('2020-01-01T00:00:00Z')"],
        ["call:c1", "job:j2"],
    ),
    (
        "overridden-result",
        [
            """MATCH (v:Value {value_hash: 'in'})
               CREATE (:CallNode {call_hash: 'c2', eval_hash: 'v1', task_name: 'lab.load', recorded_at: $later,
                                  failed: false})-[:RETURNED]->(v)"""
        ],
        ["call:c1", "call:c2"],
    ),
    (
        "overridden-result",
        [
            """MATCH (v:Value {value_hash: 'out'})
               CREATE (:CallNode {call_hash: 'c2', eval_hash: 'v1', task_name: 'lab.load', recorded_at: $later,
                                  failed: false})-[:RETURNED]->(v)"""
        ],
        [],
    ),
    ("task-without-owner", ["MATCH (j:Job) REMOVE j.tags"], ["task:t1"]),
    ("task-without-owner", ["MATCH (j:Job) REMOVE j.tags SET j.status = 'CACHED'"], []),
    (
        "task-without-owner",
        [
            "MATCH (j:Job) REMOVE j.tags SET j.status = 'CACHED', j.reason = 'single reduction reused: no result'"
        ],
        ["task:t1"],
    ),
    ("task-without-version", ["MATCH (t:Task) REMOVE t.version"], ["task:t1"]),
    ("personal-data-basis", ["MATCH (d:Dataset) SET d.lawful_basis = ''"], ["dataset:d1"]),
    ("personal-data-basis", ["MATCH (d:Dataset) SET d.purpose = '', d.sensitivity = 'internal'"], []),
    ("clock-skew", ["MATCH (j:Job) SET j.finished = datetime('2020-01-01T00:00:00Z')"], ["job:j1"]),
    (
        "clock-skew",
        ["MATCH (e:Execution) SET e.finished = datetime('2020-01-01T00:00:00Z')"],
        ["execution:e1"],
    ),
    (
        "clock-skew",
        [
            """MATCH (j:Job) CREATE (j)-[:SPAWNED]->(:Job {id: 'j3', execution_id: 'e1', n: 1, task_name: 'lab.x',
               started: datetime('2020-01-01T00:00:00Z'), status: 'DONE', task_hash: 't3'})"""
        ],
        ["job:j1", "job:j3"],
    ),
]


@pytest.fixture
def store_of_its_own(project: Project, request: pytest.FixtureRequest) -> Iterator[tuple[GraphStore, Cypher]]:
    """One in which nothing was deleted: some of that stays in the local graph's index of when runs began, and a query
    that begins there meets it."""
    store = open_store(project)
    is_local = store.dialect == "local"
    server: Server = server_of(project) if is_local else request.getfixturevalue("neo4j_server")
    yield store, server.run
    store.close()


def build(cypher: Cypher, changes: list[str | tuple[str, dict[str, Any]]]) -> None:
    cypher(GRAPH, at=AT)
    for change in changes:
        text, params = change if isinstance(change, tuple) else (change, {})
        cypher(text, **params, later=AT + timedelta(days=1))


def found(store: GraphStore, rule: str, since: datetime | None = None, **parameters: Any) -> list[str]:
    rules = [read_rule(SHIPPED / f"{rule}.cypher")]
    result = audit(store, rules, AuditFacts(store, since), parameters=parameters, timeout=30)
    return sorted({node for finding in result.findings for node in finding.nodes})


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_a_rule_finds_what_is_against_it_and_nothing_else(
    store: GraphStore, cypher: Cypher, number: int
) -> None:
    rule, changes, nodes = CASES[number]
    build(cypher, changes)
    assert found(store, rule) == nodes


def test_no_rule_finds_fault_with_a_graph_in_order(store: GraphStore, cypher: Cypher) -> None:
    build(cypher, [])
    assert {rule.stem: found(store, rule.stem) for rule in SHIPPED.iterdir()} == {
        rule.stem: [] for rule in SHIPPED.iterdir()
    }


def test_every_rule_has_a_case_that_it_finds_fault_with() -> None:
    assert {rule for rule, _, nodes in CASES if nodes} == {path.stem for path in SHIPPED.iterdir()}


def test_what_began_before_is_left_out_and_parameters_can_be_given(store: GraphStore, cypher: Cypher) -> None:
    build(
        cypher,
        ["MATCH (e:Execution) SET e.git_dirty = true", ANOTHER_RUN, "MATCH ()-[r:PART_OF]->() DELETE r"],
    )
    assert found(store, "uncommitted-code") == ["execution:e1"]
    assert found(store, "uncommitted-code", AT + timedelta(hours=1)) == []
    assert found(store, "undeclared-origin", AT + timedelta(hours=1)) == []
    assert found(store, "old-cache", days=0) == ["call:c1", "job:j2"]
    assert found(store, "old-cache", AT + timedelta(days=2), days=0) == []


def test_labels_are_those_of_the_runs_that_are_asked_about(
    store_of_its_own: tuple[GraphStore, Cypher],
) -> None:
    store, cypher = store_of_its_own
    build(cypher, [ANOTHER_RUN, (TAG, {"kind": "file", "target": "f2"})])
    rule = "personal-data-in-public"
    assert found(store, rule) == ["file:f2"]
    assert found(store, rule, AT + timedelta(hours=1)) == ["file:f2"]
    assert found(store, rule, AT + timedelta(days=2)) == []


def test_tags_are_those_of_the_runs_that_are_asked_about(store_of_its_own: tuple[GraphStore, Cypher]) -> None:
    store, cypher = store_of_its_own
    build(
        cypher,
        [
            "MATCH (e:Execution) SET e.tags = ['of=run1']",
            "MATCH (v:Value) SET v.tags = ['of=value']",
            "CREATE (:Value {value_hash: 'old', type: 'int', preview: '', size: 1, tags: ['of=old']})",
            (TAG, {"kind": "file", "target": "f2"}),
            ANOTHER_RUN,
            "MATCH (e:Execution {id: 'e2'}) SET e.tags = ['of=run2']",
            "MATCH (j:Job {id: 'j2'}) SET j.tags = ['of=job2']",
        ],
    )

    def told(since: datetime | None) -> set[tuple[str, str]]:
        return {(tag["kind"], tag["id"]) for tag in AuditFacts(store, since).tags}

    later = {("execution", "e2"), ("job", "j2"), ("value", "in"), ("value", "out"), ("file", "f2")}
    assert told(AT + timedelta(hours=1)) == later
    assert told(AT) == later | {("execution", "e1"), ("job", "j1")}
    assert told(None) == told(AT) | {("value", "old")}
    assert told(AT + timedelta(days=2)) == {("file", "f2")}


ORIGINS = """// title: t
// severity: note
// why: w
// fix: f
{}UNWIND $origins AS o
WITH o WHERE o.taken >= $since
RETURN o.path + ' of ' + toString(size($origins)) AS message, ['file:' + o.file] AS nodes
"""


def test_a_rule_that_looks_at_each_origin_by_itself_is_given_them_in_portions(
    store: GraphStore, cypher: Cypher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(cypher, [(SECOND_DATASET, {"licence": ""}), "MATCH (f:File) SET f.path = '/data/in.csv'"])

    def told(head: str, since: datetime | None) -> tuple[list[str], list[str], list[str]]:
        (tmp_path / "mine.cypher").write_text(ORIGINS.format(head))
        rules = [read_rule(tmp_path / "mine.cypher")]
        answer = audit(store, rules, AuditFacts(store, since), timeout=30)
        found = answer.findings
        return [one.message for one in found], [one.nodes[0] for one in found], answer.truncated

    monkeypatch.setattr(audit_origins, "PORTION", 1)
    for since in (None, AT):
        assert told("", since) == (["/data/in.csv of 2"] * 2, ["file:f1", "file:f3"], [])
        assert told("// each: origins\n", since) == (["/data/in.csv of 1"] * 2, ["file:f1", "file:f3"], [])
    monkeypatch.setattr(audits, "MOST", 1)
    assert told("// each: origins\n", None) == (["/data/in.csv of 1"], ["file:f1"], ["mine"])
    monkeypatch.setattr(audits, "MOST", 2)
    assert told("// each: origins\n", None)[2] == []
    cypher("MATCH ()-[r:TOOK]->() DELETE r")
    assert told("// each: origins\n", None) == ([], [], [])


class Asked:
    """A store that notes the names of the queries that it is asked."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self.names: list[str] = []

    def rows(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        self.names.append(query)
        return self._store.rows(query, **params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_files_from_outside_are_asked_for_once_and_known_again_by_the_paths_that_came_with_them(
    store: GraphStore, cypher: Cypher, tmp_path: Path
) -> None:
    build(cypher, ["MATCH (d:Dataset) DETACH DELETE d"])
    asked: Any = Asked(store)
    [given] = audit(
        asked, [read_rule(SHIPPED / "undeclared-origin.cypher")], AuditFacts(asked, AT), timeout=30
    ).findings
    assert asked.names == ["datasets", "audit_taken"]
    # By a rule that was not given it, a file is looked up, and known by the same.
    path = tmp_path / "undeclared-origin.cypher"
    path.write_text(
        "// title: t\n// severity: note\n// why: w\n// fix: f\n"
        f"RETURN '{given.message}' AS message, ['file:f1'] AS nodes, '/data/in.csv' AS path\n"
    )
    [looked_up] = audit(asked, [read_rule(path)], AuditFacts(asked, AT), timeout=30).findings
    assert asked.names[2:] == ["audit_known_by"]
    assert looked_up.fingerprint == given.fingerprint
