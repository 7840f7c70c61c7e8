"""verify finds nothing in an untouched project, and names whatever was touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from headwater.cypher import local_graph
from headwater.cypher.journal import Group, JournalWriter, read_groups
from headwater.cypher.loader import Loader
from headwater.cypher.project import Project, create_project, open_project
from headwater.cypher.records import CallMade, ValueSeen, job_id
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import verify_damage
from headwater.lineage.verify import verify
from headwater.lineage.verify_findings import Finding

from tests.conftest import ON_NEO4J, Server, server_of
from tests.runs import MadeUpRun, run_id


@dataclass
class Loaded:
    project: Project
    store: GraphStore
    server: Server
    run: MadeUpRun

    def touch(self, text: str, **params: Any) -> None:
        """Change the graph behind headwater's back; it must hit something."""
        assert self.server.run(text + " RETURN count(*) AS n", **params)[0]["n"]

    def findings(self) -> list[Finding]:
        return verify(self.project, self.store).findings


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, laid_out_graph: Path) -> Path:
    """The folder of a project that has two runs in its local graph, which is at rest. Tests change copies of it."""
    project = create_project(tmp_path_factory.mktemp("recorded"))
    shutil.copytree(laid_out_graph, project.graph)
    record(project)
    local_graph.stop(project)
    return project.root


def record(project: Project) -> None:
    for seed in (1, 2):
        MadeUpRun(seed, calls=60).write(project)
    loader = Loader(project)
    assert loader.run(idle=0) == 0
    loader.close()


@pytest.fixture(params=["local", ON_NEO4J])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loaded]:
    """A project with two runs that are in its graph."""
    if request.param == "local":
        shutil.copytree(request.getfixturevalue("recorded"), tmp_path, dirs_exist_ok=True)
        project = open_project(tmp_path)
    else:
        project = request.getfixturevalue("neo4j_project")
        record(project)
    with closing(open_store(project)) as store:
        local = request.param == "local"
        server: Server = server_of(project) if local else request.getfixturevalue("neo4j_server")
        yield Loaded(project, store, server, MadeUpRun(1, calls=60))
    if local:
        local_graph.stop(project)


def test_an_untouched_project_has_no_findings(loaded: Loaded) -> None:
    result = verify(loaded.project, loaded.store)
    assert result.findings == []
    assert result.journals == 2
    assert result.records == len(loaded.run.records) + len(MadeUpRun(2, calls=60).records)


def test_a_changed_value_is_named_with_its_record(loaded: Loaded) -> None:
    path = loaded.project.loaded_journals / f"{run_id(1)}.hwj"
    group, index, value = next(
        (group, index, record)
        for group in read_groups(path)
        for index, record in enumerate(group.records)
        if isinstance(record, ValueSeen) and record.payload
    )
    loaded.touch("MATCH (v:Value {value_hash: $key}) SET v.preview = 'better'", key=value.value_hash.hex())
    findings = [
        finding for finding in loaded.findings() if finding.place and finding.place.journal == path.name
    ]
    [finding] = findings
    assert (finding.kind, finding.label, finding.key) == ("different", "Value", value.value_hash.hex())
    assert (finding.what, finding.recorded, finding.found) == ("preview", value.preview, "better")
    assert finding.place is not None
    assert (finding.place.group, finding.place.offset, finding.place.record) == (
        group.index,
        group.offset,
        index,
    )


