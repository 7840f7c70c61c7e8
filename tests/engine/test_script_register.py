"""Scripts that run at the same time on one machine: who waits for whom, and that nobody waits without end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headwater import Dir, File, Scheduler, ScriptError, script
from tests.waiting import wait_for

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
        said = [one.communicate(timeout=120)[1] for one in runs]
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


def until(name: str) -> None:
    wait_for(Path(name).exists, 60)


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
        options: dict[str, Any] = {"timeout": 4.0} if n else {}
        seconds = 0 if n else 4.2
        return script(f"sleep {seconds}; cat in/x; echo {n}", staged, executor=executor, **options)

    assert Scheduler(record=False).run([slow(n) for n in range(3)]) == [f"x{n}\n" for n in range(3)]


ORDERS = [("writes", "stages"), ("stages", "writes")]


@pytest.mark.parametrize(("first", "second"), ORDERS)
@pytest.mark.parametrize("at", ["same", "below"])
def test_who_writes_and_who_stages_to_one_place_take_turns_in_a_run(
    runs: Runs, first: str, second: str, at: str
) -> None:
    def one(how: str) -> Any:
        path = "out" if at == "same" else "out/x"
        made: Any = File(f"{how}.home").stage(path)
        if how == "writes":
            made = File("out") if at == "same" else Dir("out")
        text = f"mkdir -p $(dirname {path}); echo {how} > {path}; sleep .7; cat {path} > {how}.seen"
        return script(text, outputs=[made, File(f"{how}.seen")])

    Scheduler(record=False).run([one(first), one(second)])
    assert Path("writes.seen").read_text() == "writes\n"
    assert Path("stages.seen").read_text() == Path("stages.home").read_text() == "stages\n"


@pytest.mark.parametrize(("first", "second"), ORDERS)
def test_who_writes_and_who_stages_to_one_place_take_turns_in_two_runs(
    runs: Runs, first: str, second: str
) -> None:
    places = {"writes": "out", "stages": "home=out"}
    text = "touch {0}.began; sleep .2; echo {0} > out; sleep .7; cat out > {0}.seen"
    one = runs(text.format(first), places[first], f"{first}.seen")
    until(f"{first}.began")
    other = runs(text.format(second), places[second], f"{second}.seen")
    assert runs.ended(one, other) == ["", ""]
    assert [Path(f"{how}.seen").read_text() for how in ("writes", "stages")] == ["writes\n", "stages\n"]


@pytest.mark.parametrize(
    ("outer", "inner", "told"),
    [
        ("out", "home=out", "out is written"),
        ("out/x", "home=out", "out/x is written"),
        ("home=out", "out", "out is staged"),
    ],
)
def test_a_run_inside_a_script_does_not_stage_where_that_writes_or_write_where_it_stages(
    runs: Runs, outer: str, inner: str, told: str
) -> None:
    (said,) = runs.ended(runs(f"{within('echo inner > out', inner)}; echo outer > {outer}", outer))
    assert f"/{told} by the script that this one runs in, too" in said


def test_scripts_that_stage_into_one_folder_take_turns(runs: Runs) -> None:
    text = "mkdir in/alone; sleep .3; rmdir in/alone; echo alone"
    pair = [script(text, File("home").stage(f"in/{name}")) for name in ("x", "y")]
    assert Scheduler(record=False).run(pair) == ["alone\n"] * 2


def test_what_killed_runs_had_is_free(runs: Runs) -> None:
    killed = runs("touch began; sleep 60", "a", "home=in/x")
    until("began")
    killed.kill()
    assert runs.ended(runs("cat in/x > a", "a", "home=in/x")) == [""]


def test_what_a_killed_run_left_is_waited_for_while_it_still_writes(runs: Runs) -> None:
    writing = "exec 2> log; trap '' TERM; echo OLD > a; touch began; while sleep .05; do echo OLD >> a; done"
    killed = runs(writing, "a")
    until("began")
    killed.kill()
    assert runs.ended(runs("echo NEW > a; sleep 1; cp a seen", "a", "seen")) == [""]
    assert Path("seen").read_text() == "NEW\n"


DAEMON = """
setsid sh -c 'echo $$ > its; mv its pid; exec sleep 60' > daemon.log 2>&1 &
while [ ! -e pid ]; do sleep .01; done;
"""
"""A script begins so that leaves something running, and notes what."""


def test_what_a_daemon_of_a_script_holds_open_is_free_when_the_script_has_ended(runs: Runs) -> None:
    assert runs.ended(runs(f"{DAEMON} echo > a", "a")) == [""]
    try:
        assert runs.ended(runs("echo NEW > a", "a")) == [""]
    finally:
        os.kill(int(Path("pid").read_text()), signal.SIGKILL)


def test_a_daemon_of_a_killed_run_is_waited_for_and_told_of(runs: Runs) -> None:
    killed = runs(f"{DAEMON} touch began; sleep 60", "a")
    until("began")
    killed.kill()
    killed.wait()
    waiting = runs("echo > a", "a")
    assert waiting.stderr is not None
    said = waiting.stderr.readline()
    assert "until what a killed run left running no longer writes" in said
    pid = int(Path("pid").read_text())
    (path,) = re.findall(r"`fuser (.*)`", said)
    assert path in [os.path.realpath(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    os.kill(pid, signal.SIGKILL)
    assert runs.ended(waiting) == [""]


REFUSED = """
import os, time
from headwater import File, Scheduler, ScriptError, script

try:
    Scheduler(record=False).run(script("echo inner > b", outputs=File("b")))
except ScriptError as error:
    open("refusing", "w").write(str(error))
    os.rename("refusing", "refused")
while not os.path.exists("go"):
    time.sleep(.01)
"""
"""A run that may not write b, and lives on a while."""


def test_who_was_refused_waits_no_longer(runs: Runs) -> None:
    Path("refused.py").write_text(REFUSED)
    begun = "touch {0}.began; while [ ! -e a.began ] || [ ! -e b.began ]; do sleep .01; done; "
    waits = f"{within('echo first > a', 'a')} 2> first.log & "
    later = f"while [ ! -e refused ]; do sleep .01; done; {within('echo second > a', 'a')}; wait; echo > b"
    theirs = runs(begun.format("b") + waits + later, "b")
    until("b.began")
    begun += "while ! grep waits first.log; do sleep .01; done; "
    ours = runs(f"{begun.format('a')}{sys.executable} refused.py; echo > a", "a")
    until("refused")
    assert "wait for each other without end" in Path("refused").read_text()
    time.sleep(2)  # the second waits, too, and is not told that this one waits for it
    Path("go").touch()
    assert runs.ended(ours, theirs) == ["", ""]
    assert Path("a").read_text() in ("first\n", "second\n")
