"""Writing a run down: records are made as things happen, and put into the journal in groups by a thread.

The scheduler appends to a deque and goes on; it never waits for a disk. What the journal has is recorded.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from time import time
from typing import Any, Protocol

from headwater.cypher.errors import StoreError
from headwater.cypher.journal import SUFFIX, JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    AnyRecord,
    Argument,
    CallMade,
    EvaluationSeen,
    ExecutionEnded,
    ExecutionStarted,
    FileSeen,
    HandleSeen,
    JobEnded,
    JobStarted,
    TagsGiven,
    ValueSeen,
)
from headwater.cypher.tag_names import split_tag
from headwater.cypher.targets import note_target
from headwater.engine import expression_codec
from headwater.engine.definitions import definition
from headwater.engine.errors import CIRCUMSTANTIAL, Undecodable, Unrecordable
from headwater.engine.file_checks import FileChecks
from headwater.engine.files.written import keep_time
from headwater.engine.handle import handles_in
from headwater.engine.interrupts import wait_out
from headwater.engine.job import RUNNING, STATUS, Job, Stored
from headwater.engine.lineages import Lineages
from headwater.engine.nested import ATOMS
from headwater.engine.outline import outline
from headwater.engine.prepare import (
    INLINE,
    RESULT,
    Prepared,
    apart,
    file_record,
    is_relative,
    named_of,
    number_record,
    prepare_value,
    state_records,
    states_of,
    with_stand_ins,
)
from headwater.engine.task import Task
from headwater.engine.traceback import error_text
from headwater.engine.traits import USUAL
from headwater.engine.unrecorded import withholds
from headwater.engine.values import ValueStore, hash_and_files, hash_value, restore

_PAUSE = 0.03
"""Seconds between two groups: long enough to share an fsync, short enough to lose little."""


def read_stored(stored: Stored, values: ValueStore) -> Any:
    """A recorded value.

    Raises:
        Undecodable: it cannot be had any more.
    """
    payload = stored.payload if stored.location is None else values.get(stored.location)
    if payload is None:
        raise Undecodable("neither its bytes nor their place were recorded")
    if stored.codec == expression_codec.CODEC:
        return expression_codec.load(bytes(payload))
    return restore(stored.codec, stored.type, payload)


_SHORT = 1 << 62


class Journal(Protocol):
    """Where the records of a run go, in groups; `cypher.journal.JournalWriter` is one."""

    def append(self, records: Sequence[AnyRecord]) -> Any:
        """Have a group of records; when this returns, they count as recorded."""

    def close(self) -> None:
        """There are no more."""


class Recorder:
    """Records one execution of a project.

    Raises (any method): nothing; a failure to write is kept and raised by `check` and `close`.
    """

    def __init__(self, started: ExecutionStarted, values: ValueStore, journal: Journal) -> None:
        self.execution_id = started.id
        self.values = values
        self._journal = journal
        self._records: deque[AnyRecord] = deque([started])
        self._seen: set[bytes] = set()
        self._files = FileChecks()
        self._large: dict[bytes, Stored] = {}
        self._told: set[bytes] = set()
        self._fresh: list[Job] = []
        self._waiting: dict[tuple[str, bool], deque[tuple[Job, int]]] = {}
        """calls that executors have not come to yet, of each in the order in which it takes them"""
        self.lineages = Lineages(self._records.append)
        self._error: Exception | None = None
        self._closing = False
        self._due = threading.Event()
        self._ended = threading.Event()
        self._settling: deque[threading.Event] = deque()
        self._thread = threading.Thread(target=self._write, name="headwater-recorder", daemon=True)
        self._thread.start()

    @staticmethod
    def journal_of(project: Project, execution_id: str) -> Journal:
        """A new journal for an execution of a project."""
        project.journals.mkdir(parents=True, exist_ok=True)
        path = project.journals / f"{execution_id}{SUFFIX}"
        note_target(project, path)
        now = time()
        writer = JournalWriter(path, execution_id)
        keep_time(str(path), now)
        return writer

    def take_over(self, records: Sequence[AnyRecord]) -> None:
        """Write down what a run inside has recorded; may be called on any thread."""
        self._records.extend(records)
        for record in records:
            if isinstance(record, HandleSeen):
                self.lineages.tell(record)

    # -- values ----------------------------------------------------------------------------------------------------

    def identify(self, value: Any, label: str) -> bytes:
        """A value's hash; what the journal has not seen of it yet is recorded."""
        if value.__class__ in ATOMS:
            digest = hash_value(value)
            if digest not in self._seen:
                if isinstance(value, (int, float)) and -_SHORT < value < _SHORT:
                    self._seen.add(digest)
                    self._records.append(number_record(digest, value))
                else:
                    self._add(prepare_value(value, label, self.values))
            return digest
        try:
            prepared = prepare_value(value, label, self.values)
        except Unrecordable:
            known = value if label == RESULT else with_stand_ins(value)
            if known is value:
                raise
            prepared = prepare_value(known, label, self.values)
        self._add(prepared)
        return prepared.hash

    def prepare(self, value: Any, began: float) -> Prepared:
        """Describe a result; called where the task ran, with the time when it began."""
        return prepare_value(value, RESULT, self.values, began)

    def described(self, job: Job, value: Any) -> bytes:
        """Record a job's result that was described where it ran."""
        if job.described is None:
            return self.identify(value, RESULT)
        self._add(job.described)
        if job.described.named or job.traits.named:
            job.have(named=job.described.named)
        if job.described.relative:
            job.depends_on_directory()
        return bytes(job.described.hash)

    def _add(self, prepared: Prepared) -> None:
        record = prepared.record
        if prepared.states:
            self.lineages.saw(prepared)
        if prepared.hash in self._seen or record is None:
            return
        self._seen.add(prepared.hash)
        if prepared.files:
            self._files.took(prepared.hash, prepared.files)
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
        return read_stored(stored, self.values)

    # -- jobs and calls --------------------------------------------------------------------------------------------

    def started(self, job: Job) -> None:
        """A job began; it is written down only if it is at work, or at what it returned, when a group is."""
        self.resumed(job)
        if job.traits.taken and not job.unrecorded:
            self.lineages.started(job)

    def resumed(self, job: Job) -> None:
        """A job goes on with what its function is on record to have returned; its function does not run."""
        if not job.unrecorded:
            self._task(job.task)
            self._fresh.append(job)

    def tagged(
        self, value: Any, tags: Sequence[tuple[str, str]], run_tags: Sequence[tuple[str, str]]
    ) -> None:
        """A workflow gives tags, to a value and to the run itself."""
        at = _micros(time())
        if tags:
            self._records.append(TagsGiven(list(tags), self.identify(value, "apply_tags(...)"), at))
        if run_tags:
            self._records.append(TagsGiven(list(run_tags), None, at))

    def reduced(self, job: Job, result: Any) -> None:
        """A job's function returned an expression: record the single reduction. (Where something in it cannot be, there
        is none; whoever needs it fails with the reason.)"""
        flat = expression_codec.flatten(result)
        assert job.eval_hash is not None
        self._task(job.task)
        given = handles_in(result)
        if given or job.traits.taken:
            self.lineages.gave(job, [record for handle in given for record in state_records(handle)])
        directory = None
        label = f"the expression that {job.task.fullname} returned"
        try:
            inside = []
            for member in flat.members:
                found, handles = apart(hash_and_files(member, label)[1])
                inside += found
                self.lineages.add(states_of(handles, member, label))
            withheld = not job.task.records_below or withholds(flat, inside)
            digest = None if withheld else self._expression(flat, result, inside)
        except Unrecordable:
            return
        if any(map(is_relative, inside)):
            directory = os.getcwd()
            job.depends_on_directory()
        named = named_of(map(file_record, inside), job.started) if inside else ()
        if named or job.traits.named:
            job.have(named=named)
        if digest is not None:
            self._records.append(
                EvaluationSeen(job.eval_hash, digest, job.task.hash, _micros(time()), directory)
            )

    def _expression(self, flat: expression_codec.Flat, result: Any, inside: list[Any]) -> bytes:
        """Record an expression as a value, with the reactive values in it. Returns its hash."""
        digest = flat.hash()
        if digest not in self._seen:
            files = {found.file_hash: found for found in map(file_record, inside)}
            try:
                payload = flat.payload()
            except Exception as error:
                what = f"pickling it raised {type(error).__name__}: {error}"[:300]
                raise Unrecordable("an expression", "headwater.Expression", what) from error
            location = None if len(payload) <= INLINE else self.values.put(payload)
            record = ValueSeen(
                digest,
                "headwater.Expression",
                expression_codec.CODEC,
                len(payload),
                outline(result),
                payload if location is None else None,
                location,
                tuple(files),
            )
            self._add(Prepared(digest, record, list(files.values())))
        return digest

    def called(self, job: Job, children: list[bytes], *, cacheable: bool, failed: bool = False) -> None:
        """A call has its result."""
        self._task(job.task)
        assert job.call_hash is not None
        assert job.eval_hash is not None
        assert job.value_hash is not None
        states = self.lineages.called(job, failed=failed)
        rest: tuple[Any, ...] = ()  # of which most calls have nothing
        traits = job.traits
        if job.reads or job.gap or traits.named or states:
            reads = tuple(sorted(job.reads.items())) if job.reads else ()
            rest = reads, tuple(traits.named), tuple(sorted(job.gap or ())), states
        self._records.append(
            CallMade(
                job.call_hash,
                job.eval_hash,
                job.task.hash,
                _arguments(job),
                job.value_hash,
                tuple(children),
                tuple(job.below.wiring) if job.below is not None else (),
                job.returns,
                _micros(time()),
                cacheable,
                failed,
                *rest,
            )
        )

    def changed_file(self, job: Job) -> str | None:
        """The path of a file that a call took, or awaited, and that has changed since it was named, or None."""
        if not self._files.here and not job.traits.changed:
            return None
        return self._files.changed(job.took(), job.value_hash, job.traits.changed)

    def far_files(self, job: Job) -> list[FileSeen]:
        """What a call took, or awaited, that takes longer to look at; may be called on any thread."""
        return self._files.far(job.took()) if self._files.there else []

    def look(self, files: Sequence[FileSeen]) -> set[bytes]:
        """The hashes of those that are not what they were; may be called on any thread."""
        return self._files.look(files)

    def failed(self, job: Job, children: list[bytes]) -> None:
        """A call ended in an error: the error is its result, never to be reused. What was made of an error is, unless
        the error is one of circumstance."""
        error = job.error
        assert error is not None
        assert job.value_hash is not None
        if job.value_hash not in self._seen:
            text = error_text(error)
            record = ValueSeen(job.value_hash, "headwater.Error", "error", 0, text[:200], b"")
            self._add(Prepared(job.value_hash, record, []))
        cacheable = job.reusable and not job.outdated and not isinstance(error, CIRCUMSTANTIAL)
        self.called(job, children, cacheable=cacheable, failed=True)

    def ended(self, job: Job, stopped: float) -> None:
        """A job has reached its last status."""
        error = job.error
        self._task(job.task)
        rest: tuple[Any, ...] = ()  # of which most jobs have nothing
        traits = job.traits
        if job.options or job.gap or traits is not USUAL or job.call_hash is None:
            observed = traits.observed
            rest = (
                _tags_of(job),
                bool(job.gap),
                tuple(observed.writes) if observed is not None else (),
                tuple(observed.reads) if observed is not None else (),
                _arguments(job) if job.call_hash is None and job.eval_hash is not None else (),
            )
        self._records.append(
            JobEnded(
                job.n,
                job.owner.n if job.owner is not None else None,
                job.task.hash,
                job.eval_hash,
                STATUS[job.status],
                _micros(job.started),
                _micros(stopped),
                job.executor,
                job.call_hash,
                None if error is None else error_text(error),
                None if error is None else _traceback_of(job, error),
                traits.attempt,
                job.reason,
                *rest,
            )
        )

    def _task(self, task: Task[Any, Any]) -> None:
        """Write down a task, if the journal has not seen it."""
        if task.hash not in self._seen:
            self._seen.add(task.hash)
            self._records += definition(task, self._seen)

    # -- the journal -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise what went wrong in writing, if anything did."""
        if self._error is not None:
            error, self._error = self._error, None
            raise StoreError(f"the journal cannot be written, so the run stops: {error}") from error

    def settle(self) -> None:
        """Wait until the journal has all that was recorded so far."""
        settled = threading.Event()
        self._settling.append(settled)
        self._due.set()
        while not settled.wait(_PAUSE) and not self._ended.is_set():
            pass
        self.check()

    def close(self, status: str, error: str | None) -> None:
        """Write down how the run ended, and close the journal once all of it is on the disk."""
        self._records.append(ExecutionEnded(_micros(time()), status, error))
        self._closing = True
        self._due.set()
        try:
            wait_out(self._thread)
        finally:
            self._journal.close()
        self.check()

    def _write(self) -> None:
        closing = False
        while not closing and self._error is None:
            self._due.wait(_PAUSE)
            self._due.clear()
            closing = self._closing  # asked first: of what was recorded before, nothing is left behind
            settling = [self._settling.popleft() for _ in range(len(self._settling))]
            records = self._take()
            if records:
                try:
                    self.values.sync()
                    self._journal.append(records)
                except Exception as error:
                    self._error = error
            for one in settling:
                one.set()
        self._ended.set()

    def _take(self) -> list[AnyRecord]:
        fresh, self._fresh = self._fresh, []
        pop = self._records.popleft
        records = [pop() for _ in range(len(self._records))]
        begun: list[Job] = []
        for job in fresh:
            if job.idle and job.result is None:
                where = job.executor, job.task.is_async
                self._waiting.setdefault(where, deque()).append((job, job.n))
            else:
                begun.append(job)
        for queue in self._waiting.values():
            # Only as far as the executor has come: there may be very many.
            while queue and _is_through(*queue[0]):
                job, n = queue.popleft()
                if n == job.n:
                    begun.append(job)
        records += self._running(begun)
        return records

    def _running(self, jobs: Iterable[Job]) -> Iterator[AnyRecord]:
        """Start records of the jobs that still go on, each after its task's where that has not been told."""
        for job in jobs:
            eval_hash = job.eval_hash
            goes_on = job.status == RUNNING or (job.result is not None and not job.finished)
            if not goes_on or eval_hash is None:
                continue
            task = job.task
            if task.hash not in self._told:
                self._told.add(task.hash)
                if task.hash not in self._seen:
                    # Not marked as seen: that is for the scheduler's thread alone. It will be told twice.
                    yield from definition(task, set())
            owner = job.owner
            parent = owner.n if owner is not None else None
            started, given, attempt = _micros(job.started), _arguments(job), job.traits.attempt
            yield JobStarted(job.n, parent, task.hash, eval_hash, started, job.executor, attempt, given)


def _is_through(job: Job, n: int) -> bool:
    """Whether a call need not be looked for among those that wait for their executor: it has begun, or ended, or is
    tried again, as one that waits anew."""
    return job.n != n or job.finished or not job.idle or job.result is not None


def _arguments(job: Job) -> tuple[Argument, ...]:
    """What a job was given, as far as it counts in the key."""
    names, positional = job.names, job.positional
    found = [
        (names[i], i if i < positional else None, digest)
        for i, digest in enumerate(job.hashes or ())
        if digest is not None
    ]
    return tuple(found)


def _tags_of(job: Job) -> tuple[tuple[str, str], ...]:
    """The tags of a job's task and call, and those that it gave itself."""
    given = [split_tag(tag) for tag in job.options.get("tags", ())]
    return tuple(dict.fromkeys([*given, *job.traits.applied]) if job.traits.applied else given)


def _traceback_of(job: Job, error: BaseException) -> str | None:
    found = getattr(error, "headwater_traceback", None)
    return str(found) if found is not None and found.job == job.n else None


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
