"""What a run had in memory is let go when it ends, while the scheduler stays."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.loader import catch_up
from headwater.engine.job import Job
from hypothesis import given
from hypothesis import strategies as st

from headwater import Expression, Project, Scheduler, create_project, task
from tests.engine import wild
from tests.properties import tries
from tests.waiting import wait_for

headwater_namespace = "released"


class Thing:
    def __reduce__(self) -> Any:
        return Thing, ()


made: list[weakref.ref[Thing]] = []


@task
def thing(n: int) -> Thing:
    found = Thing()
    made.append(weakref.ref(found))
    return found


@task
def spoil(thing: Thing) -> int:
    raise ValueError("spoilt")


@pytest.fixture(params=["recorded", "not recorded"])
def scheduler(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scheduler]:
    if request.param == "not recorded":
        yield Scheduler(record=False)
        return
    project: Project = create_project(tmp_path_factory.mktemp("released"))
    yield Scheduler(project)
    catch_up(project)
    local_graph.stop(project)


@pytest.mark.parametrize("failing", [False, True])
def test_a_scheduler_keeps_no_values_of_a_run_that_ended(scheduler: Scheduler, *, failing: bool) -> None:
    made.clear()
    if failing:
        with pytest.raises(ValueError, match="spoilt"):
            scheduler.run([spoil(thing(n)) for n in range(3)], keep_going=True)
    else:
        scheduler.run([thing(n) for n in range(3)])
    # (The threads that ran them may still be on their way out.)
    wait_for(lambda: gc.collect() >= 0 and not any(ref() for ref in made), 10)
    assert len(made) == 3
    progress = scheduler.progress()
    assert progress.finished
    assert progress.counts["released.thing"] == {"DONE": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    wild.begin(tmp_path_factory.mktemp("wild"))
    yield
    wild.restore()


@tries(6)
@given(wild.descriptions, st.booleans())
def test_no_job_or_expression_of_any_workflow_outlives_its_run(
    world: None, description: Any, keep_going: bool
) -> None:
    scheduler = Scheduler(record=False)
    before = left_behind()
    wild.WORLD.tried.clear()
    with suppress(wild.Unlucky):
        scheduler.run(wild.build(description), context={"rate": 1}, keep_going=keep_going)
    wait_for(lambda: left_behind() <= before, 10)


def left_behind() -> int:
    gc.collect()
    return sum(isinstance(one, (Job, Expression)) for one in gc.get_objects() if is_ours(type(one)))


def is_ours(cls: type) -> bool:
    """(Proxies of other libraries are asked nothing.)"""
    return str(cls.__module__).startswith("headwater.")
