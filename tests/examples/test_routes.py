"""The routes example gives right numbers: against the raw tables in pandas."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from headwater import Project, Scheduler, create_project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "routes"

pytestmark = pytest.mark.xdist_group("routes")


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLE))
    before = sys.modules.pop("workflow", None)
    try:
        import workflow

        yield workflow
    finally:
        sys.modules.pop("workflow", None)
        if before is not None:
            sys.modules["workflow"] = before


def test_the_busiest_routes_are_those_of_the_record(
    workflow: ModuleType, local_project: Project, tmp_path: Path
) -> None:
    project = create_project(tmp_path)

    def run() -> dict[str, int]:
        scheduler = Scheduler(project)
        scheduler.run(workflow.main(top=20))
        scheduler.wait_recorded()
        return scheduler.progress().counts.get("headwater.script", {})

    assert run() == {"DONE": 5}
    flights = pd.read_csv(workflow.data_path("flights.csv.zip"))
    names = pd.read_csv(workflow.data_path("airports.csv")).set_index("faa")["name"]
    counted = flights.groupby(["origin", "dest"]).size().sort_values(ascending=False).head(20)
    rows = [line.split("\t") for line in (tmp_path / "results" / "busiest.tsv").read_text().splitlines()]
    assert {(start, end): int(n) for n, start, end, _ in rows} == counted.to_dict()
    assert all(name == names.get(end, "?") for _, _, end, name in rows)

    assert run() == {}, "nothing has changed"
    (tmp_path / "results" / "JFK.tsv").unlink()
    assert run().get("DONE") == 2, "one airport is counted again, and the whole from it"
    assert (tmp_path / "results" / "JFK.tsv").exists()
