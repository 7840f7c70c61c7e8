"""Whatever is edited behind headwater's back, verify finds it; and where nothing was edited, it finds nothing.

`make edits N=10000` makes more of them. What is not among them, because nothing that was recorded tells it: zeros at
the very end of a journal (space that its writer took ahead), when a run ended whose process went away without a word
and that had no job open, and the nodes in which the graph keeps its schema's version.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from headwater.cypher import local_graph
from headwater.cypher.backlog import catch_up
from headwater.cypher.project import create_project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.seals.export import keep, read_kept
from headwater.lineage.seals.files import load_seals
from headwater.lineage.seals.keys import public_bytes
from headwater.lineage.seals.make import make_seal
from headwater.lineage.verify import verify
from headwater.lineage.verify_findings import Finding

from tests.conftest import server_of
from tests.faults.edits import EDITS, edits_wanted
from tests.faults.world import Graph, World
from tests.graph_dump import dump
from tests.lineage.lab import Lab
from tests.runs import MadeUpRun

SEED = int(os.environ.get("HEADWATER_EDITS_SEED", "1"))
CLEAN_EVERY = 40
WORKFLOW = """
from headwater import catch, get_context

@task
def write(path: str, text: str) -> File:
    file = File(path)
    file.write(text)
    return file

@task
def named(path: str) -> File:
    return File(path)

@task
def size(file: File, rate: int = get_context("rate", 2)) -> int:
    return len(file.read()) * rate

@task
def refuse(x: int) -> int:
    raise ValueError("no")

@task
def recover(error: Exception) -> int:
    return 0

@task
def long(n: int) -> str:
    return "0123456789" * n

@task
def main(n: int) -> list[object]:
    made = [size(write(f"out{i}.txt", "x" * i)) for i in range(n)]
    return [made, size(named("in.txt")), catch(refuse(n), ValueError, recover), long(800 + n)]
"""


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def store_and_world(
    tmp_path_factory: pytest.TempPathFactory, key: Ed25519PrivateKey
) -> Iterator[tuple[GraphStore, World]]:
    """Runs of a workflow and made up ones, one of which was cut off, under three seals."""
    root = tmp_path_factory.mktemp("edited")
    project = create_project(root)
    store = open_store(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        (root / "in.txt").write_text("in")
        lab = Lab(project, store)
        lab.run(WORKFLOW, "main(2)")
        make_seal(project, key)
        lab.run(WORKFLOW, "main(2)", cache=False)
        MadeUpRun(1, calls=18).write(project)
        assert catch_up(project).complete
        make_seal(project, key)
        run = MadeUpRun(2, calls=30)
        run.write(project, until=len(run.groups()) // 2)
        assert catch_up(project).complete
        make_seal(project, key)
        load_seals(project, store)
        graph = Graph(server_of(project))
        world = World(project, graph, tmp_path_factory.mktemp("kept"))
        world.keep()
        yield store, world
        graph.close()
        store.close()
        local_graph.stop(project)


@pytest.fixture(scope="module")
def kept(store_and_world: tuple[GraphStore, World], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest seal, as it was kept elsewhere."""
    from headwater.lineage.seals.export import find_seal

    _, world = store_and_world
    path = tmp_path_factory.mktemp("elsewhere") / "seal.json"
    keep(world.project, find_seal(world.project, "-"), str(path))
    return path


def test_every_edit_is_found_and_nothing_else(
    store_and_world: tuple[GraphStore, World], kept: Path, key: Ed25519PrivateKey
) -> None:
    store, world = store_and_world
    public = [public_bytes(key)]

    def findings() -> list[Finding]:
        return verify(world.project, store, kept=read_kept(kept), public_keys=public).findings

    assert findings() == []
    before = dump(store)
    wanted, made = edits_wanted(200), Counter[str]()
    missed: list[str] = []
    turn = 0
    while made.total() < wanted:
        turn += 1
        chance = Random(f"{SEED} {turn}")
        edit = EDITS[turn % len(EDITS)]
        what = edit(world, chance)
        if what is None:
            world.undo()
            continue
        made[edit.__name__] += 1
        try:
            found = findings()
        except Exception as error:
            raise AssertionError(f"edit {turn}, {edit.__name__}: {what}") from error
        if not found:
            missed.append(f"edit {turn}, {edit.__name__}: {what}")
        world.undo()
        if made.total() % CLEAN_EVERY == 0:
            assert findings() == [], f"after edit {turn}, {edit.__name__}: {what}"
        if made.total() % 500 == 0:
            print(f"{made.total()} edits, {len(missed)} missed", flush=True)
    print(dict(made))
    assert missed == []
    assert findings() == []
    assert dump(store) == before
