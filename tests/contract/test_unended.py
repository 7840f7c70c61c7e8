"""What took something and came to no result: killed with its process, cancelled, or still under way."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.backlog import catch_up, loader_pid, pending
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.impact import impact
from headwater.lineage.impact_views import Impact
from headwater.lineage.resolve import resolve
from headwater.lineage.verify import verify

from tests.conftest import server_of
from tests.waiting import wait_for

WORKFLOW = """
import sys, time
from pathlib import Path
from headwater import File, Scheduler, open_project, task

headwater_namespace = "open"
hold = Path(__file__).parent / "hold"

@task
def clean(file: File) -> str:
    return file.read().strip()

@task
def other() -> int:
    return 1

@task
def stats(lines: list[str]) -> int:
    while hold.exists():
        time.sleep(0.01)
    return len(lines)

@task
def main(path: str) -> int:
    return stats([clean(File(path))])

@task
def direct(file: File, times: int) -> int:
    while hold.exists():
        time.sleep(0.01)
    return times

@task
def stranger(times: int) -> int:
    while hold.exists():
        time.sleep(0.01)
    return times

@task
def three(path: str) -> list[int]:
    return [direct(File(path), 2), stranger(3)]

@task
def inner(n: int) -> File:
    file = File(str(Path(__file__).parent / "deep.txt"))
    file.write(str(n))
    return file

@task
def use(file: File) -> int:
    return len(file.read())

@task
def wait(n: int) -> int:
    while hold.exists():
        time.sleep(0.01)
    return n

@task
def before() -> int:
    return 0

@task
def mid(file: File) -> list[int]:
    n = len(file.read())
    return [use(inner(n)), wait(n)]

@task
def after(text: str) -> int:
    return len(text)

@task
def deep(path: str) -> list[int]:
    return [mid(File(path)), before()]

@task
def steps(path: str) -> list[int]:
    return [before(), wait(after(clean(File(path))))]

folder = Path(__file__).parent
call = {"main": lambda: main(str(folder / "bad.txt")), "direct": lambda: direct(File(str(folder / "bad.txt")), 2),
        "stranger": lambda: stranger(2), "three": lambda: three(str(folder / "bad.txt")),
        "deep": lambda: deep(str(folder / "bad.txt")), "use": lambda: use(File(str(folder / "deep.txt"))),
        "inner": lambda: inner(4), "steps": lambda: steps(str(folder / "bad.txt"))}[sys.argv[1]]
Scheduler(open_project(folder)).run(call())
"""


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    store = open_store(project)
    yield store
    store.close()


@pytest.fixture
def workflow(project: Project) -> Path:
    path = Path(project.root) / "workflow.py"
    path.write_text(WORKFLOW)
    (path.parent / "bad.txt").write_text("bad\n")
    (path.parent / "hold").touch()
    return path


@contextmanager
def under_way(
    workflow: Path, which: str, project: Project, store: GraphStore, jobs: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process of its own, once so many of its jobs that wait are in the graph."""
    process = subprocess.Popen([sys.executable, str(workflow), which])
    try:
        try:
            wait_for(lambda: len(running(project, store)) == jobs, 120)
        except AssertionError as late:
            there, left, loader = running(project, store), pending(project), loader_pid(project)
            raise AssertionError(
                f"{there}, ended {process.poll()}, to load {left}, loader {loader}"
            ) from late
        yield process
    finally:
        process.kill()
        process.wait()


def kill_under_way(workflow: Path, which: str, project: Project, store: GraphStore, jobs: int) -> None:
    """Begin a run in a process of its own, and kill that once so many of its jobs that wait are in the graph."""
    with under_way(workflow, which, project, store, jobs):
        pass  # it is killed at the end
    assert catch_up(project).complete


def running(project: Project, store: GraphStore) -> list[tuple[Any, ...]]:
    catch_up(project)
    query = "MATCH (j:Job {status: 'RUNNING'}) WHERE j.task_name IS NOT NULL RETURN j.id"
    return store.ask(query, {}, timeout=30, limit=99).rows


def of_file(store: GraphStore, workflow: Path) -> Impact:
    return impact(store, resolve(store, str(workflow.parent / "bad.txt")), every_content=True)


