"""`python -m benchmarks.scale`: questions over histories of 10,000, 100,000 and 1,000,000 recorded calls.

Each history is made by `benchmarks.history`, loaded into a Neo4j server of its own (docker/neo4j-local) or a local
graph, and asked: in this process, by the functions behind the commands, and by the commands themselves.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from headwater.cypher.store import open_store

from benchmarks import scale_commands
from benchmarks.engines import PEER
from benchmarks.history import Told
from benchmarks.measure import Cost, Harness
from benchmarks.questions import Answers, Question, measure, questions, wide
from benchmarks.scale_store import HEAP, PAGE_CACHE, history, peak_memory
from benchmarks.table import machine

FLAT = 1.2
"""how much longer a run may take in the largest store than in the smallest"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument(
        "--calls", default="10000,100000,1000000", help="sizes (default 10000,100000,1000000)"
    )
    parser.add_argument("--store", choices=("neo4j", "local"), default="neo4j")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the stores there, and use them again"
    )
    parser.add_argument("--each", type=int, default=40, help="things that a question is about (default 40)")
    parser.add_argument(
        "--wide",
        action="store_true",
        help="also what reaches most of the history; minutes and GB at 1,000,000",
    )
    parser.add_argument(
        "--peer", type=int, default=10_000, metavar="CALLS", help="calls of the peer's run; 0: leave it out"
    )
    options = parser.parse_args(argv)
    sizes = sorted(int(size) for size in options.calls.split(","))
    with tempfile.TemporaryDirectory(prefix="headwater-scale-") as fresh:
        folder = options.keep or Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        memory = f"heap {HEAP}, page cache {PAGE_CACHE}" if options.store == "neo4j" else ""
        print(f"{machine(folder)}; {options.store} {memory}", "", sep="\n")
        harness = Harness()
        runs = {size: _size(folder, size, options, harness) for size in sizes}
        if options.peer:
            theirs = scale_commands.theirs(
                folder / f"redun-{options.peer}", folder, options.peer // 2, harness
            )
            print(
                f"The peer, {PEER}, over {options.peer:,} calls:",
                "",
                *scale_commands.table(theirs),
                "",
                sep="\n",
            )
        print(*_growth(runs), sep="\n")
    return 0


def _size(folder: Path, calls: int, options: argparse.Namespace, harness: Harness) -> list[Cost]:
    """Print what one size gave. Returns what runs in that store cost."""
    with history(folder, calls, local=options.store == "local") as (project, loaded):
        told = loaded.told
        print(f"## {calls:,} calls", "", _described(told, loaded.rate), "", sep="\n")
        store = open_store(project)
        asked = questions(told, each=options.each) + (wide(told) if options.wide else [])
        print("| question | asked | p50, ms | p95, ms | largest answer | goal, ms | met |")
        print("|---|---:|---:|---:|---:|---:|---|")
        try:
            for question in asked:
                print(_row(question, measure(store, question)), flush=True)
        finally:
            store.close()
        print("", f"Peak memory of the asking process: {peak_memory() / 1e6:.0f} MB.", "", sep="\n")
        print(*scale_commands.table(scale_commands.ours(project, told, harness)), "", sep="\n", flush=True)
        return scale_commands.growth(project, harness)


def _described(told: Told, rate: float) -> str:
    jobs = ", ".join(f"{count:,} {status}" for status, count in sorted(told.jobs.items()))
    return (
        f"{told.runs:,} runs, {told.calls:,} calls, {told.files:,} files; jobs: {jobs}; made and loaded at "
        f"{rate:,.0f} calls/s."
    )


def _row(question: Question, answers: Answers) -> str:
    half, most = (percentile(answers.seconds, part) for part in (0.5, 0.95))
    goal = "" if question.goal is None else f"{question.goal * 1000:.0f}"
    met = "" if question.goal is None else "yes" if most <= question.goal else "**no**"
    return (
        f"| {question.name} | {len(answers.seconds)} | {half * 1000:.0f} | {most * 1000:.0f} "
        f"| {max(answers.sizes):,} | {goal} | {met} |"
    )


def percentile(seconds: list[float], part: float) -> float:
    """The smallest of some times that so large a part of them does not exceed."""
    ordered = sorted(seconds)
    return ordered[max(-(-int(part * 1000) * len(ordered) // 1000) - 1, 0)]


def _growth(runs: dict[int, list[Cost]]) -> list[str]:
    """A run of new calls in each of the stores, against the smallest."""
    lines = [
        f"A run of {scale_commands.FAN_OUT:,} new calls in these stores, until the graph has them:",
        "",
        "| calls in the store | wall, s | CPU, s | against the smallest, wall | goal | met |",
        "|---:|---:|---:|---:|---|---|",
    ]
    first: float | None = None
    for size, costs in runs.items():
        wall = statistics.median(cost.wall for cost in costs)
        cpu = statistics.median(cost.cpu for cost in costs)
        first = first or wall
        met = "yes" if wall <= FLAT * first else "**no**"
        lines.append(f"| {size:,} | {wall:.2f} | {cpu:.2f} | {wall / first:.2f}× | ≤ {FLAT}× | {met} |")
    return lines


if __name__ == "__main__":
    began = time.perf_counter()
    code = main()
    print(f"took {time.perf_counter() - began:.0f} s", file=sys.stderr)
    sys.exit(code)
