"""What a run leaves in the graph, and how it goes on without one: on both stores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.loader import catch_up
from headwater.cypher.project import SETTINGS
from headwater.cypher.records import job_id
from headwater.cypher.store import open_store

from headwater import Project, Scheduler, StoreRefused, open_project, task
from tests.conftest import USES_NEO4J

headwater_namespace = "runs"


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def outer(n: int) -> Any:
    return add(inc(n), inc(inc(n)))


@task
def fail(n: int) -> int:
    raise ValueError(f"no {n}")


@task
def failing(n: int) -> Any:
    return [inc(n), inc(fail(n))]


def ask(project: Project, text: str, **params: Any) -> list[tuple[Any, ...]]:
    catch_up(project)
    store = open_store(project)
    try:
        return store.ask(text, params, timeout=30, limit=100_000).rows
    finally:
        store.close()


def test_secrets_that_a_script_was_given_are_not_in_its_recorded_command(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["flow.py", "--password", "hunter2", '--context={"token": "hunter2"}']
    monkeypatch.setattr(sys, "argv", typed)
    for command in None, typed:
        scheduler = Scheduler(project)
        scheduler.run(inc(1), command=command)
        scheduler.wait_recorded()
    found = ask(project, "MATCH (e:Execution) RETURN e.command")
    assert [tuple(row) for row in found] == [
        ("""flow.py --password '***' '--context={"token": "***"}'""",)
    ] * 2


def test_a_run_is_in_the_graph_with_its_jobs_calls_values_and_flows(project: Project) -> None:
    scheduler = Scheduler(project)
    assert scheduler.run(outer(1), command=["hw", "run", "x"], tags=[("team", "a")]) == 5
    scheduler.wait_recorded()
    execution = scheduler.execution_id
    assert execution is not None
    [(status, command, root, finished)] = ask(
        project,
        "MATCH (e:Execution {id: $id})-[:STARTED]->(j:Job) RETURN e.status, e.command, j.id, e.finished >= e.started",
        id=execution,
    )
    assert (status, root, finished) == ("DONE", job_id(execution, 0), True)
    assert "run" in command
    rows = ask(project, "MATCH (j:Job {execution_id: $id}) RETURN j.task_name, j.status", id=execution)
    assert sorted(rows) == [("runs.add", "DONE"), *[("runs.inc", "DONE")] * 2, ("runs.outer", "DONE")]
    flows = ask(
        project,
        "MATCH (p:CallNode {task_name: 'runs.outer'}) MATCH (c:CallNode)-[f:FED_BY {within: p.call_hash}]->(d:CallNode)"
        " RETURN c.task_name, f.name, d.task_name",
    )
    assert sorted(flows) == [
        ("runs.add", "a", "runs.inc"),
        ("runs.add", "b", "runs.inc"),
        ("runs.inc", "x", "runs.inc"),
        ("runs.outer", "return", "runs.add"),
    ]
    children = ask(
        project,
        "MATCH (:CallNode {task_name: 'runs.outer'})-[c:CALLED]->(d)-[:RETURNED]->(v)"
        " RETURN c.order, d.task_name, v.preview ORDER BY c.order",
    )
    assert children == [(0, "runs.inc", "2"), (1, "runs.inc", "3"), (2, "runs.add", "5")]


def test_every_job_of_a_failed_run_ends_in_a_terminal_state(project: Project) -> None:
    scheduler = Scheduler(project)
    with pytest.raises(ValueError, match="no 4"):
        scheduler.run(failing(4))
    scheduler.wait_recorded()
    rows = ask(
        project,
        "MATCH (j:Job {execution_id: $id}) RETURN j.task_name, j.status, j.error, j.traceback IS NOT NULL",
        id=scheduler.execution_id,
    )
    assert sorted(rows) == [
        ("runs.fail", "FAILED", "ValueError: no 4", True),
        ("runs.failing", "FAILED", "ValueError: no 4", False),
        ("runs.inc", "CANCELLED", "ValueError: no 4", False),
        ("runs.inc", "DONE", None, False),
    ]
    assert ask(
        project, "MATCH (e:Execution {id: $id}) RETURN e.status, e.error", id=scheduler.execution_id
    ) == [("FAILED", "ValueError: no 4")]


def test_a_run_of_several_things_is_of_the_folders_project(project: Project) -> None:
    scheduler = Scheduler(project)
    for what, named in ((outer(2), "runs"), ([outer(2), inc(1)], project.root.name), (3, project.root.name)):
        scheduler.run(what)
        scheduler.wait_recorded()
        found = ask(project, "MATCH (e:Execution {id: $id}) RETURN e.project", id=scheduler.execution_id)
        assert found == [(named,)]


def test_the_call_hashes_in_the_graph_are_those_of_a_run_on_the_other_store(project: Project) -> None:
    scheduler = Scheduler(project)
    scheduler.run(outer(7))
    scheduler.wait_recorded()
    [(root,)] = ask(project, "MATCH (c:CallNode {task_name: 'runs.outer'}) RETURN c.call_hash")
    again = Scheduler(project)
    again.run(outer(7), cache=False)
    again.wait_recorded()
    assert ask(project, "MATCH (c:CallNode {task_name: 'runs.outer'}) RETURN c.call_hash") == [(root,)]


SIXTEEN = """
import sys
from pathlib import Path
from headwater import Scheduler, open_project, task
headwater_namespace = "sixteen"
@task
def inc(x): return x + 1
@task
def total(values): return sum(values)
@task
def main(n): return total([inc(i) for i in range(n)])
scheduler = Scheduler(open_project(Path(sys.argv[1])))
print(scheduler.run(main(100)))
scheduler.wait_recorded()
"""


def test_sixteen_schedulers_at_once_end_with_one_node_a_key_and_no_error(
    project: Project, tmp_path: Path
) -> None:
    script = tmp_path / "sixteen.py"
    script.write_text(SIXTEEN)
    running = [
        subprocess.Popen(
            [sys.executable, str(script), str(project.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(16)
    ]
    try:
        answers = [(*process.communicate(timeout=120), process.returncode) for process in running]
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert answers == [("5050\n", "", 0)] * 16
    assert ask(
        project,
        "MATCH (c:CallNode) RETURN count(c), count(DISTINCT c.call_hash), count(DISTINCT c.eval_hash)",
    ) == [(102, 102, 102)]
    assert ask(project, "MATCH (e:Execution) RETURN e.status, count(e)") == [("DONE", 16)]
    for label, key in (("Value", "value_hash"), ("Task", "task_hash"), ("Job", "id")):
        [(nodes, keys)] = ask(project, f"MATCH (n:{label}) RETURN count(n), count(DISTINCT n.{key})")
        assert nodes == keys


def test_a_run_goes_on_while_the_store_is_down_and_is_loaded_afterwards(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = local_project.folder / SETTINGS
    before = settings.read_text()
    settings.write_text("[store]\nuri = bolt://127.0.0.1:9\nuser = nobody\n")
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "x")
    away = Scheduler(open_project(local_project.root))
    assert away.run(outer(3)) == 9
    assert list(local_project.journals.glob("*.hwj"))
    settings.write_text(before)
    back = open_project(local_project.root)
    assert ask(back, "MATCH (e:Execution) RETURN e.id, e.status") == [(away.execution_id, "DONE")]
    assert Scheduler(back).run(outer(3)) == 9


def test_the_local_server_may_be_killed_while_a_run_lasts(local_project: Project) -> None:
    @task(namespace="runs")
    def killer(n: int) -> Any:
        found = local_graph.find(local_project.graph)
        if found is not None:
            import os
            import signal

            os.kill(found.pid, signal.SIGKILL)
        return [inc(n), inc(n + 1)]

    scheduler = Scheduler(local_project)
    assert scheduler.run(killer(10)) == [11, 12]
    scheduler.wait_recorded()
    assert ask(local_project, "MATCH (e:Execution) RETURN e.status") == [("DONE",)]


@USES_NEO4J
def test_a_wrong_password_is_said_before_anything_runs(
    neo4j_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    @task(namespace="runs")
    def note() -> None:
        ran.append(1)

    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "certainly-not-it")
    with pytest.raises(StoreRefused, match="HEADWATER_STORE_PASSWORD"):
        Scheduler(neo4j_project).run(note())
    assert ran == []
    assert not list(neo4j_project.journals.glob("*.hwj"))


def test_outside_a_project_nothing_is_written_and_no_server_is_started(tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text(
        "from headwater import run, task\n@task(namespace='p')\ndef f(): return 1\nprint(run(f()))\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("1\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.py"]
