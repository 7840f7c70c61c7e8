"""The loop that evaluates one run.

A turn takes what executors handed back, advances every node that can go on, asks the cache once for all calls that
became ready, and hands what must run to the executors. Between turns it sleeps until something comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from time import time
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import InternalError
from headwater.cypher.garbage import RARELY, MemoryWatch, few_collections
from headwater.cypher.project import Project
from headwater.engine.answers import Answer, Cache, Miss, NoCache, OneStep, Result
from headwater.engine.bare_names import warn_of_bare_names
from headwater.engine.cache import NEVER_RUN, GraphCache
from headwater.engine.cancel import Requests
from headwater.engine.code_values import look_again
from headwater.engine.config import Config
from headwater.engine.context import Context
from headwater.engine.control import HEARTBEAT, Control
from headwater.engine.dataset_notes import note_datasets
from headwater.engine.driving import Relieved
from headwater.engine.errors import Undecodable, Unrecordable
from headwater.engine.executors import Executor, Outcome, perform, prepare_for
from headwater.engine.executors.owned import own
from headwater.engine.expression import Call
from headwater.engine.failure import Unreadable
from headwater.engine.file_checks import look_after
from headwater.engine.interrupts import interrupts
from headwater.engine.job import RUNNING, Job
from headwater.engine.nested import find_expressions
from headwater.engine.observed import Company
from headwater.engine.options import is_off
from headwater.engine.passing import refuse_unrecorded
from headwater.engine.reasons import UNREADABLE_EXPRESSION, UNREADABLE_RESULT
from headwater.engine.recorder import Recorder
from headwater.engine.root import root_call, unkept
from headwater.engine.traceback import message_of
from headwater.engine.values import ValueStore

if TYPE_CHECKING:
    from headwater.cypher.records import ExecutionStarted
    from headwater.cypher.store import GraphStore
    from headwater.engine.entry_points import EntryPoint
    from headwater.engine.signature import JobInfo

_log = logging.getLogger("headwater")

_ALONE = 0.0005
"""Seconds: a call known to be quicker than this runs on the loop's own thread when it is the only one."""


_MISSES = 100
"""So many calls of a quick task in a row that the graph did not know, one at a time, and it is asked once for all that
it knows of the task."""


