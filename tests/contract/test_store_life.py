"""Stores that come, go, refuse, or are from another time."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import bolt, local_graph, waiting
from headwater.cypher.backlog import catch_up, ensure_loader, loader_pid
from headwater.cypher.errors import SchemaError, StoreRefused, StoreUnavailable, UsageError
from headwater.cypher.held import is_held
from headwater.cypher.migrate import migrations
from headwater.cypher.project import Project, create_project, open_project
from headwater.cypher.store import open_store

from benchmarks.synthetic import write_fan_out
from tests.cli.conftest import HW, environment
from tests.conftest import USES_NEO4J
from tests.ports import free_port
from tests.waiting import wait_for

OPEN = """
import sys
from pathlib import Path
from headwater.cypher.project import open_project
from headwater.cypher.store import open_store
store = open_store(open_project(Path(sys.argv[1])))
print(len(store.rows("schema_versions")))
store.close()
"""


def settings(project: Project, **store: str) -> Project:
    """The project with other settings of its store."""
    lines = ["[store]", *(f"{key} = {value}" for key, value in store.items())]
    (project.folder / "headwater.ini").write_text("\n".join(lines), encoding="utf-8")
    return open_project(project.root)


def the_server(project: Project) -> local_graph.Server:
    server = local_graph.find(project.graph)
    assert server is not None
    return server


def many_open(project: Project, n: int) -> list[tuple[int, str, str]]:
    command = [sys.executable, "-c", OPEN, str(project.root)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(n)]
    ended = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        ended.append((process.returncode, out.strip(), err))
    return ended


def test_sixteen_processes_that_need_the_local_graph_at_once_start_one_server(local_project: Project) -> None:
    assert many_open(local_project, 16) == [(0, str(len(migrations("local"))), "")] * 16


@USES_NEO4J
def test_processes_that_find_an_empty_neo4j_at_once_migrate_it_once(
    neo4j_project: Project, neo4j_server: Any
) -> None:
    for row in neo4j_server.run("SHOW CONSTRAINTS YIELD name"):
        neo4j_server.run(f"DROP CONSTRAINT {row['name']}")
    for row in neo4j_server.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
        neo4j_server.run(f"DROP INDEX {row['name']}")
    neo4j_server.run("MATCH (s:SchemaVersion) DELETE s")
    assert many_open(neo4j_project, 4) == [(0, str(len(migrations("neo4j"))), "")] * 4
    assert neo4j_server.run("SHOW CONSTRAINTS YIELD name RETURN count(*) AS n") == [{"n": 14}]


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the engine's native build is for Python 3.11 and newer"
)
def test_a_server_starts_without_what_it_does_not_need(local_project: Project) -> None:
    open_store(local_project).close()
    loaded = Path(f"/proc/{the_server(local_project).pid}/maps").read_text()
    assert "libarcadedb" in loaded
    assert "numpy" not in loaded


def test_a_killed_server_is_started_again_with_what_it_held(local_project: Project) -> None:
    open_store(local_project).close()
    os.kill(the_server(local_project).pid, signal.SIGKILL)
    wait_for(lambda: local_graph.find(local_project.graph) is None, 60)
    store = open_store(local_project)
    assert len(store.rows("schema_versions")) == len(migrations("local"))
    store.close()


def test_a_store_that_is_open_survives_its_server(local_project: Project) -> None:
    store = open_store(local_project)
    os.kill(the_server(local_project).pid, signal.SIGKILL)
    assert len(store.rows("schema_versions")) == len(migrations("local"))
    store.close()


def test_a_server_that_works_long_at_a_question_is_waited_for(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.2)
    slow = "UNWIND range(1, 400000) AS n WITH n ORDER BY n % 7919 RETURN count(n)"
    with closing(open_store(local_project)) as store:
        began = time.monotonic()
        assert store.ask(slow, {}, timeout=60, limit=1).rows == [(400000,)]
        assert time.monotonic() - began > 2 * waiting.PATIENCE


def test_a_server_that_stops_answering_is_given_up_and_used_again_when_it_goes_on(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(local_project)) as store:
        monkeypatch.setattr(waiting, "PATIENCE", 0.2)
        monkeypatch.setattr(waiting, "KNOCK", 0.2)
        monkeypatch.setattr(bolt, "CONNECT_SECONDS", 0.1)
        server = the_server(local_project)
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(0.1)  # until each of its threads stands still
        try:
            with pytest.raises(StoreUnavailable, match=r"write .*: .* has stopped answering"):
                store.write([("load_change_ended", {"id": "none", "rows": []})])
            with pytest.raises(StoreUnavailable, match="no store answers"):
                store.check()
        finally:
            os.kill(server.pid, signal.SIGCONT)
        monkeypatch.undo()
        assert len(store.rows("schema_versions")) == len(migrations("local"))


def test_the_server_leaves_when_nobody_uses_it_and_not_before(local_project: Project) -> None:
    project = settings(local_project, uri="local", idle_seconds="1")
    store = open_store(project)
    time.sleep(2.5)
    assert local_graph.find(project.graph) is not None
    store.close()
    wait_for(lambda: not is_held(project.graph / "server.lock"), 60)
    assert not (project.graph / "server.json").exists()


def test_the_server_stops_when_it_is_told_to(local_project: Project) -> None:
    local_graph.start(local_project)
    assert local_graph.status(local_project)["running"] is True
    assert local_graph.stop(local_project) is True
    assert local_graph.stop(local_project) is False
    assert local_graph.status(local_project)["running"] is False


def test_a_server_stops_however_often_it_is_told_to(local_project: Project) -> None:
    local_graph.start(local_project)
    server = the_server(local_project).pid
    with suppress(ProcessLookupError):
        for _ in range(2_000):
            os.kill(server, signal.SIGTERM)
    wait_for(lambda: not is_held(local_project.graph / "server.lock"), 60)


def test_a_server_that_waited_for_the_one_to_leave_is_stopped_as_well(local_project: Project) -> None:
    local_graph.start(local_project)
    launched(local_project)
    wait_for(lambda: is_held(local_project.graph / "next.lock"), 60)
    assert local_graph.stop(local_project) is True
    time.sleep(0.1)  # in which one that waits comes to serve
    assert not is_held(local_project.graph / "server.lock")
    assert local_graph.find(local_project.graph) is None


def launched(project: Project, *words: str, **options: Any) -> None:
    """Start a server, which detaches, and wait for nothing more."""
    nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "headwater.cypher.local_server", str(project.graph), *words]
    subprocess.run(command, check=True, **nowhere, **options)


def test_a_server_serves_though_whoever_started_it_was_killed(local_project: Project) -> None:
    hear, tell = os.pipe()
    os.close(hear)
    launched(local_project, "60", str(tell), pass_fds=[tell])
    os.close(tell)
    first = wait_for(lambda: local_graph.find(local_project.graph), 60)
    time.sleep(0.2)  # in which it would fall over
    open_store(local_project).close()
    assert the_server(local_project).pid == first.pid


STARTING = """
import sys, time
from pathlib import Path
from headwater.cypher import local_server

