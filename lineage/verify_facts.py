"""What records say the graph must hold, and reading what it does hold, in the same form.

A fact is what the graph has under one key: a dict of named properties, edges included (sorted).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cypher.load_batch import fullname, task_counted, task_options, task_uncounted
from headwater.cypher.load_journal import GONE
from headwater.cypher.records import (
    AnyRecord,
    Argument,
    CallMade,
    CodeSeen,
    EvaluationSeen,
    FileSeen,
    HandleSeen,
    JobEnded,
    JobStarted,
    TaskSeen,
    ValueSeen,
    call_context,
    call_named,
    call_states,
    flows,
    job_id,
    tag_texts,
)
from headwater.lineage.moments import moment

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

Fact = dict[str, Any]

EXTRA = "properties that headwater does not write"
STRAY = "fed by, within no call that made it"

PROPERTIES = {
    "Execution": (
        "id", "command", "user", "host", "project", "directory", "project_root", "started", "finished", "status",
        "error", "headwater_version", "python_version", "git_commit", "git_dirty", "environment", "tags", "tags_at",
        "journal_head", "loaded_groups", "loaded_offset", "loaded_records",
    ),
    "Job": (
        "id", "execution_id", "n", "task_name", "task_hash", "eval_hash", "status", "started", "finished", "executor",
        "attempt", "error", "traceback", "reason", "tags", "prov_off", "undeclared_writes", "undeclared_reads",
    ),
    "Task": (
        "task_hash", "name", "namespace", "fullname", "version", "source", "options", "counted", "uncounted",
    ),
    "Code": ("code_hash", "name", "kind", "digest", "source"),
    "CallNode": (
        "call_hash", "eval_hash", "args_hash", "task_name", "recorded_at", "cacheable", "failed", "context", "named",
        "gap", "prov_off", "states",
    ),
    "Evaluation": ("eval_hash", "task_hash", "recorded_at", "directory"),
    "Value": ("value_hash", "type", "codec", "size", "preview", "bytes", "location", "tags", "tags_at"),
    "File": ("file_hash", "path", "evidence", "digest", "size"),
    "Handle": ("state", "kind", "key", "name", "type", "origin", "made_in", "ran_in"),
    "Seal": ("id", "number", "previous", "at", "size", "root", "key", "signature", "journals"),
    "Change": (
        "id", "at", "user", "host", "command", "headwater_version", "project_root", "journal_head",
    ),
    "Tag": ("id", "kind", "target", "key", "value", "text", "given"),
    "Dataset": (
        "id", "name", "files", "origin", "licence", "collected_by", "purpose", "lawful_basis", "sensitivity",
        "declared_in",
    ),
}  # fmt: skip
"""What docs/reference/graph.md says each node has; anything else somebody else has put there."""

EDGES = (
    ("Execution", "STARTED", "Job", ()),
    ("Job", "SPAWNED", "Job", ()),
    ("Job", "MADE", "CallNode", ()),
    ("Job", "GIVEN", "Value", ("name", "position")),
    ("CallNode", "OF", "Task", ()),
    ("Task", "READS", "Code", ()),
    ("CallNode", "TOOK", "Value", ("name", "position")),
    ("CallNode", "RETURNED", "Value", ()),
    ("CallNode", "CALLED", "CallNode", ("order",)),
    ("CallNode", "FED_BY", "CallNode", ("name", "within")),
    ("Evaluation", "REDUCED_TO", "Value", ()),
    ("Value", "REFERS_TO", "File", ()),
    ("Handle", "CAME_FROM", "Handle", ()),
    ("Change", "ADDED", "Tag", ()),
    ("Change", "ADDED", "Dataset", ()),
    ("Change", "ENDED", "Tag", ()),
    ("Change", "ENDED", "Dataset", ()),
    ("File", "PART_OF", "Dataset", ("change",)),
    *((label, "TAGGED", "Tag", ()) for label in ("Execution", "Job", "Task", "CallNode", "Value", "File")),
)
"""The same of edges: from, type, to, and properties."""

_COLUMNS = {
    "Task": ("name", "namespace", "fullname", "version", "source", "options", "counted", "uncounted", "reads"),
    "Code": ("name", "kind", "digest", "source"),
    "File": ("path", "evidence", "digest", "size"),
    "Value": ("type", "codec", "size", "preview", "bytes", "location", "files"),
    "Evaluation": ("task_hash", "recorded_at", "directory", "values"),
    "CallNode": (
        "eval_hash", "args_hash", "failed", "task_name", "task", "result", "arguments", "recorded_at", "cacheable",
        "context", "named", "gap", "prov_off", "states",
    ),
    "Handle": ("kind", "key", "name", "type", "origin", "came from", "made_in", "ran_in"),
    "Job": (
        "execution_id", "n", "task_name", "task_hash", "eval_hash", "status", "started", "finished", "executor",
        "attempt", "error", "traceback", "reason", "tags", "prov_off", "undeclared_writes", "undeclared_reads",
        "parent", "call", "given",
    ),
}  # fmt: skip
_QUERIES = {
    "Task": "verify_tasks",
    "Code": "verify_codes",
    "File": "verify_files",
    "Value": "verify_values",
    "Evaluation": "verify_evaluations",
    "CallNode": "verify_calls",
    "Job": "verify_jobs",
    "Handle": "verify_handles",
}


def expected(run: str, record: AnyRecord, names: Mapping[bytes, str | None]) -> tuple[str, str, Fact] | None:
    """The label, the key and the fact that a record stands for; None where it stands for none of its own.

    Args:
        names: full names of the tasks by their hashes, as the journal has told them so far.
    """
    values: tuple[Any, ...]
    if isinstance(record, CallMade):
        return "CallNode", record.call_hash.hex(), _call(record, names.get(record.task_hash))
    if isinstance(record, JobEnded):
        return "Job", job_id(run, record.n), _job(run, record, names.get(record.task_hash))
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
        values = (record.task_hash.hex(), moment(record.at), record.directory, [record.value_hash.hex()])
        return "Evaluation", record.eval_hash.hex(), _named("Evaluation", values)
    if isinstance(record, FileSeen):
        values = (record.path, record.evidence, record.digest, record.size)
        return "File", record.file_hash.hex(), _named("File", values)
    if isinstance(record, HandleSeen):
        parents = sorted(parent.hex() for parent in record.parents)
        values = (record.kind, record.key, record.name, record.type, record.origin.hex(), parents)
        times = (run if record.made else None, run if record.ran else None)
        return "Handle", record.state.hex(), _named("Handle", (*values, *times))
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
            sorted({code.hex() for code in record.codes}),
        )
        return "Task", record.task_hash.hex(), _named("Task", values)
    if isinstance(record, CodeSeen):
        values = (record.name, record.kind, record.digest, record.source)
        return "Code", record.code_hash.hex(), _named("Code", values)
    return None


def actual(store: GraphStore, label: str, keys: list[str]) -> dict[str, Fact]:
    """What the graph has under these keys; a key it does not have is missing."""
    found: dict[str, Fact] = {}
    for key, extra, *values in store.rows(_QUERIES[label], keys=keys, properties=list(PROPERTIES[label])):
        if label == "Handle":
            values[5] = sorted(values[5], key=repr)
        elif label in ("Value", "Task"):
            values[-1] = sorted(values[-1], key=repr)
        elif label == "CallNode":
            values[4], values[5] = _only(values[4]), _only(values[5])
            values[6] = _sorted(argument for argument in values[6] if argument[0] is not None)
        elif label == "Job":
            values[-3], values[-2] = _only(values[-3]), _only(values[-2])
            values[-1] = _sorted(argument for argument in values[-1] if argument[0] is not None)
        found[key] = _named(label, values, sorted(extra))
    if label == "CallNode":
        _add_inside(store, found)
    return found


def differences(label: str, wanted: Fact, found: Fact) -> list[tuple[str, Any, Any]]:
    """(property or edge, what the record says, what the graph has) where they differ.

    A later run may have made the same call or reduction again; then the graph has its time, and what came with it.
    """
    ignored = {"task_name"} if wanted.get("task_name") is None else set()
    if label in {"CallNode", "Evaluation"} and is_newer(found, wanted):
        ignored |= {"recorded_at", "cacheable", "directory", "values"}
    if label == "Handle":
        ignored |= {name for name in ("made_in", "ran_in") if _is_later(found[name], wanted[name])}
    if label == "CallNode" and found["named"] is None:
        ignored.add("named")  # in another run the same call made them
    return [
        (name, value, found[name])
        for name, value in wanted.items()
        if name not in ignored and not same(found[name], value)
    ]


def _is_later(found: Any, wanted: str | None) -> bool:
    """Whether the graph names a later execution than a record, if it is a text at all."""
    return wanted is None or (isinstance(found, str) and found > wanted)


def is_newer(found: Fact, wanted: Fact) -> bool:
    """Whether the graph has a call or a reduction as of a later time than a record says."""
    at = found["recorded_at"]
    return isinstance(at, datetime) and at.tzinfo is not None and bool(at > wanted["recorded_at"])


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type: 1 is not True, and not 1.0."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, list | tuple):
        return all(map(same, one, other))
    return True


def open_job(
    run: str,
    n: int,
    record: JobStarted | None,
    names: Mapping[bytes, str | None],
    *,
    gone: bool,
    finished: Any,
) -> Fact:
    """The fact of a job that a run's journal says no end of.

    Args:
        record: what it says of its beginning, if anything.
        gone: whether the run has no end either: then its jobs were cancelled with it.
        finished: when the graph says that the run ended, where it has gone.
    """
    status, reason = ("CANCELLED", GONE) if gone else ("RUNNING", None)
    fact: Fact = {**dict.fromkeys(_COLUMNS["Job"]), EXTRA: []}
    fact.update(execution_id=run, n=n, status=status, finished=finished, reason=reason, given=[])
    if record is not None:
        fact.update(
            task_name=names.get(record.task_hash),
            task_hash=record.task_hash.hex(),
            eval_hash=record.eval_hash.hex(),
            started=moment(record.started),
            executor=record.executor,
            attempt=record.attempt,
            parent=None if record.parent is None else job_id(run, record.parent),
            given=_arguments(record.args),
        )
    return fact


def _call(call: CallMade, task_name: str | None) -> Fact:
    children = [child.hex() for child in call.children]
    fact = _named(
        "CallNode",
        (
            call.eval_hash.hex(),
            call.eval_hash.hex(),
            call.failed,
            task_name,
            call.task_hash.hex(),
            call.result.hex(),
            _arguments(call.args),
            moment(call.at),
            call.cacheable,
            call_context(call),
            call_named(call),
            list(call.gap) or None,
            bool(call.gap) or None,
            call_states(call),
        ),
    )
    return {**fact, "called": _sorted(enumerate(children)), "fed by": _sorted(flows(call)), STRAY: []}


def _job(run: str, job: JobEnded, task_name: str | None) -> Fact:
    return _named(
        "Job",
        (
            run,
            job.n,
            task_name,
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
            tag_texts(job.tags),
            job.prov_off or None,
            list(job.undeclared_writes) or None,
            list(job.undeclared_reads) or None,
            None if job.parent is None else job_id(run, job.parent),
            None if job.call_hash is None else job.call_hash.hex(),
            _arguments(job.args),
        ),
    )


def _arguments(args: Iterable[Argument]) -> list[tuple[Any, ...]]:
    return _sorted([value.hex(), name, position] for name, position, value in args)


def _add_inside(store: GraphStore, calls: Mapping[str, Fact]) -> None:
    for fact in calls.values():
        fact["called"], fact["fed by"], fact[STRAY] = [], [], []
    keys = list(calls)
    for key, order, child in store.rows("verify_called", keys=keys):
        calls[key]["called"].append((order, child))
    for key, *edge in store.rows("verify_wiring", keys=keys):
        calls[key]["fed by"].append(tuple(edge))
    for key, *edge in store.rows("verify_stray_flows", keys=keys):
        calls[key][STRAY].append(tuple(edge))
    for fact in calls.values():
        fact["called"], fact["fed by"] = _sorted(fact["called"]), _sorted(fact["fed by"])


def _named(label: str, values: Iterable[Any], extra: Iterable[str] = ()) -> Fact:
    return {**dict(zip(_COLUMNS[label], values, strict=True)), EXTRA: list(extra)}


def _only(values: list[Any]) -> Any:
    """What there is to be one of: itself, None where there is none, and all of them where there are several."""
    return values[0] if len(values) == 1 else (sorted(values, key=repr) or None)


def _sorted(rows: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, rows), key=repr)
