"""Processes that tasks fork, spawn and start: they answer for nobody, hold nobody up, and end when they are told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from headwater.engine import script_process
from headwater.engine.errors import WorkerDied
from headwater.engine.executors import processes

from headwater import Scheduler, task

headwater_namespace = "forks"

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

LONG = 30.0
"""Seconds: what goes on so long is in a test's way."""


def _forked(way: str) -> int:
    """A fork that leaves the body of its task, and how it ended."""
    child = os.fork()
    if child == 0:
        if way == "raises":
            raise ValueError("in the fork")
        if way == "exits":
            sys.exit(4)
        return -1
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


CODES = {"raises": 1, "exits": 4, "returns": 0}


@task(cache=False)
def on_a_thread(way: str) -> int:
    return _forked(way)


@task(cache=False)
async def on_a_loop(way: str) -> int:
    return _forked(way)


@task(cache=False, executor="process")
def in_a_process(way: str) -> int:
    return _forked(way)


@task(cache=False, executor="process")
def unwaited(n: int) -> int:
    if os.fork() == 0:
        return -n
    return n


@task(cache=False, executor="process")
def following(n: int) -> int:
    return n + 1


@pytest.mark.parametrize("one", [on_a_thread, on_a_loop, in_a_process])
def test_a_fork_that_leaves_the_body_of_its_task_ends_there(
    one: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    scheduler = Scheduler(record=False)
    assert {way: scheduler.run(one(way)) for way in CODES} == CODES
    assert "ValueError: in the fork" in capfd.readouterr().err


def test_no_call_is_answered_by_a_fork() -> None:
    call: Any = unwaited(1)
    for _ in range(5):
        call = following(unwaited(call))
    assert Scheduler(record=False).run(call) == 6


def _stay() -> None:
    time.sleep(LONG)


@contextmanager
def _gone_at_the_end(pids: list[int]) -> Iterator[None]:
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@task(cache=False)
def leave_one(_after: int) -> int:
    child = os.fork()
    if child == 0:
        _stay()
    return child


def test_processes_end_by_themselves_while_a_fork_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = []
    close = processes._Worker.close

    def noted(worker: processes._Worker) -> int | None:
        codes.append(close(worker))
        return codes[-1]

    monkeypatch.setattr(processes._Worker, "close", noted)
    child = Scheduler(record=False).run(leave_one(following(1)))
    with _gone_at_the_end([child]):
        assert codes == [0]
    os.waitpid(child, 0)


def _stay_and_tell(path: Path) -> None:
    _stay()
    path.touch()


def test_the_guard_of_programs_ends_with_its_process_while_a_fork_goes_on() -> None:
    guard = script_process._Guard
    script_process.run_group(["true"], "/", lambda *_: None)
    process = guard._process
    assert process is not None
    child = os.fork()
    if child == 0:
        _stay()
    with _gone_at_the_end([child]):
        guard._end()
        assert process.returncode == 0
    os.waitpid(child, 0)


@task(cache=False, executor="process")
def die_before(way: str, note: Path, over: Path) -> None:
    if way == "fork":
        child = multiprocessing.get_context("fork").Process(target=_stay_and_tell, args=[over])
        child.start()
        note.write_text(str(child.pid))
    else:
        os.system(f"(sleep {LONG}; touch {over}) & echo $! > {note}")
    os._exit(3)


@pytest.mark.parametrize("way", ["fork", "system"])
def test_the_end_of_a_process_is_seen_while_what_it_started_goes_on(way: str, tmp_path: Path) -> None:
    note, over = tmp_path / "note", tmp_path / "over"
    with pytest.raises(WorkerDied, match="exit code 3"):
        Scheduler(record=False).run(die_before(way, note, over))
    with _gone_at_the_end([int(note.read_text())]):
        assert not over.exists()


@task(cache=False, executor="process")
def interrupted_program() -> int:
    program = subprocess.Popen(["sleep", str(LONG)])
    program.send_signal(signal.SIGINT)
    return program.wait()


@task(cache=False, executor="process")
def interrupted_fork() -> int | None:
    child = multiprocessing.get_context("fork").Process(target=signal.pause)
    child.start()
    os.kill(child.pid or 0, signal.SIGINT)
    child.join(LONG)
    code = child.exitcode
    child.kill()
    return code


def test_what_a_process_starts_can_be_interrupted() -> None:
    scheduler = Scheduler(record=False)
    assert scheduler.run(interrupted_program()) == -signal.SIGINT
    assert scheduler.run(interrupted_fork()) in (1, -signal.SIGINT)  # when it has begun, with a traceback


_SPAWNS = """
import multiprocessing
{further}
from headwater import Scheduler, task

headwater_namespace = "spawns"

def double(n):
    return 2 * n

@task(executor="process")
def exit_code_of_a_spawn():
    child = multiprocessing.get_context("spawn").Process(target=double, args=[2])
    child.start()
    child.join()
    return child.exitcode

if __name__ == "__main__":
    print(Scheduler(record=False).run(exit_code_of_a_spawn()))
"""


@pytest.mark.parametrize("command", [["pkg/flow.py"], ["-m", "pkg.flow"]])
def test_a_task_of_a_main_program_spawns_processes_in_its_own(command: list[str], tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    package.mkdir()
    further = ""
    if command[0] == "-m":
        (package / "__init__.py").touch()
        (package / "beside.py").touch()
        further = "from . import beside"
    (package / "flow.py").write_text(_SPAWNS.format(further=further))
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
