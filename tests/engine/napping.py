"""Tasks that take their time, in a module that a worker process imports at once."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from headwater import task
from tests.waiting import wait_for

headwater_namespace = "napping"


@task
def nap(seconds: float, note: str = "") -> float:
    """Sleep, and leave a note of it."""
    time.sleep(seconds)
    if note:
        Path(note).write_text("was here")
    return seconds


@task
def long_at_first(folder: str) -> str:
    """Goes on until it is tried again, and ends then, late, where it was not stopped."""
    began = len(os.listdir(folder))
    Path(folder, str(began)).touch()
    if began == 0:
        wait_for(Path(folder, "1").exists, 60)
        return "late"
    time.sleep(0.3)  # in which the late result comes
    return "in time"


@task
def with_a_program(seconds: float, note: str) -> None:
    subprocess.run(["sh", "-c", f"echo $$ > {note}; sleep {seconds}; echo ended > {note}"], check=True)
