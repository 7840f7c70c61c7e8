"""`setup_scheduler` in the settings, and `hw run --setup`: a project sets its schedulers up itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headwater import UsageError, run, task

from .conftest import Shell

SETUP = """\
from headwater import Scheduler

def setup(project, slots: int = 1, name: str = "db"):
    \"\"\"How many slots there are.\"\"\"
    project.settings.read_dict({"limits": {name: str(slots)}})
    return Scheduler(project)

def wrong(project):
    return project

number = 5
"""
FLOW = """\
from headwater import task
headwater_namespace = "set_up"

@task(limits={"db": 3})
def three() -> int:
    return 3
"""


@pytest.fixture
def project(hw: Shell) -> Shell:
    hw("init")
    hw.write("setup.py", SETUP)
    hw.write("flow.py", FLOW)
    name(hw, "setup.py::setup")
    return hw


def name(shell: Shell, function: str) -> None:
    settings = shell.folder / ".headwater" / "headwater.ini"
    kept = settings.read_text().partition("[scheduler]")[0]
    settings.write_text(f"{kept}\n[scheduler]\nsetup_scheduler = {function}\n")


def test_what_it_is_given_decides_what_there_is(project: Shell) -> None:
    answer = project("run", "flow.py", "three")
    assert answer.code == 1
    assert "there are only 1" in answer.err
    answer = project("run", "flow.py", "three", "--setup", "slots=3", "--json")
    assert (answer.code, answer.json["result"]) == (0, "3")
    assert project("run", "-s", "slots=4", "flow.py", "three", "--dryrun").out.startswith("nothing would run")
    told = project("run", "flow.py", "--setup-help")
    assert told.code == 0
    assert "How many slots there are." in told.out
    assert "--setup slots=INT " in told.out
    assert "--setup name=TEXT " in told.out
    assert "--slots" not in told.out
    assert "project" not in told.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--setup", "slot=3"], "Did you mean slots?"),
        (["--setup", "no-slots=3"], "has no parameter no-slots."),
        (["--setup", "slots=many"], "'many' is not an int"),
        (["--setup", "slots"], "KEY=VALUE is needed"),
    ],
)
def test_what_it_does_not_take_is_refused(project: Shell, words: list[str], said: str) -> None:
    answer = project("run", "flow.py", "three", *words)
    assert (answer.code, answer.out) == (2, ""), answer
    assert said in answer.err


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("setup.py::setip", "has no function 'setip'. Did you mean setup?"),
        ("setup.py::number", "has no function 'number'"),
        ("setup.py", "FILE::FUNCTION or MODULE::FUNCTION is needed"),
        ("setups.py::setup", "setups.py is not there"),
        ("setup.py::wrong", "has to return a Scheduler"),
        ("flow.py::three", "three is a task. A plain function is needed"),
        ("setup.py::nothing_of_the_kind", "'nothing_of_the_kind'. Known are: setup, wrong.\n"),
    ],
)
def test_a_function_that_cannot_be_is_refused(project: Shell, function: str, said: str) -> None:
    name(project, function)
    answer = project("run", "flow.py", "three")
    assert (answer.code, answer.out) == (2, ""), answer
    assert said in answer.err
    assert "fault in headwater" not in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def setup(:\n", 'setup.py", line 1'),
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("def setup(project):\n    return 1 // 0\n", 'setup.py", line 2, in setup'),
        (
            "from headwater import UsageError\ndef setup(project):\n    raise UsageError('not today')\n",
            "not today",
        ),
    ],
)
def test_what_fails_in_it_is_told_with_its_place(project: Shell, text: str, said: str) -> None:
    project.write("setup.py", text)
    for words in (["run", "flow.py", "three"], ["launch", "echo 1"]):
        answer = project(*words)
        assert (answer.code, answer.out) == (2, ""), answer
        assert said in answer.err
        assert "fault in headwater" not in answer.err
        assert "/engine/" not in answer.err


def test_without_one_there_is_nothing_to_give(project: Shell) -> None:
    name(project, "")
    for words in (["three", "--setup", "slots=3"], ["--setup-help"]):
        answer = project("run", "flow.py", *words)
        assert answer.code == 2
        assert "the settings name no function" in answer.err


def test_a_function_that_takes_things_by_their_place_is_refused(project: Shell) -> None:
    for signature in "(project, slots: int = 1, /)", "(project, *slots: int)":
        project.write("by_place.py", SETUP.replace('(project, slots: int = 1, name: str = "db")', signature))
        name(project, "by_place.py::setup")
        for words in (["three", "--setup", "slots=3"], ["--setup-help"]):
            answer = project("run", "flow.py", *words)
            assert (answer.code, answer.out) == (2, ""), answer
            assert "takes 'slots' by its place" in answer.err


def test_outside_a_project_nothing_is_made_before_it_is_refused(hw: Shell) -> None:
    hw.write("flow.py", FLOW)
    answer = hw("run", "flow.py", "three", "--setup", "slots=3")
    assert (answer.code, answer.out) == (2, "")
    assert "the settings name no function" in answer.err
    assert not (hw.folder / ".headwater").exists()


def test_secrets_that_it_is_given_are_not_recorded(project: Shell) -> None:
    setup = """
from typing import Annotated
from headwater import Scheduler

def setup(project, db_password: str, log_in_name: Annotated[str, "secret"] = "", slots: int = 1):
    project.settings.read_dict({"limits": {"db": str(slots)}})
    return Scheduler(project)
"""
    project.write("setup.py", setup)
    words = ["--setup=db_password=hunter2", "--setup=log_in_name=hunter3", "-s", "slots=3"]
    for key in ("log-in-name", "log-in_name", "log_in-name"):
        words = [f"--setup={key}=hunter4", "-s", f"{key}=hunter5", *words]
    before = ["-slog_in_name=hunter6", "-vslog_in-name=hunter7"]
    answer = project("run", *before, "flow.py", "three", *words)
    assert answer.code == 0, answer
    command = project("log", "--json").json["executions"][0]["command"]
    assert "hunter" not in command
    assert command.endswith("-s slots=3")


def test_in_python_run_asks_it_too(project: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PROJECT", str(project.folder))

    @task(namespace="set_up_here", limits={"db": 2})
    def two() -> int:
        return 2

    project.write("setup.py", SETUP.replace("slots: int = 1", "slots: int = 2"))
    name(project, f"{project.folder}/setup.py::setup")
    assert run(two(), cache=False) == 2
    name(project, "setup.py::nothing_there")
    with pytest.raises(UsageError, match="has no function 'nothing_there'"):
        run(two())


@pytest.mark.parametrize("place", ["main.py", "main", "whole.main"])
def test_the_main_program_sets_its_runs_up_without_being_run_again(hw: Shell, place: str) -> None:
    hw("init")
    program = """\
from headwater import Scheduler, run, task
print("executed as", __name__)

@task(namespace="main_program")
def f() -> int:
    return 1

def setup(project):
    return Scheduler(project)

if __name__ == "__main__":
    print(run(f()))
"""
    file = "whole/main.py" if "." in place and not place.endswith(".py") else "main.py"
    (hw.folder / "whole").mkdir()
    hw.write("whole/__init__.py", "")
    hw.write(file, program)
    name(hw, f"{place}::setup")
    words = ["-m", "whole.main"] if file != "main.py" else [file]
    made = subprocess.run([sys.executable, *words], capture_output=True, check=True, cwd=hw.folder, text=True)
    assert made.stdout.split("\n") == ["executed as __main__", "1", ""]
    assert "two tasks are called" not in made.stderr
