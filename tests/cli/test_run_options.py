"""`hw run`'s own options for the call: `-o`, `--input`, `--user`, `--tag`, `--doc`, `--pdb`."""

from __future__ import annotations

import json
import os
import pwd
import subprocess

import pytest

from .conftest import HW, WORKFLOW, Shell, environment

TYPED = """
import os
import time
from datetime import date
from typing import Any

from headwater import File, task

headwater_namespace = "typed"


@task
def shapes(
    n: int,
    rate: float = 0.5,
    name: str = "a",
    day: date | None = None,
    days: list[date] = [],
    table: dict[str, Any] = {},
    anything=None,
    file: File | None = None,
    flag: bool = False,
) -> list[Any]:
    return [n, rate, name, day, days, table, anything, file, flag]


@task
def many(*values: int, **named: Any) -> list[Any]:
    return [list(values), sorted(named.items())]


@task
def place(n: int) -> bool:
    return os.getpid() == int(os.environ["CAME_FROM"])


@task
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@task
def fails(n: int) -> int:
    secret = n * 111
    raise ValueError("no")


@task
def lies(n: int) -> object:
    return lambda: n
"""


@pytest.fixture
def shell(hw: Shell) -> Shell:
    hw.write("typed.py", TYPED)
    hw.write("lab.py", WORKFLOW)
    return hw


# -- -o ----------------------------------------------------------------------------------------------------------------


def test_options_are_those_of_the_call_wherever_they_stand(shell: Shell) -> None:
    failed = shell("run", "-o", "timeout=0.5", "typed.py", "nap", "--seconds", "60")
    assert failed.code == 1
    assert "TaskTimeout" in failed.err
    again = shell(
        "run", "lab.py", "refuse", "--x", "1", "-o", "retries=2", "--option", "retry_backoff=0", "--json"
    )
    assert again.json["tasks"] == {"lab.refuse": {"FAILED": 3}}
    limited = shell(
        "run", "typed.py", "nap", "-o", 'limits={"gpu": 1}', "--seconds", "0", "-o", 'tags={"a": 1}'
    )
    assert limited.code == 0, limited
    assert "typed.nap" in shell("find", "jobs", "--tag", "a=1").out
    assert shell("run", "typed.py", "nap", "-o", "executor=process", "--seconds", "0.1").code == 0
    [job] = shell("log", "-", "--json").json["jobs"]
    assert job["executor"] == "process"


def test_an_option_reaches_a_call_that_is_made_again(shell: Shell) -> None:
    assert shell("run", "typed.py", "nap", "--seconds", "0").code == 0
    again = shell("run", "typed.py", "--rerun", "-", "-o", "cache=false", "--json")
    assert again.json["tasks"] == {"typed.nap": {"DONE": 1}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "timeuot=1"], "no option is called 'timeuot'. Did you mean timeout?"),
        (["-o", "timeout=soon"], "timeout='soon': seconds are needed"),
        (["-o", "timeout"], "KEY=VALUE is needed"),
        (["-o", "executor=proces"], "no executor is called 'proces'. Did you mean process?"),
        (["-o", "executor=proces", "--dryrun"], "no executor is called 'proces'. Did you mean process?"),
        (["-o", "limits=databse"], "Did you mean database?"),
        (["--doc", ""], "--doc"),
        (["--doc", "x" * 1001], "at most 1000 characters"),
        (["--pdb", "--json"], "Give one of them"),
        (["--input", "nowhere.json"], "cannot be read: No such file"),
    ],
)
def test_wrong_use_is_told_and_nothing_runs(shell: Shell, words: list[str], said: str) -> None:
    assert shell("init").code == 0
    with (shell.folder / ".headwater" / "headwater.ini").open("a") as settings:
        settings.write("\n[limits]\ndatabase = 2\n")
    answer = shell("run", "typed.py", "nap", "--seconds", "0", *words)
    assert answer.code == 2, answer
    assert said in answer.err
    assert not list((shell.folder / ".headwater" / "journals").rglob("*.hwj"))


# -- --user, --tag ---------------------------------------------------------------------------------------------------


def test_who_asks_for_a_run_is_recorded_beside_the_account(shell: Shell) -> None:
    account = pwd.getpwuid(os.getuid()).pw_name
    for words, name in (
        (["-u", "ann", "lab.py", "doubles"], "ann"),
        (
            ["lab.py", "doubles", "--user", "ben", "-t", "a=1", "-t", "b=2"],
            "ben",
        ),  # it goes before the environment
        (["lab.py", "doubles"], "eve"),
    ):
        assert shell("run", *words, HEADWATER_USER="eve").code == 0
        [run] = shell("find", "runs", "--user", name, "--json").json["found"]
        assert run["user"] == f"{name} ({account})"
    assert (
        shell("find", "runs", "--tag", "a=1", "--tag", "b=2", "--json")
        .json["found"][0]["user"]
        .startswith("ben")
    )


# -- --doc -------------------------------------------------------------------------------------------------------------


def test_what_a_run_is_for_is_a_tag(shell: Shell) -> None:
    assert shell("run", "lab.py", "doubles", "--doc", "a first try = 1").code == 0
    assert "doc=a first try = 1" in shell("log", "-").out
    assert "lab.py doubles" in shell("find", "runs", "--tag", "doc").out


