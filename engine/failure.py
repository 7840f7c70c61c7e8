"""Who fails with whom: how errors, cancellations and unreadable results travel between nodes."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from time import time
from typing import Any, Protocol

from headwater.cypher.records import FileSeen
from headwater.engine.attach import flows
from headwater.engine.bodies import note_returned, tell
from headwater.engine.children import recorded_children
from headwater.engine.context import Context, Reads, add_reads
from headwater.engine.errors import CIRCUMSTANTIAL, CallError, Cancelled, TooLarge, Undecodable
from headwater.engine.job import CACHED, CANCELLED, FAILED, RUNNING, WAITING, Job, Node, StepNode, Stored
from headwater.engine.nested import find_expressions
from headwater.engine.origins import origins_of_error
from headwater.engine.reasons import UNREADABLE_RESULT
from headwater.engine.traceback import attach_traceback, error_hash, error_text
from headwater.engine.unrecorded import Unrecorded

Tag = tuple[str, str]


class Recording(Protocol):
    """What reduction tells of, as it happens; `recorder.Recorder` writes it down, `no_recorder.NoRecorder` does not."""

    def identify(self, value: Any, label: str) -> bytes: ...
    def described(self, job: Job, value: Any) -> bytes: ...
    def tagged(self, value: Any, tags: Sequence[Tag], run_tags: Sequence[Tag]) -> None: ...
    def reduced(self, job: Job, result: Any) -> None: ...
    def called(self, job: Job, children: list[bytes], *, cacheable: bool) -> None: ...
    def failed(self, job: Job, children: list[bytes]) -> None: ...
    def changed_file(self, job: Job) -> str | None: ...
    def far_files(self, job: Job) -> list[FileSeen]: ...
    def look(self, files: Sequence[FileSeen]) -> set[bytes]: ...
    def ended(self, job: Job, stopped: float) -> None: ...
    def spare(self, job: Job) -> Stored | None: ...
    def fetch(self, stored: Stored) -> Any: ...


def call_key(job: Job, value_hash: bytes, children: list[bytes]) -> bytes:
    """A call's hash: of its key, its result, the calls it made and what all of them read of the context.

    What it depends on of calls under it that are not recorded counts, too.

    One that may not be reused is another than one that may, though both have the same key and result: so whoever
    called the one is another than whoever called the other, and only that one is not reused either.
    """
    assert job.eval_hash is not None
    parts = [b"Call\0", job.eval_hash, value_hash, *children]
    if job.reads:
        reads = sorted(job.reads.items())
        parts += [b"Context\0", *(path.encode() + b"\0" + digest for path, digest in reads)]
    if job.error is not None and job.returns:
        # Which of the children failed first, time decides.
        parts.append(b"Error of\0" + repr(job.returns).encode())
    if job.body is not None and job.below is not None and (job.below.wiring or job.returns):
        # What the body had got when it asked for a call, time may decide.
        parts.append(b"Flow\0" + repr((sorted(set(job.below.wiring)), job.returns)).encode())
    if job.gap:
        parts += [b"Gap\0", *(mark.encode() + b"\0" for mark in sorted(job.gap))]
    if job.outdated or not job.reusable:
        parts.append(b"Once\0")
    return hashlib.sha256(b"".join(parts)).digest()


class Finished:
    """What is kept of a call for equal calls later in the run: of most calls this, as there may be very many."""

    __slots__ = ("call_hash", "value", "value_hash")

    error: BaseException | None = None
    reads: Reads | None = None

    def __init__(self, job: Job, value: Any) -> None:
        self.value = value
        self.value_hash = job.value_hash
        self.call_hash = job.call_hash

    def does_for(self, job: Job) -> bool:
        """Whether an equal call may have it: any may."""
        return True


class FinishedOtherwise(Finished):
    """The same of a call that failed, read of the context, or was recorded and not checked in full."""

    __slots__ = ("_checks_all", "_recorded", "error", "reads")

    def __init__(self, job: Job, value: Any) -> None:
        super().__init__(job, value)
        self.error = job.error
        self.reads = job.reads
        self._checks_all = job.checks_all
        self._recorded = job.status == CACHED

    def does_for(self, job: Job) -> bool:
        """Whether an equal call may have it: one that is checked in full, no recorded result under which files may have
        changed; one that is not, no failure of such a one, as there may be a recorded result that does for it."""
        if job.checks_all:
            return self._checks_all or not self._recorded
        return self.error is None or not self._checks_all


def finished_of(job: Job, value: Any) -> Finished:
    """What is kept of a call that has ended, with its value or where that is."""
    is_usual = job.error is None and not job.reads and (job.status != CACHED or job.checks_all)
    return Finished(job, value) if is_usual else FinishedOtherwise(job, value)


class Unreadable(Exception):
    """A recorded value that cannot be decoded, with the node that has it."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


