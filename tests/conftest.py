"""Real stores for tests: a Neo4j server and local graphs.

Neo4j is taken from NEO4J_URI (with NEO4J_USER and NEO4J_PASSWORD; its database is wiped, so it must be empty), else
started by docker/neo4j-local, else by Docker. Where none of these is there, the tests that need it are left out with a
loud line, or fail under CI=true. Half of the workers ask Neo4j, each a server of its own that it starts. NEO4J_URI
is one for all, and Community Neo4j has one database, so whatever uses that one runs on one worker.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.backlog import is_running, loader_pid
from headwater.cypher.driver import load_driver
from headwater.cypher.loader import catch_up
from headwater.cypher.project import SETTINGS, Project, create_project, open_project
from headwater.cypher.store import GraphStore, open_store
from hypothesis import HealthCheck, settings

from tests.object_stores import (
    azure_server,
    bucket,
    container,
    google_bucket,
    google_server,
    s3_server,
    sftp,
)
from tests.ports import free_port
from tests.waiting import wait_for

__all__ = ["azure_server", "bucket", "container", "google_bucket", "google_server", "s3_server", "sftp"]

ROOT = Path(__file__).parent.parent
NEO4J_LOCAL = ROOT / "docker" / "neo4j-local"
USES_NEO4J = pytest.mark.xdist_group("neo4j") if os.environ.get("NEO4J_URI") else pytest.mark.neo4j
ON_NEO4J = pytest.param("neo4j", marks=USES_NEO4J)
MAY_WIPE = "HEADWATER_TESTS_MAY_WIPE"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
NEO4J_FOR_TESTS = {
    "NEO4J_LOCAL_HEAP": "1g",
    # It lives for minutes, in which the compiler that takes longest does not pay, nor a collector with threads.
    "NEO4J_LOCAL_JAVA": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC",
    # The graph is wiped for each test: every query that they share would be planned anew each ten seconds, and once
    # more for lists of one item, of up to ten, and of up to a hundred.
    "NEO4J_LOCAL_CONF": "dbms.cypher.min_replan_interval=1d\ninternal.cypher.use_parameter_size=false",
}
MOST_TO_WIPE = 20_000
"""nodes: above that, a new local graph is quicker"""

Cypher = Callable[..., list[dict[str, Any]]]
"""Runs any Cypher, with parameters by name; the rows as dicts."""


@dataclass(frozen=True)
class Server:
    """A Bolt server that tests may write to and wipe."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str | None = None
    driver: Any = field(default=None, repr=False, compare=False)
    """open for all that is run; where there is none, each text has one of its own"""

    def run(self, text: str, **params: Any) -> list[dict[str, Any]]:
        """Run any Cypher."""
        if self.driver is None:
            with self.kept_open() as kept:
                return kept.run(text, **params)
        with self.driver.session(database=self.database) as session:
            return [record.data() for record in session.run(text, params)]

    @contextmanager
    def kept_open(self) -> Iterator[Server]:
        """The same with a driver: to connect, and be let in, takes Neo4j longer than to answer."""
        with load_driver().GraphDatabase.driver(self.uri, auth=(self.user, self.password)) as driver:
            yield replace(self, driver=driver)

    def wipe(self) -> None:
        """Leave nothing but the schema."""
        while self.run(
            "MATCH (n) WHERE NOT n:SchemaVersion WITH n LIMIT 10000 DETACH DELETE n RETURN count(*) AS n"
        )[0]["n"]:
            pass


# How long an example takes tells how busy the machine is.
settings.register_profile(
    "headwater", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("headwater")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): runs on one worker with the others of its group")
    config.addinivalue_line("markers", "neo4j: asks a Neo4j server, this worker's own")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have half of the workers ask Neo4j, and one run all tests that share what their module sets up.

    A server takes a minute of a core until it has started and knows the queries, so not every worker has one.
    """
    servers = (int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) + 1) // 2
    asking: dict[str, int] = {}
    for item in items:
        if item.get_closest_marker("xdist_group") is not None:
            continue
        module = item.nodeid.split("::")[0]
        if item.get_closest_marker("neo4j") is not None:
            number = asking.setdefault(module, len(asking))
            item.add_marker(pytest.mark.xdist_group(f"neo4j-{number % servers}"))
        elif _shares(item):
            item.add_marker(pytest.mark.xdist_group(module))


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make: the 350,000 objects of what was collected are there to the end."""
    gc.collect()
    gc.freeze()


