"""`hw cancel`: stopping a run, or one of its jobs, from another terminal."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from headwater.cypher.errors import UsageError
from headwater.cypher.project import create_project
from headwater.engine import cancel

from headwater.cli._app import app
from tests.runs import run_id

from .conftest import HW, Shell, environment

SLOW = """\
import time
from headwater import task, catch, subrun, Cancelled

headwater_namespace = "slow"

@task
def nap(n: int) -> int:
    time.sleep(250)
    return n

@task
def told(error: Exception) -> str:
    return f"instead: {type(error).__name__}"

@task
def main() -> list:
    return [nap(n) for n in range(2)]

@task
def careful() -> list:
    return [catch(nap(1), Cancelled, told)]

@task(retries=2, retry_backoff=500)
def unsteady() -> int:
    raise OSError("busy")

@task
def once() -> int:
    raise OSError("gone")

@task
def patient() -> list:
    return [catch(unsteady(), Cancelled, told), catch(once(), OSError, told)]

@task
def inside() -> list:
    return [catch(nap(1), Cancelled, told), "went on"]

@task
def above(executor: str, new: bool) -> list:
    return [subrun(inside(), executor, new_execution=new)]

@task
def guarded(executor: str, depth: int) -> list:
    return [catch(nested(executor, depth), Cancelled, told)]

@task
def nested(executor: str, depth: int):
    return subrun(nested(executor, depth - 1) if depth else nap(depth), executor)
"""


@pytest.fixture
def slow(hw: Shell) -> Shell:
    hw.write("slow.py", SLOW)
    return hw


def start(shell: Shell, task: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [HW, "run", "slow.py", task, *options, "--json"],
        cwd=shell.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def running_jobs(shell: Shell, task: str, count: int) -> list[dict[str, Any]]:
    """The jobs of a task in the last run, once so many run."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = shell("log", "-", "--json")
        if answer.code == 0:
            jobs = [job for job in answer.json["jobs"] if job["task"] == task and job["status"] == "RUNNING"]
            if len(jobs) == count:
                return jobs
        time.sleep(0.1)
    raise AssertionError(f"there were never {count} of {task}")


