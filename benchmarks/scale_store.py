"""The stores that `benchmarks.scale` asks: each holds one history, on a Neo4j server or a local graph of its own."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from headwater.cypher import local_graph
from headwater.cypher.backlog import catch_up, ensure_loader
from headwater.cypher.project import FOLDER, SETTINGS, Project, create_project, open_project

from benchmarks.engines import ROOT
from benchmarks.history import History, Told

NEO4J_LOCAL = ROOT / "docker" / "neo4j-local"
HEAP, PAGE_CACHE = "1500m", "1g"
"""of the server: with what a JVM needs beside, under 3 GB"""
_EXPORT = re.compile(r"(NEO4J_\w+)=(\S+)")


@dataclass
class Loaded:
    """A history that a store holds.

    Attributes:
        rate: calls a second from the first journal to the last call in the graph, the writing of journals included.
    """

    told: Told
    rate: float


@contextmanager
def history(folder: Path, calls: int, *, local: bool) -> Iterator[tuple[Project, Loaded]]:
    """A project whose store holds a history of so many calls; it is made where the folder does not have it yet."""
    home = folder / f"{calls}{'-local' if local else ''}"
    home.mkdir(parents=True, exist_ok=True)
    root = home / "project"
    with _server(home, local=local) as uri:
        if not (root / FOLDER).is_dir():
            create_project(root)
        (root / FOLDER / SETTINGS).write_text(f"[store]\nuri = {uri}\n", encoding="utf-8")
        project = open_project(root)
        try:
            marker = home / "told.json"
            if not marker.exists():
                made = _load(project, calls)
                marker.write_text(json.dumps(asdict(made)), encoding="utf-8")
            found = json.loads(marker.read_text("utf-8"))
            yield project, Loaded(Told(**found["told"]), found["rate"])
        finally:
            if local:
                local_graph.stop(project)


def _load(project: Project, calls: int) -> Loaded:
    began = time.perf_counter()
    made = History(project, calls=calls)
    for at, written in enumerate(made.write()):
        if at % 50 == 0:
            ensure_loader(project)
            print(f"{written:,} of {calls:,} calls written", file=sys.stderr)
    caught = catch_up(project)
    if not caught.complete:
        raise SystemExit(f"not loaded: {caught.problem}")
    return Loaded(made.told, made.told.calls / (time.perf_counter() - began))


@contextmanager
def _server(home: Path, *, local: bool) -> Iterator[str]:
    """The address of the store, up while this lasts."""
    if local:
        yield "local"
        return
    environ = os.environ | {
        "NEO4J_LOCAL_HOME": str(home / "neo4j"),
        "NEO4J_LOCAL_PORT": str(_free_port()),
        "NEO4J_LOCAL_HEAP": HEAP,
        "NEO4J_LOCAL_PAGECACHE": PAGE_CACHE,
    }
    started = subprocess.run(
        [str(NEO4J_LOCAL), "start"], env=environ, check=True, stdout=subprocess.PIPE, text=True
    )
    told = dict(_EXPORT.findall(started.stdout))
    os.environ["HEADWATER_STORE_USER"] = told["NEO4J_USER"]
    os.environ["HEADWATER_STORE_PASSWORD"] = told["NEO4J_PASSWORD"]
    try:
        yield told["NEO4J_URI"]
    finally:
        subprocess.run([str(NEO4J_LOCAL), "stop"], env=environ, check=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def peak_memory() -> float:
    """The most memory that this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