class Failures:
    """The part of reduction that deals with what did not work out.

    Attributes:
        recording: is told of what happens.
        unrecorded: is told of it instead, where it is not to be recorded.
        keep_going: whether the independent rest runs on after a failure.
        ready: nodes that wait for nothing any more.
        runnable: calls that must run.
        counts: jobs by task name and status, in `job.STATUS`'s order.
        jobs: how many jobs there have been.
        context: the run's.
        unreadable: recorded values that turned out not to be, by hash, and why.
        stand_ins: owners of what was begun in the background, in the place of the calls that began it.
    """

    def __init__(self, recording: Recording, *, keep_going: bool, context: Context | None = None) -> None:
        self.recording = recording
        self.unrecorded = Unrecorded()
        self.context: Context = context or {}
        self.keep_going = keep_going
        self.ready: deque[Node] = deque()
        self.runnable: deque[Job] = deque()
        self.counts: dict[str, list[int]] = {}
        self.jobs = 0
        self.unreadable: dict[bytes, str] = {}
        self.stand_ins: dict[Job, None] = {}
        self._reopened: set[Job] = set()
        self._equal: dict[bytes, Job | Finished] = {}

    def over(self) -> None:
        """No call comes any more that may be equal to one that was."""
        self._equal.clear()

    def move(self, job: Job, status: int) -> None:
        """Give a job another status."""
        counts = self.counts[job.task.fullname]
        counts[job.status] -= 1
        counts[status] += 1
        job.status = status

    def end(self, job: Job, status: int) -> None:
        """Give a job its last status, and record it."""
        now = time()
        if not job.started:
            job.started = now
        stopped = now if now > job.started else job.started  # a clock may be put back meanwhile
        self.move(job, status)
        self.recording_of(job).ended(job, stopped)

    def recording_of(self, job: Job) -> Recording:
        """Who is told of a job: nobody who writes anything down, where it is not recorded."""
        return self.unrecorded if job.unrecorded else self.recording

    def number(self) -> int:
        """The number of the next job."""
        n = self.jobs
        self.jobs = n + 1
        return n

    def fail(self, node: Node, error: BaseException) -> None:
        """A node failed: so do those who wait for it, unless one of them catches the error."""
        if isinstance(error, Unreadable):
            # Another that takes the same result may have found it out before: then its call runs again already.
            if not error.node.finished or self.reopen(error):
                node.pending = 1
                error.node.waiters = [*(error.node.waiters or ()), node]
                return
            error = Undecodable(f"a result of this run cannot be read back: {error.reason}")
        if isinstance(error, TooLarge) and node.owner is not None:
            # Of a call whose argument is too large there is no record that could say so: that of its owner has to.
            node.owner.outdated = True
        if isinstance(node, Job):
            self._fail_job(node, error)
            return
        node.error = error
        if isinstance(node, StepNode):
            tell(node, error)
        self._pass_on(node, error)

    def _fail_job(self, job: Job, error: BaseException) -> None:
        if job.finished:
            return
        inherited = job.error is error and job.result is None and job.status == WAITING
        job.error = error
        if inherited:
            # An argument failed, so this call never was; its job ends all the same.
            job.reason = "an argument failed"
            self.end(job, CANCELLED)
        else:
            self._record_failure(job, error)
            self.end(job, CANCELLED if isinstance(error, Cancelled) else FAILED)
        self._leave_owner(job)
        followers, live = job.followers, job.live
        key = job.shared_key()
        finished = finished_of(job, None)
        if key is not None and self._equal.get(key) is job:
            self._equal[key] = finished
        job.release()
        self._pass_on(job, error)
        if live:
            self._abandon(live)
        for follower in followers or ():
            if not finished.does_for(follower):
                self.ready.append(follower)
            elif not follower.finished:
                follower.call_hash, follower.reads = job.call_hash, job.reads
                self.fail(follower, error)

    def _leave_owner(self, job: Job) -> None:
        """Have the call that made a finished one, where it goes on, count it among those that it made and take it off
        the list of those that run. What the finished one read of the context, its owner read through it; what the reuse
        of one that is not recorded depends on, that of its owner does."""
        owner = job.owner
        if owner is None or owner.finished:
            return
        assert owner.below is not None
        owner.below.calls[job.index] = job.call_hash
        owner.below.live.pop(job, None)
        if job.reads:
            context = self.context if owner.context is None else owner.context
            owner.reads = add_reads(owner.reads, context, job.reads, job.traits.override)
        if job.unrecorded and job.eval_hash is not None:
            gap = owner.gap = owner.gap if owner.gap is not None else set()
            gap.update(self.unrecorded.marks_of(job))
            gap.update(job.gap or ())
            if job.outdated or not job.reusable or isinstance(job.error, CIRCUMSTANTIAL):
                owner.outdated = True
            job.value_hash = None  # it stands for nothing that is recorded

    def _record_failure(self, job: Job, error: BaseException) -> None:
        attach_traceback(job, error)
        if job.eval_hash is not None:
            job.value_hash = error_hash(error)
            if job.status == RUNNING and self.recording_of(job).changed_file(job) is not None:
                job.outdated = True
            if job.unrecorded:
                return
            if job.call_hash is not None:
                return  # that of an equal call of this run, which is recorded
            job.returns = () if job.result is None else flows(set(origins_of_error(job, job.result)))
            if job.body is not None and note_returned(job, job.body):
                job.outdated = True
            children = recorded_children(job)
            job.call_hash = call_key(job, job.value_hash, children)
            self.recording.failed(job, children)

    def fail_attempt(self, job: Job, error: BaseException) -> None:
        """A job's function failed and is to be tried again: this attempt is over, as a job of its own, and the call
        goes on as the next one."""
        job.error = error
        self._record_failure(job, error)
        self.end(job, FAILED)
        if job.below is not None:
            self._leave_behind(job)
        with suppress(AttributeError, TypeError):  # the next attempt may raise the same object
            error.headwater_traceback = None  # type: ignore[attr-defined]
        job.error = job.value_hash = job.call_hash = None
        job.returns, job.outdated = (), False
        job.reason = f"tried again after {error_text(error)}"
        job.have(attempt=job.traits.attempt + 1, named=(), changed=())
        job.n = self.number()
        job.started = 0.0
        job.status = WAITING
        self.counts[job.task.fullname][WAITING] += 1

    def _leave_behind(self, job: Job) -> None:
        """Let go of the calls that an attempt made before it failed: what still runs of them is its own. Nobody waits
        for them: the next attempt asks anew."""
        assert job.below is not None
        waits = job.body.asking if job.body is not None else ()
        for node in (*job.below.memo.values(), *waits):
            if isinstance(node, StepNode):
                node.finished = True
        live = job.live
        if live:
            past = _likeness(job)
            past.finished = True
            for child in live:
                child.owner = past
            self._abandon(live)
        job.body = job.below = None

    def _pass_on(self, node: Node, error: BaseException) -> None:
        node.finished = True
        waiters, node.waiters = node.waiters, None
        for waiter in waiters or ():
            if waiter.finished:
                continue
            if waiter.error is None and not waiter.tolerant:
                waiter.error = error
            if self.keep_going or waiter.tolerant:
                waiter.pending -= 1
                if not waiter.pending:
                    self.ready.append(waiter)
            else:
                self._stop_waiting(waiter)
                self.ready.append(waiter)

    def _stop_waiting(self, node: Node) -> None:
        """Take a form that goes on after an error off the lists of what it waited for."""
        node.pending = 0
        if isinstance(node, StepNode) and node.owner is not None and node.owner.below is not None:
            memo = node.owner.below.memo
            for expression in find_expressions(node.awaited):
                other = memo[id(expression)]
                if other.waiters and node in other.waiters:
                    other.waiters = [waiter for waiter in other.waiters if waiter is not node]

    def cancel(self, job: Job) -> None:
        """End a job that nobody waits for any more, or that may not start."""
        if job.finished:
            return
        job.error = Cancelled(f"{job.task.fullname} was cancelled before it finished")
        followers = job.followers
        live = job.live
        if job.body is not None:
            job.body.stop()
        self.end(job, CANCELLED)
        key = job.shared_key()
        if key is not None and self._equal.get(key) is job:
            del self._equal[key]
        job.release()
        self._pass_on(job, job.error)
        if live:
            self._abandon(live)
        for follower in followers or ():
            # Somebody else still wants the result of this call: it takes its own way.
            if not follower.finished:
                self.ready.append(follower)

    def _abandon(self, jobs: Iterable[Job]) -> None:
        """Cancel what a finished job no longer needs, down to its leaves; running functions are let finish."""
        stack = list(jobs)
        while stack:
            job = stack.pop()
            if not job.finished and (job.status == WAITING or job.result is not None or job.body is not None):
                if job.below is not None:
                    stack.extend(job.below.live)
                    job.below.live = {}
                self.cancel(job)

    def stand_in(self, owner: Job) -> Job:
        """An owner in the place of another, which does not end before the run does."""
        stand_in = _likeness(owner)
        stand_in.context, stand_in.exported = owner.context, owner.exported
        stand_in.open(None)
        self.stand_ins[stand_in] = None
        return stand_in

    def abandon_background(self) -> None:
        """Cancel what was begun in the background and has not ended."""
        for stand_in in self.stand_ins:
            self._abandon(stand_in.live)

    def reopen(self, unreadable: Unreadable) -> bool:
        """Run a call whose recorded result cannot be read; False where its arguments are gone with it, or where it ran
        and its result cannot be read all the same."""
        job = unreadable.node
        if not isinstance(job, Job) or job.values is None or job in self._reopened:
            return False
        self._reopened.add(job)
        if job.value_hash is not None:
            # Whoever has the same value from the graph or from an equal call cannot read it either.
            self.unreadable[job.value_hash] = unreadable.reason
        job.finished = False
        job.value = job.value_hash = job.call_hash = None
        if job.traits.spare is not None:
            job.have(spare=None)
        job.reason = f"{UNREADABLE_RESULT}: {unreadable.reason}"
        job.n = self.number()
        job.started = 0.0
        self.move(job, WAITING)
        key = job.shared_key()
        assert key is not None
        self._equal[key] = job
        if job.owner is not None and job.owner.below is not None:
            job.owner.below.live[job] = None
        self.runnable.append(job)
        return True

    def endless(self, root: Job) -> bool:
        """Break a knot: a call that waits for itself, over its own calls or over an equal call, fails.

        Returns:
            False where there is none.
        """
        leaders: dict[Job, Job] = {}
        stack = [root, *self.stand_ins]
        while stack:
            job = stack.pop()
            leaders.update((follower, job) for follower in job.followers or () if not follower.finished)
            stack.extend(job.live)
        done: set[Job] = set()
        for start in leaders:
            path: list[Job] = [start]
            ways = [iter(_waited_for(start, leaders))]
            on_path = {start}
            while ways:
                waited_for = next(ways[-1], None)
                if waited_for is None:
                    ways.pop()
                    left = path.pop()
                    on_path.discard(left)
                    done.add(left)
                elif waited_for in on_path:
                    knot = next(one for one in reversed(path) if one in leaders)
                    self.fail(knot, CallError(_KNOT.format(knot.task.fullname)))
                    return True
                elif waited_for not in done:
                    path.append(waited_for)
                    on_path.add(waited_for)
                    ways.append(iter(_waited_for(waited_for, leaders)))
        return False


def _likeness(job: Job) -> Job:
    """Another node with the number and the place of a job, for calls that do not end with it."""
    other = Job(job.owner, job.task, job.n)
    other.names, other.values = job.names, job.values
    return other


_KNOT = (
    "{} calls itself with the same arguments, directly or through others: it would never end. Change an argument "
    "on the way, or add a condition that stops."
)


def _waited_for(job: Job, leaders: dict[Job, Job]) -> list[Job]:
    """What an unfinished job waits for: the equal call it shares the result of, or the calls under it."""
    leader = leaders.get(job)
    return [leader] if leader is not None else list(job.live)
