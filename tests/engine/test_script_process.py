"""Nothing that a script started is left: not when it ends, is cancelled, or headwater is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.engine import script_process, script_trace
from headwater.engine.script_process import end_groups, run_group

from headwater import Cancelled, Scheduler, script
from tests.waiting import wait_for

LONG = 60.0
"""Seconds: far more than anything takes here that is not waited for."""
TRACED = pytest.mark.skipif(not script_trace.can_trace(), reason="needs strace, and leave to use it")
STUBBORN = "trap '' TERM INT; sleep 1000 & echo $$ $! > pids; wait"
WILLING = "trap 'echo cleaned > cleaned; exit 1' TERM; sleep 1000 & echo $$ $! > pids; wait"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def pids_in(folder: Path) -> list[int]:
    wait_for(lambda: (folder / "pids").exists() and len((folder / "pids").read_text().split()) == 2, LONG)
    return [int(word) for word in (folder / "pids").read_text().split()]


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")


def test_what_a_script_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    began = time.monotonic()
    status = run_group(["/bin/sh", "-c", "sleep 1000 & echo $$ $! > pids"], str(tmp_path), lambda *_: None)
    assert status == 0
    assert time.monotonic() - began < LONG
    _, child = pids_in(tmp_path)
    wait_for(lambda: not alive(child), LONG)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (
            "(echo $BASHPID > pid; while :; do echo x; echo x >&2; sleep .01; done) &",
            "what it left running was ended",
        ),
        ("sh -c 'echo $$ > pid; exec sleep 1000' > /dev/null 2>&1 &", "what it left running was ended"),
        ("setsid sh -c 'echo $$ > pid; while :; do echo x; sleep .01; done' &", "is not kept"),
    ],
)
@pytest.mark.parametrize("traced", [False, pytest.param(True, marks=TRACED)])
def test_what_goes_on_writing_when_a_script_has_ended_is_not_waited_for(
    tmp_path: Path, left: str, told: str, traced: bool
) -> None:
    said: list[str] = []
    words = ["bash", "-c", f"{left}\nwhile [ ! -s pid ]; do sleep .01; done; exit 3"]
    command = script_trace.traced(words, str(tmp_path / "trace")) if traced else words
    began = time.monotonic()
    assert run_group(command, str(tmp_path), lambda *_: None, said.append) == 3
    assert time.monotonic() - began < LONG
    pid = int((tmp_path / "pid").read_text())
    try:
        if "setsid" not in left:
            wait_for(lambda: not alive(pid), LONG)
        assert told in " ".join(said)
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def said_of(script: str, folder: Path) -> list[str]:
    """What is said of a script of bash's that was run."""
    said: list[str] = []
    run_group(["bash", "-c", script], str(folder), lambda *_: None, said.append)
    return said


def test_what_ends_by_itself_soon_after_is_waited_for_and_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script_process.SOON > 0.05
    monkeypatch.setattr(script_process, "SOON", LONG)  # which it is, whatever else this machine does
    said = said_of("exec > >(sleep .05; cat > out); echo kept", tmp_path)
    assert (tmp_path / "out").read_text() == "kept\n"
    assert said == []


def test_however_late_we_are_it_is_told_that_something_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = subprocess.Popen.wait

    def late(process: Any, timeout: float | None = None) -> int:
        status = wait(process, timeout)
        time.sleep(2.5)  # in which whoever takes up orphans takes note of what was killed
        return status

    monkeypatch.setattr(subprocess.Popen, "wait", late)
    said = said_of("sleep 1000 > /dev/null 2>&1 & echo $! > pid", tmp_path)
    assert said == ["what it left running was ended"]


def test_a_program_that_closes_its_pipes_is_waited_for(tmp_path: Path) -> None:
    run_group(["/bin/sh", "-c", "exec >&- 2>&-; sleep .3; touch done"], str(tmp_path), lambda *_: None)
    assert (tmp_path / "done").exists()


def test_much_on_both_streams_does_not_block(tmp_path: Path) -> None:
    got = {False: 0, True: 0}

    def take(is_error: bool, data: bytes) -> None:
        got[is_error] += len(data)

    program = (
        "import sys; [(sys.stdout.write('o' * 1000), sys.stderr.write('e' * 1000)) for _ in range(3000)]"
    )
    assert run_group([sys.executable, "-c", program], str(tmp_path), take) == 0
    assert got == {False: 3_000_000, True: 3_000_000}


@pytest.mark.parametrize("text", [WILLING, STUBBORN])
def test_a_cancelled_script_is_asked_to_end_and_then_made_to(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text == WILLING:
        monkeypatch.setattr(script_process, "GRACE", LONG)
    ended: list[Any] = []

    def work() -> None:
        ended.append(run_group(["/bin/sh", "-c", text], str(tmp_path), lambda *_: None))
        try:
            run_group(["/bin/true"], str(tmp_path), lambda *_: None)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pids = pids_in(tmp_path)
    end_groups([thread])
    thread.join(LONG)
    assert ended[0] != 0
    assert isinstance(ended[1], Cancelled), "nothing more is started there"
    wait_for(lambda: not any(map(alive, pids)), LONG)
    assert (tmp_path / "cleaned").exists() == (text == WILLING)


def test_scripts_of_other_threads_go_on(tmp_path: Path) -> None:
    status: list[int] = []
    thread = threading.Thread(
        target=lambda: status.append(run_group(["/bin/sleep", ".5"], str(tmp_path), lambda *_: None))
    )
    thread.start()
    end_groups([])
    thread.join()
    assert status == [0]


RUN = """
import sys
from headwater import Scheduler, script
Scheduler(record=False).run(script(sys.argv[1], **({"executor": "process"} if sys.argv[2] == "process" else {})))
"""


@pytest.mark.parametrize("executor", ["default", "process"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("text", [WILLING, STUBBORN])
def test_no_signal_to_headwater_leaves_an_orphan(
    tmp_path: Path, executor: str, number: signal.Signals, text: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, f"#!/bin/sh\n{text}", executor], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    pids = pids_in(tmp_path)
    process.send_signal(number)
    process.wait(LONG)
    wait_for(lambda: not any(map(alive, pids)), LONG)


def test_a_failure_elsewhere_lets_a_script_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    slow = script("#!/bin/sh\ntouch began; sleep .5; touch finished")
    quick = script("#!/bin/sh\nwhile [ ! -e began ]; do sleep .01; done; exit 1")
    with pytest.raises(Exception, match="exit status 1"):
        Scheduler(record=False).run([slow, quick])
    assert (tmp_path / "finished").exists()
