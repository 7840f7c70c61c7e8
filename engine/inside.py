"""What a run and a run inside it tell each other: of the call that the one is for, and of what the other did."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from headwater.cypher.project import Project, open_project
from headwater.cypher.records import AnyRecord, JobEnded, JobStarted, TaskSeen
from headwater.engine.attach import flows
from headwater.engine.below import Below
from headwater.engine.context import Context, Reads, add_reads
from headwater.engine.executors.upwards import Send
from headwater.engine.job import CANCELLED, RUNNING, STATUS, Job
from headwater.engine.places import Outermost
from headwater.engine.signature import JobInfo
from headwater.engine.traceback import TaskFrame
from msgspec import structs

if TYPE_CHECKING:
    from headwater.engine.loop import Run
    from headwater.engine.subrun import SubRun

GIVEN_UP = "the call that it was for was given up"
"""why a run inside is cancelled"""
_PATIENCE = 5.0
"""Seconds that a run which ends waits for the runs inside it that it has stopped."""


class Within(JobInfo):
    """What a run inside is told of the call that it is for, and how it answers: in another process through that
    process's worker."""

    project_of: Project | None = None
    execution: str | None = None
    context: Context
    exported: dict[str, Any] | None = None
    withheld: bool = False
    flags: Mapping[str, Any]
    say: Send | None = None
    run: Run | None = None
    stopped: bool = False
    """whether the call was given up, perhaps before there was a run"""
    make: Callable[..., SubRun] | None = None
    """what the run inside is made by, where it is no ordinary one"""

    def filled(self, info: JobInfo, run: Run, job: Job) -> Within:
        """The same for a job that is about to run."""
        made = type(self)()
        made.project_of, made.execution = run.project, info.execution_id
        made.context = run.reduction.context if job.context is None else job.context
        made.exported, made.withheld = job.exported, job.unrecorded
        made.flags = {**run.flags, "command": run.flags["command"] or list(sys.argv)}
        made.say, made.make = Receiver(run, job), run.make_inside
        run.told.append(made)
        return made

    def __deepcopy__(self, memo: Any) -> Within:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        root = None if self.project_of is None else str(self.project_of.root)
        return _elsewhere, (
            type(self),
            root,
            self.execution,
            self.context,
            self.exported,
            dict(self.flags),
            self.withheld,
        )

    @property
    def send(self) -> Send | None:
        """Takes what the run inside says."""
        return self.say

    @property
    def frames(self) -> Sequence[TaskFrame]:
        """The tasks on the way to the failure of the run inside."""
        return self.say.frames if isinstance(self.say, Receiver) else ()

    def stop(self) -> None:
        """The call is given up, and so is the run inside."""
        self.stopped = True
        if self.run is not None:
            self.run.cancel(GIVEN_UP)

    def close(self) -> None:
        """The run above ends."""
        if isinstance(self.say, Receiver):
            self.say.close(wait=self.run is not None)


_W = TypeVar("_W", bound=Within)


def _elsewhere(  # noqa: PLR0917  pickle gives them in order
    cls: type[_W],
    root: str | None,
    execution: str | None,
    context: Context,
    exported: dict[str, Any] | None,
    flags: Any,
    withheld: bool,
) -> _W:
    made = cls()
    made.project_of = None if root is None else open_project(Path(root))
    made.execution, made.context, made.exported, made.flags = execution, context, exported, flags
    made.withheld = withheld
    return made


class End(NamedTuple):
    """How a run inside ended."""

    call_hash: bytes | None
    """of its root"""
    reads: Reads | None
    """what that read of the context"""
    gap: set[str] | None
    """what the reuse of that depends on of the calls under it that are not recorded"""
    outdated: bool
    counts: dict[str, list[int]]
    """jobs by task and status"""
    frames: list[TaskFrame]
    """the tasks on the way to its failure"""


class Receiver:
    """Takes the answers of a run inside, on whatever thread.

    Attributes:
        frames: the tasks on the way to its failure.
    """

    def __init__(self, run: Run, job: Job) -> None:
        self.frames: list[TaskFrame] = []
        self._run = run
        self._job = job
        self._n = job.n
        self._started: dict[int, JobStarted] = {}
        self._names: dict[bytes, str] = {}
        self._counts: dict[str, list[int]] = {}
        run.inside.append(self._counts)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._closed = False

    def __call__(self, what: str, answer: Any) -> None:
        with self._lock:
            if self._closed:
                return
            if what == "records":
                self._run.recorder.take_over([self._below(record) for record in answer])
            else:
                self._end(answer)

    def _below(self, record: AnyRecord) -> AnyRecord:
        if isinstance(record, (JobStarted, JobEnded)):
            if record.parent is None:
                record = structs.replace(record, parent=self._n)
            if isinstance(record, JobStarted):
                if record.n not in self._started:
                    self._count(record, RUNNING)
                self._started[record.n] = record
            else:
                if self._started.pop(record.n, None) is not None:
                    self._count(record, RUNNING, -1)
                self._count(record, STATUS.index(record.status))
        elif isinstance(record, TaskSeen):
            self._names[record.task_hash] = ".".join(filter(None, (record.namespace, record.name)))
        return record

    def _count(self, job: JobStarted | JobEnded, status: int, n: int = 1) -> None:
        """Count a job by what is recorded of it: what ends before it can say so has no other."""
        self._counts.setdefault(self._names[job.task_hash], [0] * len(STATUS))[status] += n

    def _end(self, end: End) -> None:
        job = self._job
        self._ended.set()
        self._counts.update(end.counts)
        if job.n == self._n and not job.finished:
            self.frames = end.frames
            job.reads = add_reads(job.reads, {}, end.reads or {}, None)
            if job.unrecorded:
                # What runs inside is a part of the gap of the call above, like the call itself.
                job.gap, job.outdated = end.gap, end.outdated
            elif end.call_hash is not None:
                below = job.below = Below()
                below.calls, below.places, job.returns = [end.call_hash], [Outermost(0)], flows({0})

    def close(self, *, wait: bool) -> None:
        """Take no more, and end in the record what the run inside did not come to end itself."""
        if wait:
            self._ended.wait(_PATIENCE)
        with self._lock:
            self._closed = True
            now = int(time() * 1_000_000)
            for job in self._started.values():
                self._count(job, RUNNING, -1)
                self._count(job, CANCELLED)
            records = [
                JobEnded(
                    job.n,
                    job.parent,
                    job.task_hash,
                    job.eval_hash,
                    STATUS[CANCELLED],
                    job.started,
                    now,
                    job.executor,
                    attempt=job.attempt,
                    reason="the run inside was ended",
                    args=job.args,
                )
                for job in self._started.values()
            ]
            self._run.recorder.take_over(records)
