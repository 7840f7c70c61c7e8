"""What goes wrong between journals and graph: whatever it is, the graph ends as an undisturbed load leaves it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.backlog import pending
from headwater.cypher.errors import StoreUnavailable
from headwater.cypher.journal import JournalWriter
from headwater.cypher.load_journal import JournalLoad
from headwater.cypher.loader import Loader, catch_up
from headwater.cypher.neo4j_store import Neo4jStore
from headwater.cypher.project import SETTINGS, Project, StoreSettings, create_project, open_project
from headwater.cypher.store import GraphStore, open_store

from tests.conftest import NEO4J_LOCAL, USES_NEO4J, Server, emptied, end_loader
from tests.faults.proxy import CommitCutter
from tests.graph_dump import dump, duplicates
from tests.ports import free_port
from tests.runs import MadeUpRun

SEEDS = int(os.environ.get("HEADWATER_FAULT_SEEDS", "50"))
RUNS = (1, 2, 3)

Dump = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def undisturbed(shared_local_project: Project) -> Dump:
    """The graph that loading RUNS leaves when nothing goes wrong."""
    store, server = emptied(shared_local_project)
    write_runs(shared_local_project)
    loader = Loader(shared_local_project)
    assert loader.run(idle=0) == 0
    loader.close()
    found = dump(store)
    assert duplicates(found) == {}
    server.wipe()
    store.close()
    return found


def write_runs(project: Project) -> None:
    for seed in RUNS:
        MadeUpRun(seed, calls=60).write(project)


def graph_of(project: Project) -> Dump:
    store = open_store(project)
    try:
        return dump(store)
    finally:
        store.close()


def start_loader(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "headwater.cypher.loader", str(project.root), "--idle", "0"],
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def loaders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Loaders that are to be gone when the test is over, however it ends."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for loader in started:
        loader.kill()
        loader.wait()


# -- a connection cut after COMMIT was sent ----------------------------------------------------------------------------


@pytest.mark.parametrize("deliver", [True, False], ids=["the commit arrived", "the commit was lost"])
def test_a_commit_whose_answer_never_came(
    store_and_server: tuple[GraphStore, Server], undisturbed: Dump, tmp_path: Path, deliver: bool
) -> None:
    store, server = store_and_server
    host, port = server.uri.rsplit("/", 1)[1].split(":")
    cut = {0, 3, 4, 7, 12}
    cutter = CommitCutter((host, int(port)), cut, deliver=deliver)
    through = _ThroughProxy(store.dialect, cutter.port, server)
    try:
        for seed in RUNS:
            run = MadeUpRun(seed, calls=60)
            path = tmp_path / "journals" / f"{run.id}.hwj"
            path.parent.mkdir(exist_ok=True)
            _write(run, path)
            _load_through(through, path, tmp_path)
    finally:
        through.close()
        cutter.close()
    assert cutter.commits > max(cut)
    assert dump(store) == undisturbed


class _ThroughProxy(Neo4jStore):
    """The store of a server, reached through a proxy."""

    def __init__(self, dialect: str, port: int, server: Server) -> None:
        super().__init__(
            StoreSettings(f"bolt://127.0.0.1:{port}", server.user, server.database, server.password)
        )
        self.dialect = dialect  # type: ignore[misc]


def _write(run: MadeUpRun, path: Path) -> None:
    writer = JournalWriter(path, run.id)
    for group in run.groups():
        writer.append(group)
    writer.close()


def _load_through(store: GraphStore, path: Path, folder: Path) -> None:
    """Load in many small batches; after an error begin again from what the graph says."""
    (folder / "loaded").mkdir(exist_ok=True)
    while path.exists():
        load = JournalLoad(path, store, share=300)
        try:
            while load.step():
                pass
            load.finish(folder / "loaded")
        except StoreUnavailable:
            continue


# -- kill -9 of the loader ---------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(request: pytest.FixtureRequest, store_and_server: tuple[GraphStore, Server]) -> Iterator[Project]:
    """A project on an empty graph, whose server stays up from test to test."""
    store, _ = store_and_server
    name = "neo4j_project" if store.dialect == "neo4j" else "shared_local_project"
    project: Project = request.getfixturevalue(name)
    yield project
    end_loader(project, signal.SIGKILL)
    for path in [*project.journals.glob("*.*"), *project.loaded_journals.iterdir()]:
        path.unlink(missing_ok=True)


def test_the_loader_killed_at_random_points(
    fresh: Project, store_and_server: tuple[GraphStore, Server], undisturbed: Dump
) -> None:
    """SEEDS kills, spread over as many loads as it takes."""
    store, server = store_and_server
    chance = random.Random(store.dialect)
    kills = 0
    while kills < SEEDS:
        server.wipe()
        for path in fresh.loaded_journals.iterdir():
            path.unlink()
        write_runs(fresh)
        longer = 1.0  # so that one gets somewhere however busy the machine is
        while pending(fresh):
            loader = start_loader(fresh)
            try:
                loader.wait(longer * chance.uniform(0.15, 0.9))
            except subprocess.TimeoutExpired:
                loader.kill()
                loader.wait()
                kills += 1
                longer *= 1.1
        assert dump(store) == undisturbed


# -- the store killed, away, and back ----------------------------------------------------------------------------------


def test_the_local_server_killed_while_loading(
    local_project: Project, undisturbed: Dump, loaders: list[subprocess.Popen[bytes]]
) -> None:
    open_store(local_project).close()
    write_runs(local_project)
    chance = random.Random(1)
    kills = 0
    loader = start_loader(local_project)
    loaders.append(loader)
    while loader.poll() is None and kills < 5:
        if kills:
            time.sleep(chance.uniform(0.1, 0.5))
        server = local_graph.find(local_project.graph)
        if server is not None:
            with suppress(ProcessLookupError):  # the next one is about to take its place
                os.kill(server.pid, signal.SIGKILL)
                kills += 1
    assert loader.wait(200) == 0
    assert kills
    assert pending(local_project) == []
    assert graph_of(local_project) == undisturbed


class OwnNeo4j:
    """A Neo4j server that may be killed: it is nobody else's."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port
        self._env = {**os.environ, "NEO4J_LOCAL_HOME": str(home), "NEO4J_LOCAL_PORT": str(port)}

    def start(self) -> Server:
        told = subprocess.run(
            [NEO4J_LOCAL, "start"], env=self._env, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        words = dict(word.split("=", 1) for word in told.split() if "=" in word)
        return Server(words["NEO4J_URI"], words["NEO4J_USER"], words["NEO4J_PASSWORD"])

    def kill(self) -> None:
        os.kill(int((self._home / "pid").read_text()), signal.SIGKILL)
        with suppress(OSError):
            while True:  # a large process takes a moment to die; its port goes last
                socket.create_connection(("127.0.0.1", self._port)).close()
                time.sleep(0.02)


@pytest.fixture
def own_neo4j(tmp_path: Path) -> Iterator[OwnNeo4j]:
    if not (shutil.which("java") and shutil.which("mvn")):
        line = "NEO4J IS NOT KILLED: install Java 17+ and Maven, for a server that a test may kill"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)
    server = OwnNeo4j(tmp_path / "neo4j", free_port())
    yield server
    with suppress(OSError, ValueError):
        server.kill()


