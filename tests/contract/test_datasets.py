"""Datasets: declared in a file, recorded with their history, carried along by real runs; on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.change import begin_change, write_change
from headwater.cypher.loader import catch_up
from headwater.cypher.store import open_store
from headwater.lineage.audit import audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.dataset_sync import changed
from headwater.lineage.datasets import current, declarations, files_of
from headwater.lineage.labels import labels
from headwater.lineage.resolve import Found, resolve
from headwater.lineage.rules import SHIPPED, read_rule
from headwater.lineage.tags import is_empty
from headwater.lineage.trace import trace
from headwater.lineage.trace_datasets import traced_datasets
from headwater.lineage.verify import verify

from headwater import File, Project, Scheduler, TaskDefinitionError, UsageError, task
from tests.conftest import Server, server_of

headwater_namespace = "governed"


@task
def load(people: File) -> str:
    return people.read()


@task(declassifies="public")
def count(text: str) -> int:
    return len(text.splitlines())


@task(tags={"visibility": "public"})
def publish(number: int, weather: File, path: str) -> File:
    file = File(path)
    file.write(f"{number} {weather.read()}")
    return file


@task
def main(folder: str, way: str) -> Any:
    people, weather = File(f"{folder}/people.csv"), File(f"{folder}/weather.csv")
    if way == "raw":
        return publish(load(people), weather, f"{folder}/out.txt")
    return publish(count(load(people)), weather, f"{folder}/out.txt")


class Governor:
    """Somebody who writes datasets.toml and asks what comes of it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.store = open_store(project)
        for name in ("people", "weather"):
            (project.root / f"{name}.csv").write_text(f"{name}\n")

    def declare(self, text: str) -> bool:
        """Returns whether anything was recorded."""
        self.project.datasets_file.write_text(text)
        return self.sync()

    def sync(self) -> bool:
        change = changed(self.project, self.store, begin_change(self.project, ["hw"]))
        if is_empty(change):
            return False
        write_change(self.project, change)
        assert catch_up(self.project, timeout=30).complete
        return True

    def run(self, way: str) -> Found:
        scheduler = Scheduler(self.project)
        scheduler.run(main(str(self.project.root), way))
        scheduler.wait_recorded()
        self.sync()
        assert scheduler.execution_id is not None
        return resolve(self.store, scheduler.execution_id)

    def findings(self, rule: str) -> list[str]:
        rules = [read_rule(SHIPPED / f"{rule}.cypher")]
        return [
            one.message for one in audit(self.store, rules, AuditFacts(self.store, None), timeout=30).findings
        ]

    def sensitivity(self, kind: str, id_: str) -> dict[str, str]:
        return {
            one.dataset.name: one.sensitivity
            for one in labels(self.store)
            if (one.kind, one.id) == (kind, id_)
        }


@pytest.fixture
def governor(project: Project) -> Iterator[Governor]:
    made = Governor(project)
    yield made
    made.store.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, project: Project) -> Server:
    if project.store_settings().is_local:
        return server_of(project)
    found: Server = request.getfixturevalue("neo4j_server")
    return found


PEOPLE = '[datasets.people]\nfiles = ["people*.csv"]\nsensitivity = "personal"\nlicence = "CC-BY-4.0"\n'
WEATHER = '[datasets.weather]\nfiles = ["*eather.csv"]\nsensitivity = "public"\nlicence = "CC0-1.0"\n'


def test_a_result_holds_the_datasets_of_all_its_origins(governor: Governor) -> None:
    governor.declare(PEOPLE + WEATHER)
    run = governor.run("raw")
    found = traced_datasets(governor.store, trace(governor.store, run))
    assert [(one.dataset.name, one.sensitivity, len(one.files)) for one in found] == [
        ("people", "personal", 1),
        ("weather", "public", 1),
    ]
    out = resolve(governor.store, str(governor.project.root / "out.txt"))
    both = {"people": "personal", "weather": "public"}
    assert governor.sensitivity("execution", run.id) == governor.sensitivity("file", out.id) == both
    assert len(governor.findings("personal-data-in-public")) == 1
    assert governor.findings("undeclared-origin") == []
    assert not verify(governor.project, governor.store).findings


def test_a_declassifying_task_lets_it_be_published(governor: Governor) -> None:
    governor.declare(PEOPLE + WEATHER)
    run = governor.run("counted")
    found = traced_datasets(governor.store, trace(governor.store, run))
    assert {one.dataset.name: one.sensitivity for one in found} == {"people": "public", "weather": "public"}
    assert governor.findings("personal-data-in-public") == []
    assert governor.store.rows("log_task", task=count.hash.hex())[0][4] == '{"declassifies": "public"}'


def test_files_that_were_recorded_before_they_were_declared_belong_too(governor: Governor) -> None:
    governor.run("raw")
    assert len(governor.findings("undeclared-origin")) == 2
    assert governor.declare(PEOPLE)
    assert not governor.sync()
    assert len(governor.findings("undeclared-origin")) == 1
    [people] = current(governor.store)
    assert len(files_of(governor.store, [people.id])[people.id]) == 1
    (governor.project.root / "people.csv").write_text("others\n")
    governor.run("raw")
    assert len(files_of(governor.store, [people.id])[people.id]) == 2
    assert not verify(governor.project, governor.store).findings


