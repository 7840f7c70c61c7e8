"""The shards example gives right numbers, against the raw tables in pandas; one shard changed is one counted again."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from headwater.cypher import local_graph

from headwater import Project, Scheduler, ShardedDataset, create_project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "shards"

pytestmark = pytest.mark.xdist_group("shards")


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


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = create_project(tmp_path)
    yield made
    local_graph.stop(made)


def by_pandas(frames: list[Any], names: Any) -> dict[str, tuple[int, int]]:
    flights = pd.concat(frames)
    left = flights[flights["dep_delay"].notna()]
    late = left[left["dep_delay"] >= 15].groupby("carrier").size()
    return {names[c]: (n, int(late.get(c, 0))) for c, n in left.groupby("carrier").size().items()}


def test_the_table_is_that_of_the_record_and_one_changed_shard_is_counted_again(
    workflow: ModuleType, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(expression: Any) -> dict[str, dict[str, int]]:
        scheduler = Scheduler(project)
        scheduler.run(expression)
        scheduler.wait_recorded()
        return scheduler.progress().counts

    def written() -> dict[str, tuple[int, int]]:
        table = pd.read_csv(tmp_path / "results" / "punctual.csv")
        return {row.airline: (row.departures, row.late) for row in table.itertuples()}

    folder = tmp_path / "results" / "flights"
    names = pd.read_csv(workflow.data_path("airlines.csv")).set_index("carrier")["name"]
    assert run(workflow.shards())["shards.write_shards"] == {"DONE": 1}
    assert len(list(folder.iterdir())) == 12
    assert run(workflow.main(ShardedDataset(folder)))["shards.count"] == {"DONE": 12}
    assert written() == by_pandas([pd.read_csv(workflow.data_path("flights.csv.zip"))], names)

    monkeypatch.setattr(sys, "argv", ["correct.py", str(folder / "2013-02.parquet")])
    runpy.run_path(str(EXAMPLE / "correct.py"))
    assert run(workflow.main(ShardedDataset(folder)))["shards.count"] == {"DONE": 1, "CACHED": 11}
    assert written() == by_pandas([pd.read_parquet(path) for path in sorted(folder.iterdir())], names)
    assert run(workflow.main(ShardedDataset(folder))) == {"shards.main": {"CACHED": 1}}
