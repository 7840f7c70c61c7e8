"""`hw run FILE --rerun ID`: a recorded call, made again."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shell

WORKFLOW = """\
from dataclasses import dataclass
from headwater import Scheduler, task

headwater_namespace = "again"


@dataclass
class Box:
    width: int
    label: str


@task
def area(box: Box, height: int = 2, *rest: int, unit: str = "m", **more: str) -> str:
    return f"{box.width * height} {rest} {unit} {more}"


@task
def fail(n: int) -> int:
    raise ValueError(n)


@task
def later(n: int) -> int:
    return n


@task(config_args=["threads"])
def main(n: int = 1, threads: int = 1, strict: bool = False) -> list:
    parts = [area(Box(n, "b"), 3, 8, 9, unit="cm", colour="red")]
    return [*parts, later(fail(n))] if strict else parts


if __name__ == "__main__":
    print(Scheduler().run([main(5), later(6)]))
"""


@pytest.fixture
def again(hw: Shell) -> Shell:
    hw("init")
    hw.write("again.py", WORKFLOW)
    assert hw("run", "again.py", "main", "--n", "4").code == 0
    return hw


def jobs(shell: Shell) -> dict[str, dict[str, Any]]:
    return {job["task"]: job for job in shell("log", "-", "--json").json["jobs"]}


def test_a_run_is_made_again_with_its_arguments(again: Shell) -> None:
    answer = again("run", "again.py", "--rerun", "-", "--json")
    assert answer.code == 0, answer
    assert answer.json["task"] == "again.main"
    assert answer.json["jobs"] == {"CACHED": 1}
    assert answer.json["result"] == "[\"12 (8, 9) cm {'colour': 'red'}\"]"
    assert again("log", "-", "--json").json["execution"]["command"] == "hw run again.py --rerun - --json"


def test_what_is_given_replaces_what_was_recorded(again: Shell) -> None:
    first = again("log", "--json").json["executions"][0]["id"]
    answer = again("run", "again.py", "--rerun", first[:18], "--n", "10", "--json")
    assert answer.json["result"] == "[\"30 (8, 9) cm {'colour': 'red'}\"]"
    answer = again("run", "--rerun", first, "again.py", "--no-cache", "--json")
    assert answer.json["jobs"] == {"DONE": 2}
    assert answer.json["result"] == "[\"12 (8, 9) cm {'colour': 'red'}\"]"


def test_a_job_is_made_again_with_arguments_that_no_command_line_can_give(again: Shell) -> None:
    job = jobs(again)["again.area"]
    answer = again("run", "again.py", "--rerun", job["id"][:12], "--height", "100", "--json")
    assert answer.code == 0, answer
    assert answer.json["task"] == "again.area"
    assert answer.json["result"] == "\"400 (8, 9) cm {'colour': 'red'}\""
    answer = again("run", "again.py", "--rerun", job["id"], "--colour", "blue", "--json")
    assert answer.json["result"] == "\"12 (8, 9) cm {'colour': 'blue'}\""
    told = again("run", "again.py", "--rerun", job["id"], "--help")
    assert told.code == 0
    assert "--height INT" in told.out
    assert "--colour TEXT" in told.out


ANYTHING = """\
from datetime import date
from pathlib import Path
from headwater import File, task

headwater_namespace = "any"


@task
def shown(**more) -> str:
    return " ".join(f"{name}={value!r}" for name, value in sorted(more.items()))


@task
def added(**more: float) -> float:
    return sum(more.values())


@task
def main() -> list:
    open("a.txt", "w").close()
    kept = {"file": File("a.txt"), "days": [date(2020, 1, 2)], "numbers": (1, 2), "path": Path("a"), "on": True}
    return [shown(**kept, nothing=None, empty=[], mixed=[1, "a"], table={"a": 1}), added(a=1, b=2.5)]
