"""How far an impact goes among jobs without a result, and at what cost, in histories that are made up."""

from __future__ import annotations

import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.impact import impact
from headwater.lineage.impact_views import Impact
from headwater.lineage.resolve import Found

from tests.conftest import server_of
from tests.lineage.worlds import Job, World


@pytest.fixture
def world() -> World:
    return World(f"{uuid.uuid4().hex}-")


@pytest.fixture
def store(local_project: Project) -> Iterator[GraphStore]:
    store = open_store(local_project)
    yield store
    store.close()


def written(project: Project, store: GraphStore, world: World, given: list[str]) -> Callable[[], Impact]:
    """Write a history, in which some jobs that came to no result were given a file. Returns what asks what that
    reached."""
    cypher = server_of(project).run
    world.call("before", args={"x": {"in.csv"}})
    world.write(cypher)
    cypher("MATCH (j:Job) WHERE NOT EXISTS { (j)-[:MADE]->() } SET j.eval_hash = j.id, j.task_name = 'cut'")
    cypher(
        "UNWIND $jobs AS job MATCH (j:Job {id: job}) MATCH (v:Value)-[:REFERS_TO]->(:File {file_hash: $file}) "
        "CREATE (j)-[:GIVEN {name: 'x', position: 0}]->(v)",
        jobs=given,
        file=f"{world.prefix}in.csv",
    )
    return lambda: impact(store, Found("file", f"{world.prefix}in.csv", "in.csv"))


def test_deep_chains_of_jobs_without_a_result_are_followed_in_few_queries(
    local_project: Project, store: GraphStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep, asked, rows = 60, [], store.rows
    parent = None
    for number in range(deep):
        job = Job(f"{world.prefix}cut{number}", None, parent, "CANCELLED", number)
        made = Job(f"{world.prefix}made{number}", world.call(f"made{number}").hash, job.id, "DONE", number)
        world.jobs |= {job.id: job, made.id: made}
        parent = job.id

    def counted(query: str, **parameters: Any) -> Any:
        asked.append(query)
        return rows(query, **parameters)

    monkeypatch.setattr(store, "rows", counted)
    found = written(local_project, store, world, [f"{world.prefix}cut0"])()
    assert {job.job for job in found.unended} == {f"{world.prefix}cut{number}" for number in range(deep)}
    assert {call.task for call in found.perhaps.calls} == {f"made{number}" for number in range(deep)}
    assert len(asked) < 3 * deep


def test_the_work_grows_with_the_jobs_without_a_result_that_made_one_call(
    local_project: Project, store: GraphStore
) -> None:
    steps = []
    for many in 100, 400:
        world = World(f"{uuid.uuid4().hex}-")
        shared = world.call("shared").hash
        for number in range(many):
            job = Job(f"{world.prefix}cut{number}", None, None, "CANCELLED", number)
            made = Job(f"{world.prefix}made{number}", shared, job.id, "CACHED" if number else "DONE", number)
            world.jobs |= {job.id: job, made.id: made}
        given = [f"{world.prefix}cut{number}" for number in range(0, many, 2)]
        ask = written(local_project, store, world, given)
        counted: Counter[str] = Counter()
        sys.setprofile(lambda frame, event, _, counted=counted: counted.update([event]))
        try:
            found = ask()
        finally:
            sys.setprofile(None)
        assert {job.job for job in found.unended} == set(given)
        [call] = found.perhaps.calls
        assert set(call.jobs) == {f"{world.prefix}made{number}" for number in range(0, many, 2)}
        steps.append(counted["call"])
    assert steps[1] < 5 * steps[0], steps
