"""`make pythons`: a small workflow, run twice and looked up, under each other Python that stands here.

Each has a virtual environment of its own below .build/pythons, with headwater as a user installs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.10", "3.12", "3.13")
WORKFLOW = """
from headwater import task
headwater_namespace = "small"

@task
def double(n: int) -> int:
    return 2 * n

@task(executor="process")
def total(numbers: list[int]) -> int:
    return sum(numbers)

@task
async def main(n: int = 10):
    return total([double(i) for i in range(n)])
"""


def interpreter(version: str) -> Path | None:
    """A Python of that version: pyenv's, or the one on the PATH."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    folders = [path.parent for path in sorted(versions.glob(f"{version}.*/bin/python"))]
    folders += map(Path, os.get_exec_path())
    return next((found for folder in folders if (found := folder / f"python{version}").exists()), None)


def check(python: Path, version: str, folder: Path) -> None:
    """Run the workflow under a Python.

    Raises:
        AssertionError, subprocess.CalledProcessError: it does not work as it should.
    """
    home = ROOT / ".build" / "pythons" / version
    pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not (home / "bin" / "python").exists():
        subprocess.run([python, "-m", "venv", home], check=True)
    subprocess.run([*pip, "--editable", ROOT], check=True)
    (folder / "small.py").write_text(WORKFLOW)

    def hw(*words: str) -> str:
        ran = subprocess.run(
            [home / "bin" / "hw", *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
        return ran.stdout

    hw("init")
    try:
        assert "result: 90" in (first := hw("run", "small.py", "main")), first
        assert "12 " in first, first
        assert "DONE  " not in (second := hw("run", "small.py", "main").splitlines()[0]), second
        assert "small.double" in (trace := hw("trace", "-")), trace
    finally:
        hw("store", "stop")


def main() -> int:
    """Check every Python that is there. Returns 1 where one fails or none is there."""
    checked = 0
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            print(f"Python {version}: NOT CHECKED, there is none here")
            continue
        with tempfile.TemporaryDirectory() as folder:
            check(python, version, Path(folder))
        print(f"Python {version}: works", flush=True)
        checked += 1
    if not checked:
        print("no other Python is here: nothing was checked")
    return 0 if checked else 1


if __name__ == "__main__":
    sys.exit(main())
