"""docker/neo4j-local: how it knows a server of its own, without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "neo4j-local"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder in which a process serves that is called as a server is."""
    home = tmp_path / "lab" / "graph"
    home.mkdir(parents=True)
    command = [sys.executable, "-c", "input()", f"--home-dir={home}", f"--config-dir={home}/conf"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as server:
        for name, text in {"pid": server.pid, "port": 7687, "version": "5.26.25", "password": "x"}.items():
            (home / name).write_text(f"{text}")
        yield home
        assert server.stdin is not None
        server.stdin.write(b"\n")


@pytest.mark.parametrize(
    ("place", "named"), [("lab", "graph"), ("lab", "./graph/"), (".", "lab/graph"), ("lab/graph", ".")]
)
def test_a_server_is_known_by_a_folder_that_is_named_from_anywhere(
    home: Path, tmp_path: Path, place: str, named: str
) -> None:
    done = subprocess.run(
        [str(SCRIPT), "status"],
        cwd=tmp_path / place,
        env={**os.environ, "NEO4J_LOCAL_HOME": named},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"data in {home}" in done.stderr