def _shares(item: pytest.Item) -> bool:
    fixtures = getattr(item, "_fixtureinfo", None)
    return fixtures is not None and any(
        found[-1].scope == "module" for found in fixtures.name2fixturedefs.values()
    )


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Digests of the tests' files stay out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


# -- Neo4j ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[Server]:
    """A Neo4j server; what it holds is anybody's. Use `neo4j_project` or `store` for an empty one.

    Its database is wiped again and again, so two sessions of tests take turns.
    """
    with _held(f"neo4j-tests-{'given' if os.environ.get('NEO4J_URI') else WORKER}.lock"):
        for server in _neo4j_servers():
            with server.kept_open() as kept:
                yield kept


@contextmanager
def _held(lock: str) -> Iterator[None]:
    path = ROOT / ".build" / lock
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _neo4j_servers() -> Iterator[Server]:
    if os.environ.get("NEO4J_URI"):
        server = Server(
            os.environ["NEO4J_URI"],
            os.environ.get("NEO4J_USER", "neo4j"),
            os.environ.get("NEO4J_PASSWORD", ""),
        )
        _must_be_empty(server)
        yield server
        server.wipe()
    elif shutil.which("java") and shutil.which("mvn"):
        yield from _from_maven()
    elif shutil.which("docker") and _succeeds("docker", "info"):
        yield from _from_docker()
    else:
        line = "NEO4J IS NOT TESTED: set NEO4J_URI, or install Java 17+ and Maven, or Docker"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)


def _must_be_empty(server: Server) -> None:
    """Whoever names a server in NEO4J_URI may have forgotten what is in it."""
    count = server.run("MATCH (n) WHERE NOT n:SchemaVersion RETURN count(n) AS n")[0]["n"]
    if count and os.environ.get(MAY_WIPE) != "1":
        pytest.fail(
            f"{server.uri} (NEO4J_URI) holds {count} nodes, and the tests wipe the database that they use. "
            f"Name an empty one, or set {MAY_WIPE}=1 to have everything in it deleted."
        )


def _from_maven() -> Iterator[Server]:
    home = ROOT / ".build" / f"neo4j-{WORKER}"
    env = {**NEO4J_FOR_TESTS, **os.environ, "NEO4J_LOCAL_HOME": str(home)}
    was_running = _succeeds(str(NEO4J_LOCAL), "status", env=env)
    # One after the other: the first of all fetches the server's programs, and no two may take the same free port.
    with _held("neo4j-start.lock"):
        env["NEO4J_LOCAL_PORT"] = str(free_port())
        started = subprocess.run(
            [NEO4J_LOCAL, "start"], env=env, stdout=subprocess.PIPE, text=True, check=False
        )
    if started.returncode:
        pytest.fail("docker/neo4j-local start failed; what it said is above")
    words = dict(word.split("=", 1) for word in started.stdout.split() if "=" in word)
    try:
        yield Server(words["NEO4J_URI"], words["NEO4J_USER"], words["NEO4J_PASSWORD"])
    finally:
        if not was_running:
            subprocess.run([NEO4J_LOCAL, "stop"], env=env, check=False, capture_output=True)


