"""Writing a run down: records are made as things happen, and put into the journal in groups by a thread.

The scheduler appends to a deque and goes on; it never waits for a disk. What the journal has is recorded.
"""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Iterable
from time import time
from types import FunctionType
from typing import Any

from headwater.cypher.errors import StoreError
from headwater.cypher.journal import JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    EvaluationSeen,
    ExecutionEnded,
    ExecutionStarted,
    FileSeen,
    JobEnded,
    JobStarted,
    TaskSeen,
    ValueSeen,
)
from headwater.engine import expression_codec
from headwater.engine.code_values import code_record, function_digest
from headwater.engine.errors import Undecodable
from headwater.engine.expression import outline
from headwater.engine.job import STATUS, Job, Stored
from headwater.engine.nested import ATOMS
from headwater.engine.task import Task
from headwater.engine.traceback import error_text
from headwater.engine.values import (
    Described,
    ValueStore,
    describe,
    hash_value,
    restore,
    set_function_fingerprinter,
)

set_function_fingerprinter(function_digest)

INLINE = 4096
"""Payloads of up to this many bytes live on their node in the graph."""

_PAUSE = 0.03
"""Seconds between two groups: long enough to share an fsync, short enough to lose little."""


class Prepared:
    """A described value, made where the value is, ready to be recorded where the journal is.

    Attributes:
        hash: the value's hash (32 bytes).
        record: what the journal is to have of it; None where runs are not recorded.
        files: records of the files inside it.
    """

    __slots__ = ("files", "hash", "record")

    def __init__(self, hash: bytes, record: ValueSeen | None, files: list[FileSeen]) -> None:
        self.hash = hash
        self.record = record
        self.files = files

    def __reduce__(self) -> tuple[type[Prepared], tuple[bytes, ValueSeen | None, list[FileSeen]]]:
        return Prepared, (self.hash, self.record, self.files)


def prepare_value(value: Any, label: str, store: ValueStore) -> Prepared:
    """Describe a value, and write its bytes to the value store where they are large.

    Raises:
        Unrecordable: it has no stable identity, or cannot be turned into bytes.
    """
    described = describe(value, label=label)
    files = [file_record(file) for file in described.files]
    return Prepared(
        described.hash, _value_record(described, store, [file.file_hash for file in files]), files
    )


def _value_record(described: Described, store: ValueStore, files: list[bytes]) -> ValueSeen:
    if described.size <= INLINE:
        payload, location = described.payload, None
    else:
        payload, location = None, store.put(described.buffers)
    return ValueSeen(
        described.hash,
        described.type,
        described.codec,
        described.size,
        described.preview,
        payload,
        location,
        files,
    )


def file_record(file: Any) -> FileSeen:
    """What is recorded of a reactive value: a file (a member of a folder comes as its record), or a task or function
    that was passed as a value."""
    if isinstance(file, FileSeen):
        return file
    if isinstance(file, (Task, FunctionType)):
        return code_record(file)
    return FileSeen(file.file_hash, file.uri, file.evidence, file.digest, file.recorded_size)


_SHORT = 1 << 62


def _number_record(digest: bytes, value: float) -> ValueSeen:
    """What is recorded of a number: the same as of any value, without the general machinery."""
    payload = pickle.dumps(value, 5)
    return ValueSeen(digest, value.__class__.__name__, "pickle", len(payload), repr(value), payload)


class NoRecorder:
    """For runs outside a project: values get their identity, and nothing is written."""

    execution_id: str | None = None

    def identify(self, value: Any, label: str) -> bytes:
        return hash_value(value, label=label)

    def prepare(self, value: Any) -> Prepared:
        return Prepared(hash_value(value, label="result"), None, [])

    def described(self, job: Job, value: Any) -> bytes:
        return job.described.hash if job.described is not None else hash_value(value, label="result")

    def reduced(self, job: Job, result: Any) -> None:
        return

    def started(self, job: Job) -> None:
        return

    def called(self, job: Job, children: list[bytes], *, cacheable: bool) -> None:
        return

    def failed(self, job: Job, children: list[bytes]) -> None:
        return

    def ended(self, job: Job) -> None:
        return

    def spare(self, job: Job) -> Stored | None:
        return None

    def fetch(self, stored: Stored) -> Any:
        raise Undecodable("nothing is recorded outside a project")

    def check(self) -> None:
        return

    def close(self, status: str, error: str | None) -> None:
        return