@pytest.mark.parametrize(
    ("label", "change"),
    [
        ("CallNode", "MATCH (c:CallNode)-[r:TOOK]->() WITH r LIMIT 1 DELETE r"),
        ("CallNode", "MATCH (c:CallNode)-[r:CALLED]->() WITH r LIMIT 1 DELETE r"),
        ("CallNode", "MATCH (c:CallNode)-[r:FED_BY]->() WITH r LIMIT 1 DELETE r"),
        ("CallNode", "MATCH (c:CallNode) WITH c LIMIT 1 CREATE (c)-[:CALLED {order: 9}]->(c)"),
        ("CallNode", "MATCH (c:CallNode) WITH c LIMIT 1 SET c.failed = NOT c.failed"),
        ("Job", "MATCH (j:Job {status: 'DONE'}) WITH j LIMIT 1 SET j.finished = datetime('2026-01-01T00:00:00Z')"),
        ("Job", "MATCH (j:Job)-[r:MADE]->() WITH r LIMIT 1 DELETE r"),
        ("Job", "MATCH (:Job)-[r:SPAWNED]->() WITH r LIMIT 1 DELETE r"),
        ("Execution", "MATCH (e:Execution) WITH e LIMIT 1 SET e.user = 'somebody'"),
        ("Execution", "MATCH (e:Execution)-[r:STARTED]->() WITH r LIMIT 1 DELETE r"),
        ("Task", "MATCH (t:Task) WITH t LIMIT 1 SET t.source = 'def f(): return 2'"),
        ("Task", "MATCH (:Task)-[r:READS]->() WITH r LIMIT 1 DELETE r"),
        ("Task", "MATCH (t:Task) WITH t LIMIT 1 MATCH (t)-[r:READS]->() DELETE r"),
        ("Task", "MATCH (t:Task)-[:READS]->(c) WITH t, c LIMIT 1 CREATE (t)-[:READS]->(c)"),
        ("Code", "MATCH (c:Code) WITH c LIMIT 1 SET c.source = 'def f(): return 2'"),
        ("Code", "MATCH (c:Code) WITH c LIMIT 1 SET c.note = 'x'"),
        ("File", "MATCH (f:File) WITH f LIMIT 1 SET f.digest = '0'"),
        ("Evaluation", "MATCH (e:Evaluation) WITH e LIMIT 1 SET e.recorded_at = datetime('2020-01-01T00:00:00Z')"),
        ("Value", "MATCH (v:Value)-[r:REFERS_TO]->() WITH r LIMIT 1 DELETE r"),
        ("CallNode", "MATCH (c:CallNode) WITH c LIMIT 1 SET c.task_name = 'flow.other'"),
        ("Job", "MATCH (j:Job {status: 'DONE'}) WITH j LIMIT 1 SET j.task_name = 'flow.other'"),
        ("CallNode", "MATCH (c:CallNode)-[:OF]->(t:Task) WITH c, t LIMIT 1 CREATE (c)-[:OF]->(t)"),
        ("CallNode", "MATCH (c:CallNode) WITH c LIMIT 1 CREATE (c)-[:FED_BY {name: 'x'}]->(c)"),
        ("CallNode", "MATCH (c:CallNode)-[f:FED_BY]->(d) WITH c, d, f LIMIT 1"
                     " CREATE (c)-[:FED_BY {name: 'y', within: f.within}]->(d)"),
        ("CallNode", "MATCH (c:CallNode) MATCH (p:CallNode) WHERE p <> c AND NOT (p)-[:CALLED]->(c)"
                     " WITH c, p LIMIT 1 CREATE (c)-[:FED_BY {name: 'x', within: p.call_hash}]->(p)"),
        ("Execution", "MATCH (e:Execution) WITH e LIMIT 1 SET e.loaded_offset = 9"),
        ("Execution", "MATCH (e:Execution) WITH e LIMIT 1 SET e.loaded_records = 9"),
        ("Execution", "MATCH (e:Execution) WITH e LIMIT 1 SET e.note = 'x'"),
        ("Job", "MATCH (j:Job {status: 'DONE'}) WITH j LIMIT 1 SET j.note = 'x'"),
        ("Task", "MATCH (t:Task) WITH t LIMIT 1 SET t.note = 'x'"),
        ("CallNode", "MATCH (c:CallNode) WITH c LIMIT 1 SET c.note = 'x'"),
        ("Evaluation", "MATCH (e:Evaluation) WITH e LIMIT 1 SET e.note = 'x'"),
        ("Value", "MATCH (v:Value) WITH v LIMIT 1 SET v.note = 'x'"),
        ("File", "MATCH (f:File) WITH f LIMIT 1 SET f.note = 'x'"),
    ],
)  # fmt: skip
def test_every_change_behind_our_back_shows(loaded: Loaded, label: str, change: str) -> None:
    loaded.touch(change)
    findings = loaded.findings()
    assert {(finding.kind, finding.label) for finding in findings} == {("different", label)}


