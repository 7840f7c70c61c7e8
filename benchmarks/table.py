"""Turns measured costs into tables: medians, minima, ratios, and how they stand to the goals."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measure import Cost

Key = tuple[str, str, str]  # workload, step, engine
Costs = dict[Key, list[Cost]]
Jobs = dict[Key, dict[str, int] | None]


def machine(folder: Path) -> str:
    """One line on the machine: processor, cores, memory, system, and the disk that was written to."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB memory, Linux {platform.release()}, "
        f"Python {platform.python_version()}, folders on {_file_system(folder)}"
    )


def _file_system(folder: Path) -> str:
    mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    above = [mount for mount in mounts if folder.is_relative_to(mount[1])]
    return max(above, key=lambda mount: len(mount[1]))[2] if above else "an unknown file system"


def main_table(costs: Costs, jobs: Jobs) -> list[str]:
    """Every step of every workload: medians, minima in brackets, and the ratio of the medians."""
    lines = [
        "| work | step | engine | result after, s | exit after, s | CPU, s | left behind, CPU s | peak MB | jobs run "
        "| ratio of CPU | ratio of wall |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (work, step, engine), found in costs.items():
        good = [cost for cost in found if cost.status == "ok"]
        if not good:
            worst = found[-1]
            result = "" if worst.result is None else f"{worst.result:.2f}"
            exited = f"> {worst.wall:.0f}, given up" if worst.status == "timeout" else worst.status
            lines.append(f"| {work} | {step} | {engine} | {result} | {exited} | {worst.cpu:.1f} | | | | | |")
            continue
        ratios = ("", "")
        if engine != "headwater":
            ours = [cost for cost in costs.get((work, step, "headwater"), []) if cost.status == "ok"]
            if ours:
                ratios = (_ratio(good, ours, "cpu"), _ratio(good, ours, "wall"))
        lines.append(
            f"| {work} | {step} | {engine} | {_middle(good, 'result')} | {_middle(good, 'wall')} "
            f"| {_middle(good, 'cpu')} | {_middle(good, 'background')} "
            f"| {median(cost.rss for cost in good) / 1e6:.0f} | {_jobs(jobs.get((work, step, engine)))} "
            f"| {ratios[0]} | {ratios[1]} |"
        )
    return lines


def _jobs(counts: dict[str, int] | None) -> str:
    return f"{counts.get('DONE', 0):,} of {sum(counts.values()):,}" if counts else ""


def _values(costs: Iterable[Cost], what: str) -> list[float]:
    return [value for cost in costs if (value := getattr(cost, what)) is not None]


def _middle(costs: list[Cost], what: str) -> str:
    values = _values(costs, what)
    if not values or max(values) < 0.005:
        return ""
    return f"{median(values):.2f} ({min(values):.2f})"


def _ratio(theirs: list[Cost], ours: list[Cost], what: str) -> str:
    a, b = median(_values(theirs, what)), median(_values(ours, what))
    return f"{a / b:.1f}×" if b else ""


_EMPTY = {"cold": "hello, store down", "warm": "hello again"}
"""The empty run that begins like a step does: a cold one works in a fresh folder, and starts the store."""


@dataclass(frozen=True)
class Goal:
    """One goal: what was found, what it should be, and whether it is met (None: not measured)."""

    what: str
    found: str
    goal: str
    met: bool | None


class Goals:
    """The goals of the benchmarks, against measured costs."""

    def __init__(self, costs: Costs, tasks: dict[tuple[str, str], int]) -> None:
        self.costs = costs
        self.tasks = tasks

    def value(self, work: str, step: str, what: str, engine: str = "headwater") -> float | None:
        """The median of one measure, or None where the step was not run or never succeeded."""
        good = [cost for cost in self.costs.get((work, step, engine), []) if cost.status == "ok"]
        values = _values(good, what)
        return median(values) if values else None

    def at_most(self, what: str, value: float | None, limit: float, unit: str) -> Goal:
        if value is None:
            return Goal(what, "not measured", f"≤ {limit:g} {unit}", None)
        return Goal(what, f"{value:.3g} {unit}", f"≤ {limit:g} {unit}", value <= limit)

    def at_least(self, what: str, ours: float | None, theirs: float | None, ratio: float) -> Goal:
        if ours is None or theirs is None or ours <= 0:
            return Goal(what, "not measured", f"≥ {ratio:g}×", None)
        return Goal(what, f"{theirs / ours:.1f}×", f"≥ {ratio:g}×", theirs / ours >= ratio)

    def per_task(self, work: str, step: str, engine: str = "headwater") -> float | None:
        """Milliseconds of the scheduler's CPU a task, an empty run's CPU taken away."""
        cpu = self.value(work, step, "cpu", engine)
        empty = self.value("start-up", _EMPTY[step], "cpu", engine)
        tasks = self.tasks.get((work, step), 0)
        return (
            1000 * max(cpu - empty, 0.0) / tasks if cpu is not None and empty is not None and tasks else None
        )

    def fan_outs(self, work: str) -> list[Goal]:
        found = [
            self.at_most(f"{work}, cold: CPU a task", self.per_task(work, "cold"), 0.05, "ms"),
            self.at_most(f"{work}, warm: CPU a task", self.per_task(work, "warm"), 0.02, "ms"),
        ]
        for step, least in (("cold", 150.0), ("warm", 200.0)):
            ours, theirs = self.per_task(work, step), self.per_task(work, step, "redun")
            found.append(self.at_least(f"{work}, {step}: CPU a task against redun", ours, theirs, least))
        ours, theirs = (self.value(work, "cold", "wall", engine) for engine in ("headwater", "redun"))
        found.append(
            self.at_least(f"{work}, cold: wall with the graph loaded, against redun", ours, theirs, 10)
        )
        return found

    def never_slower_warm(self, work: str) -> Goal:
        cold, warm = self.value(work, "cold", "cpu"), self.value(work, "warm", "cpu")
        if cold is None or warm is None:
            return Goal(f"{work}: warm against cold", "not measured", "warm ≤ cold", None)
        return Goal(
            f"{work}: warm against cold", f"{warm:.2f} against {cold:.2f} s", "warm ≤ cold", warm <= cold
        )

    def all(self) -> list[Goal]:
        works = list(dict.fromkeys(work for work, _, _ in self.costs))
        found: list[Goal] = []
        for step, limit in (
            ("--version", 0.1),
            ("--help", 0.15),
            ("hello, store up", 0.6),
            ("hello, store down", 1.2),
        ):
            found.append(
                self.at_most(f"start-up, {step}: wall", self.value("start-up", step, "wall"), limit, "s")
            )
        for work in works:
            if work.startswith("fan-out"):
                if (work, "cold", "redun") in self.costs:
                    found += self.fan_outs(work)
                else:
                    found.append(
                        self.at_most(f"{work}: to the result", self.value(work, "cold", "result"), 20, "s")
                    )
                if (work, "log", "headwater") in self.costs:
                    found.append(
                        self.at_most(f"{work}: log afterwards", self.value(work, "log", "wall"), 0.5, "s")
                    )
            elif work.endswith("files"):
                changed = self.value(work, "one file changed", "cpu")
                found.append(self.at_most(f"{work}, one changed: CPU", changed, 0.25, "s"))
                for step, least in (("one file changed", 100.0), ("code changed", 50.0)):
                    ours, theirs = (
                        self.value(work, step, "cpu", engine) for engine in ("headwater", "redun")
                    )
                    found.append(self.at_least(f"{work}, {step}: CPU against redun", ours, theirs, least))
            elif work.startswith(("fib", "tree", "chain", "tail")):
                found.append(self.never_slower_warm(work))
            elif work.startswith("array"):
                found.append(self.at_most(f"{work}, cold: wall", self.value(work, "cold", "wall"), 2, "s"))
                memory = self.value(work, "cold", "rss")
                found.append(
                    self.at_most(
                        f"{work}, cold: peak memory", None if memory is None else memory / 1e9, 0.35, "GB"
                    )
                )
            elif (work, "cold", "pools") in self.costs:
                ours, bare = self.value(work, "cold", "result"), self.value(work, "cold", "wall", "pools")
                over = ours / bare if ours is not None and bare else None
                found.append(self.at_most(f"{work}: to the result, against a bare pool", over, 1.1, "×"))
                empty = self.value("start-up", _EMPTY["cold"], "result")
                over = (ours - empty) / bare if ours is not None and bare and empty is not None else None
                found.append(self.at_most(f"{work}: the same, start-up taken away", over, 1.1, "×"))
        return found


def goals_table(goals: list[Goal]) -> list[str]:
    """The goals, with what was found."""
    marks = {True: "yes", False: "**no**", None: "–"}
    lines = ["| what | found | goal | met |", "|---|---:|---:|---|"]
    lines += [f"| {goal.what} | {goal.found} | {goal.goal} | {marks[goal.met]} |" for goal in goals]
    return lines
