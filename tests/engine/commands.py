"""`hw` in a process of its own, in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def hw(folder: Path, *words: str, **environment: str) -> str:
    """What a command that ends well prints, with nothing of headwater's in the environment but what is given."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEADWATER_")}
    command = [str(Path(sys.executable).with_name("hw")), *words]
    return subprocess.run(
        command, cwd=folder, env=env | environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def jobs(log: str, status: str) -> int:
    """How many jobs of a status there are in what `hw log RUN --json` printed."""
    return sum(counts.get(status, 0) for counts in json.loads(log)["tasks"].values())
