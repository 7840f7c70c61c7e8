"""An audit as of a moment finds what an audit found then, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.change import begin_change, write_change
from headwater.cypher.loader import catch_up
from headwater.cypher.project import Project
from headwater.cypher.records import ChangeMade
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import audit_origins
from headwater.lineage.audit import audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.audit_origins import origins
from headwater.lineage.dataset_sync import changed
from headwater.lineage.resolve import resolve
from headwater.lineage.rules import SHIPPED, RuleError, read_rule
from headwater.lineage.tags import add, is_empty, read_name, remove, tags_of

from headwater import File, Scheduler, task

headwater_namespace = "watched"

WORLD = {"measured": 1, "fails": False}


@task
def load(people: File) -> str:
    return people.read()


@task(version="1")
def measure(text: str) -> int:
    return len(text) * WORLD["measured"]


@task(tags={"owner": "ann"})
def check(number: int) -> int:
    if WORLD["fails"]:
        raise ValueError("out of order")
    return number


@task
def publish(number: int, path: str) -> File:
    file = File(path)
    file.write(str(number))
    return file


@task
def main(folder: str) -> File:
    return publish(check(measure(load(File(f"{folder}/people.csv")))), f"{folder}/out.txt")


class History:
    """Somebody who runs, declares and tags, and who audits after each step."""

    def __init__(self, project: Project, store: GraphStore) -> None:
        self.project, self.store = project, store
        (project.root / "people.csv").write_text("ann\nben\n")
        self.told: list[tuple[str, datetime, dict[str, Any]]] = []

    def run(self, what: str, *, cache: bool = True, **world: Any) -> None:
        WORLD.update(world)
        scheduler = Scheduler(self.project)
        with suppress(ValueError):
            scheduler.run(main(str(self.project.root)), cache=cache)
        scheduler.wait_recorded()
        self.sync()
        self.audit(what)

    def declare(self, what: str, text: str) -> None:
        self.project.datasets_file.write_text(text)
        self.sync()
        self.audit(what)

    def sync(self) -> None:
        self.write(changed(self.project, self.store, self.change()))

    def tag(self, what: str, name: str, *, away: bool = False) -> None:
        found = resolve(self.store, what)
        known = tags_of(self.store, [found.id])
        edit = remove if away else add
        self.write(edit(self.change(), found, known, [read_name(name)]))
        self.audit(f"{name} on {what}, away: {away}")

    def change(self) -> ChangeMade:
        return begin_change(self.project, ["hw"])

    def write(self, change: ChangeMade) -> None:
        if not is_empty(change):
            write_change(self.project, change)
        assert catch_up(self.project, timeout=60).complete

    def audit(self, what: str) -> None:
        self.told.append((what, datetime.now(timezone.utc), findings(self.store)))


def findings(store: GraphStore, since: datetime | None = None) -> dict[str, Any]:
    rules = [read_rule(path) for path in sorted(SHIPPED.iterdir())]
    result = audit(store, rules, AuditFacts(store, since), parameters={"days": 0}, timeout=60)
    found: dict[str, Any] = {}
    for one in result.findings:
        found.setdefault(one.rule.id, []).append((one.message, one.nodes, one.path))
    return found


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    store = open_store(project)
    yield store
    store.close()


PEOPLE = '[datasets.people]\nfiles = ["people.csv"]\nsensitivity = "personal"\nlicence = "CC-BY-ND-4.0"\n'


def test_an_audit_as_of_a_moment_finds_what_was_found_then(
    project: Project, store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(project, store)
    history.audit("nothing yet")
    history.run("a run that fails", fails=True)
    history.run("a run that uses what that left", fails=False)
    history.run("a run that is answered by it")
    history.declare("people are declared", PEOPLE)
    history.tag("-", "visibility=public")
    history.run("the world changed", cache=False, measured=2)
    (project.root / "people.csv").write_text("ann\nben\neve\n")
    history.run("a file changed")
    history.tag("task:watched.load", "owner=ben")
    history.tag("~2", "visibility=public", away=True)
    history.declare("a basis", PEOPLE + 'purpose = "study"\nlawful_basis = "consent"\n')
    history.run("all again", cache=False)
    found = {rule for _, _, answer in history.told for rule in answer}
    assert found >= {
        *("undeclared-origin", "personal-data-in-public", "personal-data-basis", "licence-conflict"),
        *("uncommitted-code", "failed-run-result", "overridden-result", "old-cache"),
        *("task-without-owner", "task-without-version"),
    }
    assert len({repr(answer) for _, _, answer in history.told}) > 8
    for what, moment, answer in history.told:
        assert findings(AsOf(store, moment)) == answer, what
    # Of everything, files are asked who took them; of some runs, these what they took.
    for seen in (store, AsOf(store, history.told[6][1])):
        for portion in (audit_origins.PORTION, 1):
            monkeypatch.setattr(audit_origins, "PORTION", portion)
            whole, since = ([*origins(seen, since)] for since in (None, audit_origins.BEGINNING))
            assert [*chain(*whole)] == [*chain(*since)]
            assert max(map(len, whole)) <= portion
    _, since, _ = history.told[4]
    for what, moment, _ in history.told[-1:]:
        assert findings(AsOf(store, moment), since) == findings(store, since), what


def rule(folder: Path, query: str, head: str = "") -> Any:
    path = folder / "mine.cypher"
    path.write_text(f"// title: t\n// severity: note\n// why: w\n// fix: f\n{head}{query}\n")
    return read_rule(path)


RUNS = "RETURN 'a run' AS message, ['execution:' + e.id] AS nodes"


def test_a_rule_that_does_not_ask_for_the_moment_is_refused(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    then = AsOf(store, datetime.now(timezone.utc))
    unaware = rule(tmp_path, f"MATCH (e:Execution) {RUNS}")
    with pytest.raises(RuleError, match=r"mine\.cypher:5: the rule would answer as of now.*\$as_of"):
        audit(then, [unaware], AuditFacts(then, None), timeout=30)
    assert audit(store, [unaware], AuditFacts(store, None), timeout=30).findings == []


def test_a_rule_of_ones_own_gets_the_moment_or_says_that_it_needs_none(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    history = History(project, store)
    history.run("one", fails=False)
    between = AsOf(store, datetime.now(timezone.utc))
    history.run("two")
    aware = rule(tmp_path, f"MATCH (e:Execution) WHERE $as_of IS NULL OR e.started <= $as_of {RUNS}")
    timeless = rule(tmp_path, f"MATCH (e:Execution) {RUNS}", "// timeless: so we say.\n")
    counts = [
        len(audit(seen, [one], AuditFacts(seen, None), timeout=30).findings)
        for one in (aware, timeless)
        for seen in (between, store)
    ]
    assert counts == [1, 2, 2, 2]
