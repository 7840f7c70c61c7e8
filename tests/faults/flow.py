"""A workflow to be killed: `python flow.py PROJECT SEED`."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

from headwater import Scheduler, open_project, task

headwater_namespace = "fault"


@task
def step(seed: int, i: int) -> Any:
    time.sleep(random.random() * 0.01)
    return {"i": i, "text": "x" * (6000 if i % 5 == 0 else 3), "square": i * i * seed}


@task
def combine(left: Any, right: Any) -> int:
    time.sleep(random.random() * 0.005)
    return int(left["square"] + right["square"])


@task
def branch(seed: int, i: int) -> Any:
    return combine(step(seed, 2 * i), step(seed, 2 * i + 1))


@task
def total(values: list[int]) -> int:
    return sum(values)


@task
def main(seed: int) -> Any:
    return total([branch(seed, i) for i in range(25)])


def expected(seed: int) -> int:
    """What `main(seed)` has to be."""
    return sum(i * i * seed for i in range(50))


if __name__ == "__main__":
    print("ready", flush=True)
    print(Scheduler(open_project(Path(sys.argv[1]))).run(main(int(sys.argv[2]))), flush=True)