def test_what_a_run_is_for_and_tags_hold_no_secrets(shell: Shell) -> None:
    told = "copies postgres://ann:swordfish@db/lab with token=opensesame"
    answer = shell("run", "lab.py", "doubles", "--doc", told, "--tag", f"from={told}", DB_PASSWORD="sesame99")
    assert answer.code == 0
    for place in (shell("log", "-").out, shell("tag", "list").out, shell("log", "-", "--json").out):
        assert "doc=copies postgres://***@db/lab with token=***" in place
        assert "swordfish" not in place
        assert "opensesame" not in place
    for journal in (shell.folder / ".headwater" / "journals").rglob("*.hwj"):
        assert b"swordfish" not in journal.read_bytes()


# -- --input -----------------------------------------------------------------------------------------------------------


def given(shell: Shell, value: object, *words: str, task: str = "shapes") -> str:
    shell.write("in.json", value if isinstance(value, str) else json.dumps(value))
    answer = shell("run", "typed.py", task, "-i", "in.json", *words)
    return answer.out.rpartition("result: ")[2].strip() if answer.code == 0 else answer.err.strip()


def test_arguments_come_from_a_file_and_the_command_line_goes_before(shell: Shell) -> None:
    assert shell("init").code == 0
    assert given(shell, {"n": 3}) == "[3, 0.5, 'a', None, [], {}, None, None, False]"
    assert given(shell, {"n": 3, "name": "b"}, "--n", "4") == "[4, 0.5, 'b', None, [], {}, None, None, False]"
    assert given(shell, {"n": 3, "day": None}) == "[3, 0.5, 'a', None, [], {}, None, None, False]"
    everything = {
        "n": "7",
        "rate": 2,
        "day": "2013-01-31",
        "days": ["2013-01-01", "2013-01-02"],
        "table": {"a": [1, None]},
        "anything": {"b": 1.5},
        "file": "typed.py",
        "flag": True,
    }
    found = given(shell, everything)
    for part in ("[7, 2.0, 'a', datetime.date(2013, 1, 31)", "datetime.date(2013, 1, 2)", "{'a': [1, None]}"):
        assert part in found
    for part in ("{'b': 1.5}", "File('typed.py')", "True]"):
        assert part in found
    assert (
        given(shell, {"values": [1, "2"], "other": {"x": 1}}, task="many")
        == "[[1, 2], [('other', {'x': 1})]]"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1]", "a JSON object is needed"),
        ("{", "this is no JSON"),
        ("[" * 100_000, "this is no JSON"),
        ({"n": 3, "nmae": 3}, "no parameter 'nmae'. Did you mean name?"),
        ({"n": "x"}, "'x' is not an int"),
        ({"n": 1.5}, "'1.5' is not an int"),
        ({"n": {"a": 1}}, "is not an int"),
        ({"n": 1, "days": "2013-01-01"}, "is not a list"),
        ({"n": 1, "days": ["soon"]}, "'soon' is not a date"),
        ({}, "typed.shapes needs --n INT"),
        ({"n": None}, "--n of typed.shapes: null is none of the values of int"),
        ({"n": 1, "name": None}, "--name of typed.shapes: null is none of the values of str"),
        ({"n": 1, "days": [None]}, "--days of typed.shapes: null is no item of list[datetime.date]"),
        ('{"n": 1, "n": 2}', "'n' is given twice"),
        ('{"n": 1, "anything": [{"a": 1, "a": 1}]}', "'a' is given twice"),
    ],
)
def test_an_input_that_does_not_fit_is_told(shell: Shell, value: object, said: str) -> None:
    assert said in given(shell, value)
    assert not (shell.folder / ".headwater").exists()


def test_a_call_that_is_made_again_has_its_arguments_from_the_record(shell: Shell) -> None:
    assert shell("run", "typed.py", "nap", "--seconds", "0").code == 0
    shell.write("in.json", "{}")
    answer = shell("run", "typed.py", "--rerun", "-", "--input", "in.json")
    assert answer.code == 2
    assert "--PARAMETER VALUE" in answer.err


# -- --pdb -------------------------------------------------------------------------------------------------------------


def debugged(shell: Shell, *words: str, typed: str = "p secret\nq\n") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HW, "run", "typed.py", *words, "--pdb"],
        cwd=shell.folder,
        env=environment(),
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_failed_task_is_debugged_where_it_stands(shell: Shell) -> None:
    found = debugged(shell, "fails", "--n", "3")
    assert found.returncode == 1
    assert "(Pdb) 333" in found.stdout
    assert "ValueError: no" in found.stderr
    assert "FAILED in" in found.stdout, "the run is told, and recorded, all the same"
    assert shell("log", "-", "--json").json["execution"]["status"] == "FAILED"


def test_where_there_is_nothing_to_debug_that_is_said(shell: Shell) -> None:
    for words in (["fails", "--n", "3", "-o", "executor=process"], ["lies", "--n", "3"]):
        found = debugged(shell, *words)
        assert found.returncode == 1
        assert "nothing to look into" in found.stderr
        assert "(Pdb)" not in found.stdout
    done = debugged(shell, "nap", "--seconds", "0")
    assert (done.returncode, "(Pdb)" in done.stdout) == (0, False)
