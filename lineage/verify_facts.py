"""What records say the graph must hold, and reading what it does hold, in the same form.

A fact is what the graph has under one key: a dict of named properties, edges included (sorted).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from headwater.cypher.load_batch import fullname, task_counted, task_options, task_uncounted
from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    EvaluationSeen,
    FileSeen,
    JobEnded,
    TaskSeen,
    ValueSeen,
    call_context,
    flows,
    job_id,
)

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

Fact = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_COLUMNS = {
    "Task": ("name", "namespace", "fullname", "version", "source", "options", "counted", "uncounted"),
    "File": ("path", "evidence", "digest", "size"),
    "Value": ("type", "codec", "size", "preview", "bytes", "location", "files"),
    "Evaluation": ("task_hash", "recorded_at", "values"),
    "CallNode": (
        "eval_hash", "args_hash", "failed", "task", "result", "arguments", "recorded_at", "cacheable",
        "context",
    ),
    "Job": (
        "execution_id", "n", "task_hash", "eval_hash", "status", "started", "finished", "executor", "attempt",
        "error", "traceback", "reason", "parent", "call",
    ),
}  # fmt: skip
_QUERIES = {
    "Task": "verify_tasks",
    "File": "verify_files",
    "Value": "verify_values",
    "Evaluation": "verify_evaluations",
    "CallNode": "verify_calls",
    "Job": "verify_jobs",
}


def moment(microseconds: int | None) -> datetime | None:
    """A record's time as the graph has it."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def expected(run: str, record: AnyRecord) -> tuple[str, str, Fact] | None:
    """The label, the key and the fact that a record stands for; None where it stands for none of its own."""
    values: tuple[Any, ...]
    if isinstance(record, CallMade):
        return "CallNode", record.call_hash.hex(), _call(record)
    if isinstance(record, JobEnded):
        return "Job", job_id(run, record.n), _job(run, record)
    if isinstance(record, ValueSeen):
        files = sorted({file.hex() for file in record.files})
        values = (
            record.type,
            record.codec,
            record.size,
            record.preview,
            record.payload,
            record.location,
            files,
        )
        return "Value", record.value_hash.hex(), _named("Value", values)
    if isinstance(record, EvaluationSeen):
        values = (record.task_hash.hex(), moment(record.at), [record.value_hash.hex()])
        return "Evaluation", record.eval_hash.hex(), _named("Evaluation", values)
    if isinstance(record, FileSeen):
        values = (record.path, record.evidence, record.digest, record.size)
        return "File", record.file_hash.hex(), _named("File", values)
    if isinstance(record, TaskSeen):
        values = (
            record.name,
            record.namespace,
            fullname(record),
            record.version,
            record.source,
            task_options(record.options),
            task_counted(record),
            task_uncounted(record),
        )
        return "Task", record.task_hash.hex(), _named("Task", values)
    return None


def actual(store: GraphStore, label: str, keys: list[str]) -> dict[str, Fact]:
    """What the graph has under these keys; a key it does not have is missing."""
    found: dict[str, Fact] = {}
    for key, *values in store.rows(_QUERIES[label], keys=keys):
        if label == "Value":
            values[-1] = sorted(values[-1])
        elif label == "CallNode":
            values[3], values[4] = _only(values[3]), _only(values[4])
            values[5] = _sorted(argument for argument in values[5] if argument[0] is not None)
        elif label == "Job":
            values[-2], values[-1] = _only(values[-2]), _only(values[-1])
        found[key] = _named(label, values)
    if label == "CallNode":
        _add_inside(store, found)
    return found


def differences(label: str, wanted: Fact, found: Fact) -> list[tuple[str, Any, Any]]:
    """(property or edge, what the record says, what the graph has) where they differ.

    A later run may have made the same call or reduction again; then the graph has its time, and what came with it.
    """
    ignored: set[str] = set()
    if label in {"CallNode", "Evaluation"}:
        at = found["recorded_at"]
        if at is not None and at > wanted["recorded_at"]:
            ignored = {"recorded_at", "cacheable", "values"}
    return [
        (name, value, found[name])
        for name, value in wanted.items()
        if name not in ignored and found[name] != value
    ]


def _call(call: CallMade) -> Fact:
    children = [child.hex() for child in call.children]
    fact = _named(
        "CallNode",
        (
            call.eval_hash.hex(),
            call.eval_hash.hex(),
            call.failed,
            call.task_hash.hex(),
            call.result.hex(),
            _sorted([value.hex(), name, position] for name, position, value in call.args),
            moment(call.at),
            call.cacheable,
            call_context(call),
        ),
    )
    return {**fact, "called": _sorted(enumerate(children)), "fed by": _sorted(flows(call))}


def _job(run: str, job: JobEnded) -> Fact:
    return _named(
        "Job",
        (
            run,
            job.n,
            job.task_hash.hex(),
            None if job.eval_hash is None else job.eval_hash.hex(),
            job.status,
            moment(job.started),
            moment(job.finished),
            job.executor,
            job.attempt,
            job.error,
            job.traceback,
            job.reason,
            None if job.parent is None else job_id(run, job.parent),
            None if job.call_hash is None else job.call_hash.hex(),
        ),
    )


def _add_inside(store: GraphStore, calls: Mapping[str, Fact]) -> None:
    for fact in calls.values():
        fact["called"], fact["fed by"] = [], []
    keys = list(calls)
    for key, order, child in store.rows("verify_called", keys=keys):
        calls[key]["called"].append((order, child))
    for key, *edge in store.rows("verify_wiring", keys=keys):
        calls[key]["fed by"].append(tuple(edge))
    for fact in calls.values():
        fact["called"], fact["fed by"] = _sorted(fact["called"]), _sorted(fact["fed by"])


def _named(label: str, values: Iterable[Any]) -> Fact:
    return dict(zip(_COLUMNS[label], values, strict=True))


def _only(values: list[Any]) -> Any:
    """What there is to be one of: itself, None where there is none, and all of them where there are several."""
    return values[0] if len(values) == 1 else (sorted(values) or None)


def _sorted(rows: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, rows), key=repr)