def serve(folder, password):
    Path(folder, "starting").touch()
    time.sleep(600)

local_server._serve = serve
local_server.main(Path(sys.argv[1]), 60, None)
"""


def test_a_server_that_starts_is_not_taken_for_one_that_was_killed(local_project: Project) -> None:
    local_graph.start(local_project)
    os.kill(the_server(local_project).pid, signal.SIGKILL)
    wait_for(lambda: not is_held(local_project.graph / "server.lock"), 60)
    assert (local_project.graph / "server.json").exists()
    with subprocess.Popen([sys.executable, "-c", STARTING, str(local_project.graph)]) as starting:
        try:
            wait_for((local_project.graph / "starting").exists, 60)
            assert is_held(local_project.graph / "server.lock")
            assert local_graph.find(local_project.graph) is None
        finally:
            starting.kill()
    open_store(local_project).close()


def test_the_file_of_a_server_that_was_killed_is_gone_before_the_next_has_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(tmp_path)
    project.graph.mkdir()
    file = project.graph / local_graph.SERVER_FILE
    file.write_text(json.dumps({"pid": 2**30, "bolt_port": 1, "password": "old"}))

    def refused(*_: Any, **__: Any) -> None:
        assert not file.exists()
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(OSError, match="no more processes"):
        local_graph.ensure(project)


def test_what_was_read_of_a_server_that_was_killed_is_not_taken_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / local_graph.SERVER_FILE
    file.write_text(json.dumps({"pid": 2**30, "bolt_port": 1, "password": "old"}))

    def held_since_just_now(_: Path) -> bool:
        file.unlink()
        return True

    monkeypatch.setattr(local_graph, "is_held", held_since_just_now)
    assert local_graph.find(tmp_path) is None


def test_a_server_that_is_stopped_stays_so_though_there_is_something_to_load(local_project: Project) -> None:
    local_graph.start(local_project)
    write_fan_out(local_project, 20_000)
    ensure_loader(local_project)
    wait_for(lambda: loader_pid(local_project) is not None, 60)
    assert local_graph.stop(local_project) is True
    assert loader_pid(local_project) is None
    assert local_graph.find(local_project.graph) is None
    assert catch_up(local_project, timeout=60).complete


def test_only_the_owner_can_read_the_password_and_only_loopback_is_served(local_project: Project) -> None:
    local_graph.start(local_project)
    assert stat.S_IMODE((local_project.graph / "server.json").stat().st_mode) == 0o600
    pid = the_server(local_project).pid
    sockets = {
        os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd") if _is_link(pid, fd)
    }
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()
    ]
    mine = [line for line in lines if f"socket:[{line[9]}]" in sockets and line[3] == "0A"]
    assert mine
    assert all(line[1].split(":")[0].endswith("0100007F") for line in mine), mine


def _is_link(pid: int, fd: str) -> bool:
    return os.path.islink(f"/proc/{pid}/fd/{fd}")


def test_nobody_else_gets_in_with_another_password(local_project: Project) -> None:
    local_graph.start(local_project)
    told = json.loads((local_project.graph / "server.json").read_text())
    (local_project.graph / "server.json").write_text(json.dumps({**told, "password": "wrong"}))
    with pytest.raises(StoreRefused):
        open_store(local_project)


@USES_NEO4J
def test_a_wrong_password_is_refused_and_says_where_it_comes_from(
    neo4j_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "certainly wrong")
    with pytest.raises(StoreRefused, match="HEADWATER_STORE_PASSWORD"):
        open_store(neo4j_project)


@USES_NEO4J
def test_an_unknown_database_is_refused_by_name(neo4j_project: Project, neo4j_server: Any) -> None:
    with pytest.raises(StoreRefused, match="nosuch"):
        open_store(settings(neo4j_project, uri=neo4j_server.uri, user=neo4j_server.user, database="nosuch"))


def test_where_nothing_answers_the_store_is_away(tmp_path: Path) -> None:
    port = free_port()
    project = settings(create_project(tmp_path), uri=f"bolt://127.0.0.1:{port}")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=str(port)):
        open_store(project)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("uri", ["nonsense", "ftp://host:1"])
def test_what_is_no_address_is_wrong_use(tmp_path: Path, uri: str) -> None:
    with pytest.raises(UsageError, match="not the address of a store"):
        open_store(settings(create_project(tmp_path), uri=uri))


def test_a_schema_from_the_future_is_not_touched(project: Project) -> None:
    store = open_store(project)
    store.write([("record_migration", {"version": 999, "checksum": "x"})])
    store.close()
    try:
        with pytest.raises(SchemaError, match="pip install --upgrade headwater"):
            open_store(project)
    finally:
        _forget_the_future(project)


LEAVES_A_TRACE = """
from pathlib import Path
from headwater import task
@task(namespace="refused")
def note() -> None:
    Path("ran").touch()
