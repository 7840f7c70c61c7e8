"""Turns records into the parameters of the `load_*` queries: rows of plain lists, each key once, sorted by key.

Lists and whole numbers are what the driver packs fastest: a datetime costs it fifty times what a number does, so times
travel as microseconds and become datetimes in the store.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    CodeSeen,
    EvaluationSeen,
    ExecutionEnded,
    ExecutionStarted,
    FileSeen,
    HandleSeen,
    JobEnded,
    JobStarted,
    TagsGiven,
    TaskSeen,
    ValueSeen,
    call_context,
    call_named,
    call_states,
    flows,
    job_id,
    tag_texts,
)

Statement = tuple[str, Mapping[str, Any]]
Row = list[Any]

ROWS = 2000
"""Rows of one statement; what one call made is never divided, however much it is."""
_KNOWN_PARENTS = 100_000


class Memory:
    """What the batches of one execution know of those before them.

    Attributes:
        task_names: full name of each task the execution has used so far, by its raw hash.
        parents: numbers of jobs that are surely in the graph; forgotten when they are too many.
        given: numbers of the jobs that have GIVEN edges; None where an earlier process has loaded some of the run.
        open: jobs that have begun, by number, of which the graph need not be told while there is more to load: most
            have ended by then.
    """

    def __init__(self) -> None:
        self.task_names: dict[bytes, str] = {}
        self.parents: set[int] = set()
        self.given: set[int] | None = set()
        self.open: dict[int, JobStarted] = {}

    def note(self, job: JobStarted | JobEnded) -> None:
        """Take in what the journal says next of a job. A run's first is never held back: it is what its run is known
        by."""
        if isinstance(job, JobStarted) and job.parent is not None:
            self.open[job.n] = job
        else:
            self.open.pop(job.n, None)


class Batch:
    """Records of one execution that are to be loaded in one transaction."""

    def __init__(self, execution_id: str, memory: Memory) -> None:
        self.execution_id = execution_id
        self.calls = 0
        self.records = 0
        self.bytes = 0
        self.ended = False
        self._memory = memory
        self._started: ExecutionStarted | None = None
        self._end: ExecutionEnded | None = None
        self._tasks: dict[bytes, TaskSeen] = {}
        self._codes: dict[bytes, CodeSeen] = {}
        self._files: dict[bytes, FileSeen] = {}
        self._values: dict[bytes, ValueSeen] = {}
        self._evaluations: dict[bytes, EvaluationSeen] = {}
        self._calls: dict[bytes, CallMade] = {}
        self._jobs: dict[int, JobStarted | JobEnded] = {}
        self._handles: dict[bytes, list[Any]] = {}
        self._tags: dict[bytes | None, dict[str, int]] = {}

    def add(self, records: Sequence[AnyRecord]) -> None:
        """Take records in, in the order of the journal. Of equal keys the last counts."""
        for record in records:
            if isinstance(record, (JobEnded, JobStarted)):
                self._jobs[record.n] = record
            elif isinstance(record, CallMade):
                self._calls[record.call_hash] = record
                self.calls += 1
            elif isinstance(record, ValueSeen):
                self._values[record.value_hash] = record
                self.bytes += len(record.payload or b"")
            elif isinstance(record, EvaluationSeen):
                self._evaluations[record.eval_hash] = record
            elif isinstance(record, FileSeen):
                self._files[record.file_hash] = record
            elif isinstance(record, HandleSeen):
                row = self._handles.setdefault(record.state, _handle_row(record))
                row[_MADE], row[_RAN] = row[_MADE] or record.made, row[_RAN] or record.ran
            elif isinstance(record, TagsGiven):
                tags = self._tags.setdefault(record.value, {})
                for tag in tag_texts(record.tags) or ():
                    at = tags.setdefault(tag, record.at)
                    if record.value is not None:
                        # Runs inside give theirs late: the journal's order is not that of time.
                        tags[tag] = min(at, record.at)
            elif isinstance(record, TaskSeen):
                self._tasks[record.task_hash] = record
                self._memory.task_names[record.task_hash] = fullname(record)
                self.bytes += len(record.source)
            elif isinstance(record, CodeSeen):
                self._codes[record.code_hash] = record
                self.bytes += len(record.source)
            elif isinstance(record, ExecutionStarted):
                self._started = record
            elif isinstance(record, ExecutionEnded):
                self._end = record
                self.ended = True
        self.records += len(records)

    def hold_back(self, room: int) -> None:
        """Leave jobs that have only begun to later batches, with those that earlier ones have left to this: all but
        `room` of them."""
        held = self._memory.open
        for job in self._jobs.values():
            self._memory.note(job)
        self._jobs = {n: job for n, job in self._jobs.items() if n not in held}
        for n in list(islice(held, room)):
            self._jobs[n] = held.pop(n)

    def unknown_tasks(self) -> list[bytes]:
        """Hashes of the tasks whose names are not known: their definitions were loaded by an earlier process."""
        names = self._memory.task_names
        used = {call.task_hash for call in self._calls.values()}
        used.update(job.task_hash for job in self._jobs.values())
        return sorted(used.difference(names))

    def statements(self) -> list[Statement]:
        """The queries that load the batch, in order: nodes before the edges between them."""
        found: list[Statement] = []
        if self._started is not None:
            found.append(_execution(self._started))
        found += _in_pieces("load_tasks", map(_task_row, self._tasks.values()))
        found += _in_pieces("load_codes", map(_code_row, self._codes.values()))
        found += _in_pieces(
            "load_task_codes",
            (
                [task.task_hash.hex(), task_counted(task), sorted({code.hex() for code in task.codes})]
                for task in self._tasks.values()
                if task.codes
            ),
        )
        found += _in_pieces("load_files", map(_file_row, self._files.values()))
        found += _in_pieces("load_values", map(_value_row, self._values.values()))
        found += _in_pieces(
            "load_value_files",
            (
                [value.value_hash.hex(), sorted(file.hex() for file in set(value.files))]
                for value in self._values.values()
                if value.files
            ),
        )
        found += self._tag_statements()
        evaluations = list(map(_evaluation_row, self._evaluations.values()))
        found += _in_pieces("load_evaluations", evaluations)
        found += _in_pieces("load_reductions", evaluations)
        handles = list(self._handles.values())
        found += _in_pieces("load_handles", handles, execution_id=self.execution_id)
        found += _in_pieces("load_handle_parents", [row for row in handles if row[_PARENTS]])
        found += self._call_statements()
        found += self._job_statements()
        if self._end is not None:
            end = self._end
            found.append(
                (
                    "load_execution_ended",
                    {
                        "id": self.execution_id,
                        "status": end.status,
                        "error": end.error,
                        "finished": end.finished,
                    },
                )
            )
        return found

    def _tag_statements(self) -> list[Statement]:
        of_run = [[tag, at] for tag, at in self._tags.get(None, {}).items()]
        rows = [
            [value.hex(), [[tag, at] for tag, at in tags.items()]]
            for value, tags in self._tags.items()
            if value is not None
        ]
        found: list[Statement] = _in_pieces("load_value_tags", rows)
        if of_run:
            found.append(("load_execution_tags", {"id": self.execution_id, "tags": of_run}))
        return found

    def _call_statements(self) -> list[Statement]:
        by_task: dict[bytes, list[Row]] = {}
        wiring: list[Row] = []
        called: list[Row] = []
        for call in self._calls.values():
            by_task.setdefault(call.task_hash, []).append(_call_row(call))
            if call.children:
                parent = call.call_hash.hex()
                children = [child.hex() for child in call.children]
                called.append([parent, [[child, order] for order, child in enumerate(children)]])
                fed = flows(call)
                if fed:
                    wiring.append([parent, sorted(map(list, fed))])
        names = self._memory.task_names
        groups = [
            [task.hex(), names.get(task), piece]
            for task, rows in sorted(by_task.items())
            for piece in _pieces(sorted(rows))
        ]
        return [
            *_packed("load_calls", groups, 2),
            *_packed("load_fed_by", sorted(wiring), 1),
            *_packed("load_called", sorted(called), 1),
        ]

    def _job_statements(self) -> list[Statement]:
        run, memory = self.execution_id, self._memory
        by_parent: dict[int, list[Row]] = {}
        roots: list[Row] = []
        for job in self._jobs.values():
            row = _job_row(run, job, memory.task_names.get(job.task_hash))
            (roots if job.parent is None else by_parent.setdefault(job.parent, [])).append(row)
        stubs = [[job_id(run, n), n] for n in by_parent if n not in memory.parents]
        if len(memory.parents) > _KNOWN_PARENTS:
            memory.parents.clear()
        memory.parents.update(by_parent)
        groups: list[Row] = [[None, piece] for piece in _pieces(sorted(roots))]
        groups += [
            [job_id(run, parent), piece]
            for parent, rows in by_parent.items()
            for piece in _pieces(sorted(rows))
        ]
        groups.sort(key=lambda group: group[0] or "")
        found = _in_pieces("load_job_stubs", stubs, execution_id=run)
        found += _packed("load_jobs", groups, 1, execution_id=run)
        found += [("load_root_job", {"execution_id": run, "job_id": row[0]}) for row in roots]
        return found + self._given_statements()

    def _given_statements(self) -> list[Statement]:
        """What jobs were given that made no call, or none yet; of a call, its own edges tell it."""
        run, given = self.execution_id, self._memory.given
        calls = {
            job.n for job in self._jobs.values() if isinstance(job, JobEnded) and job.call_hash is not None
        }
        rows = [
            [job_id(run, job.n), [[value.hex(), name, position] for name, position, value in job.args]]
            for job in self._jobs.values()
            if job.args
        ]
        over = calls if given is None else calls & given
        if given is not None:
            given.difference_update(calls)
            given.update(job.n for job in self._jobs.values() if job.args)
        found = _in_pieces("load_given", rows)
        if over:
            found.append(("load_given_no_more", {"keys": sorted(job_id(run, n) for n in over)}))
        return found


def fullname(task: TaskSeen) -> str:
    """A task's name with its namespace."""
    return f"{task.namespace}.{task.name}" if task.namespace else task.name


