"""What `hw log` tells of a run agrees with the records that the run wrote, on both stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.records import (
    CallMade,
    ExecutionStarted,
    FileSeen,
    JobEnded,
    Record,
    TaskSeen,
    ValueSeen,
    job_id,
)
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import log
from headwater.lineage.resolve import Found

from tests.conftest import Cypher
from tests.runs import MadeUpRun

Recorded = tuple[GraphStore, list[MadeUpRun]]


@pytest.fixture
def recorded(project: Project) -> Iterator[Recorded]:
    """Three runs that share tasks, values and files."""
    runs = [MadeUpRun(seed, calls=60) for seed in (1, 2, 3)]
    for run in runs:
        run.write(project)
    store = open_store(project)
    assert catch_up(project).complete
    yield store, runs
    store.close()


def of(run: MadeUpRun, kind: type[Record]) -> list[Record]:
    return [record for record in run.records if isinstance(record, kind)]


def test_every_view_agrees_with_the_records(recorded: Recorded) -> None:
    store, runs = recorded
    listed = log.executions(store, limit=10)
    newest_first = sorted(runs, key=lambda run: of(run, ExecutionStarted)[0].started, reverse=True)
    assert [each.execution.id for each in listed] == [run.id for run in newest_first]
    assert log.executions(store, limit=10, status="FAILED") == []
    assert len(log.executions(store, limit=2)) == 2
    for run in runs:
        check_execution(store, run)
    for record in {record.task_hash: record for run in runs for record in of(run, TaskSeen)}.values():
        check_task(store, record, runs)
    for record in {record.file_hash: record for run in runs for record in of(run, FileSeen)}.values():
        check_file(store, record, runs)
    for record in [record for run in runs for record in of(run, CallMade)][:40]:
        check_call(store, record, runs)
    for record in [record for run in runs for record in of(run, ValueSeen)][:40]:
        check_value(store, record, runs)


def check_execution(store: GraphStore, run: MadeUpRun) -> None:
    ended = {record.n: record for record in of(run, JobEnded)}
    view = log.execution(store, run.id, limit=1000)
    assert view is not None
    assert (view.execution.status, view.execution.command) == ("DONE", "hw run flow.py --name 'a b'")
    assert list(view.execution.tags) == ["kind=test"]
    assert view.execution.started.utcoffset().total_seconds() == 0
    assert [job.n for job in view.jobs] == sorted(ended)
    assert view.more_jobs == 0
    assert Counter(record.status for record in ended.values()) == Counter(job.status for job in view.jobs)
    assert sum(sum(counts.values()) for counts in view.tasks.values()) == len(ended)
    for job in view.jobs:
        record = ended[job.n]
        assert job.id == job_id(run.id, job.n)
        assert job.parent == (None if record.parent is None else job_id(run.id, record.parent))
        assert (job.status, job.error, job.reason) == (record.status, record.error, record.reason)
        assert job.call == (record.call_hash and record.call_hash.hex())
    cut = log.execution(store, run.id, limit=3)
    assert cut is not None
    assert (len(cut.jobs), cut.more_jobs) == (3, len(ended) - 3)
    for job in view.jobs[:10]:
        one = log.job(store, job.id)
        assert one is not None
        assert one.job == job
        children = [job_id(run.id, n) for n, record in sorted(ended.items()) if record.parent == job.n]
        assert [child.id for child in one.children] == children[: log.LISTED]


def check_call(store: GraphStore, record: CallMade, runs: list[MadeUpRun]) -> None:
    call = record.call_hash
    view = log.call(store, call.hex())
    assert view is not None
    assert (view.eval_hash, view.cacheable, view.failed) == (
        record.eval_hash.hex(),
        record.cacheable,
        record.failed,
    )
    assert view.result is not None
    assert view.result.value == record.result.hex()
    assert [(each.name, each.position, each.value) for each in view.arguments] == [
        (name, position, value.hex()) for name, position, value in record.args
    ]
    assert {child.call for child in view.children} == {child.hex() for child in record.children[: log.LISTED]}
    parents = {other.call_hash.hex() for run in runs for other in of(run, CallMade) if call in other.children}
    assert {parent.call for parent in view.parents} == parents
    jobs = {job_id(run.id, job.n) for run in runs for job in of(run, JobEnded) if job.call_hash == call}
    assert len(jobs) > log.LISTED or {job.id for job in view.jobs} == jobs


def check_value(store: GraphStore, record: ValueSeen, runs: list[MadeUpRun]) -> None:
    view = log.value(store, record.value_hash.hex())
    assert view is not None
    assert (view.type, view.codec, view.size, view.preview, view.location) == (
        record.type,
        record.codec,
        record.size,
        record.preview,
        record.location,
    )
    seen = [value for run in runs for value in of(run, ValueSeen) if value.value_hash == record.value_hash]
    assert {file.file for file in view.files} == {file.hex() for value in seen for file in value.files}
    calls = {call.call_hash.hex(): call for run in runs for call in of(run, CallMade)}
    returned = {id_ for id_, call in calls.items() if call.result == record.value_hash}
    took = {id_ for id_, call in calls.items() if record.value_hash in {value for _, _, value in call.args}}
    for shown, expected in ((view.returned_by, returned), (view.taken_by, took)):
        found = {call.call for call in shown}
        assert found == expected or (len(found) == log.LISTED and found < expected)


def check_task(store: GraphStore, record: TaskSeen, runs: list[MadeUpRun]) -> None:
    view = log.task(store, record.task_hash.hex())
    assert view is not None
    assert (view.task, view.version, view.source) == (f"flow.{record.name}", record.version, record.source)
    calls = {
        call.call_hash for run in runs for call in of(run, CallMade) if call.task_hash == record.task_hash
    }
    assert [version.calls for version in view.versions] == [len(calls)]
    assert len(view.calls) == min(len(calls), log.LISTED)


def check_file(store: GraphStore, record: FileSeen, runs: list[MadeUpRun]) -> None:
    view = log.file(store, record.file_hash.hex())
    assert view is not None
    assert (view.path, view.evidence, view.digest, view.size) == (
        record.path,
        record.evidence,
        record.digest,
        record.size,
    )
    assert [content.file for content in view.contents] == [record.file_hash.hex()]
    values = {
        value.value_hash for run in runs for value in of(run, ValueSeen) if record.file_hash in value.files
    }
    made = {call.call_hash.hex() for run in runs for call in of(run, CallMade) if call.result in values}
    assert {call.call for call in view.returned_by} == made


def test_jobs_are_counted_of_which_no_more_is_known_than_that_they_are_there(
    store: GraphStore, cypher: Cypher
) -> None:
    cypher("CREATE (:Execution {id: 'run', status: 'RUNNING', started: datetime(), command: 'hw run'})")
    for n, name in enumerate([None, "lab.double"]):
        cypher(
            "CREATE (:Job {id: $id, execution_id: 'run', n: $n, task_name: $name, status: 'RUNNING'})",
            id=f"run {n}",
            n=n,
            name=name,
        )
    view = log.execution(store, "run", limit=10)
    assert view is not None
    assert view.tasks == {"(not told yet)": {"RUNNING": 1}, "lab.double": {"RUNNING": 1}}


def test_what_is_not_there_is_said_not_to_be(store: GraphStore) -> None:
    for kind in ("execution", "job", "call", "value", "task", "file"):
        with pytest.raises(UsageError, match=f"the graph has no {kind} ffff"):
            log.view(store, Found(kind, "ffff", ""), jobs=10)
