"""`python -m benchmarks.load [local | URI]`: how many calls a second the loader brings into a store.

The journal is that of W1: per call one Job, one CallNode and one Value, and seven edges. A server's user and password
come from NEO4J_USER and NEO4J_PASSWORD; its database is left holding what was loaded. The loader is a process of its
own, as always; measured is from its start until a reader would go on.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from headwater.cypher import local_graph
from headwater.cypher.backlog import catch_up
from headwater.cypher.project import Project, create_project
from headwater.cypher.store import open_store

from benchmarks.synthetic import write_fan_out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument(
        "store", nargs="?", default="local", help="local, or a server's address (default: local)"
    )
    parser.add_argument("--calls", type=int, default=20_000, help="calls of each run (default 20,000)")
    parser.add_argument("--repeat", type=int, default=3, help="how many runs are loaded (default 3)")
    options = parser.parse_args(argv)
    os.environ["HEADWATER_STORE_URI"] = options.store
    for ours, theirs in (("USER", "NEO4J_USER"), ("PASSWORD", "NEO4J_PASSWORD")):
        if options.store != "local" and theirs in os.environ:
            os.environ.setdefault(f"HEADWATER_STORE_{ours}", os.environ[theirs])
    with tempfile.TemporaryDirectory(prefix="headwater-load-") as folder:
        project = create_project(Path(folder))
        try:
            rates = sorted(_rate(project, options.calls, f"{time.time()} {i}") for i in range(options.repeat))
        finally:
            if options.store == "local":
                local_graph.stop(project)
    print(
        f"{options.store}: {rates[len(rates) // 2]:,.0f} calls/s median of {len(rates)}, {rates[-1]:,.0f} at best "
        f"({options.calls:,} calls a run, 3 nodes + 7 edges each)"
    )
    return 0


def _rate(project: Project, calls: int, salt: str) -> float:
    open_store(project).close()  # a server's start is no part of loading
    journal = write_fan_out(project, calls, salt=salt)
    began = time.perf_counter()
    caught = catch_up(project)
    if not caught.complete:
        raise SystemExit(f"not loaded: {caught.problem}")
    taken = time.perf_counter() - began
    if journal.exists():
        raise SystemExit(f"not loaded: {journal} still waits for a store")
    return calls / taken


if __name__ == "__main__":
    raise SystemExit(main())
