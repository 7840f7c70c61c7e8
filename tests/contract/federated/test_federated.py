"""Calls of tasks of other projects by the names of entry points: on both stores."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import GraphStore
from headwater.engine.rerun import recorded_call
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify
from headwater.lineage.why import why
from headwater.lineage.why_views import Reason

from headwater import (
    CallError,
    DryRunResult,
    File,
    Project,
    UnknownExecutor,
    UsageError,
    federated_task,
    get_task_registry,
    no_prov,
    subrun,
    task,
)
from tests.contract.federated.projects import Buyer, Other, add, ask, lines

headwater_namespace = "bills"
"""as that of the other projects is called, too"""


@task
def number(n: int) -> int:
    return n + 1


@task
def double(n: int) -> int:
    """Another than the one of that name elsewhere."""
    return -n


@task
def total(bill: list[int]) -> int:
    return sum(bill)


@task
def main(n: int, log: str = "") -> Any:
    return total(federated_task("bill", number(n), log, extra=5))


# -- what comes back, and its lineage ----------------------------------------------------------------------------------


def test_the_task_is_called_and_its_lineage_goes_through(
    buyer: Buyer, project: Project, store: GraphStore, seller: Other
) -> None:
    assert buyer(main(3)) == 8 + 4 + 5 + 1
    assert not verify(project, store).findings
    [(job,)] = ask(store, "MATCH (j:Job {task_name: 'bills.main'}) RETURN j.id")
    traced = trace(store, Found("job", job, "a job"))
    assert {call.task for call in traced.calls.values()} == {
        *("bills.main", "bills.number", "bills.total", "headwater.federated_task"),
        *("bills.bill", "bills.double", "bills.other"),
    }
    fed = ask(store, "MATCH (c:CallNode)-[f:FED_BY]->(d:CallNode) RETURN c.task_name, f.name, d.task_name")
    assert ("bills.total", "bill", "headwater.federated_task") in fed
    assert ("headwater.federated_task", "args[0]", "bills.number") in fed
    spawned = ask(store, "MATCH (p:Job)-[:SPAWNED]->(j:Job) RETURN p.task_name, j.task_name")
    assert ("headwater.federated_task", "bills.bill") in spawned
    assert ask(store, "MATCH (e:Execution) RETURN count(e)") == [(1,)]
    code = "MATCH (t:Task {fullname: 'bills.double'}) RETURN t.options"
    assert str(seller.root) in str(ask(store, code)), "the record says which project a task is of"


def test_nothing_of_the_other_project_is_imported_by_the_caller(buyer: Buyer, seller: Other) -> None:
    before = list(sys.path)
    known = get_task_registry().find("bills.double")
    assert known is not None
    assert buyer(federated_task("bill", 1)) == [2, 1, 0, 1]
    assert sys.path == before
    assert not {"bills", "helpers"} & set(sys.modules)
    assert get_task_registry().find("bills.bill") is None
    assert get_task_registry().find("bills.double") is known


def test_modules_helpers_and_versions_of_one_name_are_those_of_each_project(
    project: Project, store: GraphStore, tmp_path: Path
) -> None:
    sellers = [Other(tmp_path / name, rate, f"{name}_") for name, rate in (("seller", 2), ("rival", 7))]
    buyer = Buyer(project, *sellers)

    def bought() -> Any:
        names = [
            f"{seller.root.name}_{name}" for seller in sellers for name in ("double", "bill", "labelled")
        ]
        return buyer([double(3), *(federated_task(name, 3) for name in names)])

    expected = [-3, 6, [6, 3, 0, 1], "seller 3", 21, [21, 3, 0, 1], "rival 3"]
    assert bought() == expected
    assert bought() == expected
    assert not verify(project, store).findings
    sellers[1].set_rate(8)
    assert bought() == [-3, 6, [6, 3, 0, 1], "seller 3", 24, [24, 3, 0, 1], "rival 3"]


def test_values_of_many_kinds_cross(buyer: Buyer, seller: Other, tmp_path: Path) -> None:
    import numpy

    assert buyer(federated_task("seen", numpy.arange(3))) == ["ndarray", "array([0, 1, 2])"]
    assert list(buyer(federated_task("table", 5000))) == list(range(5000))
    assert buyer(federated_task("seen", {"a": [1, (2.5, None)]})) == ["dict", "{'a': [1, (2.5, None)]}"]


def test_files_cross_and_each_side_works_in_its_own_folder(
    buyer: Buyer, store: GraphStore, project: Project, seller: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    Path("in.txt").write_text("bread")
    for name in ("copied", "labelled"):
        seller.offers(f"other_{name}", name)

    @task(namespace="buyers")
    def fetch(file: File) -> Any:
        return federated_task("copied", file)

    for _ in range(2):
        file = buyer(fetch(File("in.txt")))
        assert file.read() == "bread and seller"
        assert file.path == str(seller.root / "copy.txt")
    assert buyer.counts["bills.copied"] == {"CACHED": 1}
    traced = trace(store, Found("job", f"{job_of(store, 'buyers.fetch')}", "a job"))
    assert str(project.root / "in.txt") in {file.path for file in traced.files.values()}
    time.sleep(0.02)
    Path("in.txt").write_text("more bread")
    assert buyer(fetch(File("in.txt"))).read() == "more bread and seller"


def job_of(store: GraphStore, name: str) -> str:
    return str(ask(store, f"MATCH (j:Job {{task_name: '{name}'}}) RETURN j.id")[0][0])


# -- reuse -------------------------------------------------------------------------------------------------------------


def test_a_change_of_its_code_runs_again_what_depends_on_it_and_no_more(
    buyer: Buyer, seller: Other, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    for _ in range(2):
        assert buyer(main(3, str(log))) == 18
        assert lines(log) == ["double", "other"]
    assert buyer.counts["bills.bill"] == {"CACHED": 1}
    seller.set_rate(3)
    for _ in range(2):
        assert buyer(main(3, str(log))) == 22
        assert lines(log) == ["double", "double", "other"]
    for rate in (3, 4):
        seller.set_rate(rate)
        assert buyer([federated_task.options(cache=True)("double", 9)]) == [9 * rate]
    seller.set_rate(3)
    helpers = seller.root / "helpers.py"
    helpers.write_text(helpers.read_text().replace("    return n\n", "    return n + 1\n"))
    assert buyer(main(3, str(log))) == 22, "nobody reads that helper"
    assert lines(log) == ["double", "double", "other"]
    seller.set_rate(2)
    assert buyer(main(3, str(log))) == 18, "what was recorded before a change that was taken back"
    assert lines(log) == ["double", "double", "other"]


def test_what_the_settings_say_now_is_called(buyer: Buyer, seller: Other, tmp_path: Path) -> None:
    @task(namespace="buyers")
    def asks() -> Any:
        return federated_task("chosen", 4)

    seller.offers("chosen", "double")
    assert buyer(asks()) == 8
    seller.settings.write_text(
        seller.settings.read_text().replace(
            "[federated_tasks.chosen]\ntask_name = double", "[federated_tasks.chosen]\ntask_name = other"
        )
    )
    assert buyer(asks()) == 4


def test_a_dry_run_says_what_would_run_there_and_why(buyer: Buyer, seller: Other, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(DryRunResult) as planned:
        buyer(federated_task("bill", 3, str(log)), dryrun=True)
    assert [(call.task, str(call.why)) for call in planned.value.calls] == [
        ("bills.bill", "new task: bills.bill")
    ]
    assert buyer(main(3, str(log))) == 18
    assert buyer(main(3, str(log)), dryrun=True) == 18
    assert buyer(double(3)) == -3, "a task of that name here, too, is none of its versions"
    seller.set_rate(3)
    with pytest.raises(DryRunResult) as planned:
        buyer(main(3, str(log)), dryrun=True)
    assert [(call.task, str(call.why)) for call in planned.value.calls] == [
        ("bills.double", "code changed: helpers.RATE")
    ]
    assert lines(log) == ["double", "other"]
    with pytest.raises(UsageError, match="Did you mean bill"):
        buyer(federated_task("bil", 3), dryrun=True)
    with pytest.raises(CallError, match="missing a required argument"):
        buyer(federated_task("bill"), dryrun=True)


def test_why_and_rerun_do_not_take_its_tasks_for_those_of_the_caller(
    buyer: Buyer, seller: Other, store: GraphStore
) -> None:
    assert buyer(double(3)) == -3
    assert buyer([federated_task("double", 3)]) == [6]
    [(job,)] = ask(
        store,
        "MATCH (:Job {task_name: 'headwater.federated_task'})-[:SPAWNED]->(j:Job) RETURN j.id",
    )
    assert why(store, job).steps[0].reason is Reason.NEW_TASK
    with pytest.raises(UsageError, match=f"called bills.double of the project {seller.root}"):
        recorded_call(store, job)
    [(above,)] = ask(store, "MATCH (j:Job {task_name: 'headwater.federated_task'}) RETURN j.id")
    assert recorded_call(store, above).task == "headwater.federated_task"


def test_flags_context_and_options_reach_it(
    buyer: Buyer, seller: Other, store: GraphStore, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    add(seller.settings, "scheduler", context='{"rate": 7}')
    for cache in (True, True, False):
        assert buyer(main(3, str(log)), cache=cache) == 24
    assert lines(log) == ["double", "double", "other", "other"]
    assert buyer(main(3, str(log)), context={"rate": 9}) == 26, "the caller's lies over that of its settings"
    assert lines(log) == ["double", "double", "other", "other"]
    text = seller.settings.read_text()
    seller.settings.write_text(text.replace('{"rate": 7}', '{"rate": 8}'))
    assert buyer(main(3, str(log))) == 25
    with pytest.raises(UnknownExecutor, match="no executor is called 'elsewhere'"):
        buyer(federated_task.options(executor="elsewhere")("double", 1))
    with pytest.raises(UnknownExecutor, match="elsewhere"):
        buyer(federated_task.export_options(executor="elsewhere")("double", 1))


def test_a_call_that_is_not_recorded_records_nothing_and_is_never_stale(
    buyer: Buyer, seller: Other, store: GraphStore
) -> None:
    for rate in (2, 2, 3):
        seller.set_rate(rate)
        assert buyer([no_prov(federated_task("double", 5))]) == [5 * rate]
        assert buyer([federated_task.options(prov=False)("double", 6)]) == [6 * rate]
    assert ask(store, "MATCH (j:Job) WHERE j.task_name STARTS WITH 'bills' RETURN j.task_name") == []
    assert buyer(federated_task("double", 5), prov=False) == 15


def test_it_can_be_an_execution_of_its_own(buyer: Buyer, seller: Other, store: GraphStore) -> None:
    seller.offers("alone", "bill", new_execution="yes", description="what is owed")
    assert buyer([federated_task("alone", 1)]) == [[2, 1, 0, 1]]
    rows = ask(store, "MATCH (e:Execution)-[:STARTED]->(j:Job) RETURN j.task_name, e.status")
    assert ("bills.bill", "DONE") in rows
    assert len(rows) == 2


# -- other ways to call ------------------------------------------------------------------------------------------------


def test_projects_call_one_another(project: Project, tmp_path: Path, store: GraphStore) -> None:
    seller, rival = Other(tmp_path / "seller", 2), Other(tmp_path / "rival", 7, "rival_")
    buyer = Buyer(project, seller)
    add(seller.settings, "scheduler", federated_configs=str(rival.root))
    add(rival.settings, "scheduler", federated_configs=str(seller.root))
    assert buyer(federated_task("on", "rival_double", 3)) == 21
    assert buyer(federated_task("on", "rival_on", "double", 3)) == 6
    assert not verify(project, store).findings
    rival.set_rate(8)
    assert buyer(federated_task("on", "rival_double", 3)) == 24


def test_projects_that_call_one_another_without_end_are_stopped(buyer: Buyer) -> None:
    with pytest.raises(CallError, match="5 projects have called one another in a row"):
        buyer(federated_task("back", 1))


def test_it_is_called_from_subruns_async_tasks_and_for_many_at_a_time(buyer: Buyer) -> None:
    for executor in ("default", "process"):
        assert buyer([subrun(federated_task("double", 3), executor)]) == [6]
        given = {"limits": {"gpu": 1}}
        assert buyer([subrun(federated_task("double", 4), executor, config=given)]) == [8]

    @task(namespace="buyers")
    async def waits(n: int) -> int:
        return 1 + await federated_task("double", n)  # type: ignore[no-any-return]

    assert buyer([waits(2)]) == [5]
    assert buyer([federated_task("double", n) for n in range(20)]) == [2 * n for n in range(20)]


def test_its_tasks_may_run_in_processes(buyer: Buyer) -> None:
    process, rated = buyer(federated_task("apart", 3))
    assert process != os.getpid()
    assert rated == 6
