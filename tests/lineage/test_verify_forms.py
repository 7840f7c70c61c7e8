"""verify finds nothing where two runs came to the same by other ways: time has decided who asked first."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore
from headwater.lineage.verify import verify

from headwater import Scheduler, scheduler_task, task
from tests.conftest import Server

headwater_namespace = "verify_forms"

DONE: dict[str, Event] = {}
AFTER: dict[str, str] = {}
"""of each form, after which other it begins"""


@task(version="1", config_args=[])
def begin(who: str) -> int:
    if who in AFTER:
        assert DONE[AFTER[who]].wait(60)
    return 0


@task(version="1")
def end(who: str, found: int) -> int:
    DONE[who].set()
    return found


@task(version="1")
def f(x: int) -> int:
    return x + 1


@task(version="1")
def g(x: int) -> int:
    return x + 1


@scheduler_task
def from_f_to_g(who: str) -> Any:
    yield begin(who)
    found = yield f(5)
    return (yield end(who, (yield g(found))))


@scheduler_task
def from_g_to_f(who: str) -> Any:
    yield begin(who)
    found = yield g(6)
    return (yield end(who, (yield f(found - 2))))


@task(version="1")
def main() -> Any:
    return [f(5), g(6), from_f_to_g("a"), from_g_to_f("b")]


@pytest.fixture
def project(request: pytest.FixtureRequest, store_and_server: tuple[GraphStore, Server]) -> Project:
    name = "neo4j_project" if store_and_server[0].dialect == "neo4j" else "shared_local_project"
    found: Project = request.getfixturevalue(name)
    for path in found.loaded_journals.iterdir():
        path.unlink()
    return found


def test_two_runs_in_which_calls_came_of_each_other_in_another_order_each_are_recorded_alike(
    project: Project, store_and_server: tuple[GraphStore, Server]
) -> None:
    store, server = store_and_server
    for late, early in ("b", "a"), ("a", "b"):
        DONE.update(a=Event(), b=Event())
        AFTER.clear()
        AFTER[late] = early
        scheduler = Scheduler(project)
        assert scheduler.run(main(), cache=False) == [6, 7, 7, 6]
        scheduler.wait_recorded()
    [calls] = server.run("MATCH (c:CallNode {task_name: 'verify_forms.main'}) RETURN count(*) AS n")
    assert calls["n"] == 1
    result = verify(project, store)
    assert result.findings == []
    assert result.journals == 2