class Recorder:
    """Records one execution of a project.

    Raises (any method): nothing; a failure to write is kept and raised by `check` and `close`.
    """

    def __init__(self, project: Project, started: ExecutionStarted) -> None:
        self.execution_id = started.id
        self.values = ValueStore(project.values)
        project.journals.mkdir(parents=True, exist_ok=True)
        self._journal = JournalWriter(project.journals / f"{started.id}.hwj", started.id)
        self._records: deque[AnyRecord] = deque([started])
        self._seen: set[bytes] = set()
        self._large: dict[bytes, Stored] = {}
        self._fresh: list[Job] = []
        self._error: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="headwater-recorder", daemon=True)
        self._thread.start()

    # -- values ----------------------------------------------------------------------------------------------------

    def identify(self, value: Any, label: str) -> bytes:
        """A value's hash; what the journal has not seen of it yet is recorded."""
        if value.__class__ in ATOMS:
            digest = hash_value(value)
            if digest not in self._seen:
                if isinstance(value, (int, float)) and -_SHORT < value < _SHORT:
                    self._seen.add(digest)
                    self._records.append(_number_record(digest, value))
                else:
                    self._add(prepare_value(value, label, self.values))
            return digest
        prepared = prepare_value(value, label, self.values)
        self._add(prepared)
        return prepared.hash

    def prepare(self, value: Any) -> Prepared:
        """Describe a result; called where the task ran."""
        return prepare_value(value, "result", self.values)

    def described(self, job: Job, value: Any) -> bytes:
        """Record a job's result that was described where it ran."""
        if job.described is None:
            return self.identify(value, "result")
        self._add(job.described)
        return bytes(job.described.hash)

    def _add(self, prepared: Prepared) -> None:
        record = prepared.record
        if prepared.hash in self._seen or record is None:
            return
        self._seen.add(prepared.hash)
        for file in prepared.files:
            if file.file_hash not in self._seen:
                self._seen.add(file.file_hash)
                self._records.append(file)
        if record.location is not None:
            self._large[prepared.hash] = Stored(record.type, record.codec, None, record.location)
        self._records.append(record)

    def spare(self, job: Job) -> Stored | None:
        """Where a finished job's value lies on disk, if it is large: it need not be kept in memory."""
        return self._large.get(job.value_hash or b"")

    def fetch(self, stored: Stored) -> Any:
        """The value that was recorded.

        Raises:
            Undecodable: it cannot be had any more.
        """
        payload = stored.payload if stored.location is None else self.values.get(stored.location)
        if payload is None:
            raise Undecodable("neither its bytes nor their place were recorded")
        if stored.codec == expression_codec.CODEC:
            return expression_codec.load(bytes(payload))
        return restore(stored.codec, stored.type, payload)

    # -- jobs and calls --------------------------------------------------------------------------------------------

    def started(self, job: Job) -> None:
        """A job began; it is written down only if it still runs when the next group is."""
        self._fresh.append(job)

    def reduced(self, job: Job, result: Any) -> None:
        """A job's function returned an expression: record the single reduction."""
        flat = expression_codec.flatten(result)
        digest = flat.hash()
        assert job.eval_hash is not None
        self._task(job.task)
        if digest not in self._seen:
            files: dict[bytes, FileSeen] = {}
            for member in flat.members():
                for file in describe(member, label=f"the expression that {job.task.fullname} returned").files:
                    found = file_record(file)
                    files[found.file_hash] = found
            payload = flat.payload()
            location = None if len(payload) <= INLINE else self.values.put(payload)
            record = ValueSeen(
                digest,
                "headwater.Expression",
                expression_codec.CODEC,
                len(payload),
                outline(result),
                payload if location is None else None,
                location,
                list(files),
            )
            self._add(Prepared(digest, record, list(files.values())))
        self._records.append(EvaluationSeen(job.eval_hash, digest, job.task.hash, _micros(time())))

    def called(self, job: Job, children: list[bytes], *, cacheable: bool, failed: bool = False) -> None:
        """A call has its result."""
        task = job.task
        if task.hash not in self._seen:
            self._task(task)
        names, positional = job.names, job.positional
        args = [
            (names[i], i if i < positional else None, digest)
            for i, digest in enumerate(job.hashes or ())
            if digest is not None
        ]
        assert job.call_hash is not None
        assert job.eval_hash is not None
        assert job.value_hash is not None
        self._records.append(
            CallMade(
                job.call_hash,
                job.eval_hash,
                task.hash,
                args,
                job.value_hash,
                children,
                job.wiring or [],
                list(job.returns),
                _micros(time()),
                cacheable,
                failed,
                sorted(job.reads.items()) if job.reads else [],
            )
        )

    def failed(self, job: Job, children: list[bytes]) -> None:
        """A call ended in an error: the error is its result, never to be reused."""
        error = job.error
        assert error is not None
        assert job.value_hash is not None
        if job.value_hash not in self._seen:
            text = error_text(error)
            record = ValueSeen(job.value_hash, "headwater.Error", "error", 0, text[:200], b"")
            self._add(Prepared(job.value_hash, record, []))
        job.wiring, job.returns = [], ()
        self.called(job, children, cacheable=True, failed=True)

    def ended(self, job: Job) -> None:
        """A job has reached its last status."""
        error = job.error
        self._task(job.task)
        self._records.append(
            JobEnded(
                job.n,
                job.owner.n if job.owner is not None else None,
                job.task.hash,
                job.eval_hash,
                STATUS[job.status],
                _micros(job.started),
                _micros(job.stopped),
                job.executor,
                job.call_hash,
                None if error is None else error_text(error),
                _traceback_of(job, error),
                1,
                job.reason,
            )
        )

    def _task(self, task: Task[Any, Any]) -> None:
        if task.hash in self._seen:
            return
        self._seen.add(task.hash)
        print_ = None if task.version is not None else task.fingerprint
        self._records.append(
            TaskSeen(
                task.hash,
                task.name,
                task.namespace,
                task.version,
                task.source,
                {"config_args": ", ".join(task.config_args)} if task.config_args else {},
                [(c.name, c.kind, c.digest_hex) for c in print_.counted] if print_ else [],
                [(u.name, u.reason) for u in print_.uncounted] if print_ else [],
            )
        )

    # -- the journal -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise what went wrong in writing, if anything did."""
        if self._error is not None:
            error, self._error = self._error, None
            raise StoreError(f"the journal cannot be written, so the run stops: {error}") from error

    def close(self, status: str, error: str | None) -> None:
        """Write down how the run ended, and close the journal once all of it is on the disk."""
        self._records.append(ExecutionEnded(_micros(time()), status, error))
        self._closing.set()
        self._thread.join()
        self._journal.close()
        self.check()

    def _write(self) -> None:
        closing = False
        while not closing and self._error is None:
            closing = self._closing.wait(_PAUSE)
            records = self._take()
            if records:
                try:
                    self.values.sync()
                    self._journal.append(records)
                except Exception as error:
                    self._error = error

    def _take(self) -> list[AnyRecord]:
        fresh, self._fresh = self._fresh, []
        pop = self._records.popleft
        records = [pop() for _ in range(len(self._records))]
        records += _running(fresh)
        return records


def _running(jobs: Iterable[Job]) -> list[AnyRecord]:
    """Start records of the jobs that have not ended yet."""
    records: list[AnyRecord] = []
    for job in jobs:
        eval_hash = job.eval_hash
        if not job.finished and eval_hash is not None:
            owner = job.owner
            parent = owner.n if owner is not None else None
            records.append(
                JobStarted(job.n, parent, job.task.hash, eval_hash, _micros(job.started), job.executor)
            )
    return records


def _traceback_of(job: Job, error: BaseException | None) -> str | None:
    found = getattr(error, "headwater_traceback", None)
    return str(found) if found is not None and found.job == job.n else None


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
