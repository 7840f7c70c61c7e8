"""Tasks that take their time, in a module that a worker process imports at once."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from headwater import task

headwater_namespace = "napping"


@task
def nap(seconds: float, note: str = "") -> float:
    """Sleep, and leave a note of it."""
    time.sleep(seconds)
    if note:
        Path(note).write_text("was here")
    return seconds


@task
def long_at_first(note: str, seconds: float) -> str:
    """Takes too long, but not when it is tried again."""
    first = not Path(note).exists()
    Path(note).touch()
    if first:
        time.sleep(seconds)
    return "late" if first else "in time"


@task
def with_a_program(seconds: float, note: str) -> None:
    subprocess.run(["sh", "-c", f"sleep {seconds}; touch {note}"], check=True)