"""


def test_what_replaces_an_argument_of_any_name_has_the_type_that_it_had(hw: Shell) -> None:
    hw("init")
    hw.write("anything.py", ANYTHING)
    hw.write("b.txt", "b")
    assert hw("run", "anything.py", "main").code == 0
    found = jobs(hw)
    words = ["--file", "b.txt", "--days", "2021-03-04", "--numbers", "3", "--path", "b", "--no-on"]
    answer = hw("run", "anything.py", "--rerun", found["any.shown"]["id"], *words, "--json")
    assert answer.code == 0, answer
    for part in (
        "days=[datetime.date(2021, 3, 4)]",
        "file=File('b.txt')",
        "numbers=(3,)",
        "on=False",
        "path=PosixPath('b')",
    ):
        assert part in answer.json["result"]
    answer = hw("run", "anything.py", "--rerun", found["any.added"]["id"], "--a", "1.5", "--json")
    assert answer.json["result"] == "4.0", "the annotation goes before"


PLACES = """\
from headwater import task

headwater_namespace = "places"


@task
def one(a: int, /, **more: int) -> str:
    return f"{a} {more}"


@task
def some(*a: int, **more: int) -> str:
    return f"{a} {more}"


@task
def any_names(a: int, **more: int) -> str:
    return f"{a} {more}"


@task
def main() -> list:
    return [one(1, a=2, b=3), some(1, 2, a=3), any_names(1, **{"class": 2, "max-depth": 3})]
"""


@pytest.mark.parametrize(("name", "was"), [("one", "1 {'a': 2, 'b': 3}"), ("some", "(1, 2) {'a': 3}")])
def test_a_name_that_is_that_of_an_argument_given_by_its_place_is_one_of_any_name(
    hw: Shell, name: str, was: str
) -> None:
    hw("init")
    hw.write("places.py", PLACES)
    assert hw("run", "places.py", "main").code == 0
    job = jobs(hw)[f"places.{name}"]["id"]
    assert hw("run", "places.py", "--rerun", job, "--json").json["result"] == f'"{was}"'
    answer = hw("run", "places.py", "--rerun", job, "--a", "7", "--json")
    assert answer.json["result"] == f'"{was.replace("1, 2", "7,").replace("1", "7")}"'


@pytest.mark.parametrize("name", ["nothing", "empty", "mixed", "table"])
def test_an_argument_whose_type_does_not_tell_how_to_read_another_is_not_replaced(
    hw: Shell, name: str
) -> None:
    hw("init")
    hw.write("anything.py", ANYTHING)
    assert hw("run", "anything.py", "main").code == 0
    answer = hw("run", "anything.py", "--rerun", jobs(hw)["any.shown"]["id"], f"--{name}", "1")
    assert answer.code == 2
    assert "cannot be given on the command line" in answer.err


def test_a_failed_run_and_a_failed_job_can_be_made_again(again: Shell) -> None:
    assert again("run", "again.py", "main", "--n", "7", "--strict").code == 1
    failed = jobs(again)["again.fail"]
    answer = again("run", "again.py", "--rerun", "-", "--json")
    assert (answer.code, answer.json["error"]) == (1, "ValueError: 7")
    answer = again("run", "again.py", "--rerun", failed["id"], "--json")
    assert (answer.code, answer.json["error"]) == (1, "ValueError: 7")


def test_a_scripts_expression_is_made_again_whole(again: Shell) -> None:
    import subprocess
    import sys

    from .conftest import environment

    ran = subprocess.run(
        [sys.executable, "again.py"], cwd=again.folder, env=environment(), check=True, capture_output=True
    )
    answer = again("run", "again.py", "--rerun", "-", "--json")
    assert answer.code == 0, (ran, answer)
    assert answer.json["result"] == "[[\"15 (8, 9) cm {'colour': 'red'}\"], 6]"


def test_it_may_be_a_dry_run(again: Shell) -> None:
    answer = again("run", "again.py", "--rerun", "-", "--dryrun")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "nothing would run")


def test_what_cannot_be_made_again_is_refused_with_what_to_do(again: Shell) -> None:
    assert again("run", "again.py", "main", "--n", "7", "--strict").code == 1
    cancelled = jobs(again)["again.later"]
    area = jobs(again)["again.area"]["id"]
    cases = [
        (["again.py", "--rerun", "zzz"], "nothing recorded is called zzz"),
        (["again.py", "--rerun", "again.main"], "is a task. Runs and jobs can be run again"),
        (["again.py", "--rerun", cancelled["id"]], "are not recorded: it is CANCELLED"),
        (["again.py", "--rerun", "-", "--m", "3"], "again.main has no parameter --m. Did you mean --n?"),
        (["again.py", "--rerun", "-", "main"], "'main' belongs to no parameter of again.main"),
        (["again.py", "main", "--rerun", "-"], "--rerun takes the task from the record"),
        (["again.py", "--rerun"], "--rerun"),
    ]
    for words, said in cases:
        answer = again("run", *words)
        assert (answer.code, answer.out) == (2, ""), (words, answer)
        assert said in answer.err, (words, answer)
    again.write("again.py", WORKFLOW.replace("class Box", "class Crate").replace("Box", "Crate"))
    answer = again("run", "again.py", "--rerun", area)
    assert answer.code == 2
    assert "the argument 'box' of job" in answer.err
    assert "cannot be read back" in answer.err
    assert "Give it anew: --box …" in answer.err
    again.write(
        "again.py", WORKFLOW.replace("height", "depth").replace(", **more: str", "").replace("{more}", "")
    )
    answer = again("run", "again.py", "--rerun", area)
    assert answer.code == 2
    assert "it has no such parameter any more" in answer.err
    again.write("other.py", "from headwater import task\n@task\ndef area(n):\n    return n\n")
    answer = again("run", "other.py", "--rerun", area)
    assert answer.code == 2
    assert "other.py has no task 'again.area'" in answer.err


def test_a_run_inside_is_made_again(hw: Shell) -> None:
    hw("init")
    hw.write(
        "inside.py",
        "from headwater import subrun, task\nheadwater_namespace = 'inside'\n"
        "@task\ndef one(n: int) -> int:\n    return n\n"
        "@task\ndef main(n: int = 4) -> int:\n    return subrun(one(n), 'default')\n",
    )
    assert hw("run", "inside.py", "main").code == 0
    for task in ("headwater.subrun_root_task", "inside.one"):
        answer = hw("run", "inside.py", "--rerun", jobs(hw)[task]["id"], "--json")
        assert (answer.code, answer.json["result"], answer.json["jobs"]) == (0, "4", {"CACHED": 1}), answer
        hw("run", "inside.py", "main", "--no-cache")


STEPS = """\
from headwater import Handle, task

