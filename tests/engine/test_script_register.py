"""Scripts that run at the same time on one machine: who waits for whom, and that nobody waits without end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headwater import Dir, File, Scheduler, ScriptError, script

RUN = """
import sys
from headwater import File, Scheduler, script

text, *places = sys.argv[1:]
outputs = [File(p) for p in places if "=" not in p]
staged = [File(p.partition("=")[0]).stage(p.partition("=")[2]) for p in places if "=" in p]
Scheduler(record=False).run(script(text, staged, outputs))
"""
"""A run of one script, which writes some places, and stages files from=to others."""


class Runs:
    """Starts runs, and sees to it that they end."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def __call__(self, text: str, *places: str) -> subprocess.Popen[str]:
        one = subprocess.Popen([sys.executable, "run.py", text, *places], stderr=subprocess.PIPE, text=True)
        self.started.append(one)
        return one

    def ended(self, *runs: subprocess.Popen[str]) -> list[str]:
        """What runs say that have failed; nothing of one that went well."""
        said = [one.communicate(timeout=60)[1] for one in runs]
        return [text if one.returncode else "" for one, text in zip(runs, said, strict=True)]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    Path("run.py").write_text(RUN)
    Path("home").write_text("x")
    runs = Runs()
    yield runs
    for one in runs.started:
        with one:
            one.kill()


def until(*names: str) -> None:
    deadline = time.monotonic() + 30
    while not all(map(os.path.exists, names)):
        assert time.monotonic() < deadline, f"{names} never came"
        time.sleep(0.01)


def within(text: str, *places: str) -> str:
    """The text of a script that starts a run of its own."""
    return f"{sys.executable} run.py '{text}' {' '.join(places)}"


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a")])
def test_who_waits_has_nothing_that_others_wait_for(runs: Runs, one: str, other: str) -> None:
    inner = within(f"echo inner > {other}", other)
    outer = runs(f"touch began; while [ ! -e go ]; do sleep .01; done; {inner}; echo outer > {one}", one)
    until("began")
    third = runs("echo third | tee a > b", "a", "b")
    time.sleep(2)  # it waits for the first run's script, whose inner run is yet to come
    Path("go").touch()
    assert runs.ended(outer, third) == ["", ""]
    assert Path("a").read_text() == Path("b").read_text() == "third\n"


def test_two_runs_whose_inner_runs_wait_for_each_other_are_told(runs: Runs) -> None:
    both = [
        runs(
            f"touch {own}.began; while [ ! -e a.began ] || [ ! -e b.began ]; do sleep .01; done;"
            f"{within(f'echo inner > {other}', other)}; echo outer > {own}",
            own,
        )
        for own, other in (("a", "b"), ("b", "a"))
    ]
    said = runs.ended(*both)
    assert sum(not text for text in said) == 1, "the other one goes on"
    assert "wait for each other without end" in "".join(said)


def test_a_run_inside_a_script_does_not_wait_for_what_that_stages(runs: Runs) -> None:
    (said,) = runs.ended(runs(within("cat in/x", "home=in/x"), "home=in/x"))
    assert "in/x is staged by the script that this one runs in, too" in said
    assert runs.ended(runs(within("cat in/y", "home=in/y"), "home=in/x")) == [""]


def test_a_folder_and_a_file_in_it_by_two_scripts_at_once_are_told(runs: Runs) -> None:
    def both(file: str) -> Any:
        wait = "while [ ! -e a ] || [ ! -e b ]; do sleep .01; done"
        return [
            script(f"touch a; {wait}; mkdir -p dd; echo > dd/y", outputs=Dir("dd")),
            script(f"touch b; {wait}; mkdir -p dd/e; echo > {file}", outputs=File(file)),
        ]

    with pytest.raises(ScriptError, match=r"another script was writing .*/dd(/e/x)? at the same time"):
        Scheduler(record=False).run(both("dd/e/x"))
    for name in ("a", "b"):
        os.unlink(name)
    assert len(Scheduler(record=False).run(both("dd-not"))) == 2


def test_runs_take_turns_at_a_folder_and_a_file_in_it(runs: Runs) -> None:
    outer = runs(
        "touch began; sleep 1; mkdir -p dd; echo one > dd/x; sleep .5; cat dd/x > seen", "dd/x", "seen"
    )
    until("began")
    Scheduler(record=False).run(script("mkdir -p dd; echo two > dd/x", outputs=Dir("dd")))
    assert runs.ended(outer) == [""]
    assert (Path("seen").read_text(), Path("dd/x").read_text()) == ("one\n", "two\n")


def test_a_run_inside_a_script_may_write_into_the_folder_that_it_makes(runs: Runs) -> None:
    Scheduler(record=False).run(
        script(f"mkdir dd; {within('echo x > dd/x', 'dd/x')}; echo y > dd/y", outputs=Dir("dd"))
    )
    assert sorted(os.listdir("dd")) == ["x", "y"]


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_timeout_does_not_count_the_time_in_which_a_script_waits_for_its_turn(
    runs: Runs, executor: str
) -> None:
    def slow(n: int) -> Any:
        staged = File("home").stage("in/x")
        return script(f"sleep 1.5; cat in/x; echo {n}", staged, timeout=2.5, executor=executor)

    assert Scheduler(record=False).run([slow(n) for n in range(3)]) == [f"x{n}\n" for n in range(3)]


def test_scripts_that_stage_into_one_folder_take_turns(runs: Runs) -> None:
    text = "mkdir in/alone; sleep .3; rmdir in/alone; echo alone"
    pair = [script(text, File("home").stage(f"in/{name}")) for name in ("x", "y")]
    assert Scheduler(record=False).run(pair) == ["alone\n"] * 2


def test_what_killed_runs_had_is_free(runs: Runs) -> None:
    killed = runs("touch began; sleep 60", "a", "home=in/x")
    until("began")
    killed.kill()
    assert runs.ended(runs("cat in/x > a", "a", "home=in/x")) == [""]
