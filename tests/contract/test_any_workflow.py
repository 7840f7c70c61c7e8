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
from tests.engine.wild import WORLD, Unlucky, build, changed_workflows, has, lazy, parts, plain
from tests.properties import tries


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


def outcome(scheduler: Scheduler, description: Any, *, bare: bool = False, **options: Any) -> Any:
    WORLD.tried.clear()
    try:
        expression = lazy(description) if bare else build(description)
        return scheduler.run(expression, context={"rate": WORLD.rate}, **options)
    except Unlucky:
        return Unlucky
    finally:
        left = scheduler.progress()
        assert {status for counts in left.counts.values() for status in counts} <= ENDS
        assert not any((left.limits or {}).values())


def expected(description: Any) -> Any:
    try:
        return plain(description)
    except Unlucky:
        return Unlucky


@pytest.mark.xdist_group("wild")
@tries(15)
@given(changed_workflows, st.booleans())
def test_any_workflow_gives_what_a_plain_evaluation_gives_whatever_changes_between_its_runs(
    wild_project: Project, workflow: tuple[Any, list[Any]], bare: bool
) -> None:
    description, changed = workflow
    wild.begin(wild_project.root / "files")
    for what in [("nothing",), *changed]:
        wild.change(what)
        for _ in range(2):
            scheduler = Scheduler(wild_project)
            assert outcome(scheduler, description, bare=bare) == expected(description), what
            scheduler.wait_recorded()
        counts = scheduler.progress().counts
        if expected(description) is not Unlucky and not bare and not has(description, AGAIN):
            assert counts == {"wild.build": {"CACHED": 1}}, what


ENDS = {"DONE", "CACHED", "FAILED", "CANCELLED"}
"""How a job can end."""
AGAIN = {"once", "never", "exported once"}
"""What later runs do not reuse."""
KNOWN: set[tuple[Any, ...]] = set()
"""What ran in any of the examples, which share a project: the task, and all that it depends on."""
RECORDED: set[tuple[Any, ...]] = set()
"""Of that, what is recorded for sure, as a result."""


@pytest.fixture(scope="module")
def other_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    yield from _project(tmp_path_factory)


@pytest.mark.xdist_group("wild")
@tries(10)
@given(changed_workflows.filter(lambda workflow: not has(workflow[0], {"write"})))
def test_after_a_change_exactly_what_depends_on_it_runs(
    other_project: Project, workflow: tuple[Any, list[Any]]
) -> None:
    """An oracle says what has to run: all that a run without a record runs, less what ran before on the same.

    What is not recorded, fails, or is not to be reused may run again, where the call above it does. (What writes files
    is left out: the oracle does so, too.)
    """
    description, changed = workflow
    wild.begin(other_project.root / "files")
    for what in [("nothing",), *changed, ("code", 0), ("rate", 0), ("nothing",)]:
        wild.change(what)
        expected_value, all_of_it = ran_in(Scheduler(record=False), description)
        loose = {one for one in all_of_it if _may_run_again(one, description)}
        for part in parts(description, {"no_prov", "quiet", "exported once"}):
            loose |= ran_in(Scheduler(record=False), part)[1]
        must, may = all_of_it - KNOWN, all_of_it - (RECORDED - loose)
        KNOWN.update(all_of_it)
        RECORDED.update(all_of_it - loose)
        scheduler = Scheduler(other_project)
        value, ran = ran_in(scheduler, description)
        scheduler.wait_recorded()
        assert value == expected_value
        assert must <= ran <= may, what
        if not loose and not has(description, {"inside", "flaky", "never"}):
            assert len(WORLD.ran) == len(ran), what


def ran_in(scheduler: Scheduler, description: Any) -> tuple[Any, set[Any]]:
    """What a workflow gives, and what of it ran. (After a failure all that can still runs, whatever the timing.)"""
    WORLD.ran.clear()
    return outcome(scheduler, description, keep_going=True), set(WORLD.ran)


def _may_run_again(one: tuple[Any, ...], description: Any) -> bool:
    fails = one[0] == "checked" and one[1] % 3 == 0
    return fails or (one[0] == "shifted" and has(description, AGAIN))


@pytest.mark.xdist_group("wild")
def test_what_all_of_them_recorded_verifies(wild_project: Project) -> None:
    store = open_store(wild_project)
    try:
        assert verify(wild_project, store).findings == []
    finally:
        store.close()