def told(found: Impact) -> list[tuple[str, str, bool]]:
    return sorted((job.task, job.status, job.certain) for job in found.unended)


def test_jobs_that_were_killed_are_told_apart(project: Project, store: GraphStore, workflow: Path) -> None:
    kill_under_way(workflow, "main", project, store, 2)
    found = of_file(store, workflow)
    assert [call.task for call in found.calls] == ["open.clean"]
    assert told(found) == [("open.main", "CANCELLED", False), ("open.stats", "CANCELLED", False)]
    assert found.counts()["unended"] == 2
    assert not verify(project, store).findings
    clean = store.ask(
        "MATCH (c:CallNode {task_name: 'open.clean'}) RETURN c.call_hash", {}, timeout=9, limit=9
    )
    assert len(impact(store, resolve(store, clean.rows[0][0])).unended) == 2


def test_a_run_that_goes_on_with_what_a_killed_one_left_is_on_record_while_it_does(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    for _ in range(2):
        with under_way(workflow, "deep", project, store, 3) as process:
            nameless = "MATCH (j:Job) WHERE j.task_name IS NULL RETURN count(j)"
            assert store.ask(nameless, {}, timeout=30, limit=1).rows == [(0,)]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert catch_up(project).complete
    found = of_file(store, workflow)
    assert [(job.task, job.certain) for job in found.unended if job.task == "open.mid"] == [
        ("open.mid", True)
    ] * 2
    assert not verify(project, store).findings


def test_a_job_that_was_given_it_and_was_killed_is_reached_without_any_call(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    for which in "direct", "stranger":
        kill_under_way(workflow, which, project, store, 1)
    found = of_file(store, workflow)
    assert (found.calls, told(found)) == ([], [("open.direct", "CANCELLED", True)])
    assert found
    [(value,)] = store.ask("MATCH (v:Value {preview: '2'}) RETURN v.value_hash", {}, timeout=9, limit=9).rows
    two = resolve(store, value)
    assert [task for task, _, _ in told(impact(store, two))] == ["open.direct", "open.stranger"]
    task = resolve(store, "open.direct")
    assert told(impact(store, task)) == [("open.direct", "CANCELLED", True)]
    assert not verify(project, store).findings


def test_what_is_under_way_is_told_and_is_a_call_once_it_has_ended(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    with under_way(workflow, "three", project, store, 3) as process:
        found = of_file(store, workflow)
        assert (found.calls, told(found)) == (
            [],
            [("open.direct", "RUNNING", True), ("open.three", "RUNNING", False)],
        )
        at = datetime.now(timezone.utc)
        (workflow.parent / "hold").unlink()
        assert process.wait(60) == 0
    assert catch_up(project).complete
    now = of_file(store, workflow)
    assert ([call.task for call in now.calls], told(now)) == (["open.three", "open.direct"], [])
    then = impact(AsOf(store, at), resolve(store, str(workflow.parent / "bad.txt")))
    assert told(then) == [("open.direct", "RUNNING", True), ("open.three", "RUNNING", False)]
    assert not store.ask("MATCH (:Job)-[g:GIVEN]->() RETURN g.name", {}, timeout=9, limit=9).rows
    assert not verify(project, store).findings


def test_a_cancelled_job_keeps_what_it_was_given(project: Project, store: GraphStore, workflow: Path) -> None:
    with under_way(workflow, "three", project, store, 3) as process:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert catch_up(project).complete
    assert ("open.direct", "CANCELLED", True) in told(of_file(store, workflow))
    assert not verify(project, store).findings


def test_what_was_given_to_a_job_is_verified(project: Project, store: GraphStore, workflow: Path) -> None:
    kill_under_way(workflow, "direct", project, store, 1)
    [(job,)] = store.ask("MATCH (j:Job) RETURN j.id", {}, timeout=9, limit=9).rows
    store.write([("load_given_no_more", {"keys": [job]})])
    [finding] = verify(project, store).findings
    assert (finding.kind, finding.label, finding.what) == ("different", "Job", "given")


def test_what_hangs_perhaps_on_a_record_that_is_off_is_counted(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    kill_under_way(workflow, "deep", project, store, 3)
    [mid] = [job.job for job in of_file(store, workflow).unended if job.task == "open.mid"]
    store.write([("load_given_no_more", {"keys": [mid]})])
    below = verify(project, store).downstream
    assert below is not None
    assert (below.calls, below.files, below.runs) == (0, 0, 0)
    assert (below.unended, below.perhaps_calls, below.perhaps_files, below.perhaps_runs) == (2, 2, 1, 1)


@pytest.mark.parametrize("project", ["local"], indirect=True)
def test_jobs_of_a_version_that_is_off_are_counted(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    kill_under_way(workflow, "direct", project, store, 1)
    server_of(project).run("MATCH (t:Task {fullname: 'open.direct'}) SET t.version = 'another'")
    below = verify(project, store).downstream
    assert below is not None
    assert (below.calls, below.unended, below.perhaps_runs) == (0, 1, 1)


def perhaps(found: Impact) -> tuple[list[str], list[str]]:
    return sorted(call.task for call in found.perhaps.calls), [Path(f.path).name for f in found.perhaps.files]


def test_what_a_job_without_a_result_made_is_told_as_perhaps(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    kill_under_way(workflow, "deep", project, store, 3)
    found = of_file(store, workflow)
    assert (found.calls, found.files) == ([], [])
    assert told(found) == [
        ("open.deep", "CANCELLED", False),
        ("open.mid", "CANCELLED", True),
        ("open.wait", "CANCELLED", False),
    ]
    assert perhaps(found) == (["open.inner", "open.use"], ["deep.txt"])
    assert {name: found.counts()[name] for name in ("calls", "files", "perhaps_calls", "perhaps_files")} == {
        "calls": 0,
        "files": 0,
        "perhaps_calls": 2,
        "perhaps_files": 1,
    }
    # Nothing was reached for sure in this run, and somebody has to answer for it all the same.
    assert (found.runs, found.people) == ([], [])
    [run] = found.perhaps.runs
    assert ({run.id}, run.jobs) == ({job.execution for job in found.unended}, 5)
    assert [(person.user, person.runs) for person in found.perhaps.people] == [(run.user, 1)]
    # Of one of these jobs itself, the same is told beside it.
    jobs = {job.task: job.job for job in found.unended}
    of_job = impact(store, resolve(store, jobs["open.mid"]))
    assert told(of_job) == [("open.deep", "CANCELLED", False), ("open.wait", "CANCELLED", False)]
    assert (of_job.calls, perhaps(of_job)) == ([], perhaps(found))
    assert {job.task for job in impact(store, resolve(store, jobs["open.wait"])).unended} == {
        "open.deep",
        "open.mid",
    }
    # What others made of such a file is reached perhaps, too; what others did with equal values is not.
    (workflow.parent / "hold").unlink()
    assert subprocess.run([sys.executable, str(workflow), "use"], check=False).returncode == 0
    assert subprocess.run([sys.executable, str(workflow), "inner"], check=False).returncode == 0
    assert catch_up(project).complete
    again = of_file(store, workflow)
    assert perhaps(again) == perhaps(found)
    counted = {call.task: len(call.jobs) for call in again.perhaps.calls}
    assert counted == {"open.inner": 1, "open.use": 2}
    assert len(again.perhaps.runs) == 2
    part = impact(store, resolve(store, str(workflow.parent / "bad.txt")), every_content=True, limit=1)
    assert (part.complete, told(part)) == (False, told(found))


def test_what_began_after_a_reached_call_and_ended_is_told_as_perhaps(
    project: Project, store: GraphStore, workflow: Path
) -> None:
    with under_way(workflow, "steps", project, store, 2):
        found = of_file(store, workflow)
        assert [call.task for call in found.calls] == ["open.clean"]
        assert told(found) == [("open.steps", "RUNNING", False), ("open.wait", "RUNNING", False)]
        assert perhaps(found) == (["open.after"], [])
        # The run of both is among those that were reached for sure.
        assert (len(found.runs), len(found.people)) == (1, 1)
        assert (found.perhaps.runs, found.perhaps.people) == ([], [])
