"""kill -9 of the scheduler at random points, and running again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import read_groups
from headwater.cypher.loader import catch_up
from headwater.cypher.records import CallMade, JobEnded
from headwater.cypher.store import open_store

from headwater import Project, Scheduler, create_project
from tests.faults import flow, handle_flow

SEEDS = int(os.environ.get("HEADWATER_FAULT_SEEDS", "50"))

CLOSURE = """
MATCH (:Execution {id: $id})-[:STARTED]->(:Job)-[:MADE]->(root:CallNode)
MATCH (root)-[:CALLED*0..]->(c:CallNode) WITH DISTINCT root, c
MATCH (c)-[:OF]->(t:Task), (c)-[:RETURNED]->(v:Value)
OPTIONAL MATCH (c)-[a:TOOK]->(arg:Value)
WITH root, c, t, v, collect(a.name + ' ' + arg.value_hash) AS args
OPTIONAL MATCH (c)-[o:CALLED]->(d:CallNode)
WITH root, c, t, v, args, collect(toString(o.order) + ' ' + d.call_hash) AS children
OPTIONAL MATCH (c)-[f:FED_BY]->(e:CallNode)
RETURN root.call_hash, c.call_hash, c.eval_hash, t.fullname, v.value_hash, args, children,
       collect(f.name + ' ' + f.within + ' ' + e.call_hash) AS flows
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return create_project(tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return create_project(tmp_path_factory.mktemp("undisturbed"))


def start(project: Project, seed: int, script: str = flow.__file__) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, script, str(project.root), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def journals(project: Project) -> list[Path]:
    return sorted(
        [*project.journals.glob("*.hwj"), *project.loaded_journals.glob("*.hwj")], key=lambda p: p.name
    )


def records_of(path: Path) -> list[Any]:
    """All records of a journal's intact part."""
    records: list[Any] = []
    try:
        for group in read_groups(path):
            records += group.records
    except JournalDamaged:
        pass
    return records


def dump(project: Project, execution_id: str) -> list[Any]:
    catch_up(project)
    store = open_store(project)
    try:
        rows = store.ask(CLOSURE, {"id": execution_id}, timeout=60, limit=10_000).rows
    finally:
        store.close()
    return sorted([*row[:5], *(sorted(part) for part in row[5:])] for row in rows)


def killed_once(project: Project, seed: int, script: str, seconds: float) -> None:
    process = start(project, seed, script)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def nothing_repeated(paths: list[Path]) -> None:
    """No run did again what the record of one before it holds."""
    recorded: set[bytes] = set()
    for path in paths:
        records = records_of(path)
        ran = {r.eval_hash for r in records if isinstance(r, JobEnded) and r.status == "DONE"}
        assert not ran & recorded, "work that an earlier run had recorded was repeated"
        recorded |= {r.eval_hash for r in records if isinstance(r, CallMade)}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.xdist_group("killed-schedulers")
def test_a_killed_run_is_resumed_without_repeating_what_was_recorded(
    killed: Project, undisturbed: Project, seed: int
) -> None:
    chance = random.Random(seed)
    before = set(journals(killed))
    for _ in range(chance.randint(1, 2)):
        killed_once(killed, seed, flow.__file__, chance.uniform(0.0, 0.9))
    last = start(killed, seed)
    printed, _ = last.communicate(timeout=120)
    assert printed.strip() == str(flow.expected(seed))

    assert catch_up(killed).complete  # so that the loader moves no journal while it is read here
    mine = [path for path in journals(killed) if path not in before]
    nothing_repeated(mine)

    reference = Scheduler(undisturbed)
    assert reference.run(flow.main(seed)) == flow.expected(seed)
    reference.wait_recorded()
    assert reference.execution_id is not None
    assert dump(killed, mine[-1].stem) == dump(undisturbed, reference.execution_id)


@pytest.mark.parametrize("seed", range(1, max(2, SEEDS // 5) + 1))
@pytest.mark.xdist_group("killed-schedulers")
def test_a_killed_run_that_changes_a_database_goes_on_where_it_was(killed: Project, seed: int) -> None:
    chance = random.Random(seed)
    before = set(journals(killed))
    for _ in range(chance.randint(1, 3)):
        killed_once(killed, seed, handle_flow.__file__, chance.uniform(0.0, 0.8))
    last = start(killed, seed, handle_flow.__file__)
    printed, _ = last.communicate(timeout=120)
    assert printed.strip() == str(handle_flow.expected(seed))
    assert catch_up(killed).complete
    nothing_repeated([path for path in journals(killed) if path not in before])
