"""What questions to the graph say of two projects that have tasks of one name: on both stores."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.records import project_in
from headwater.cypher.store import GraphStore
from headwater.lineage import log
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found, resolve
from headwater.lineage.trace import newest_call
from headwater.lineage.why import jobs_meant, why
from headwater.lineage.why_views import Reason

from headwater import Project, UsageError, federated_task, task
from tests.contract.federated.projects import Buyer, Other, ask

headwater_namespace = "bills"
"""as that of the other projects is called, too"""


@task
def number(n: int) -> int:
    return n + 1


@task
def double(n: int) -> int:
    return -n


@task
def same(n: Any) -> Any:
    return n


@task
def main(n: int) -> Any:
    return [same(federated_task("labelled", 1)), same(federated_task("bill", number(n)))]


@task
def several(n: int) -> Any:
    return [federated_task("labelled", i) for i in range(n)]


class Counting:
    """A store, and how often each query was asked."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.asked: Counter[str] = Counter()

    def rows(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        self.asked[query] += 1
        return self.store.rows(query, **params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def steps(store: GraphStore, name: str) -> list[tuple[str, Reason]]:
    [job, *_] = jobs_meant(store, resolve(store, name))
    return [(step.job.task, step.reason) for step in why(store, job).steps]


def projects(store: GraphStore, jobs: list[str]) -> set[str | None]:
    """The other projects that the tasks of some jobs are of."""
    text = "MATCH (j:Job) MATCH (t:Task {task_hash: j.task_hash}) RETURN j.id, t.options"
    return {project_in(found) for job, found in ask(store, text) if job in jobs}


def test_why_asks_once_for_what_is_below_calls_of_other_projects_that_stand_beside_each_other(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    buyer = Buyer(project, Other(tmp_path / "seller"))
    asked = []
    for n in (2, 5):
        buyer(several(n))
        buyer(several(n))
        [job, *_] = jobs_meant(store, resolve(store, "bills.several"))
        counting = Counting(store)
        assert [step.job.task for step in why(counting, job).steps] == [
            "bills.several",
            "headwater.federated_task",
        ]
        asked.append(counting.asked["why_children"])
    assert asked == [2, 2]


def test_why_goes_on_into_the_other_project_where_something_changed_there(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    seller = Other(tmp_path / "seller")
    buyer = Buyer(project, seller)
    buyer(main(1))
    assert steps(store, "headwater.federated_task")[-1] == ("bills.labelled", Reason.NEW_TASK)
    buyer(main(1))
    unchanged = [("bills.main", Reason.UPSTREAM), ("headwater.federated_task", Reason.NEVER_CACHED)]
    assert steps(store, "bills.main") == unchanged
    seller.set_rate(3)
    buyer(main(1))
    assert steps(store, "bills.main") == [
        ("bills.main", Reason.UPSTREAM),
        ("headwater.federated_task", Reason.UPSTREAM),
        ("bills.bill", Reason.UPSTREAM),
        ("bills.double", Reason.CODE),
    ]
    buyer(main(2))
    [(job,)] = ask(
        store,
        "MATCH (e:Execution) WITH e ORDER BY e.started DESC LIMIT 1 "
        "MATCH (e)-[:STARTED]->(:Job)-[:SPAWNED]->(j:Job)-[:SPAWNED]->(:Job {task_name: 'bills.bill'}) RETURN j.id",
    )
    assert [(step.job.task, step.reason) for step in why(store, job).steps] == [
        ("headwater.federated_task", Reason.UPSTREAM),
        ("bills.number", Reason.ARGUMENT),
        ("bills.main", Reason.ARGUMENT),
    ]


def test_a_task_that_is_named_is_that_of_this_project(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    seller = Other(tmp_path / "seller")
    rival = Other(tmp_path / "rival", 7, "rival_")
    buyer = Buyer(project, seller, rival)
    buyer(same(double(1)))
    buyer(same([federated_task("double", 2), federated_task("other", 2), federated_task("rival_double", 2)]))
    own, other = resolve(store, "bills.double"), resolve(store, "bills.other")
    found = log.task(store, own.id)
    assert found is not None
    assert {one.project for one in found.versions} == {None, str(seller.root), str(rival.root)}
    assert [one.project for one in found.versions if one.task_hash == own.id] == [None]
    assert found.calls[0].call == newest_call(store, own)
    reached = {call.task for call in impact(store, own).calls}
    assert reached == {"bills.double", "bills.same", "headwater.root_task"}
    [theirs] = [one for one in found.versions if one.project == str(seller.root)]
    assert newest_call(store, Found("task", theirs.task_hash, "bills.double")) != newest_call(store, own)
    assert projects(store, jobs_meant(store, own)) == {None}
    assert projects(store, jobs_meant(store, other)) == {str(seller.root)}
    buyer(same(federated_task("rival_other", 2)))
    with pytest.raises(UsageError, match="more than one other project has a task") as told:
        resolve(store, "bills.other")
    assert str(seller.root) in str(told.value)
    assert str(rival.root) in str(told.value)
