"""What is recorded of handles, and what is told of it, on both stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.store import open_store
from headwater.lineage.find import Wanted, find_jobs
from headwater.lineage.resolve import resolve
from headwater.lineage.trace import trace
from headwater.lineage.trace_handles import TracedHandle, traced_handles
from headwater.lineage.verify import verify
from headwater.lineage.why import why

from headwater import DryRunResult, Project, Scheduler
from tests.contract.conftest import Run
from tests.contract.handle_tasks import pipeline, stepper

headwater_namespace = "handles"

Step = Callable[..., Any]


@pytest.fixture
def step(ran: list[str]) -> Step:
    return stepper(ran)


def test_the_states_are_in_the_graph_with_what_they_came_from(run: Run, step: Step, project: Project) -> None:
    first = run(pipeline(step, "1", "1"))
    run(pipeline(step, "1", "2"))
    store = open_store(project)
    text = (
        "MATCH (h:Handle {state: $state})-[:CAME_FROM]->(p:Handle)-[:CAME_FROM]->(q:Handle) "
        "MATCH (c:CallNode {eval_hash: h.key}) "
        "RETURN h.kind, h.name, p.kind, p.ran_in > h.made_in, q.kind, c.task_name, c.states"
    )
    rows = store.ask(text, {"state": first.state_hash}, timeout=20, limit=10).rows
    assert [tuple(row) for row in rows] == [
        ("call", "handle_tasks.main", "passed", True, "call", "caching.step2", [first.state_hash])
    ]
    found = {row[0]: row for row in store.rows("ask_handle_states")}
    assert found[first.state_hash][2] == "caching.step2"
    assert [row[-1] for row in found.values()].count(True) == 1
    assert found[first.state_hash][-1] is True
    store.close()


def test_a_trace_has_the_states_that_its_calls_gave(run: Run, step: Step, project: Project) -> None:
    first = run(pipeline(step, "1", "1"))
    store = open_store(project)
    [job] = find_jobs(store, Wanted(tasks=("caching.step2",)), limit=1).found

    def traced() -> list[TracedHandle]:
        return traced_handles(store, trace(store, resolve(store, job.id)))

    before, after = traced()
    assert [(one.task, one.name, one.stale) for one in (before, after)] == [
        ("caching.step1", "handle_tasks.main", False),
        ("caching.step2", "handle_tasks.main", False),
    ]
    assert (after.state, after.came_from) == (first.state_hash, (before.state,))
    run(pipeline(step, "1", "2"))
    assert [one.stale for one in traced()] == [False, True]
    then = AsOf(store, datetime.now(timezone.utc))
    past = traced_handles(then, trace(then, resolve(then, job.id)))
    assert [(one.state, one.made_in, one.stale) for one in past] == [
        (one.state, None, None) for one in (before, after)
    ]
    store.close()


def test_that_a_handle_was_rolled_back_is_told_as_the_reason(run: Run, step: Step, project: Project) -> None:
    run(pipeline(step, "1", "1"))
    run(pipeline(step, "1", "2"))
    with pytest.raises(DryRunResult) as caught:
        Scheduler(project).run(pipeline(step, "1", "1"), dryrun=True)
    [call] = caught.value.calls
    assert (call.task, str(call.why)) == (
        "caching.step2",
        "upstream changed: a handle that it takes or gives was rolled back",
    )
    run(pipeline(step, "1", "1"))
    store = open_store(project)
    [job] = find_jobs(store, Wanted(tasks=("caching.step2",)), limit=1).found
    [first, *_] = why(store, job.id).steps
    assert "rolled back" in first.because
    store.close()


def test_verify_knows_the_states(run: Run, step: Step, project: Project) -> None:
    last = run(pipeline(step, "1", "1"))
    run(pipeline(step, "1", "2"))
    run(pipeline(step, "1", "1"))
    store = open_store(project)
    assert verify(project, store).findings == []
    oldest = min(run for run, _ in store.rows("verify_executions"))
    row = [last.state_hash, "", "", "", "", "", [], False, True]
    store.write([("load_handles", {"rows": [row], "execution_id": oldest})])
    [finding] = verify(project, store).findings
    assert (finding.label, finding.key, finding.what) == ("Handle", last.state_hash, "ran_in")
    assert (finding.recorded, finding.found) == (None, oldest)
    never = "ffffffff-0000-7000-8000-000000000000"
    store.write([("load_handles", {"rows": [row], "execution_id": never})])
    [finding] = verify(project, store).findings
    assert (finding.what, finding.found) == ("ran_in", never)
    store.write([("load_handles", {"rows": [["ab" * 32, *row[1:]]], "execution_id": oldest})])
    assert ("unknown", "Handle", "ab" * 32) in {
        (finding.kind, finding.label, finding.key) for finding in verify(project, store).findings
    }
    store.close()