headwater_namespace = "steps"


class Log(Handle):
    def __init__(self, name, path):
        self.path = path


@task
def put(log: Log, n: int) -> Log:
    with open(log.path, "a") as file:
        file.write(f"{n} ")
    return log


@task
def both(log: Log) -> Log:
    return put(put(log, 10), 11)


@task
def main(n: int = 2) -> Log:
    log = Log("log", "log.txt")
    for i in range(n):
        log = put(log, i)
    return both(log)
"""


def test_a_step_of_a_handle_is_made_again_in_the_place_where_it_was(hw: Shell) -> None:
    hw("init")
    hw.write("steps.py", STEPS)
    assert hw("run", "steps.py", "main").code == 0
    found = hw("log", "-", "--json").json["jobs"]
    first = next(job["id"] for job in found if job["task"] == "steps.put" and "0" in job["call"])
    inner = next(job["id"] for job in found if job["task"] == "steps.both")
    for job in (first, inner):
        answer = hw("run", "steps.py", "--rerun", job, "--json")
        assert answer.json["jobs"] == {"CACHED": 1}, "nothing has changed"
    log = hw.folder / "log.txt"
    assert log.read_text() == "0 1 10 11 "
    assert hw("run", "steps.py", "--rerun", first, "--n", "5").code == 0
    assert log.read_text() == "0 1 10 11 5 "
    assert hw("run", "steps.py", "main").code == 0
    assert log.read_text() == "0 1 10 11 5 0 1 10 11 ", "what came after the step was rolled back"


def test_arguments_whose_names_are_none_for_a_parameter_are_passed_on_as_they_were(hw: Shell) -> None:
    hw("init")
    hw.write("places.py", PLACES)
    assert hw("run", "places.py", "main").code == 0
    answer = hw("run", "places.py", "--rerun", jobs(hw)["places.any_names"]["id"], "--a", "7", "--json")
    assert answer.json["result"] == "\"7 {'class': 2, 'max-depth': 3}\""
