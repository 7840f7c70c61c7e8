"""How runs end: nothing is left running, and Ctrl-C is heard wherever the loop is."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from headwater import Scheduler, catch, task

headwater_namespace = "ends"

CHAIN = """
from headwater import Scheduler, seq, task
import time

@task(namespace="ends")
def down(n):
    if n == 9_990_000:
        print("ready", flush=True)
    return n if n == 0 else down(n - 1)

@task(namespace="ends")
def spin(seconds):
    if seconds:
        print("ready", flush=True)
    time.sleep(seconds)
    return seconds

scheduler = Scheduler(record=False)
try:
    scheduler.run({expression})
except KeyboardInterrupt:
    print(sorted({{status for row in scheduler.progress().counts.values() for status in row}}))
"""


began = threading.Event()


@task
def slow() -> int:
    began.set()
    time.sleep(0.4)
    return 1


@task
def fail() -> int:
    began.wait(60)
    raise ValueError("no")


@task
def first(a: int, b: int) -> int:
    return a


@task
def recovered(error: Exception) -> str:
    return "recovered"


def test_what_nobody_waits_for_any_more_is_let_finish_before_the_run_ends() -> None:
    scheduler = Scheduler(record=False)
    result: Any = catch(first(fail(), slow()), ValueError, recovered)
    assert scheduler.run(result) == "recovered"
    assert scheduler.progress().counts["ends.slow"] == {"DONE": 1}


@pytest.mark.parametrize(
    "expression",
    ["down(10_000_000)", "seq([spin(0), spin(0), spin(0), spin(100)])"],
    ids=["a chain of quick calls", "a call on the loop's own thread"],
)
def test_an_interrupt_is_heard_while_the_loop_is_busy(tmp_path: Path, expression: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHAIN.format(expression=expression))
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    statuses = printed.strip()
    assert "CANCELLED" in statuses
    assert "RUNNING" not in statuses
    assert "PENDING" not in statuses