def execution_facts(record: ExecutionStarted) -> dict[str, Any]:
    """The properties of an Execution node that never change."""
    return {
        "command": shlex.join(record.command),
        "user": record.user,
        "host": record.host,
        "project": record.project,
        "directory": record.directory,
        "project_root": record.project_root,
        "headwater_version": record.headwater_version,
        "python_version": record.python_version,
        "git_commit": record.git_commit,
        "git_dirty": record.git_dirty,
        "environment": record.environment,
        "tags": [f"{key}={value}" for key, value in record.tags],
    }


def task_options(options: Mapping[str, str]) -> str:
    """The options that count, as JSON text with sorted keys."""
    import json

    return json.dumps(dict(sorted(options.items())), ensure_ascii=False)


def task_counted(record: TaskSeen) -> list[str]:
    """What counts in a task's hash beside its own source, one text each."""
    return [f"{kind} {name} {digest}" for name, kind, digest in record.counted]


def task_uncounted(record: TaskSeen) -> list[str]:
    """What a task reads that its hash does not cover, one text each."""
    return [f"{name}: {reason}" for name, reason in record.uncounted]


def _execution(record: ExecutionStarted) -> Statement:
    return (
        "load_execution",
        {"id": record.id, "started": record.started, "facts": execution_facts(record)},
    )


