"""The benchmarks' harness counts what a command costs, and says so when its result is wrong or late."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.engines import ROOT, TEMPLATES, Engine, Peer
from benchmarks.measure import Cost
from benchmarks.table import Goals, main_table
from benchmarks.workloads import workloads

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nprint('done 42')"


def run(folder: Path, code: str, *, expect: str | None = None, timeout: float = 20.0) -> Cost:
    """Measure a piece of Python, from a process of its own: a harness adopts, and ends, its orphans."""
    argv = [sys.executable, "-c", code]
    harness = (
        "import json, os, sys\n"
        "from dataclasses import asdict\n"
        "from pathlib import Path\n"
        "from benchmarks.measure import Harness\n"
        "harness = Harness()\n"
        f"options = dict(expect={expect!r}, timeout={timeout!r})\n"
        f"cost = harness.run({argv!r}, Path({str(folder)!r}), os.environ, **options)\n"
        "harness.end_background()\n"
        "print(json.dumps(asdict(cost)))\n"
    )
    done = subprocess.run([sys.executable, "-c", harness], cwd=ROOT, capture_output=True, check=True)
    return Cost(**json.loads(done.stdout))


def test_cpu_wall_and_memory_of_a_command_are_its_own(tmp_path: Path) -> None:
    cost = run(tmp_path, f"x = b'x' * 60_000_000\n{BURN}", expect="done 42")
    assert cost.status == "ok"
    assert 0.3 <= cost.cpu < 1.5
    assert cost.result is not None
    assert cost.result <= cost.wall
    assert 60e6 < cost.rss < 200e6


def test_the_cpu_of_a_process_that_is_left_behind_is_counted_apart(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        f"orphan = subprocess.Popen([sys.executable, '-c', {BURN!r}], stdout=subprocess.DEVNULL)\n"
        "while not os.waitid(os.P_PID, orphan.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG): time.sleep(0.01)\n"
        "os._exit(0)  # without waiting for it, so that it is left to the harness\n"
    )
    cost = run(tmp_path, code)
    assert cost.status == "ok"
    assert cost.cpu < 0.3
    assert cost.background >= 0.29


def test_a_wrong_result_a_failure_and_a_time_out_are_told_apart(tmp_path: Path) -> None:
    assert run(tmp_path, "print(41)", expect="42").status == "wrong result"
    assert run(tmp_path, "raise SystemExit(3)", expect="42").status == "exit 3"
    assert run(tmp_path, "import time; time.sleep(60)", timeout=0.3).status == "timeout"


def test_each_workflow_differs_between_the_engines_by_the_name_that_it_imports(tmp_path: Path) -> None:
    for template in {work.template for work in workloads(quick=True)}:
        ours, theirs = tmp_path / "ours", tmp_path / "theirs"
        for engine, folder in ((Engine(), ours), (Peer(), theirs)):
            folder.mkdir(exist_ok=True)
            engine.write(folder, template)
        text = (ours / template).read_text("utf-8")
        assert text == (TEMPLATES / template).read_text("utf-8")
        assert text.replace("headwater", "redun") == (theirs / template).read_text("utf-8")
        ast.parse(text)


def cost(cpu: float, status: str = "ok") -> Cost:
    return Cost(wall=2 * cpu, result=cpu, cpu=cpu, background=0.0, rss=50_000_000, status=status)


def test_the_table_shows_medians_minima_and_the_ratio_to_the_peer() -> None:
    costs = {
        ("fan-out 10", "cold", "headwater"): [cost(1.0), cost(3.0), cost(2.0)],
        ("fan-out 10", "cold", "redun"): [cost(20.0), cost(10.0), cost(30.0)],
        ("chain of 5", "cold", "redun"): [cost(4.0, "exit 1")],
    }
    _, _, ours, theirs, failed = main_table(
        costs, {("fan-out 10", "cold", "headwater"): {"DONE": 2, "CACHED": 10}}
    )
    assert (
        ours
        == "| fan-out 10 | cold | headwater | 2.00 (1.00) | 4.00 (2.00) | 2.00 (1.00) |  | 50 | 2 of 12 |  |  |"
    )
    assert theirs.endswith("| 20.00 (10.00) | 40.00 (20.00) | 20.00 (10.00) |  | 50 |  | 10.0× | 10.0× |")
    assert failed.startswith("| chain of 5 | cold | redun | 4.00 | exit 1 |")


def test_a_goal_is_met_missed_or_not_measured() -> None:
    costs = {
        ("start-up", "hello, store down", "headwater"): [cost(0.5)],
        ("fan-out 1,000", "cold", "headwater"): [cost(0.54)],
        ("fan-out 1,000", "cold", "redun"): [cost(9.0)],
    }
    found = {goal.what: goal for goal in Goals(costs, {("fan-out 1,000", "cold"): 1_000}).all()}
    assert found["fan-out 1,000, cold: CPU a task"].met is True
    assert found["fan-out 1,000, warm: CPU a task"].met is None
    assert found["fan-out 1,000, cold: wall with the graph loaded, against redun"].met is True
    assert found["start-up, hello, store up: wall"].met is None
