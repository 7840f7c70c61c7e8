"""`hw launch`: any command as a recorded script, left to the background or waited for."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from typing import Any

import pytest

from tests.waiting import wait_for

from .conftest import HW, Shell, environment

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}\n\Z")


def ended(shell: Shell, execution: str, **env: str) -> dict[str, Any]:
    """What the log says of a run, once that has ended."""

    def look() -> Any:
        answer = shell("log", execution, "--json", **env)
        return answer.code == 0 and answer.json["execution"]["status"] != "RUNNING" and answer.json

    found: dict[str, Any] = wait_for(look, 60)
    return found


def logs(shell: Shell) -> list[str]:
    return [path.name for path in (shell.folder / ".headwater" / "launched").iterdir()]


def test_it_goes_on_after_the_command_has_returned(
    hw: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    go = tmp_path_factory.mktemp("elsewhere") / "go"  # what came beside it would be laid to the command
    answer = hw("launch", "sh", "-c", f"while [ ! -e {go} ]; do sleep 0.1; done; cat {go}")
    assert answer.code == 0, answer
    assert ID.match(answer.out), "the id, and nothing else"
    execution = answer.out.strip()
    assert f"what goes wrong is written to .headwater/launched/{execution}.log" in answer.err
    under_way = hw("log", execution, "--json").json
    assert under_way["execution"]["status"] == "RUNNING"
    go.write_text("one")
    found = ended(hw, execution)
    assert found["execution"]["status"] == "DONE"
    assert found["execution"]["command"].startswith("hw launch sh -c ")
    assert {job["task"]: job["status"] for job in found["jobs"]} == {
        "headwater.root_task": "DONE",
        "headwater.script": "DONE",
    }
    assert "one" in hw("log", execution, "--log").out.splitlines()
    wait_for(lambda: not logs(hw), 60)
    assert hw("verify").code == 0


def test_it_survives_its_terminal(hw: Shell) -> None:
    assert hw("init").code == 0
    terminal, there = os.openpty()
    name = os.ttyname(there)
    typed = shlex.join([HW, "launch", "sh", "-c", "while [ ! -e go ]; do sleep 0.1; done; touch came"])
    shell = subprocess.Popen(
        # What opens a terminal as the first of a session is hung up with it.
        ["sh", "-c", f"exec <{name} >{name} 2>&1; {typed}; touch launched; sleep 60"],
        cwd=hw.folder,
        env=environment(),
        start_new_session=True,
    )
    os.close(there)
    wait_for((hw.folder / "launched").exists, 60)
    os.close(terminal)
    assert shell.wait(timeout=60) == -signal.SIGHUP
    hw.write("go", "")
    wait_for((hw.folder / "came").exists, 60)
    assert ended(hw, "-")["execution"]["status"] == "DONE"


def test_what_goes_wrong_is_in_the_file_that_is_named(hw: Shell) -> None:
    answer = hw("launch", "cat", "nowhere.txt")
    assert answer.code == 0
    execution = answer.out.strip()
    assert ended(hw, execution)["execution"]["status"] == "FAILED"
    log = hw.folder / ".headwater" / "launched" / f"{execution}.log"
    wait_for(lambda: "nowhere.txt: No such file" in log.read_text(), 60)


def test_a_file_that_it_writes_is_told_and_recorded_on_its_job(hw: Shell) -> None:
    execution = hw("launch", "echo two > came").out.strip()
    assert ended(hw, execution)["execution"]["status"] == "DONE"
    log = hw.folder / ".headwater" / "launched" / f"{execution}.log"
    wait_for(lambda: "came" in log.read_text(), 60)
    query = "MATCH (j:Job) WHERE j.undeclared_writes IS NOT NULL RETURN j.undeclared_writes AS written"
    assert "came" in hw("query", query).out


def test_it_can_be_waited_for(hw: Shell) -> None:
    done = hw("launch", "--wait", "printf", "%s|", "a b", "c")
    assert done.code == 0, done
    assert "result: 'a b|c|'" in done.out
    assert re.search(r"run \S+ DONE in ", done.out)
    failed = hw("launch", "--wait", "false")
    assert failed.code == 1
    assert "ended with exit status 1" in failed.err
    assert "FAILED in" in failed.out


@pytest.mark.parametrize("executor", ["default", "process"])
def test_one_word_is_the_text_of_a_script(hw: Shell, executor: str) -> None:
    text = "for word in b a; do echo $word; done | sort | tr -d '\\n'"
    assert "result: 'ab'" in hw("launch", "--executor", executor, "--wait", text).out
    job = hw("log", "-", "--json").json["jobs"][-1]
    assert (job["task"], job["executor"]) == ("headwater.script", executor)


def test_it_runs_every_time_unless_an_earlier_result_is_asked_for(hw: Shell) -> None:
    for _ in range(2):
        assert hw("launch", "--wait", "echo run >> log").code == 0
    assert (hw.folder / "log").read_text() == "run\n" * 2
    for _ in range(2):
        assert hw("launch", "--wait", "-o", "cache=true", "echo run >> other").code == 0
    assert (hw.folder / "other").read_text() == "run\n"


def test_options_of_the_call_are_given_by_o(hw: Shell) -> None:
    answer = hw("launch", "--wait", "-o", "timeout=0.5", "-o", 'limits={"gpu": 1}', "--", "sleep", "60")
    assert answer.code == 1
    assert "TaskTimeout" in answer.err


def test_it_can_be_cancelled(hw: Shell) -> None:
    seconds = f"600.{os.getpid()}"  # of which there is no other on this machine
    execution = hw("launch", f"sleep {seconds}; touch came").out.strip()
    answer = hw("cancel", execution)
    assert (answer.code, answer.out) == (0, f"run {execution} CANCELLED\n")
    assert ended(hw, execution)["execution"]["status"] == "CANCELLED"
    wait_for(lambda: seconds not in subprocess.check_output(["ps", "-eo", "args"], text=True), 60)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--executor", "proces", "ls"], "no executor is called 'proces'. Did you mean process?"),
        (["--executor", "gpu", "ls"], "no executor is called 'gpu'"),
        (["--setup", "gpus=2", "ls"], "setup_scheduler"),
        (["-o", "timeuot=1", "ls"], "no option is called 'timeuot'. Did you mean timeout?"),
        (["-o", "timeout=soon", "ls"], "timeout='soon': seconds are needed"),
        (["-o", "timeout", "ls"], "KEY=VALUE is needed"),
        (["-o", "executor=process", "ls"], "Give --executor NAME"),
        (["-o", "prov=false", "ls"], "always recorded"),
        (["-o", "limits=databse", "ls"], "Did you mean database?"),
        (["--wiat", "ls"], "--wait"),
        ([" "], "needs a command"),
        ([], "Missing argument 'CMD...'"),
    ],
)
def test_wrong_use_is_told_and_nothing_runs(hw: Shell, words: list[str], said: str) -> None:
    assert hw("init").code == 0
    with (hw.folder / ".headwater" / "headwater.ini").open("a") as settings:
        settings.write("\n[limits]\ndatabase = 2\n")
    answer = hw("launch", *words)
    assert answer.code == 2, answer
    assert said in answer.err
    assert not list((hw.folder / ".headwater" / "journals").rglob("*.hwj"))


SETUP = """\
from pathlib import Path
from headwater import Project, Scheduler, UsageError