"""


def run_refused(project: Project, **env: str) -> str:
    """What `hw run` says where the store refuses it, which it does before a task has run."""
    (project.root / "note.py").write_text(LEAVES_A_TRACE)
    kept = {name: text for name, text in os.environ.items() if name.startswith("HEADWATER_STORE")}
    ran = subprocess.run(
        [HW, "run", "note.py", "note"],
        cwd=project.root,
        env=environment(**kept | env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (3, ""), ran
    assert not (project.root / "ran").exists()
    assert not list(project.journals.glob("*.hwj"))
    return ran.stderr


@USES_NEO4J
def test_a_run_says_what_neo4j_refuses_before_a_task_runs(neo4j_project: Project, neo4j_server: Any) -> None:
    assert "HEADWATER_STORE_PASSWORD" in run_refused(neo4j_project, HEADWATER_STORE_PASSWORD="wrong")
    settings(neo4j_project, uri=neo4j_server.uri, user=neo4j_server.user, database="nosuch")
    assert "nosuch" in run_refused(neo4j_project)


def test_a_run_says_that_its_graph_is_of_the_future_before_a_task_runs(project: Project) -> None:
    store = open_store(project)
    store.write([("record_migration", {"version": 999, "checksum": "x"})])
    store.close()
    try:
        assert "pip install --upgrade headwater" in run_refused(project)
    finally:
        _forget_the_future(project)


def _forget_the_future(project: Project) -> None:
    """Neo4j is shared: later tests find its schema as it was."""
    from headwater.cypher.driver import load_driver

    chosen = project.store_settings()
    if chosen.is_local:
        return
    with load_driver().GraphDatabase.driver(chosen.uri, auth=(chosen.user, chosen.password)) as driver:
        driver.execute_query("MATCH (s:SchemaVersion {version: 999}) DELETE s")