def test_the_place_of_a_dataset_may_be_written_in_another_way_than_it_is_recorded(governor: Governor) -> None:
    for name in ("people", "weather"):
        File(f"memory:///governed/{name}.csv").write(f"{name}\n")
    scheduler = Scheduler(governor.project)
    scheduler.run([load(File(f"memory:///governed/{name}.csv")) for name in ("people", "weather")])
    scheduler.wait_recorded()
    assert len(governor.findings("undeclared-origin")) == 2
    patterns = '["memory:///governed/p*.csv", "memory://governed/w*.csv"]'
    assert governor.declare(f'[datasets.all]\nfiles = {patterns}\nsensitivity = "public"\n')
    assert governor.findings("undeclared-origin") == []


def test_a_declaration_that_changes_keeps_its_history(governor: Governor) -> None:
    governor.declare(PEOPLE)
    run = governor.run("raw")
    assert governor.declare(PEOPLE.replace("personal", "special"))
    assert governor.sensitivity("execution", run.id) == {"people": "special"}
    assert governor.declare(WEATHER)
    known = declarations(governor.store)
    assert [(one.name, one.sensitivity, one.is_current) for one in known] == [
        ("people", "personal", False),
        ("people", "special", False),
        ("weather", "public", True),
    ]
    assert all(one.user and one.at for one in known)
    assert governor.declare(PEOPLE)
    assert governor.sensitivity("execution", run.id) == {"people": "personal"}
    assert not verify(governor.project, governor.store).findings


def test_datasets_are_those_of_an_earlier_time_where_that_is_asked_for(governor: Governor) -> None:
    governor.declare(PEOPLE)
    run = governor.run("raw")
    before = AsOf(governor.store, datetime.now(timezone.utc))
    governor.declare(PEOPLE.replace("personal", "special") + WEATHER)
    assert [(one.name, one.sensitivity) for one in current(before)] == [("people", "personal")]
    found = traced_datasets(before, trace(before, run))
    assert [(one.dataset.name, one.sensitivity) for one in found] == [("people", "personal")]


def test_a_project_leaves_the_datasets_of_others_alone(governor: Governor, server: Server) -> None:
    governor.declare(PEOPLE)
    server.run("MATCH (c:Change) SET c.project_root = '/another'")
    assert governor.declare(WEATHER)
    assert {one.name for one in current(governor.store)} == {"people", "weather"}


def test_without_a_file_nothing_is_recorded_and_nothing_withdrawn(governor: Governor) -> None:
    assert not governor.sync()
    governor.declare(PEOPLE)
    governor.project.datasets_file.unlink()
    assert not governor.sync()
    assert [one.name for one in current(governor.store)] == ["people"]


def test_a_file_that_the_settings_name_has_to_be_there(governor: Governor) -> None:
    governor.project.settings["datasets"] = {"file": "governance/data.toml"}
    with pytest.raises(UsageError, match=r"governance/data\.toml is not there, and \[datasets\] file"):
        governor.sync()
    (governor.project.root / "governance").mkdir()
    assert governor.declare(PEOPLE)


@pytest.mark.parametrize(
    "tampering",
    [
        "MATCH (d:Dataset) SET d.sensitivity = 'public'",
        "MATCH (:File)-[r:PART_OF]->() DELETE r",
        "MATCH (f:File) MATCH (d:Dataset) MERGE (f)-[:PART_OF {change: 'none'}]->(d)",
        "MATCH ()-[r:ADDED]->(:Dataset) DELETE r",
        "CREATE (:Dataset {id: '00', name: 'false'})",
    ],
)
def test_verify_tells_what_of_a_dataset_is_not_as_its_journal_has_it(
    governor: Governor, server: Server, tampering: str
) -> None:
    governor.declare(PEOPLE + WEATHER)
    governor.run("raw")
    assert not verify(governor.project, governor.store).findings
    server.run(tampering)
    assert verify(governor.project, governor.store).findings


def test_hostile_words_of_a_declaration_are_kept_as_they_are(governor: Governor, tmp_path: Path) -> None:
    governor.declare(PEOPLE + 'origin = "\\u001b[31m\'}) DETACH DELETE n //\\n"\n')
    [people] = current(governor.store)
    assert people.origin == "\x1b[31m'}) DETACH DELETE n //\n"
    assert not verify(governor.project, governor.store).findings


def test_what_declassifies_counts_in_a_tasks_hash_and_has_to_be_a_level() -> None:
    def same(text: str) -> int:
        return len(text)

    plain = task(name="same", namespace="governed")(same)
    lowered = task(name="same", namespace="governed", declassifies="internal")(same)
    assert plain.hash != lowered.hash
    with pytest.raises(TaskDefinitionError, match="declassifies='secret': choose one of public, internal"):
        task(name="same", namespace="governed", declassifies="secret")(same)
    with pytest.raises(TaskDefinitionError, match="declassifies is no option of a call"):
        plain.options(declassifies="public")