def setup(project: Project) -> Scheduler:
    with (project.root / "seen").open("a") as seen:
        seen.write("set up\\n")
    if (project.root / "broken").exists():
        raise UsageError("it is broken")
    return Scheduler(project)
"""


SIZED = """\
from typing import Annotated
from headwater import Project, Scheduler

def setup(project: Project, slots: int, log_in_name: Annotated[str, "secret"] = "") -> Scheduler:
    return Scheduler(project)
"""


def test_the_function_that_sets_up_is_given_what_it_needs(hw: Shell) -> None:
    (hw.folder / "src").mkdir()
    hw.write("src/sized.py", SIZED)
    assert hw("init").code == 0
    with (hw.folder / ".headwater" / "headwater.ini").open("a") as settings:
        settings.write("\n[scheduler]\nsetup_scheduler = sized::setup\n")
    without = hw("launch", "echo 1", PYTHONPATH="src")
    assert (without.code, without.out) == (2, ""), without
    assert "slots" in without.err
    words = ["--setup", "slots=2", "--setup=log-in_name=hunter2"]
    begun = hw("launch", *words, "echo 1", PYTHONPATH="src")
    assert begun.code == 0, begun
    done = ended(hw, begun.out.strip(), PYTHONPATH="src")["execution"]
    assert done["status"] == "DONE"
    assert "log-in_name=***" in done["command"]


def test_the_scheduler_is_set_up_once_and_what_fails_before_it_has_begun_is_told_here(hw: Shell) -> None:
    hw.write("setup.py", SETUP)
    assert hw("init").code == 0
    with (hw.folder / ".headwater" / "headwater.ini").open("a") as settings:
        settings.write("\n[scheduler]\nsetup_scheduler = setup.py::setup\n")
    seen = hw.folder / "seen"
    begun = hw("launch", "echo 1")
    assert begun.code == 0, begun
    assert ended(hw, begun.out.strip())["execution"]["status"] == "DONE"
    assert seen.read_text() == "set up\n"
    assert hw("launch", "--wait", "echo 1").code == 0
    assert seen.read_text() == "set up\n" * 2
    wait_for(lambda: not logs(hw), 60)
    hw.write("broken", "")
    answer = hw("launch", "ls")
    assert (answer.code, answer.out) == (2, "")
    assert "it is broken" in answer.err
    assert not logs(hw)
