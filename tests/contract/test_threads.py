"""Threads in the record: what is reused of them, and where their values came from. On both stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from headwater import DryRunResult, File, Project, fork_thread, join_thread
from tests.contract.conftest import Run, define


def workflow(ran: list[str], path: Path, work: str = "1") -> Any:
    """A call that begins a thread, and a call that joins it."""

    def read(file: File) -> int:
        ran.append("read")
        return int(file.read())

    def run_work(n: int) -> int:
        ran.append("work")
        return n + int(work)

    def begin(n: int) -> Any:
        ran.append("begin")
        return fork_thread(works(reads(File(str(path)))))

    def use(thread: Any, n: int) -> Any:
        ran.append("use")
        return [join_thread(thread), n]

    reads, works = define("read", "1", read), define("work", work, run_work)
    begins, uses = define("begin", "1", begin), define("use", "1", use)
    return define("main", "1", lambda n: uses(begins(n), n))


def test_a_warm_run_executes_nothing_and_after_a_change_what_depends_on_it(
    run: Run, ran: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "n.txt"
    path.write_text("5")
    for _ in range(2):
        assert run(workflow(ran, path)(1)) == [6, 1]
    assert sorted(ran) == ["begin", "read", "use", "work"]
    ran.clear()
    assert run(workflow(ran, path, work="2")(1)) == [7, 1]
    assert ran == ["work"], "the thread comes from the record, and is evaluated where it is joined"
    ran.clear()
    path.write_text("50")
    assert run(workflow(ran, path, work="2")(1)) == [52, 1]
    assert sorted(set(ran) - {"use", "begin"}) == ["read", "work"]
    ran.clear()
    assert run(workflow(ran, path, work="2")(1)) == [52, 1]
    assert ran == []


def test_the_lineage_goes_through_the_join(
    run: Run, ran: list[str], project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "n.txt"
    path.write_text("5")
    run(workflow(ran, path)(1))
    store = open_store(project)
    [(job,)] = store.ask(
        "MATCH (j:Job) WHERE j.task_name = 'caching.use' RETURN j.id", {}, timeout=30, limit=9
    ).rows
    traced = trace(store, Found("job", job, "a job"))
    tasks = {call.task for call in traced.calls.values()}
    assert {"caching.use", "headwater.thread", "caching.work", "caching.read"} <= tasks
    assert [file.path for file in traced.files.values()] == [str(path)]
    [(parent,)] = store.ask(
        "MATCH (p:Job)-[:SPAWNED]->(j:Job {task_name: 'headwater.thread', status: 'DONE'}) RETURN p.task_name",
        {},
        timeout=30,
        limit=9,
    ).rows
    assert parent == "caching.begin", "it is a child of whoever began it"
    assert not verify(project, store).findings
    store.close()


def test_an_error_of_a_thread_is_no_error_of_who_began_it(run: Run, ran: list[str]) -> None:
    def fail(n: int) -> int:
        ran.append("fail")
        raise ValueError(n)

    def begin(n: int) -> Any:
        return [fork_thread(fails(n)), n]

    fails, begins = define("fail", "5", fail), define("begin", "5", begin)
    run(begins(3))
    assert run.counts["caching.begin"] == {"DONE": 1}  # type: ignore[attr-defined]
    joins = define("joins", "5", lambda pair: join_thread(pair[0]))
    with pytest.raises(ValueError, match="3"):
        run(joins(begins(3)))


def test_a_dry_run_looks_into_threads(run: Run, ran: list[str], tmp_path: Path) -> None:
    path = tmp_path / "n.txt"
    path.write_text("5")
    run(workflow(ran, path)(1))
    with pytest.raises(DryRunResult) as planned:
        run(workflow(ran, path, work="2")(1), dryrun=True)
    assert {call.task for call in planned.value.calls} == {"caching.work"}