@USES_NEO4J
def test_neo4j_killed_and_restarted_while_loading(
    own_neo4j: OwnNeo4j,
    tmp_path: Path,
    loaders: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = own_neo4j.start()
    for name, value in (("URI", server.uri), ("USER", server.user), ("PASSWORD", server.password)):
        monkeypatch.setenv(f"HEADWATER_STORE_{name}", value)
    project = create_project(tmp_path)
    open_store(project).close()
    write_runs(project)
    for seed in range(20, 22):  # enough to be at it when the server is killed
        MadeUpRun(seed, calls=800).write(project, size=50)
    loader = start_loader(project)
    loaders.append(loader)
    while not list(project.journals.glob("*.mark")):  # the first journal has begun, the others are to come
        time.sleep(0.002)
    own_neo4j.kill()
    assert pending(project)
    own_neo4j.start()
    assert loader.wait(200) == 0
    assert pending(project) == []
    found = graph_of(project)
    assert duplicates(found) == {}
    journals = sorted(
        project.loaded_journals.glob("*.hwj*"), reverse=True
    )  # the targets before their journals
    server.wipe()
    for path in journals:
        os.replace(path, project.journals / path.name)
    calm = Loader(project)
    assert calm.run(idle=0) == 0
    calm.close()
    assert graph_of(project) == found


def test_a_store_away_for_the_whole_load_and_back_afterwards(
    fresh: Project,
    store_and_server: tuple[GraphStore, Server],
    undisturbed: Dump,
) -> None:
    store, _ = store_and_server
    settings = fresh.folder / SETTINGS
    before = settings.read_text()
    settings.write_text("[store]\nuri = bolt://127.0.0.1:9\n")
    try:
        away = open_project(fresh.root)
        write_runs(away)
        caught = catch_up(away, timeout=60)
        assert not caught.complete
        assert caught.left.journals == len(RUNS)
        end_loader(away, signal.SIGKILL)
    finally:
        settings.write_text(before)
    assert catch_up(fresh, timeout=60).complete
    assert dump(store) == undisturbed
