"""The benchmark of files on S3 runs what it says: one object changed, one call more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_of_objects_on_s3_the_changed_one_is_read_again() -> None:
    pytest.importorskip("moto.server")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.objects", "--files", "5", "--latency", "0"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[4:]]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("named one by one", "cold", "7 of 7"),
        ("named one by one", "warm", "0 of 1"),
        ("named one by one", "one changed", "3 of 7"),
        ("listed", "cold", "7 of 7"),
        ("listed", "warm", "0 of 1"),
        ("listed", "one changed", "3 of 7"),
    ]
    asked = [dict(reversed(kind.split()) for kind in row[5].split(", ")) for row in rows]
    assert asked[0] == {"HEAD": "15", "GET": "5"}, "named, opened, and looked at again when it has run"
    assert asked[1] == {"HEAD": "5"}
    assert asked[3] == {"LIST": "1", "GET": "5", "HEAD": "5"}, "what was listed is opened without a question"
    assert asked[4] == {"HEAD": "5"}
    assert asked[5] == {"LIST": "1", "GET": "1", "HEAD": "6"}
