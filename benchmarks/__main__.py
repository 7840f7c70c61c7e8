"""`python -m benchmarks`: every workload on every engine, alternating, and a table of what it cost."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.engines import PEER, ROOT, Engine, Peer, Pools
from benchmarks.measure import Cost, Harness
from benchmarks.table import Costs, Goals, Jobs, goals_table, machine, main_table
from benchmarks.workloads import Workload, workloads

OWN_FOLDER = ROOT / ".bench"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one repeat: a check that it runs")
    parser.add_argument("--repeat", type=int, default=None, help="how often each workload runs (default 3)")
    parser.add_argument("--only", default="", help="beginnings of workloads' names, with ; between them")
    parser.add_argument("--engines", default="headwater,redun,pools", help="comma-separated engines")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds after which a step is given up")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where runs are kept (default: memory, if it fits)"
    )
    parser.add_argument("--list", action="store_true", help="name the workloads and stop")
    options = parser.parse_args(argv)

    beginnings = tuple(filter(None, options.only.split(";")))
    chosen = [
        work for work in workloads(quick=options.quick) if not beginnings or work.name.startswith(beginnings)
    ]
    if options.list:
        print(*(work.name for work in chosen), sep="\n")
        return 0
    names = options.engines.split(",")
    engines = [engine for engine in (Engine(), Peer(), Pools()) if engine.name in names]
    if not chosen or not engines:
        parser.error("no workload or engine of that name; see --list")
    OWN_FOLDER.mkdir(exist_ok=True)
    for engine in engines:
        engine.install(OWN_FOLDER)
    repeat = options.repeat or (1 if options.quick else 3)

    with tempfile.TemporaryDirectory(
        prefix="headwater-bench-", dir=options.folder or _roomy_folder()
    ) as folder:
        session = Session(Path(folder), engines, options.timeout)
        described = machine(Path(folder))
        for work in chosen:
            for _ in range(repeat):
                session.measure(work)
    tasks = {(work.name, step.name): step.tasks for work in chosen for step in work.steps}
    goals = Goals(session.costs, tasks).all()
    print(f"{described}; {PEER}; {repeat} repeats; medians, minima in brackets.", "", sep="\n")
    print(*main_table(session.costs, session.jobs), "", *goals_table(goals), sep="\n")
    _write_json(described, session.costs, session.jobs)
    return 0


class Session:
    """Measured costs, and the steps that are not worth a second try because the first one failed."""

    def __init__(self, folder: Path, engines: list[Engine], timeout: float) -> None:
        self.folder = folder
        self.engines = engines
        self.timeout = timeout
        self.harness = Harness()
        self.costs: Costs = {}
        self.jobs: Jobs = {}
        self.given_up: set[tuple[str, str, str]] = set()

    def measure(self, work: Workload) -> None:
        """Run a workload once on each of its engines, each in a fresh folder."""
        for engine in self.engines:
            if type(engine) in work.engines:
                self._measure_on(engine, work)

    def _measure_on(self, engine: Engine, work: Workload) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        engine.prepare(folder)
        engine.write(folder, work.template)
        try:
            for step in work.steps_for(engine):
                key = (work.name, step.name, engine.name)
                if key in self.given_up:
                    break
                if step.before is not None:
                    step.before(engine, folder)
                cost = self.harness.run(
                    engine.command(*step.args),
                    folder,
                    engine.environ(),
                    expect=step.expect,
                    timeout=self.timeout,
                )
                self.costs.setdefault(key, []).append(cost)
                _say(key, cost, folder)
                if step.expect is not None and cost.status == "ok":
                    self.jobs[key] = engine.jobs(folder)
                if cost.status != "ok":
                    self.given_up.add(key)
                    break
        finally:
            engine.finish(folder)
            self.harness.end_background()
            shutil.rmtree(folder, ignore_errors=True)


def _say(key: tuple[str, str, str], cost: Cost, folder: Path) -> None:
    result = "" if cost.result is None else f"result {cost.result:.2f} s, "
    print(
        f"{' · '.join(key)}: {cost.status}, {result}wall {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, "
        f"left behind {cost.background:.2f} s, {cost.rss / 1e6:.0f} MB",
        file=sys.stderr,
    )
    if cost.status.startswith(("exit", "wrong")):
        for log in ("stdout.log", "stderr.log"):
            print((folder / log).read_text("utf-8", errors="replace")[-800:], file=sys.stderr)


def _roomy_folder() -> Path:
    """Memory where it has room: the peer writes its database often, and a slow disk would flatter us."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30:
        return memory
    (OWN_FOLDER / "runs").mkdir(exist_ok=True)
    return OWN_FOLDER / "runs"


def _write_json(described: str, costs: Costs, jobs: Jobs) -> None:
    found = [
        {
            "work": work,
            "step": step,
            "engine": engine,
            "jobs": jobs.get((work, step, engine)),
            "costs": [asdict(cost) for cost in measured],
        }
        for (work, step, engine), measured in costs.items()
    ]
    (OWN_FOLDER / "results.json").write_text(
        json.dumps({"machine": described, "peer": PEER, "results": found}, indent=1), "utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
