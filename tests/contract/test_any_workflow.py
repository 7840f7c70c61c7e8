"""Whatever a workflow is made of and whatever changes between its runs, it gives what a plain evaluation gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.project import create_project
from headwater.cypher.store import open_store
from headwater.lineage.verify import verify
from hypothesis import given
from hypothesis import strategies as st

from headwater import Project, Scheduler
from tests.engine import wild
from tests.engine.wild import WORLD, Unlucky, build, changes, descriptions, has, plain
from tests.properties import tries

NEVER_REUSED = {"once", "flaky", "checked", "throw"}
"""What may run again though nothing has changed: it is not to be reused, or has failed."""


@pytest.fixture(scope="module")
def wild_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project for all examples, so that each finds what the others have left."""
    yield from _project(tmp_path_factory)


def _project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("wild")
    project = create_project(folder)
    (folder / ".headwater" / "headwater.ini").write_text("[limits]\nslot = 1\n")
    (folder / "files").mkdir()
    yield project
    wild.restore()
    local_graph.stop(project)


def outcome(scheduler: Scheduler, description: Any) -> Any:
    WORLD.tried.clear()
    try:
        return scheduler.run(build(description), context={"rate": WORLD.rate})
    except Unlucky:
        return Unlucky


def expected(description: Any) -> Any:
    try:
        return plain(description)
    except Unlucky:
        return Unlucky


@pytest.mark.xdist_group("wild")
@tries(15)
@given(descriptions, st.lists(changes, min_size=1, max_size=4))
def test_any_workflow_gives_what_a_plain_evaluation_gives_whatever_changes_between_its_runs(
    wild_project: Project, description: Any, changed: list[Any]
) -> None:
    wild.begin(wild_project.root / "files")
    for what in [("nothing",), *changed]:
        wild.change(what)
        for _ in range(2):
            scheduler = Scheduler(wild_project)
            assert outcome(scheduler, description) == expected(description), what
            scheduler.wait_recorded()
        counts = scheduler.progress().counts
        if not has(description, NEVER_REUSED):
            assert counts == {"wild.build": {"CACHED": 1}}, what


RUNS_ANYWAY = NEVER_REUSED | {"no_prov", "quiet", "write"}
"""What runs whenever the call above it does, or writes files, which the oracle does, too."""
KNOWN: set[tuple[Any, ...]] = set()
"""What ran in any of the examples, which share a project: the task, and all that it depends on."""


@pytest.fixture(scope="module")
def other_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    yield from _project(tmp_path_factory)


@pytest.mark.xdist_group("wild")
@tries(10)
@given(descriptions.filter(lambda d: not has(d, RUNS_ANYWAY)), st.lists(changes, min_size=1, max_size=4))
def test_after_a_change_exactly_what_depends_on_it_runs(
    other_project: Project, description: Any, changed: list[Any]
) -> None:
    """An oracle says what has to run: all that a run without a record runs, less what ran before on the same."""
    wild.begin(other_project.root / "files")
    for what in [("nothing",), *changed, ("code", 0), ("rate", 0)]:
        wild.change(what)
        WORLD.ran.clear()
        expected_value = outcome(Scheduler(record=False), description)
        new = set(WORLD.ran) - KNOWN
        KNOWN.update(WORLD.ran)
        WORLD.ran.clear()
        scheduler = Scheduler(other_project)
        assert outcome(scheduler, description) == expected_value
        scheduler.wait_recorded()
        assert set(WORLD.ran) == new, what
        if not has(description, {"inside"}):
            assert len(WORLD.ran) == len(set(WORLD.ran)), what


@pytest.mark.xdist_group("wild")
def test_what_all_of_them_recorded_verifies(wild_project: Project) -> None:
    store = open_store(wild_project)
    try:
        assert verify(wild_project, store).findings == []
    finally:
        store.close()
