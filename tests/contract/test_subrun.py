"""Runs inside runs: on both executors, and on both stores."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from headwater import (
    CallError,
    Cancelled,
    CheckValid,
    DryRunResult,
    File,
    Project,
    Scheduler,
    TaskDefinitionError,
    TaskTimeout,
    UnknownExecutor,
    UsageError,
    catch,
    copy_file,
    get_task_registry,
    subrun,
    task,
)
from tests.contract.conftest import Run
from tests.engine import insides

headwater_namespace = "subruns"


@pytest.fixture(params=["default", "process"])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plain() -> Scheduler:
    return Scheduler(record=False)


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


def ask(store: GraphStore, text: str, **params: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.ask(text, params, timeout=30, limit=1000).rows]


# -- without a project -------------------------------------------------------------------------------------------------


def test_values_and_nested_values_come_back(plain: Scheduler, executor: str) -> None:
    assert plain.run(subrun(insides.many(5), executor)) == 15
    assert plain.run(subrun([insides.inc(1), {"a": insides.inc(insides.inc(1))}, 7], executor)) == [
        2,
        {"a": 3},
        7,
    ]
    assert plain.run(insides.inc(subrun(insides.inc(1), executor))) == 3
    assert plain.run(subrun(insides.waits(1), executor)) == 2
    counts = plain.progress().counts
    assert counts["insides.inc"] == {"DONE": 1}, "jobs inside count"


def test_it_runs_where_the_executor_is(plain: Scheduler, executor: str) -> None:
    outer, inner = plain.run(subrun(insides.pids(1), executor))
    assert outer == inner
    assert (outer == os.getpid()) is (executor == "default")


def test_errors_come_through_and_can_be_caught(plain: Scheduler, executor: str) -> None:
    with pytest.raises(KeyError, match="lost") as caught:
        plain.run(subrun(insides.fail("lost"), executor))
    assert "insides.fail" in str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    assert plain.run(catch(subrun(insides.fail("x"), executor), KeyError, insides.texts)) == "KeyError('x')"


def test_context_options_and_settings_reach_it(plain: Scheduler, executor: str) -> None:
    @task(namespace="subruns")
    def main(n: int) -> Any:
        return [subrun(insides.rate(n), executor), subrun(insides.rate.update_context(rate=7)(n), executor)]

    assert plain.run(main(2), context={"rate": 5}) == [10, 14]
    assert plain.run(main.update_context(rate=3)(2), context={"rate": 5}) == [6, 14]

    @task(namespace="subruns", export_options={"limits": ["gpu"]})
    def exporting() -> Any:
        return subrun(insides.facts(), executor, config={"limits": {"gpu": 2}})

    assert plain.run(exporting())[2] == {"gpu": 1}


def test_runs_inside_runs_inside_runs(plain: Scheduler) -> None:
    assert plain.run(insides.nested(3, "default")) == 4
    assert plain.run(insides.nested(2, "process")) == 3


def test_the_jobs_of_runs_inside_runs_inside_count(plain: Scheduler, executor: str) -> None:
    plain.run(insides.nested(2, executor))
    assert plain.progress().counts == {
        "insides.nested": {"DONE": 3},
        "insides.inc": {"DONE": 3},
        "headwater.subrun_root_task": {"DONE": 2},
    }


def test_what_cannot_be_is_refused_where_it_is_written(plain: Scheduler, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="config and config_dir"):
        subrun(1, config={}, config_dir="x")
    with pytest.raises(UsageError, match=r"there is no section 'limit'\. Did you mean limits"):
        subrun(1, config={"limit": {}})
    with pytest.raises(UsageError, match="workers = many: a whole number"):
        subrun(1, config={"executors.process": {"workers": "many"}})
    with pytest.raises(CallError, match=r"load_modules='lab'\): a list of names is needed, \['lab'\]"):
        subrun(1, load_modules="lab")
    with pytest.raises(TaskDefinitionError, match="Did you mean new_execution"):
        subrun(1, new_exec=True)
    with pytest.raises(TaskDefinitionError, match="no option is called 'chache'"):
        subrun(1, chache=False)
    with pytest.raises(UnknownExecutor, match="Did you mean process"):
        plain.run(subrun(1, "proces"))
    with pytest.raises(UsageError, match="is not a headwater project"):
        plain.run(subrun(insides.inc(1), "default", config_dir=str(tmp_path / "nothing")))


@task
def local_task(n: int) -> int:
    return n * 10


def test_the_modules_of_its_tasks_are_imported(plain: Scheduler) -> None:
    assert (
        plain.run(subrun(local_task(insides.inc(1)), "process", load_modules=["tests.engine.insides"])) == 20
    )
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        plain.run(subrun(local_task(1), "process", load_modules=["nowhere_to_be_found"]))


def test_tasks_of_headwater_itself_are_known_there(plain: Scheduler, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    copy = copy_file(File(str(tmp_path / "a")), str(tmp_path / "b"))
    plain.run(subrun(copy, "process", load_modules=["tests.engine.insides"]))
    assert (tmp_path / "b").read_text() == "one"


def test_a_timeout_and_a_cancelled_run_end_what_runs_inside(
    plain: Scheduler, executor: str, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    with pytest.raises(TaskTimeout):
        plain.run(subrun(insides.longer(str(note)), executor, timeout=2.0))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        note.unlink(missing_ok=True)
        time.sleep(1)
        if not note.exists() or executor == "default":
            break  # (a function on a thread of the run inside goes on, and nothing after it)
    assert executor == "default" or not note.exists()


# -- with a project ----------------------------------------------------------------------------------------------------


def test_it_is_stitched_into_the_run_above(
    run: Run, store: GraphStore, project: Project, executor: str
) -> None:
    @task(namespace="subruns")
    def main(n: int) -> Any:
        return insides.inc(subrun(insides.many(n), executor))

    assert run(main(3)) == 7
    assert ask(store, "MATCH (e:Execution) RETURN count(e)") == [(1,)]
    text = """MATCH (p:Job)-[:SPAWNED]->(j:Job) RETURN p.task_name, j.task_name, count(j) AS n ORDER BY n"""
    spawned = {(parent, child): n for parent, child, n in ask(store, text)}
    assert spawned == {
        ("subruns.main", "headwater.subrun_root_task"): 1,
        ("subruns.main", "insides.inc"): 1,
        ("headwater.subrun_root_task", "insides.many"): 1,
        ("insides.many", "insides.inc"): 3,
        ("insides.many", "insides.total"): 1,
    }
    assert not verify(project, store).findings
    [(job,)] = ask(store, "MATCH (j:Job {task_name: 'subruns.main'}) RETURN j.id")
    traced = trace(store, Found("job", job, "a job"))
    assert {call.task for call in traced.calls.values()} == {
        "subruns.main",
        "headwater.subrun_root_task",
        "insides.many",
        "insides.total",
        "insides.inc",
    }


def test_it_can_be_an_execution_of_its_own(
    run: Run, store: GraphStore, project: Project, executor: str
) -> None:
    @task(namespace="subruns")
    def main(n: int) -> Any:
        return insides.inc(subrun(insides.many(n), executor, new_execution=True))

    assert run(main(3), tags=[("why", "test")]) == 7
    found = ask(store, "MATCH (e:Execution)-[:STARTED]->(j:Job) RETURN j.task_name, e.status")
    assert sorted(found) == [("insides.many", "DONE"), ("subruns.main", "DONE")]
    assert ask(store, "MATCH (j:Job) WHERE j.task_name = 'insides.inc' RETURN count(j)") == [(4,)]
    assert not verify(project, store).findings
    [(job,)] = ask(store, "MATCH (j:Job {task_name: 'subruns.main'}) RETURN j.id")
    traced = trace(store, Found("job", job, "a job"))
    assert "insides.total" in {call.task for call in traced.calls.values()}, "through the call, not the jobs"


def test_the_facts_that_a_job_inside_is_told_are_those_that_are_recorded(
    project: Project, store: GraphStore, executor: str
) -> None:
    scheduler = Scheduler(project)
    execution, job, _ = scheduler.run(subrun(insides.facts(), executor))
    scheduler.wait_recorded()
    assert execution == scheduler.execution_id
    found = ask(store, "MATCH (j:Job {task_name: 'insides.facts'}) RETURN j.id, j.execution_id")
    assert found == [(job, execution)]


def test_a_warm_run_executes_nothing_and_after_a_change_what_depends_on_it(
    run: Run, executor: str, tmp_path: Path
) -> None:
    path, log = tmp_path / "in.txt", tmp_path / "log"
    path.write_text("one")

    @task(namespace="subruns")
    def main(path: str, log: str) -> Any:
        return [subrun([insides.read(File(path), log), insides.many(3)], executor)]

    for text in ("one", "two, longer"):
        path.write_text(text)
        log.unlink(missing_ok=True)
        for _ in range(2):
            assert run(main(str(path), str(log))) == [[text, 6]]
            assert log.read_text() == "read\n"
        assert run.counts == {"subruns.main": {"CACHED": 1}}  # type: ignore[attr-defined]


def test_a_changed_task_below_it_is_seen(run: Run) -> None:
    def workflow(version: str) -> Any:
        leaf = task(name="leaf", namespace="subruns", version=version)(lambda n: n + int(version))
        middle = task(name="middle", namespace="subruns", version="1")(lambda n: [leaf(n)][0])
        return task(name="top", namespace="subruns", version="1")(lambda n: [subrun(middle(n), "default")])

    for version in ("1", "1", "2", "2"):
        assert run(workflow(version)(1)) == [1 + int(version)]
    for check in (CheckValid.SHALLOW, "full"):
        leaf = workflow("3")
        middle = get_task_registry().get("subruns.middle")
        above = task(name="above", namespace="subruns", version=str(check))(
            lambda n, check=check, middle=middle: [subrun(middle(n), "default", check_valid=check)]
        )
        assert run(above(1)) == [4]
        assert run(leaf(1)) == [4]


def test_flags_reach_it(run: Run, executor: str, tmp_path: Path) -> None:
    path, log = tmp_path / "in.txt", tmp_path / "log"
    path.write_text("one")

    @task(namespace="subruns")
    def main(path: str, log: str) -> Any:
        return [subrun([insides.read(File(path), log)], executor)]

    with pytest.raises(DryRunResult) as planned:
        run(main(str(path), str(log)), dryrun=True)
    assert [call.task for call in planned.value.calls] == ["subruns.main"]
    with pytest.raises(DryRunResult) as planned:
        run(subrun([insides.read(File(str(path)), str(log))], executor), dryrun=True)
    assert [call.task for call in planned.value.calls] == ["insides.read"]
    assert not log.exists()
    for cache in (True, False, True):
        run(main(str(path), str(log)), cache=cache)
    assert log.read_text() == "read\n" * 2


def test_a_dry_run_knows_that_it_has_settings_of_its_own(run: Run, executor: str) -> None:
    """An executor that they name is none of the run above."""
    settings = {"executors.mine": {"type": "thread"}}
    inside = [insides.inc.options(executor="mine")(1), insides.inc.options(executor="mine")(insides.inc(2))]
    expr = [subrun(inside, executor, config=settings)]
    with pytest.raises(DryRunResult) as planned:
        run(expr, dryrun=True)
    assert [call.task for call in planned.value.calls] == ["insides.inc", "insides.inc"]
    with pytest.raises(UnknownExecutor, match="mine"):
        run([subrun(inside, executor)], dryrun=True)
    assert run(expr) == [[2, 4]]


def test_the_context_that_was_read_inside_counts(run: Run, executor: str) -> None:
    @task(namespace="subruns")
    def main(n: int) -> Any:
        return [subrun(insides.rate(n), executor)]

    assert run(main(2), context={"rate": 5, "other": 1}) == [10]
    assert run(main(2), context={"rate": 5, "other": 2}) == [10]
    assert run.counts == {"subruns.main": {"CACHED": 1}}  # type: ignore[attr-defined]
    assert run(main(2), context={"rate": 6}) == [12]


def test_what_was_made_of_an_error_inside_is_made_again_when_the_code_changes(run: Run) -> None:
    def workflow(version: str) -> Any:
        def leaf(n: int) -> int:
            if version == "1":
                raise ValueError("no")
            return n

        leaves = task(name="leaf", namespace="subruns", version=version)(leaf)
        return task(name="catching", namespace="subruns", version="1")(
            lambda n: catch(subrun(leaves(n), "default"), ValueError, insides.texts)
        )

    for version in ("1", "1", "2", "1"):
        assert run(workflow(version)(5)) == ("ValueError('no')" if version == "1" else 5)


def test_all_jobs_that_are_recorded_count_however_the_runs_inside_ended(
    project: Project, store: GraphStore, executor: str, tmp_path: Path
) -> None:
    @task(namespace="subruns")
    def again(n: int) -> Any:
        return [
            catch(subrun(insides.nested(1, executor), executor, timeout=60), KeyError, insides.texts),
            catch(subrun(insides.fail("x"), executor, retries=1), KeyError, insides.texts),
            catch(
                subrun([insides.longer(str(tmp_path / "note"))], executor, timeout=3.0),
                TaskTimeout,
                insides.texts,
            ),
        ]

    scheduler = Scheduler(project)
    for number in (1, 2):
        scheduler.run(again(number))
        scheduler.wait_recorded()
        text = "MATCH (j:Job {execution_id: $run}) RETURN j.task_name, j.status, count(j)"
        recorded: dict[str, dict[str, int]] = {}
        for name, status, n in ask(store, text, run=scheduler.execution_id):
            recorded.setdefault(name, {})[status] = n
        assert scheduler.progress().counts == recorded
        assert recorded["insides.fail"] == {"FAILED": 2}


def test_a_failed_and_a_cancelled_run_inside_leave_nothing_open(
    project: Project, store: GraphStore, executor: str, tmp_path: Path
) -> None:
    scheduler = Scheduler(project)
    with pytest.raises(KeyError):
        scheduler.run(subrun(insides.fail("x"), executor))
    note = tmp_path / "note"

    def stop() -> None:
        while not note.exists() or scheduler.progress().counts.get("insides.long") != {"RUNNING": 1}:
            time.sleep(0.02)
        scheduler.cancel()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        scheduler.run(subrun(insides.longer(str(note)), executor))
    scheduler.wait_recorded()
    open_jobs = ask(store, "MATCH (j:Job) WHERE j.status = 'RUNNING' RETURN j.task_name")
    assert open_jobs == []
    assert not verify(project, store).findings
