"""The pytest plug-in: a fixture named `headwater`. pytest loads it by its entry point; headwater itself never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from headwater.rehearsal import Rehearsal


@pytest.fixture
def headwater(tmp_path: Path) -> Iterator[Rehearsal]:
    """Runs workflows in a simulation, recorded in a project of the test's own (`tmp_path`)."""
    from headwater.cypher import local_graph
    from headwater.cypher.project import create_project
    from headwater.rehearsal import Rehearsal

    project = create_project(tmp_path)
    yield Rehearsal(project)
    if project.folder.is_dir():
        local_graph.stop(project)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Say beside a failure in which order the calls were."""
    outcome: Any = yield
    rehearsal = getattr(item, "funcargs", {}).get("headwater")
    seed = getattr(rehearsal, "seed", None)
    if call.when == "call" and call.excinfo is not None and isinstance(seed, int):
        text = f"the last run had seed={seed}; headwater.run(..., seed={seed}) takes the same order again"
        outcome.get_result().sections.append(("headwater", text))