class Run(Control):
    """One run: the loop and what it works with.

    Attributes:
        flags: how it was started, for runs inside it.
        told: what those are told, and answer through.
        entry_points: the tasks of other projects that can be called, by name; None until one is called.
    """

    def __init__(
        self,
        project: Project | None,
        config: Config,
        *,
        use_cache: bool,
        keep_going: bool,
        prov: bool = True,
        context: Context | None = None,
    ) -> None:
        super().__init__(config, keep_going=keep_going, context=context or {})
        self.project = project
        self.config = config
        self.ended = False
        self.flags: dict[str, Any] = {"use_cache": use_cache, "keep_going": keep_going}
        self.told: list[JobInfo] = []
        self.entry_points: Mapping[str, EntryPoint] | None = None
        self._use_cache = use_cache
        self._prov = prov
        self._cache: Cache = NoCache()
        self._store: GraphStore | None = None
        self._quick: dict[str, float] = {}
        self._misses: dict[str, int] = {}
        self._company = Company()

    # -- a run from end to end -------------------------------------------------------------------------------------

    def evaluate(
        self,
        expr: Any,
        tags: Sequence[tuple[str, str]],
        command: Sequence[str] | None,
        begun: Callable[[str | None], None],
    ) -> Any:
        self.flags |= {"tags": tuple(tags), "command": command}
        status, error = "FAILED", None
        with ExitStack() as until_closed:
            try:
                until_closed.enter_context(interrupts(self._interrupt))
                self._raises = True
                self._look_again()
                call = root_call(expr)
                self._open(call, tags, command)
                begun(self.recorder.execution_id)
                self._executors.start(self.recorder.prepare, self._complete, self._ask)
                self._raises = False
                with few_collections(RARELY):
                    try:
                        root = self._root = self._begin(call)
                        value = self._turn(root)
                    finally:
                        self.reduction.over()
                status = "DONE"
            except BaseException as failure:
                # A task that raises KeyboardInterrupt or Cancelled has failed like any other.
                if failure is self._stop or (self._root is None and isinstance(failure, KeyboardInterrupt)):
                    status, error = "CANCELLED", str(failure) or "interrupted"
                else:
                    error = f"{type(failure).__name__}: {message_of(failure)}"
                raise
            finally:
                self._end(status, error)
        if isinstance(self._stop, KeyboardInterrupt):
            raise self._stop  # it came when the result was there; whoever pressed Ctrl-C wants no more
        return value

    def _end(self, status: str, error: str | None) -> None:
        """Leave nothing open, whatever is interrupted."""
        try:
            self._end_all()
            self.ended = self._raises = True
            self._warn_of_bare_names()
            self._executors.stop(wait=self._stop is None)
            for info in self.told:
                info.close()
        finally:
            self._raises = False
            try:
                self.recorder.close(status, error)
            finally:
                if self._store is not None:
                    self._store.close()

    def _open(self, call: Call, tags: Sequence[tuple[str, str]], command: Sequence[str] | None) -> None:
        if self.project is None or self._is_off(call):
            return
        note_datasets(self.project)
        from headwater.cypher.backlog import catch_up, ensure_loader
        from headwater.cypher.errors import StoreUnavailable
        from headwater.cypher.store import open_store
        from headwater.engine.environment import describe_execution

        values = ValueStore(self.project.values_address(), largest=self.config.max_value_size)
        # Early, so that the loader's process starts beside this one's own start.
        ensure_loader(self.project)
        try:
            self._store = open_store(self.project, meanwhile=self._go_on)
            if self._use_cache:
                catch_up(self.project)
                self._cache = GraphCache(self._store, self._context, self._can_run)
        except StoreUnavailable as error:
            _log.warning(
                "the graph cannot be reached (%s): the run goes on without earlier results, and is loaded later",
                error,
            )
        started = describe_execution(self.project, call._task, tags, command)
        self.recorder = self._record(started, values)
        self._cache.states = self.recorder.lineages.states
        self.reduction = self._reduce_with(use_cache=self._use_cache)
        self._requests = Requests(self.project, started.id)
        ensure_loader(self.project)

    def _is_off(self, call: Call) -> bool:
        """Whether nothing is recorded of a run of this call, and nothing reused (`prov=False`)."""
        return not self._prov or is_off(call._task.definition, None, call._options)

    def _look_again(self) -> None:
        look_again()

    def _record(self, started: ExecutionStarted, values: ValueStore) -> Recorder:
        assert self.project is not None
        return Recorder(started, values, Recorder.journal_of(self.project, started.id))

    def _warn_of_bare_names(self) -> None:
        if "namespace" not in self.config.ignore_warnings:
            warn_of_bare_names(self.reduction.counts)

    def _begin(self, call: Call) -> Job:
        try:
            return self.reduction.begin(call)
        except Unrecordable:
            other = unkept(call)
            if other is None:
                raise
            return self.reduction.begin(other)

    # -- the loop --------------------------------------------------------------------------------------------------

    def _turn(self, root: Job) -> Any:
        return self._drive.run(lambda: self._loop(root), self._interrupted, MemoryWatch().look)

    def _loop(self, root: Job) -> Any:
        reduction, later, timed = self.reduction, self._later.entries, self._timeouts.jobs
        while True:
            if self._stop is not None:
                raise self._stop
            if self._asked:
                self._take_asked()
            self._take_completed()
            if later or timed:
                self._ring()
            reduction.advance()
            if self._stop is not None:
                raise self._stop
            if reduction.lookups:
                self._look_up()
                if reduction.ready:
                    continue
            if root.finished:
                if root.error is None:
                    try:
                        value = reduction.value_of(root)
                        self._drain()
                        return value
                    except Unreadable as unreadable:
                        if not reduction.reopen(unreadable):
                            raise Undecodable(
                                f"the result cannot be read back: {unreadable.reason}"
                            ) from unreadable
                        continue
                break
            if reduction.runnable:
                self._dispatch()
                if self._completed or root.finished:
                    continue
            if (
                not self._running
                and not reduction.ready
                and not self._completed
                and not self._asked
                and not later
                and not reduction.endless(root)
            ):
                raise InternalError(f"nothing can go on, and {root.task.fullname} has no result")
            self._sleep()
        self._drain()
        assert root.error is not None
        raise root.error

    def _sleep(self) -> None:
        if self.reduction.ready:
            return
        self._sleeping = True
        rested = False
        if not self._completed and not self._asked and self._stop is None:
            alarms = self._later.entries or self._timeouts.jobs
            rested = not self._wake.wait(self._until_next_moment() if alarms else HEARTBEAT)
        self._sleeping = False
        self._wake.clear()
        if rested:
            self._beat(time())
            self._untie()

    def _complete(self, job: Job, n: int, outcome: Outcome) -> None:
        """Called by executors, on any thread."""
        recording = self.reduction.recording_of(job)
        files = recording.far_files(job)
        if files:
            look_after(recording, job, files, outcome, lambda told: self._heard(job, n, told))
        else:
            self._heard(job, n, outcome)

    def _heard(self, job: Job, n: int, outcome: Outcome) -> None:
        self._completed.append((job, n, outcome))
        if self._sleeping:
            self._wake.set()

    def _take_completed(self) -> None:
        completed, running, timed = self._completed, self._running, self._timeouts.jobs
        latest = 0.0
        while completed:
            job, n, outcome = completed.popleft()
            if n != job.n:
                continue  # an attempt that was given up is told late
            try:
                running.remove(job)
            except KeyError:
                continue  # a call that was given up is told late
            self._cache.something_ran()
            if timed or job.options:
                self._release(job)
            job.started = outcome.started
            if outcome.changed or job.traits.changed:
                job.have(changed=outcome.changed)
            latest = outcome.stopped
            if job.task.plan.info:
                job.have(observed=self._company.heard(job.n, outcome, self._id_of(job)))
            if outcome.error is not None:
                self._failed(job, outcome.error)
            else:
                self._quick[job.task.fullname] = latest - outcome.started
                job.described = outcome.prepared
                self.reduction.returned(job, outcome.value, lazy=outcome.lazy)
        if latest > self._next_beat:
            self._beat(latest)

    def _look_up(self) -> None:
        jobs = [job for job in self.reduction.lookups if not job.finished]
        self.reduction.lookups.clear()
        if len(jobs) == 1 and self._is_beyond_the_known(jobs[0]):
            jobs[0].reason = NEVER_RUN
            self.reduction.runnable.append(jobs[0])
            return
        for job, found in zip(jobs, self._cache.find(jobs), strict=True):
            answer = self._readable(found) if self.reduction.unreadable else found
            name = job.task.fullname
            self._misses[name] = self._misses.get(name, 0) + 1 if isinstance(answer, Miss) else 0
            if isinstance(answer, Miss):
                job.reason = answer.reason
                self.reduction.runnable.append(job)
            elif isinstance(answer, OneStep):
                self._one_step(job, answer)
            else:
                self.reduction.reused(
                    job,
                    answer.value,
                    answer.value_hash,
                    answer.call_hash,
                    reason=answer.reason,
                    reads=answer.reads,
                )

    def _readable(self, answer: Answer) -> Answer:
        """An answer of the cache, or a miss where its value has turned out to be unreadable."""
        if isinstance(answer, Result) and answer.value_hash in self.reduction.unreadable:
            return Miss(f"{UNREADABLE_RESULT}: {self.reduction.unreadable[answer.value_hash]}")
        return answer

    def _is_beyond_the_known(self, job: Job) -> bool:
        """Whether a call that is ready alone, as in a chain, need not be asked for: its task is quick, the last calls
        of it were all new, and the graph has none like it."""
        name = job.task.fullname
        if self._misses.get(name, 0) < _MISSES or self._quick.get(name, 1.0) >= _ALONE:
            return False
        return not self._cache.may_find(job)

    def _one_step(self, job: Job, answer: OneStep) -> None:
        try:
            value = self.recorder.fetch(answer.value)
        except Undecodable as error:
            job.reason = f"{UNREADABLE_EXPRESSION}: {error}"
            self.reduction.runnable.append(job)
            return
        job.reason = f"single reduction reused: {answer.reason}"
        job.started = time()
        self.recorder.resumed(job)
        self.reduction.returned(job, value, lazy=bool(find_expressions(value)))

    def _dispatch(self) -> None:
        reduction = self.reduction
        slices: dict[tuple[str, bool], tuple[Executor, list[Job]]] = {}
        takes_handles = False
        while reduction.runnable:
            job = reduction.runnable.popleft()
            owner = job.owner
            if job.finished:
                self._let_pass(job)
                continue
            if reduction.stopping or (owner is not None and owner.finished):
                reduction.cancel(job)
                self._let_pass(job)
                continue
            if job.body is not None and job.body.lent:
                self._take_back(job)
                continue
            try:
                if job.traits.taken:
                    refuse_unrecorded(
                        job, withheld=self.project is not None and self.recorder.execution_id is None
                    )
                    takes_handles = True
                where = self._executor_of(job), job.task.is_async
                found = slices.get(where)
                if found is None:
                    found = slices[where] = self._executors.where(*where), []
                if job.options and job.options.get("limits") and not self.limits.acquire(job):
                    continue
            except Exception as error:
                reduction.fail(job, error)
                continue
            self._start(job, found[0])
            found[1].append(job)
        if takes_handles:
            self.recorder.settle()  # what is rolled back has to be known even if this process is killed now
        for executor, jobs in slices.values():
            if len(jobs) == 1 and self._may_run_here(jobs[0]):
                self._run_here(jobs[0])
            else:
                executor.submit(jobs)

    def _start(self, job: Job, executor: Executor) -> None:
        reduction = self.reduction
        reduction.move(job, RUNNING)
        job.executor, job.idle = executor.name, True
        job.started = time()
        self._company.begun += 1
        if job.task.plan.info:
            self._inform(job)
            self._company.began(job.n, len(self._running))
        self._running.add(job)
        if job.options:
            seconds = job.options.get("timeout")
            if seconds is not None:
                self._timeouts.watch(job, seconds)
        self.recorder.started(job)

    def _executor_of(self, job: Job) -> str:
        for info in job.infos():
            return info.executor(self, job)
        return job.options.get("executor", "default")  # type: ignore[no-any-return]

    def _inform(self, job: Job) -> None:
        """Fill in the parameters that ask for facts about the job."""
        from headwater.engine.signature import JobInfo

        execution = self.recorder.execution_id
        key = job.eval_hash.hex() if job.eval_hash else None
        values = job.values = list(job.values or ())
        for index, name in enumerate(job.names):
            if name in job.task.plan.info and isinstance(values[index], JobInfo):
                info = JobInfo(
                    execution,
                    self._id_of(job),
                    key,
                    key,
                    dict(job.options),
                    str(self.project.folder) if self.project is not None else None,
                )
                values[index] = values[index].filled(info, self, job)

    def _id_of(self, job: Job) -> str | None:
        from headwater.cypher.records import job_id

        execution = self.recorder.execution_id
        return job_id(execution, job.n) if execution is not None and not job.unrecorded else None

    def _may_run_here(self, job: Job) -> bool:
        """Whether waking a thread for a call would cost more than it could gain."""
        return (
            len(self._running) == 1
            and job.executor == "default"
            and not self._timeouts.jobs
            and self._quick.get(job.task.fullname, 1.0) < _ALONE
            and self._executors.runs_threads("default")
            and not job.task.is_async
        )

    def _run_here(self, job: Job) -> None:
        args, kwargs = job.arguments(own)
        n, prepare = job.n, prepare_for(job, self.recorder.prepare)
        turn, job.idle = self._drive.begin(), False
        outcome = perform(job.task.body, args, kwargs, prepare, time(), key=job.eval_hash)
        self._complete(job, n, outcome)  # which may have to ask a store for files, and take long, too
        if not self._drive.end(turn):
            raise Relieved

    def _drain(self) -> None:
        """After the root has ended: let what still runs finish, and record it; start nothing."""
        self.reduction.stopping = True
        self._stop_bodies()
        while self._running or self._completed:
            self._take_asked()
            self._take_completed()
            if self._timeouts.jobs:
                self._ring()
            self.reduction.advance()
            if self._stop is not None:
                raise self._stop
            if self._running and not self._completed:
                self._sleep()
