"""Seals in the graph, in both stores: loaded once, verified, and told from those that nobody made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from headwater.cypher.journal import JournalWriter, read_groups
from headwater.cypher.loader import Loader
from headwater.cypher.project import Project
from headwater.cypher.records import ValueSeen
from headwater.cypher.store import GraphStore
from headwater.lineage.seals.files import load_seals, read_seals
from headwater.lineage.seals.keys import public_bytes
from headwater.lineage.seals.make import make_seal
from headwater.lineage.verify import verify
from headwater.lineage.verify_findings import Verification

from tests.conftest import Server
from tests.runs import MadeUpRun, run_id


@dataclass
class Sealed:
    project: Project
    store: GraphStore
    server: Server
    key: Ed25519PrivateKey

    def load(self) -> None:
        loader = Loader(self.project)
        assert loader.run(idle=0) == 0
        loader.close()
        load_seals(self.project, self.store)

    def touch(self, text: str, **params: Any) -> None:
        """Change the graph behind headwater's back; it must hit something."""
        assert self.server.run(text + " RETURN count(*) AS n", **params)[0]["n"]

    def verify(self) -> Verification:
        return verify(self.project, self.store, public_keys=[public_bytes(self.key)])

    def findings(self) -> list[tuple[str, str, str]]:
        return [(finding.kind, finding.label, finding.what) for finding in self.verify().findings]


@pytest.fixture
def sealed(request: pytest.FixtureRequest, store_and_server: tuple[GraphStore, Server]) -> Iterator[Sealed]:
    """Two runs, each under a seal of its own, all in the graph."""
    store, server = store_and_server
    name = "neo4j_project" if store.dialect == "neo4j" else "shared_local_project"
    project: Project = request.getfixturevalue(name)
    _empty(project)
    world = Sealed(project, store, server, Ed25519PrivateKey.generate())
    for seed in (1, 2):
        MadeUpRun(seed, calls=25).write(project)
        make_seal(project, world.key)
    world.load()
    yield world
    _empty(project)


def _empty(project: Project) -> None:
    for path in [*project.journals.glob("*.*"), *project.loaded_journals.iterdir()]:
        path.unlink()


def test_the_graph_has_every_seal_and_verify_finds_nothing(sealed: Sealed) -> None:
    result = sealed.verify()
    assert result.findings == []
    assert (result.seals, result.keys) == (2, [public_bytes(sealed.key).hex()])
    assert result.sealed == result.records
    rows = sealed.server.run(
        "MATCH (s:Seal) RETURN s.number AS n, s.id AS id, s.previous AS p, s.size AS size ORDER BY n"
    )
    seals = [seal.statement for seal in read_seals(sealed.project)]
    assert [(row["n"], row["id"], row["p"], row["size"]) for row in rows] == [
        (told.number, told.id, told.previous, told.size) for told in seals
    ]


def test_a_graph_that_was_lost_gets_its_seals_again(sealed: Sealed) -> None:
    sealed.server.wipe()
    for path in sealed.project.loaded_journals.iterdir():
        path.rename(sealed.project.journals / path.name)
    sealed.load()
    assert sealed.findings() == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("MATCH (s:Seal {number: 1}) DETACH DELETE s", ("missing", "Seal", "")),
        ("MATCH (s:Seal {number: 1}) SET s.root = 'ab'", ("different", "Seal", "root")),
        (
            "MATCH (s:Seal {number: 2}) SET s.at = datetime('2020-01-01T00:00:00Z')",
            ("different", "Seal", "at"),
        ),
        ("MATCH (s:Seal {number: 2}) REMOVE s.previous", ("different", "Seal", "previous")),
        ("MATCH (s:Seal {number: 2}) SET s.journals = ['x']", ("different", "Seal", "journals")),
        (
            "MATCH (s:Seal {number: 2}) SET s.note = 'x'",
            ("different", "Seal", "properties that headwater does not write"),
        ),
    ],
)
def test_a_seal_that_was_changed_in_the_graph_is_named(
    sealed: Sealed, change: str, finding: tuple[str, str, str]
) -> None:
    sealed.touch(change)
    assert sealed.findings() == [finding]


