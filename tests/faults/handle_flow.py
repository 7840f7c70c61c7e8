"""A workflow to be killed that changes a database step by step: `python handle_flow.py PROJECT SEED`."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from headwater import Handle, Scheduler, open_project, task

headwater_namespace = "handle_fault"
STEPS = 12


class Steps(Handle):
    def __init__(self, name: str, path: str) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("CREATE TABLE IF NOT EXISTS steps (place INTEGER PRIMARY KEY, total INTEGER)")


@task
def step(steps: Steps, seed: int, place: int) -> Steps:
    """Go on from the step before, as if none had gone on from there yet."""
    time.sleep(random.random() * 0.04)
    with closing(sqlite3.connect(steps.path)) as base, base:
        base.execute("DELETE FROM steps WHERE place >= ?", (place,))
        [before] = base.execute(
            "SELECT coalesce(max(total), 0) FROM steps WHERE place = ?", (place - 1,)
        ).fetchone()
        base.execute("INSERT INTO steps VALUES (?, ?)", (place, before + seed * place))
    time.sleep(random.random() * 0.04)
    return steps


@task
def totals(steps: Steps) -> list[int]:
    with closing(sqlite3.connect(steps.path)) as base:
        return [total for (total,) in base.execute("SELECT total FROM steps ORDER BY place")]


@task
def main(path: str, seed: int) -> Any:
    steps: Any = Steps(f"steps{seed}", path)
    for place in range(1, STEPS + 1):
        steps = step(steps, seed, place)
    return totals(steps)


def expected(seed: int) -> list[int]:
    """What `main` has to give."""
    return [seed * place * (place + 1) // 2 for place in range(1, STEPS + 1)]


if __name__ == "__main__":
    root, seed = Path(sys.argv[1]), int(sys.argv[2])
    print("ready", flush=True)
    print(Scheduler(open_project(root)).run(main(str(root / f"{seed}.db"), seed)), flush=True)
