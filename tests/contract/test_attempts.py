"""What the graph has of calls that were tried again, took too long or were cancelled: on both stores."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise
from typing import Any

import pytest
from headwater.cypher.loader import catch_up
from headwater.cypher.store import open_store
from headwater.lineage.verify import verify

from headwater import Cancelled, Project, Scheduler, TaskTimeout, catch, cond, evaluate, task

headwater_namespace = "attempts"


def ask(project: Project, text: str, **params: Any) -> list[tuple[Any, ...]]:
    catch_up(project)
    store = open_store(project)
    try:
        return store.ask(text, params, timeout=30, limit=1000).rows
    finally:
        store.close()


def findings_of(project: Project) -> list[object]:
    """What verify finds, once all is loaded."""
    assert catch_up(project).complete
    store = open_store(project)
    try:
        return list(verify(project, store).findings)
    finally:
        store.close()


@task
def inc(n: int) -> int:
    return n + 1


@task
def told(error: Exception) -> str:
    return type(error).__name__


def test_each_attempt_is_a_job_with_its_own_times_error_and_call(project: Project) -> None:
    began: list[float] = []

    @task(name="unsteady", namespace="attempts", version="1", retries=2, retry_backoff=0.1)
    def unsteady(n: int) -> int:
        began.append(time.time())
        if len(began) < 3:
            raise ValueError(f"attempt {len(began)}")
        return n

    @task(name="parent", namespace="attempts", version="1")
    def parent(n: int) -> Any:
        return inc(unsteady(n))

    scheduler = Scheduler(project)
    assert scheduler.run(parent(5)) == 6
    rows = ask(
        project,
        "MATCH (p:Job)-[:SPAWNED]->(j:Job {execution_id: $id, task_name: 'attempts.unsteady'})-[:MADE]->(c:CallNode)"
        " MATCH (c)-[:TOOK]->(v) RETURN j.n, j.attempt, j.status, j.error, j.reason, j.traceback IS NOT NULL,"
        " p.task_name, c.failed, v.preview, j.started, j.finished ORDER BY j.attempt",
        id=scheduler.execution_id,
    )
    first = "never run with these arguments and this code"
    again = "tried again after ValueError: attempt"
    assert [row[1:6] for row in rows] == [
        (1, "FAILED", "ValueError: attempt 1", first, True),
        (2, "FAILED", "ValueError: attempt 2", f"{again} 1", True),
        (3, "DONE", None, f"{again} 2", False),
    ]
    assert [row[6:9] for row in rows] == [("attempts.parent", failed, "5") for failed in (True, True, False)]
    assert len({row[0] for row in rows}) == 3
    for earlier, later in pairwise(rows):
        assert earlier[9] <= earlier[10] < later[9]
    children = ask(
        project,
        "MATCH (:CallNode {task_name: 'attempts.parent'})-[o:CALLED]->(c)"
        " RETURN c.task_name, c.failed ORDER BY o.order",
    )
    assert children == [("attempts.unsteady", False), ("attempts.inc", False)]
    assert findings_of(project) == []
    again = Scheduler(project)
    assert again.run(parent(5)) == 6
    assert again.progress().counts == {"attempts.parent": {"CACHED": 1}}
    assert len(began) == 3


def test_what_an_attempt_of_a_body_waited_for_is_none_of_the_next_ones_business(project: Project) -> None:
    began, go_on = threading.Event(), threading.Event()
    attempts: list[int] = []

    @task(name="slow", namespace="attempts", version="1")
    def slow(n: int) -> int:
        began.set()
        go_on.wait(60)
        return n

    @task(name="body", namespace="attempts", version="1", retries=1, retry_backoff=0)
    async def body(n: int) -> Any:
        attempts.append(n)
        if len(attempts) == 1:
            left_alone = asyncio.ensure_future(evaluate(cond(slow(n), inc(n), told(OSError()))))
            await asyncio.to_thread(began.wait, 60)
            assert not left_alone.done()
            raise OSError("not yet")
        go_on.set()
        return await evaluate([slow(n), n])

    scheduler = Scheduler(project)
    assert scheduler.run(body(5)) == [5, 5]
    counts = scheduler.progress().counts
    assert counts["attempts.body"] == {"FAILED": 1, "DONE": 1}
    assert "attempts.inc" not in counts, "it was asked for by the attempt that failed"
    assert findings_of(project) == []
    # That the first attempt did not wait for all that it began says nothing of the second.
    assert scheduler.run(body(5)) == [5, 5]
    assert scheduler.progress().counts == {"attempts.body": {"CACHED": 1}}


def test_what_was_made_of_a_timeout_is_not_taken_for_good(project: Project) -> None:
    slow = threading.Event()

    @task(name="slow", namespace="attempts", version="1")
    def slow_task(n: int) -> str:
        slow.wait(60)
        return "in time"

    @task(name="careful", namespace="attempts", version="1")
    def careful(n: int) -> Any:
        return catch(slow_task.options(timeout=60 if slow.is_set() else 0.2)(n), TaskTimeout, told)

    scheduler = Scheduler(project)
    assert scheduler.run(careful(1)) == "TaskTimeout"
    scheduler.wait_recorded()
    [(status, error, cacheable)] = ask(
        project,
        "MATCH (j:Job {task_name: 'attempts.slow'})-[:MADE]->(c:CallNode) RETURN j.status, j.error, c.cacheable",
    )
    assert (status, cacheable) == ("FAILED", False)
    assert error == "TaskTimeout: attempts.slow did not finish within 0.2 seconds"
    slow.set()
    assert Scheduler(project).run(careful(1)) == "in time"
    assert findings_of(project) == []


def test_a_cancelled_run_and_all_its_jobs_have_an_end(project: Project) -> None:
    @task(namespace="attempts")
    def nap(n: int) -> None:
        time.sleep(30)

    @task(namespace="attempts")
    def main() -> Any:
        return [inc(nap(1)), nap(2), inc(1)]

    scheduler = Scheduler(project)

    def cancel_in_the_middle() -> None:
        while scheduler.progress().counts.get("attempts.nap") != {"RUNNING": 2} or (
            scheduler.progress().counts.get("attempts.inc") != {"PENDING": 1, "DONE": 1}
        ):
            time.sleep(0.01)
        scheduler.cancel()

    threading.Thread(target=cancel_in_the_middle, daemon=True).start()
    with pytest.raises(Cancelled):
        scheduler.run(main())
    rows = ask(
        project,
        "MATCH (j:Job {execution_id: $id}) RETURN j.task_name, j.status, j.finished IS NULL",
        id=scheduler.execution_id,
    )
    assert sorted(rows) == [
        ("attempts.inc", "CANCELLED", False),
        ("attempts.inc", "DONE", False),
        ("attempts.main", "CANCELLED", False),
        ("attempts.nap", "CANCELLED", False),
        ("attempts.nap", "CANCELLED", False),
    ]
    executions = ask(
        project, "MATCH (e:Execution {id: $id}) RETURN e.status, e.error", id=scheduler.execution_id
    )
    assert executions == [("CANCELLED", "the run was cancelled")]
    assert findings_of(project) == []
