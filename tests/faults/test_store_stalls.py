"""A store that takes connections and answers late, or not at all: runs do not depend on it, on both stores."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from headwater.cypher import bolt, local_graph, waiting
from headwater.cypher.loader import catch_up
from headwater.cypher.project import SETTINGS
from headwater.cypher.store import open_store

from headwater import Cancelled, Project, Scheduler, open_project, task
from tests.cli.conftest import HW, environment
from tests.conftest import Server
from tests.faults.proxy import Brake

headwater_namespace = "stalls"

_brakes: list[Brake] = []
"""the brake that tasks use"""
_then: list[Callable[[], Any]] = []
"""what is done when they have used it"""


@task
def inc(x: int) -> int:
    return x + 1


@task
def numbers(start: int, n: int) -> Any:
    return [inc(i) for i in range(start, start + n)]


@task(cache=False)
def hold_the_store() -> Any:
    """From here on the store does not answer, and is asked of calls it may know."""
    _brakes[0].hold()
    for action in _then:
        action()
    return [inc(1000), inc(2000)]


Behind = tuple[Project, Brake]


@pytest.fixture
def behind(project: Project, request: pytest.FixtureRequest) -> Iterator[Behind]:
    """A project whose store is reached through a brake, and knows `inc`; and the brake."""
    if project.store_settings().is_local:
        server = local_graph.ensure(project)
        brake = Brake(("127.0.0.1", server.bolt_port))
        path = project.graph / local_graph.SERVER_FILE
        path.write_text(json.dumps({**json.loads(path.read_text()), "bolt_port": brake.port}))
    else:
        found: Server = request.getfixturevalue("neo4j_server")
        host, port = found.uri.rsplit("/", 1)[1].split(":")
        brake = Brake((host, int(port)))
        (project.folder / SETTINGS).write_text(
            f"[store]\nuri = bolt://127.0.0.1:{brake.port}\nuser = {found.user}\n"
        )
        project = open_project(project.root)
    _brakes[:] = [brake]
    _then.clear()
    Scheduler(project).run(inc(0))
    assert catch_up(project).complete
    yield project, brake
    brake.delay = 0.0
    brake.release()
    catch_up(project, timeout=60)
    brake.close()


def status_and_jobs(project: Project, execution: str | None) -> tuple[Any, dict[str, int]]:
    """A run's status, and how many jobs of each status the graph has of it."""
    assert catch_up(project).complete
    store = open_store(project)
    try:
        [(status,)] = store.ask(
            "MATCH (e:Execution {id: $id}) RETURN e.status", {"id": execution}, timeout=30, limit=9
        ).rows
        jobs = store.ask(
            "MATCH (j:Job {execution_id: $id}) RETURN j.status, count(*)",
            {"id": execution},
            timeout=30,
            limit=9,
        ).rows
    finally:
        store.close()
    return status, dict(jobs)


@contextmanager
def short_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "PATIENCE", 0.3)
        patch.setattr(waiting, "KNOCK", 0.3)
        patch.setattr(bolt, "CONNECT_SECONDS", 0.2)
        yield


def test_a_run_goes_on_when_its_store_stops_answering(
    behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    project, brake = behind
    scheduler = Scheduler(project)
    with ExitStack() as stack, caplog.at_level(logging.WARNING, "headwater"):
        _then.append(lambda: stack.enter_context(short_patience()))
        assert scheduler.run(hold_the_store()) == [1001, 2001]
    assert len([line for line in caplog.messages if "so nothing is reused" in line]) == 1
    brake.release()
    assert status_and_jobs(project, scheduler.execution_id) == ("DONE", {"DONE": 3})


def test_a_run_begins_though_its_store_does_not_answer(
    behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    project, brake = behind
    brake.hold()
    scheduler = Scheduler(project)
    began = time.monotonic()
    with short_patience(), caplog.at_level(logging.WARNING, "headwater"):
        assert scheduler.run(numbers(0, 3)) == [1, 2, 3]
    assert time.monotonic() - began < 60
    assert len([line for line in caplog.messages if "the graph cannot be reached" in line]) == 1
    brake.release()
    assert status_and_jobs(project, scheduler.execution_id) == ("DONE", {"DONE": 4})


def test_a_run_that_waits_for_its_store_can_be_cancelled(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, brake = behind
    scheduler = Scheduler(project)
    monkeypatch.setattr(waiting, "PATIENCE", 60.0)
    _then.append(lambda: threading.Timer(0.5, scheduler.cancel).start())
    began = time.monotonic()
    with pytest.raises(Cancelled):
        scheduler.run(hold_the_store())
    assert time.monotonic() - began < waiting.PATIENCE
    brake.release()
    status, jobs = status_and_jobs(project, scheduler.execution_id)
    assert (status, set(jobs)) == ("CANCELLED", {"CANCELLED"})


WAITS = """
import time
from pathlib import Path
from headwater import task
headwater_namespace = "stalls"

@task
def inc(x: int) -> int:
    return x + 1

@task(cache=False)
def held():
    Path("begun").touch()
    while not Path("held").exists():
        time.sleep(0.01)
    return [inc(1), inc(2)]
"""


def test_ctrl_c_once_stops_a_run_that_waits_for_its_store(behind: Behind) -> None:
    project, brake = behind
    root = project.root
    (root / "waits.py").write_text(WAITS)
    env = environment(
        **{name: text for name, text in os.environ.items() if name.startswith("HEADWATER_STORE")}
    )
    known = subprocess.run(
        [HW, "run", "waits.py", "inc", "--x", "0"], cwd=root, env=env, capture_output=True, check=False
    )
    assert known.returncode == 0, known
    process = subprocess.Popen(
        [HW, "run", "waits.py", "held"],
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (root / "begun").exists():
            assert process.poll() is None
            time.sleep(0.01)
        brake.hold()
        (root / "held").touch()
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert time.monotonic() - began < waiting.PATIENCE + waiting.KNOCK - 3
    assert process.returncode == 130, (out, err)
    assert err.endswith("stopped\n")
    assert "Traceback" not in err
    brake.release()
    assert catch_up(project).complete
    store = open_store(project)
    newest = store.ask(
        "MATCH (e:Execution) RETURN e.id ORDER BY e.started DESC LIMIT 1", {}, timeout=30, limit=1
    )
    store.close()
    status, jobs = status_and_jobs(project, newest.rows[0][0])
    assert status == "CANCELLED"
    assert set(jobs) <= {"CANCELLED", "DONE"}


def test_a_slow_store_slows_no_call(behind: Behind) -> None:
    project, brake = behind
    brake.delay = 0.2
    scheduler = Scheduler(project)
    calls = 400
    began = time.monotonic()
    assert scheduler.run(numbers(1, calls)) == list(range(2, calls + 2))
    assert time.monotonic() - began < calls * brake.delay / 4
    brake.delay = 0.0
    assert status_and_jobs(project, scheduler.execution_id) == ("DONE", {"DONE": calls + 1})
