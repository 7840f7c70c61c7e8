"""How each engine is installed, given a workflow, and started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "workflows"
PEER = "redun==0.44.1"


class Engine:
    """One engine: its command, and what a fresh folder needs. The templates are written for headwater."""

    name = "headwater"
    import_name = "headwater"

    def install(self, where: Path) -> None:
        """Make the engine's command available; `where` is the benchmarks' own folder."""
        self.bin = Path(sys.executable).parent

    def environ(self) -> dict[str, str]:
        """The environment of its commands: ours, without what would point it at another project."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("HEADWATER_", "REDUN_"))
        }
        return kept | {"PATH": f"{self.bin}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}

    def prepare(self, folder: Path) -> None:
        """Set up a fresh folder: settings, nothing recorded."""
        self.call(folder, "init")

    def finish(self, folder: Path) -> None:
        """Stop whatever the engine left running for this folder."""
        self.call(folder, "store", "stop")

    def write(self, folder: Path, template: str, replace: tuple[str, str] | None = None) -> None:
        """Put a workflow into a folder; `replace` changes its code."""
        text = (TEMPLATES / template).read_text("utf-8").replace("headwater", self.import_name)
        if replace is not None:
            assert replace[0] in text, f"{template} does not hold {replace[0]!r}"
            text = text.replace(*replace)
        (folder / template).write_text(text, "utf-8")

    def command(self, *args: str) -> list[str]:
        return [str(self.bin / self.import_name), *args]

    def jobs(self, folder: Path) -> dict[str, int] | None:
        """The jobs of the last run by status, or None where the engine is not asked."""
        asked = self.command("log", "--json", "--limit", "1")
        answer = subprocess.run(asked, cwd=folder, env=self.environ(), check=True, capture_output=True)
        found: dict[str, int] = json.loads(answer.stdout)["executions"][0]["jobs"]
        return found

    def call(self, folder: Path, *args: str) -> None:
        """Run a command that is not measured.

        Raises:
            subprocess.CalledProcessError: it failed; its output is in the error.
        """
        subprocess.run(self.command(*args), cwd=folder, env=self.environ(), check=True, capture_output=True)


class Peer(Engine):
    """redun, in a virtual environment of its own, with its default settings and database."""

    name = "redun"
    import_name = "redun"

    def install(self, where: Path) -> None:
        self.bin = where / "redun-venv" / "bin"
        marker = where / "redun-venv" / PEER
        if not marker.exists():
            print(f"installing {PEER} into {where / 'redun-venv'}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(where / "redun-venv")], check=True)
            pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", PEER, "numpy"]
            subprocess.run(pip, check=True)
            marker.touch()

    def prepare(self, folder: Path) -> None:
        self.call(folder, "init")
        settings = folder / ".redun" / "redun.ini"
        workers = "\n[executors.process]\ntype = local\nmode = process\nmax_workers = 2\n"
        settings.write_text(settings.read_text("utf-8") + workers, "utf-8")

    def finish(self, folder: Path) -> None:
        """It leaves nothing running."""

    def jobs(self, folder: Path) -> None:
        """It is not asked: its answer takes as long as a run."""


class Pools(Peer):
    """No engine: the standard library's pools, as the limit."""

    name = "pools"
    import_name = "python"

    def install(self, where: Path) -> None:
        self.bin = Path(sys.executable).parent

    def prepare(self, folder: Path) -> None:
        """It needs nothing."""

    def write(self, folder: Path, template: str, replace: tuple[str, str] | None = None) -> None:
        (folder / "pools.py").write_text((TEMPLATES / "pools.py").read_text("utf-8"), "utf-8")
