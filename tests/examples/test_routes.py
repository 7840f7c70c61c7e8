"""The routes example gives right numbers: against the raw tables in pandas."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from headwater.cypher.store import open_store
from headwater.lineage.resolve import resolve
from headwater.lineage.trace import trace

from headwater import File, Project, Scheduler, create_project

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


def test_results_may_lie_on_s3_and_are_traced_through_the_scripts(
    workflow: ModuleType, local_project: Project, tmp_path: Path, bucket: str
) -> None:
    project = create_project(tmp_path)
    place = f"s3://{bucket}/2013"

    def scripts() -> dict[str, int]:
        scheduler = Scheduler(project)
        scheduler.run(workflow.main(out=place))
        scheduler.wait_recorded()
        return scheduler.progress().counts.get("headwater.script", {})

    assert scripts() == {"DONE": 5}
    assert File(f"{place}/busiest.tsv").read().splitlines()[0] == "11262\tJFK\tLAX\tLos Angeles Intl"
    store = open_store(project)
    try:
        traced = trace(store, resolve(store, f"{place}/busiest.tsv"))
    finally:
        store.close()
    assert [Path(file.path).name for file in traced.sources()] == ["airports.csv", "flights.csv.zip"]
    paths = {file.path for file in traced.files.values()}
    assert {f"{place}/{code}.tsv" for code in workflow.AIRPORTS} <= paths
    assert {f"{place}/departures/{code}.csv" for code in workflow.AIRPORTS} <= paths

    assert scripts() == {}, "nothing has changed"
    File(f"{place}/JFK.tsv").remove()
    assert scripts().get("DONE") == 2, "one airport is counted again, and the whole from it"