def test_a_seal_that_no_file_has_is_unknown_where_it_names_a_run_of_ours(sealed: Sealed) -> None:
    sealed.touch("CREATE (:Seal {id: 'planted', number: 3, journals: [$span]})", span=f"{run_id(1)} 0-9 ab")
    sealed.touch("CREATE (:Seal {id: 'theirs', number: 3, journals: ['somebody 0-9 ab']})")
    found = {finding.key for finding in sealed.verify().findings}
    assert found == ({"planted", "theirs"} if sealed.store.dialect == "local" else {"planted"})


@pytest.mark.parametrize(
    ("change", "label", "what"),
    [
        ("MATCH (c:CallNode), (v:Value) WITH c, v LIMIT 1 CREATE (c)-[:LIKES]->(v)", "LIKES", "no such edge"),
        (
            "MATCH (c:CallNode), (v:Value) WITH c, v LIMIT 1 CREATE (v)-[:CALLED]->(c)",
            "CALLED",
            "no such edge",
        ),
        (
            "MATCH ()-[r:TOOK]->() WITH r LIMIT 1 SET r.note = 1",
            "TOOK",
            "properties that headwater does not write: note",
        ),
        ("MATCH (e:Execution) WITH e LIMIT 1 CREATE (e)-[:STARTED]->(e)", "STARTED", "no such edge"),
    ],
)
def test_an_edge_that_headwater_does_not_write_is_unknown(
    sealed: Sealed, change: str, label: str, what: str
) -> None:
    sealed.touch(change)
    found = [finding for finding in sealed.verify().findings if finding.kind == "unknown"]
    assert [(finding.label, what in finding.what) for finding in found] == [(label, True)]


@pytest.mark.parametrize(
    "change",
    [
        "MATCH (c:CallNode) WITH c LIMIT 1 SET c.recorded_at = datetime('2090-01-01T00:00:00Z')",
        "MATCH (c:CallNode) WITH c LIMIT 1 SET c.cacheable = NOT c.cacheable, c.recorded_at = datetime('2090-01-01')",
        "MATCH (e:Evaluation) WITH e LIMIT 1 SET e.recorded_at = datetime('2090-01-01T00:00:00Z'), e.directory = '/x'",
    ],
)
def test_a_time_later_than_any_record_is_no_excuse(sealed: Sealed, change: str) -> None:
    sealed.touch(change)
    assert [what for _, _, what in sealed.findings()] == ["recorded_at"]


def test_a_value_of_another_type_is_different_though_it_is_equal(sealed: Sealed) -> None:
    sealed.touch("MATCH (c:CallNode {failed: false}) WITH c LIMIT 1 SET c.failed = 0")
    assert {what for _, _, what in sealed.findings()} == {"failed"}


def test_jobs_of_a_run_that_went_away_are_compared_too(sealed: Sealed) -> None:
    run = MadeUpRun(3, calls=30)
    run.write(sealed.project, until=3)
    sealed.load()
    assert sealed.findings() == []
    open_jobs = "MATCH (j:Job {execution_id: $run, status: 'CANCELLED'}) WITH j ORDER BY j.n LIMIT 1 "
    for change, what in [("SET j.executor = 'x'", "executor"), ("SET j.status = 'DONE'", "status")]:
        sealed.touch(open_jobs + change, run=run.id)
        assert what in {found for _, label, found in sealed.findings() if label == "Job"}


