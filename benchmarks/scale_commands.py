"""The commands that `benchmarks.scale` measures as whole processes: ours over a history, and the peer's over one of its
own, which it has to make by running it."""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from headwater.cypher.project import Project

from benchmarks.engines import Engine, Peer
from benchmarks.history import Told
from benchmarks.measure import Cost, Harness
from benchmarks.questions import since_of

COMMANDS = 5
"""things that a command is asked about"""
RUNS = 3
FAN_OUT = 1000
_ID = re.compile(r"^Exec (\w+)", re.MULTILINE)


def ours(project: Project, told: Told, harness: Harness) -> dict[str, list[Cost]]:
    """What our commands cost over a history, by name."""
    pick = random.Random(11)
    kinds = {kind: pick.sample(ids, min(COMMANDS, len(ids))) for kind, ids in told.roots.items()}
    since = since_of(told).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked: dict[str, list[list[str]]] = {
        "hw log": [["log"]] * COMMANDS,
        "hw log RUN": [["log", run] for run in kinds["run"]],
        "hw trace FILE": [["trace", file] for file in kinds["made"]],
        "hw trace RUN": [["trace", run] for run in kinds["run"]],
        "hw impact FILE": [["impact", file] for file in kinds["raw"]],
        "hw find jobs --status failed": [["find", "jobs", "--status", "failed"]] * COMMANDS,
        "hw why JOB": [["why", job] for job in kinds["job"]],
        "hw audit overridden-result --since": [["audit", "overridden-result", "--since", since]] * COMMANDS,
    }
    engine = Engine()
    engine.install(project.root)
    environ = {**engine.environ(), **_store()}
    found: dict[str, list[Cost]] = {}
    for name, commands in asked.items():
        # `impact` and `audit` exit with 1 where they find anything.
        found[name] = [
            harness.run(engine.command(*command), project.root, environ, expect=None, timeout=120)
            for command in commands
        ]
    return found


def growth(project: Project, harness: Harness) -> list[Cost]:
    """What a run of FAN_OUT new calls costs in the store that holds the history, to the last call in the graph."""
    engine = Engine()
    engine.install(project.root)
    environ = {**engine.environ(), **_store()}
    found = []
    for _ in range(RUNS):
        # Its code differs each time, so that nothing of it is answered from the cache.
        salt = int.from_bytes(os.urandom(4), "big")
        engine.write(project.root, "fanout.py", ("x + 1", f"x + 1 + 0 * {salt}"))
        command = engine.command("run", "fanout.py", "main", "--n", str(FAN_OUT))
        total = str(FAN_OUT * (FAN_OUT + 1) // 2)
        found.append(harness.run(command, project.root, environ, expect=total, timeout=300))
    return found


def theirs(folder: Path, where: Path, files: int, harness: Harness) -> dict[str, list[Cost]]:
    """What the peer's commands cost over a run of `make` and `consume` over so many files, twice as many calls."""
    peer = Peer()
    peer.install(where)
    if not (folder / "files.py").exists():
        folder.mkdir(parents=True, exist_ok=True)
        peer.prepare(folder)
        peer.write(folder, "files.py")
    marker = folder / "made.json"
    if not marker.exists():
        run = peer.command("run", "files.py", "main", "--n", str(files))
        total = str(sum(range(files)))
        cost = harness.run(run, folder, peer.environ(), expect=total, timeout=1200)
        if cost.status != "ok":
            raise SystemExit(f"the peer's run of {files:,} files ended with {cost.status}; see {folder}")
        marker.write_text(json.dumps(cost.wall), "utf-8")
    listed = subprocess.run(
        peer.command("log"), cwd=folder, env=peer.environ(), check=True, capture_output=True, text=True
    )
    run_id = _ID.findall(listed.stdout)[0]
    path = f"files/{files // 2}.txt"
    asked = {
        "redun log": ["log"],
        "redun log RUN": ["log", run_id],
        "redun log FILE (its lineage)": ["log", path],
        "redun log --job": ["log", "--job"],
    }
    return {
        name: [
            harness.run(peer.command(*command), folder, peer.environ(), expect=None, timeout=300)
            for _ in range(RUNS)
        ]
        for name, command in asked.items()
    }


def table(costs: Mapping[str, Sequence[Cost]]) -> list[str]:
    """Median and worst wall and CPU of commands."""
    lines = [
        "| command | wall, s | worst wall, s | CPU, s |",
        "|---|---:|---:|---:|",
    ]
    for name, found in costs.items():
        wrong = sorted({cost.status for cost in found} - {"ok", "exit 1"})
        if wrong:
            lines.append(f"| {name} | {', '.join(wrong)} | | |")
            continue
        walls = [cost.wall for cost in found]
        lines.append(
            f"| {name} | {statistics.median(walls):.2f} | {max(walls):.2f} "
            f"| {statistics.median(cost.cpu for cost in found):.2f} |"
        )
    return lines


def _store() -> dict[str, str]:
    """What our commands need to know of the server beside the project's settings."""
    return {key: value for key, value in os.environ.items() if key.startswith("HEADWATER_STORE_")}