def test_a_node_that_went_away_is_missing(loaded: Loaded) -> None:
    call = next(
        record for record in loaded.run.records if isinstance(record, CallMade) and not record.children
    )
    loaded.touch("MATCH (c:CallNode {call_hash: $key}) DETACH DELETE c", key=call.call_hash.hex())
    assert ("missing", "CallNode", call.call_hash.hex()) in {
        (f.kind, f.label, f.key) for f in loaded.findings()
    }


def test_a_job_that_no_journal_has_is_unknown(loaded: Loaded) -> None:
    loaded.touch("CREATE (:Job {id: 'planted', execution_id: $run, n: 1000})", run=run_id(1))
    assert [(f.kind, f.label, f.key) for f in loaded.findings()] == [("unknown", "Job", "planted")]


@pytest.mark.parametrize(
    ("label", "planted"),
    [
        ("CallNode", "CREATE (:CallNode {call_hash: $key})"),
        ("CallNode", "CREATE (:CallNode {eval_hash: $key})"),
        ("Value", "CREATE (:Value {value_hash: 7})"),
        ("Task", "CREATE (:Task {task_hash: 'zzzz'})"),
        ("Code", "CREATE (:Code {code_hash: $key})"),
        ("Code", "CREATE (:Code {name: 'lab.scale'})"),
        ("Execution", "CREATE (:Execution {id: $key})"),
        ("Job", "CREATE (:Job {id: $key})"),
        ("Job", "CREATE (:Job {id: $key, execution_id: 'nobody'})"),
        ("Seal", "CREATE (:Seal {by: 'me'})"),
        ("node", "CREATE ({by: 'me'})"),
    ],
)
def test_a_node_that_no_journal_has_is_unknown(loaded: Loaded, label: str, planted: str) -> None:
    loaded.touch(planted, key="ab" * 32)
    assert [(f.kind, f.label) for f in loaded.findings()] == [("unknown", label)]


def test_where_other_projects_share_the_server_only_what_is_surely_ours_is_unknown(loaded: Loaded) -> None:
    loaded.touch("CREATE (:Execution {id: '0', directory: '/elsewhere', project_root: '/elsewhere'})")
    loaded.touch("CREATE (:Job {id: '1', execution_id: '0'}), (:Value {value_hash: $key})", key="ab" * 32)
    loaded.touch(
        "CREATE (:Execution {id: '2', directory: '/x', project_root: $root})", root=str(loaded.project.root)
    )
    loaded.touch("CREATE (:Job {id: '3'})")
    result = verify(loaded.project, loaded.store)
    named = {(finding.label, finding.key) for finding in result.findings}
    if loaded.store.dialect == "local":
        assert named == {("Execution", "0"), ("Execution", "2"), ("Job", "3"), ("Value", "ab" * 32)}
    else:
        assert named == {("Execution", "2"), ("Job", "3")}
        assert result.others == 1


def test_a_flipped_byte_in_the_value_store_is_named(loaded: Loaded) -> None:
    location, payload = next(iter(sorted(loaded.run.stored.items())))
    file = loaded.project.values / location
    file.write_bytes(bytes([payload[0] ^ 1]) + payload[1:])
    [finding] = loaded.findings()
    assert (finding.kind, finding.label) == ("damaged", "Value")
    assert location in finding.what
    file.unlink()
    [finding] = loaded.findings()
    assert (finding.kind, finding.label) == ("missing", "Value")
    file.write_bytes(payload)
    assert loaded.findings() == []