def test_a_run_is_cancelled_and_all_of_it_is_closed(slow: Shell) -> None:
    slow("init")
    process = start(slow, "main")
    jobs = running_jobs(slow, "slow.nap", 2)
    answer = slow("cancel", jobs[0]["execution"][:18])
    assert (answer.code, answer.out) == (0, f"run {jobs[0]['execution']} CANCELLED\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert '"status": "CANCELLED"' in out
    assert "the run was cancelled by `hw cancel`" in err
    newest = slow("log", "-", "--json").json
    assert newest["execution"]["status"] == "CANCELLED"
    assert {job["status"] for job in newest["jobs"]} == {"CANCELLED"}
    again = slow("cancel", jobs[0]["execution"])
    assert again.code == 2
    assert "is not under way: it has ended" in again.err
    assert slow("verify").code == 0


def test_a_job_is_cancelled_and_the_workflow_may_catch_that(slow: Shell) -> None:
    slow("init")
    process = start(slow, "careful")
    (job,) = running_jobs(slow, "slow.nap", 1)
    answer = slow("cancel", job["id"][:12])
    assert (answer.code, answer.out) == (0, f"job {job['id']} (slow.nap) CANCELLED\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "instead: Cancelled" in out
    again = slow("cancel", job["id"])
    assert again.code == 2
    assert "is not under way: it is CANCELLED" in again.err


def test_a_job_that_waits_to_be_tried_again_is_named_by_the_attempt_that_failed(slow: Shell) -> None:
    slow("init")
    process = start(slow, "patient")
    failed, over = wait_for_failed(slow, "slow.unsteady"), wait_for_failed(slow, "slow.once")
    answer = slow("cancel", over["id"])
    assert answer.code == 2
    assert f"job {over['id']} (slow.once) is not under way: it is FAILED" in answer.err
    answer = slow("cancel", failed["id"][:12])
    assert answer.code == 0, answer.err
    assert answer.out.endswith("(slow.unsteady) CANCELLED, before it was tried again\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "instead: Cancelled" in out
    jobs = slow("log", "-", "--json").json["jobs"]
    statuses = [job["status"] for job in jobs if job["task"] == "slow.unsteady"]
    assert statuses == ["FAILED", "CANCELLED"]


def wait_for_failed(shell: Shell, task: str) -> dict[str, Any]:
    """The job of a task that failed in the last run, once there is one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = shell("log", "-", "--json")
        if answer.code == 0:
            for job in answer.json["jobs"]:
                if (job["task"], job["status"]) == (task, "FAILED"):
                    return dict(job)
        time.sleep(0.1)
    raise AssertionError(f"{task} never failed")


@pytest.mark.parametrize(
    ("executor", "new"), [("default", "false"), ("process", "false"), ("process", "true")]
)
def test_a_job_of_a_run_inside_is_cancelled_and_the_rest_of_it_goes_on(
    slow: Shell, executor: str, new: str
) -> None:
    slow("init")
    process = start(slow, "above", "--executor", executor, "--new", new)
    job = running_inside(slow, "slow.nap")
    answer = slow("cancel", job[:12])
    assert (answer.code, answer.out) == (0, f"job {job} (slow.nap) CANCELLED\n"), answer
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "instead: Cancelled" in out
    assert "went on" in out
    assert slow("verify").code == 0


@pytest.mark.parametrize("executor", ["default", "process"])
def test_the_root_of_a_run_inside_a_run_inside_is_cancelled_like_any_job(slow: Shell, executor: str) -> None:
    slow("init")
    process = start(slow, "guarded", "--executor", executor, "--depth", "1")
    job = running_inside(slow, "slow.nap")
    answer = slow("cancel", job)
    assert (answer.code, answer.out) == (0, f"job {job} (slow.nap) CANCELLED\n"), answer
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "instead: Cancelled" in out
    statuses = {job["task"]: job["status"] for job in slow("log", "-", "--json").json["jobs"]}
    assert statuses["slow.nested"] == statuses["headwater.subrun_root_task"] == "CANCELLED"
    assert statuses["slow.guarded"] == "DONE"


def running_inside(shell: Shell, task: str) -> str:
    """The id of the one job of a task that runs, in whatever execution."""
    text = f"MATCH (j:Job {{task_name: '{task}', status: 'RUNNING'}}) RETURN j.id AS id"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = shell("query", text, "--format", "json")
        if answer.code == 0 and len(answer.json["rows"]) == 1:
            return str(answer.json["rows"][0][0])
        time.sleep(0.1)
    raise AssertionError(f"no {task} ever ran alone")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zzz"], "nothing recorded is called zzz"),
        (["abcdef01"], "nothing recorded is called abcdef01"),
        (["slow.told"], "nothing recorded is called slow.told"),
        ([], "EXECUTION|JOB"),
    ],
)
def test_what_is_not_there_cannot_be_cancelled(slow: Shell, words: list[str], said: str) -> None:
    slow("init")
    answer = slow("cancel", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_only_runs_and_jobs_can_be_cancelled(lab: Shell) -> None:
    answer = lab("cancel", "lab.double")
    assert answer.code == 2
    assert "is a task. Only runs and their jobs can be cancelled" in answer.err
    answer = lab("cancel", "-")
    assert answer.code == 2
    assert "has ended" in answer.err


def test_a_run_that_ends_before_it_is_asked_was_not_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, run = create_project(tmp_path), run_id(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cancel, "running", lambda _: [run])  # by now it is not
    with pytest.raises(UsageError, match=f"run {run} ended before it was asked to stop"):
        CliRunner().invoke(app, ["cancel", run], catch_exceptions=False)
    assert list((project.folder / "cancel").iterdir()) == []