def _task_row(task: TaskSeen) -> Row:
    return [
        task.task_hash.hex(),
        task.name,
        task.namespace,
        fullname(task),
        task.version,
        task.source,
        task_options(task.options),
        task_counted(task),
        task_uncounted(task),
    ]


def _code_row(code: CodeSeen) -> Row:
    return [code.code_hash.hex(), code.name, code.kind, code.digest, code.source]


def _file_row(file: FileSeen) -> Row:
    return [file.file_hash.hex(), file.path, file.evidence, file.digest, file.size]


def _value_row(value: ValueSeen) -> Row:
    return [
        value.value_hash.hex(),
        value.type,
        value.codec,
        value.size,
        value.preview,
        value.payload,
        value.location,
    ]


def _evaluation_row(evaluation: EvaluationSeen) -> Row:
    return [
        evaluation.eval_hash.hex(),
        evaluation.task_hash.hex(),
        evaluation.value_hash.hex(),
        evaluation.at,
        evaluation.directory,
    ]


def _handle_row(handle: HandleSeen) -> Row:
    return [
        handle.state.hex(),
        handle.kind,
        handle.key,
        handle.name,
        handle.type,
        handle.origin.hex(),
        sorted(parent.hex() for parent in handle.parents),
        handle.made,
        handle.ran,
    ]


_PARENTS, _MADE, _RAN = 6, 7, 8
"""where they are in a handle's row"""


def _call_row(call: CallMade) -> Row:
    return [
        call.call_hash.hex(),
        call.eval_hash.hex(),
        call.at,
        call.cacheable,
        call.failed,
        call.result.hex(),
        [[value.hex(), name, position] for name, position, value in call.args],
        call_context(call),
        call_named(call),
        list(call.gap) or None,
        call_states(call),
    ]


def _job_row(run: str, job: JobStarted | JobEnded, task_name: str | None) -> Row:
    row = [
        job_id(run, job.n),
        job.n,
        task_name,
        job.task_hash.hex(),
        None if job.eval_hash is None else job.eval_hash.hex(),
    ]
    if isinstance(job, JobStarted):
        return [*row, "RUNNING", job.started, None, job.executor, job.attempt, *[None] * 8]
    call = None if job.call_hash is None else job.call_hash.hex()
    return [
        *row,
        job.status,
        job.started,
        job.finished,
        job.executor,
        job.attempt,
        job.error,
        job.traceback,
        job.reason,
        call,
        tag_texts(job.tags),
        job.prov_off or None,
        list(job.undeclared_writes) or None,
        list(job.undeclared_reads) or None,
    ]


def _pieces(rows: list[Row]) -> Iterable[list[Row]]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _in_pieces(query: str, rows: Iterable[Row], **params: Any) -> list[Statement]:
    return [(query, {"rows": piece, **params}) for piece in _pieces(sorted(rows, key=_key))]


def _packed(query: str, groups: list[Row], inner: int, **params: Any) -> list[Statement]:
    """Statements of whole groups, each of about ROWS rows; a group's rows are its element `inner`."""
    found: list[Statement] = []
    some: list[Row] = []
    count = 0
    for group in groups:
        some.append(group)
        count += len(group[inner])
        if count >= ROWS:
            found.append((query, {"rows": some, **params}))
            some, count = [], 0
    if some:
        found.append((query, {"rows": some, **params}))
    return found


def _key(row: Row) -> str:
    return str(row[0])