def _from_docker() -> Iterator[Server]:
    port = free_port()
    name = f"headwater-tests-{os.getpid()}"
    password = "headwater-tests"
    options = ["--name", name, "--publish", f"127.0.0.1:{port}:7687", "--env", f"NEO4J_AUTH=neo4j/{password}"]
    command = ["docker", "run", "--rm", "--detach", *options, "neo4j:5.26-community"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    try:
        server = Server(f"bolt://127.0.0.1:{port}", "neo4j", password)
        _wait_until_it_answers(server)
        yield server
    finally:
        subprocess.run(["docker", "stop", name], check=False, capture_output=True)


def _wait_until_it_answers(server: Server, seconds: float = 90.0) -> None:
    errors = load_driver().exceptions
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.run("RETURN 1")
            return
        except (errors.DriverError, errors.Neo4jError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _succeeds(*command: str, env: dict[str, str] | None = None) -> bool:
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0


# -- projects ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def laid_out_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a local graph at rest that has its schema and nothing else."""
    project = create_project(tmp_path_factory.mktemp("laid-out"))
    open_store(project).close()
    local_graph.stop(project)
    return project.graph


@pytest.fixture
def local_project(tmp_path: Path, laid_out_graph: Path) -> Iterator[Project]:
    """A project of its own on a local graph of its own, which is started when something needs it.

    One is not wiped for the next: what was deleted stays in its indexes (the engine's fault), and queries that begin
    there meet it. But it is copied, as to lay out its schema takes as long as many a test.
    """
    project = create_project(tmp_path)
    shutil.copytree(laid_out_graph, project.graph)
    yield project
    if project.folder.is_dir():
        local_graph.stop(project)


@pytest.fixture
def neo4j_project(tmp_path: Path, neo4j_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project on an empty Neo4j. Tests that use it are marked USES_NEO4J."""
    create_project(tmp_path)
    (tmp_path / ".headwater" / SETTINGS).write_text(
        f"[store]\nuri = {neo4j_server.uri}\nuser = {neo4j_server.user}\n", encoding="utf-8"
    )
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", neo4j_server.password)
    neo4j_server.wipe()
    project = open_project(tmp_path)
    yield project
    # What is still on its way would come into the graph of the next test.
    catch_up(project, timeout=60)
    end_loader(project)


def end_loader(project: Project, how: int = signal.SIGTERM) -> None:
    """Tell a project's loader to go, if one is at work, and wait until it has."""
    loader = loader_pid(project)
    if loader is not None:
        with suppress(ProcessLookupError):
            os.kill(loader, how)
        wait_for(lambda: not is_running(project), 60)


@pytest.fixture(params=["local", ON_NEO4J])
def project(request: pytest.FixtureRequest) -> Project:
    """A project on an empty store, once for each kind of store."""
    found: Project = request.getfixturevalue(f"{request.param}_project")
    return found


# -- stores --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_local_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A local graph that the tests of one worker share."""
    project = create_project(tmp_path_factory.mktemp("local-graph"))
    yield project
    local_graph.stop(project)


def emptied(project: Project) -> tuple[GraphStore, Server]:
    """A project's local graph without what was in it."""
    store, server = open_store(project), server_of(project)
    if server.run("MATCH (n) RETURN count(n) AS n")[0]["n"] > MOST_TO_WIPE:
        store.close()
        local_graph.stop(project)
        shutil.rmtree(project.graph)
        store, server = open_store(project), server_of(project)
    server.wipe()
    return store, server


@pytest.fixture(params=["local", ON_NEO4J])
def store_and_server(request: pytest.FixtureRequest) -> Iterator[tuple[GraphStore, Server]]:
    """An empty store, migrated, once for each kind; and the server behind it."""
    if request.param == "local":
        store, server = emptied(request.getfixturevalue("shared_local_project"))
    else:
        server = request.getfixturevalue("neo4j_server")
        store = open_store(request.getfixturevalue("neo4j_project"))
    yield store, server
    store.close()


@pytest.fixture
def store(store_and_server: tuple[GraphStore, Server]) -> GraphStore:
    """An empty store, migrated, once for each kind."""
    return store_and_server[0]


@pytest.fixture
def cypher(store_and_server: tuple[GraphStore, Server]) -> Cypher:
    """Runs any Cypher in the test's `store`."""
    return store_and_server[1].run


def server_of(project: Project) -> Server:
    """The server behind a project's local graph, which must be up."""
    found = local_graph.find(project.graph)
    assert found is not None
    return Server(
        f"bolt://127.0.0.1:{found.bolt_port}", local_graph.USER, found.password, local_graph.DATABASE
    )