def test_a_run_that_goes_on_is_no_finding(loaded: Loaded) -> None:
    run = MadeUpRun(3, calls=60)
    writer = JournalWriter(loaded.project.journals / f"{run.id}.hwj", run.id)
    for location, payload in run.stored.items():
        (loaded.project.values / location).parent.mkdir(parents=True, exist_ok=True)
        (loaded.project.values / location).write_bytes(payload)
    groups = run.groups()
    loader = Loader(loaded.project)
    try:
        for begun in (0, 1, len(groups) // 2):
            for group in groups[writer.groups : begun + 1]:
                writer.append(group)
            assert loaded.findings() == []  # before the loader has seen the last groups
            while loader.turn():
                pass
            assert loaded.findings() == []
        loaded.touch("MATCH (e:Execution {id: $id}) SET e.status = 'DONE'", id=run.id)
        assert [(f.label, f.what, f.recorded) for f in loaded.findings()] == [
            ("Execution", "status", "RUNNING")
        ]
        loaded.touch("MATCH (e:Execution {id: $id}) SET e.status = 'RUNNING'", id=run.id)
        writer.close()
        while loader.turn():
            pass
        assert loaded.findings() == []  # it ended without a word: FAILED
    finally:
        writer.close()
        loader.close()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_journal_that_is_moved_while_it_is_looked_for_is_no_finding(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    run = MadeUpRun(3, calls=60)
    writer = JournalWriter(loaded.project.journals / f"{run.id}.hwj", run.id)
    for location, payload in run.stored.items():
        (loaded.project.values / location).parent.mkdir(parents=True, exist_ok=True)
        (loaded.project.values / location).write_bytes(payload)
    loader, looks = Loader(loaded.project), 0

    def load(_: object = None) -> None:
        while loader.turn():
            pass

    def moved_just_now(path: Path, **options: Any) -> Iterator[Group]:
        nonlocal looks
        looks += path == writer.path
        if looks == nth:
            writer.close()
            load()
            assert not writer.path.exists()
        return read_groups(path, **options)

    monkeypatch.setattr(verify_damage, "read_groups", moved_just_now)
    groups = run.groups()
    try:
        for group in groups[: len(groups) // 2]:
            writer.append(group)
        load()
        for group in groups[len(groups) // 2 :]:
            writer.append(group)
        assert verify(loaded.project, loaded.store, progress=load).findings == []
    finally:
        writer.close()
        loader.close()


def test_a_cut_journal_is_damaged_and_disagrees_with_the_graph_about_its_head(loaded: Loaded) -> None:
    path = loaded.project.loaded_journals / f"{run_id(1)}.hwj"
    os.truncate(path, path.stat().st_size - 1)
    findings = loaded.findings()
    assert findings[0].kind == "damaged"
    assert findings[0].place is not None
    assert findings[0].place.group == len(loaded.run.groups()) - 1
    assert "journal_head" in {finding.what for finding in findings}


def test_a_journal_cut_between_two_groups_shows_although_its_chain_is_whole(loaded: Loaded) -> None:
    path = loaded.project.loaded_journals / f"{run_id(1)}.hwj"
    os.truncate(path, list(read_groups(path))[-1].offset)
    assert "journal_head" in {finding.what for finding in loaded.findings() if finding.label == "Execution"}


def test_a_record_that_names_what_is_not_there_is_damage(loaded: Loaded) -> None:
    """Where the bytes of a group are not right, its records are looked at as far as they can be read."""
    path = loaded.project.loaded_journals / f"{run_id(1)}.hwj"
    content = path.read_bytes()
    for group in read_groups(path):
        records = msgspec.msgpack.decode(group.payload)
        calls = [record for record in records if record[0] == 7 and record[8] == [0]]
        if calls:
            calls[0][8] = [99]
            payload = msgspec.msgpack.encode(records)
            assert len(payload) == len(group.payload)
            path.write_bytes(content[: group.end - len(payload)] + payload + content[group.end :])
            break
    first = loaded.findings()[0]
    assert (first.kind, first.label) == ("damaged", "Journal")


def test_jobs_are_named_by_their_ids(loaded: Loaded) -> None:
    loaded.touch("MATCH (j:Job {id: $id}) SET j.executor = 'other'", id=job_id(run_id(1), 0))
    [finding] = loaded.findings()
    assert (finding.label, finding.key, finding.what) == ("Job", job_id(run_id(1), 0), "executor")
