"""Where the best of many settings lies, found in few trials: each decides which comes next.

A trial is expensive, so it is a task: recorded, never made twice with the same code and arguments. Which trials there
are is decided while the workflow runs, in the body of an async task.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from headwater import File, evaluate, task

headwater_namespace = "search"

NOISE = 0.05


@task
def trial(setting: float, batch: str) -> float:
    """How well a setting does on a batch (higher is better). It stands for something that takes an hour."""
    best = {"north": 2.5, "south": 6.0}[batch]
    ripple = NOISE * ((setting * 7) % 1 - 0.5)
    return round(10 - (setting - best) ** 2 + ripple, 4)


@task
async def best_setting(batch: str, low: float, high: float, precision: float = 0.1) -> float:
    """Narrow a range down, two trials at a time."""
    while high - low > precision:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        at_left, at_right = await evaluate([trial(left, batch), trial(right, batch)])
        low, high = (left, high) if at_left < at_right else (low, right)
    return round((low + high) / 2, 2)


@task
def report(settings: dict[str, float], path: str) -> File:
    """Write down what was found."""
    out = File(path)
    Path(out.path).parent.mkdir(parents=True, exist_ok=True)
    out.write(json.dumps(settings, indent=2) + "\n")
    return out


@task
async def main(low: float = 0.0, high: float = 9.0, out: str = "results/best.json") -> File:
    """The best setting for each batch, searched for at the same time."""
    batches = ["north", "south"]
    found = await asyncio.gather(*[best_setting(batch, low, high) for batch in batches])
    return report(dict(zip(batches, found, strict=True)), out)