def test_a_run_that_goes_on_is_sealed_as_far_as_it_is_and_is_no_finding(sealed: Sealed) -> None:
    run = MadeUpRun(3, calls=30)
    for location, payload in run.stored.items():
        (sealed.project.values / location).parent.mkdir(parents=True, exist_ok=True)
        (sealed.project.values / location).write_bytes(payload)
    writer = JournalWriter(sealed.project.journals / f"{run.id}.hwj", run.id)
    loader = Loader(sealed.project)
    try:
        for group in run.groups():
            writer.append(group)
            if writer.groups in (1, 3, 8):
                assert make_seal(sealed.project, sealed.key).made
                assert sealed.findings() == []  # before the graph has any of it
                while loader.turn():
                    pass
                load_seals(sealed.project, sealed.store)
                assert sealed.findings() == []
        writer.close()
        while loader.turn():
            pass
        assert sealed.findings() == []
        assert sealed.verify().seals == 5
    finally:
        writer.close()
        loader.close()


def test_what_came_from_the_first_record_that_is_off_is_told(sealed: Sealed) -> None:
    rows = sealed.server.run(
        "MATCH (v:Value)<-[:TOOK]-(c:CallNode) RETURN v.value_hash AS value, collect(DISTINCT c.call_hash) AS calls "
        "ORDER BY value LIMIT 1"
    )
    value, calls = rows[0]["value"], set(rows[0]["calls"])
    sealed.touch("MATCH (v:Value {value_hash: $value}) SET v.preview = 'forged'", value=value)
    changed = sealed.verify()
    sealed.touch("MATCH (v:Value {value_hash: $value}) DETACH DELETE v", value=value)
    gone = sealed.verify()
    for result in (changed, gone):
        first = result.first()
        assert first is not None
        assert result.downstream is not None
        assert result.downstream.calls >= len(calls) > 0
    first = changed.first()
    assert first is not None
    assert (first.label, first.key, first.what) == ("Value", value, "preview")


def test_a_graph_that_nobody_can_walk_through_is_told_of_all_the_same(sealed: Sealed) -> None:
    sealed.touch("MATCH (c:CallNode) SET c.named = 'text', c.recorded_at = 'text'")
    result = sealed.verify()
    assert {"named", "recorded_at"} <= {finding.what for finding in result.findings}


def test_a_damaged_group_is_followed_down_to_the_record(sealed: Sealed) -> None:
    path = sealed.project.loaded_journals / f"{run_id(1)}.hwj"
    content = path.read_bytes()
    at = content.rindex(b"option 1")
    path.write_bytes(content[:at] + b"0ption 1" + content[at + 8 :])
    result = sealed.verify()
    others = {(finding.kind, finding.label) for finding in result.findings if finding.label != "Journal"}
    assert others == {("different", "Value")}  # what is behind the damage still is as it was
    first = result.first()
    assert first is not None
    assert first.place is not None
    assert (first.label, first.place.journal) == ("Value", path.name)
    *_, (group, record) = [
        (at, index)
        for at, records in enumerate(MadeUpRun(1, calls=25).groups())
        for index, one in enumerate(records)
        if isinstance(one, ValueSeen) and b"option 1" in (one.payload or b"")
    ]
    assert (first.place.group, first.place.record) == (group, record)


def test_of_a_damaged_end_that_never_came_into_the_graph_nothing_is_missing_there(sealed: Sealed) -> None:
    """What a machine leaves that lost its power."""
    run = MadeUpRun(3, calls=30)
    path = run.write(sealed.project)
    groups = list(read_groups(path))
    path.write_bytes(path.read_bytes()[: groups[-1].end - 3])
    sealed.load()
    assert [(kind, label) for kind, label, _ in sealed.findings()] == [("damaged", "Journal")]


def test_a_place_outside_the_value_store_is_not_looked_at(sealed: Sealed) -> None:
    run = MadeUpRun(3, calls=2)
    value = ValueSeen(b"\1" * 32, "str", "pickle", 9, "x", None, "../../../../dev/zero")
    writer = JournalWriter(sealed.project.journals / f"{run.id}.hwj", run.id)
    writer.append([run.records[0], value])
    writer.close()
    sealed.load()
    assert [(kind, label) for kind, label, _ in sealed.findings()] == [("damaged", "Value")]
