"""The rules of reduction: when a node has its value, what follows, and who fails with whom.

Everything here runs on the scheduler's thread and never waits. Each rule takes a node one step further and puts the
nodes that can go on into `ready`; nothing recurses, so depth is bounded by memory alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import headwater.engine.background
import headwater.engine.combinators  # noqa: F401  so must these, whose forms a recorded expression may hold
from headwater.engine.applied_tags import tag_steps
from headwater.engine.attach import Attacher, await_nodes, eval_key, flows, refuse_handles
from headwater.engine.awaiting import LAST, Want
from headwater.engine.bodies import note_returned, take_want
from headwater.engine.came import NONE
from headwater.engine.children import recorded_children
from headwater.engine.context import Context, Reads, add_reads, look_up, merged, read_hash
from headwater.engine.errors import Undecodable
from headwater.engine.expression import Call, Expression, Operation, Special
from headwater.engine.failure import Failures, Finished, Recording, Unreadable, call_key, finished_of
from headwater.engine.feeding import ONLY_BODY
from headwater.engine.job import (
    BODY,
    CACHED,
    DONE,
    RUNNING,
    WAITING,
    Job,
    Node,
    StepNode,
    Stored,
)
from headwater.engine.nested import ATOMS, Failure, find_expressions, look_into, substitute
from headwater.engine.options import CONTEXT, PRIVATE, CacheResult, CacheScope, check_options
from headwater.engine.origins import origins_of_error
from headwater.engine.parts import applied
from headwater.engine.passing import Passed, Taken, passed, passing
from headwater.engine.special import CHOOSERS, FORMS, Begun, Give, Settled, Steps
from headwater.engine.taken_along import has_plain_parts, taken_along
from headwater.engine.task import Task
from headwater.engine.traits import Spare


class Reduction(Failures):
    """One evaluation: its nodes, its table of equal calls, and the calls that are ready for cache or executor.

    Args:
        check: refuses options of a call that name what there is not.

    Attributes:
        ready: nodes that wait for nothing any more.
        lookups: calls that the cache is to be asked for.
        runnable: calls that must run.
        counts: jobs by task name and status, in `job.STATUS`'s order.
        stopping: nothing new starts any more.
    """

    def __init__(
        self,
        recording: Recording,
        check: Callable[[Task[Any, Any], Mapping[str, Any]], None],
        *,
        use_cache: bool,
        keep_going: bool,
        context: Context | None = None,
    ) -> None:
        super().__init__(recording, keep_going=keep_going, context=context)
        self._check = check
        self.use_cache = use_cache
        self.lookups: list[Job] = []
        self.stopping = False
        self._attacher = Attacher(
            recording.identify, self.unrecorded.identify, self.number, self._created, self.context
        )

    def _created(self, node: Node) -> None:
        if isinstance(node, Job):
            counts = self.counts.get(node.task.fullname)
            if counts is None:
                counts = self.counts[node.task.fullname] = [0] * 6
            counts[WAITING] += 1
        if not node.pending:
            self.ready.append(node)

    def begin(self, call: Call) -> Job:
        """Make the root job of a call whose arguments hold no expressions.

        Raises:
            Unrecordable: an argument cannot be recorded; nothing was made.
        """
        task = call._task
        bound = task.plan.bind(call._args, call._kwargs)
        taken: Taken = {}
        bound.values = [Passed().into(value, taken, 0) for value in bound.values]
        hashes = [
            None if name in task.plan.excluded else self.recording.identify(value, f"{task.fullname}({name})")
            for name, value in zip(bound.names, bound.values, strict=True)
        ]
        job = Job(None, task, self.number())
        job.names, job.values, job.positional = bound.names, bound.values, bound.positional
        job.hashes = hashes
        if taken:
            job.have(taken=taken)
        self._attacher.set_options(None, job, call._options)
        job.eval_hash = eval_key(task, job.names, job.positional, hashes)
        self._created(job)
        return job

    # -- nodes that wait for nothing any more ----------------------------------------------------------------------

    def advance(self) -> None:
        """Take every ready node one step further, until none is ready."""
        ready = self.ready
        while ready:
            node = ready.popleft()
            if node.finished:
                continue
            try:
                if node.__class__ is Job:
                    self._advance_job(node)
                else:
                    assert isinstance(node, StepNode)
                    self._step(node)
            except BaseException as error:  # a task's SystemExit is its own; nobody's Ctrl-C is raised here
                self.fail(node, error)

    def _advance_job(self, job: Job) -> None:
        if job.result is not None:
            if job.error is None:
                self._complete_reduction(job)
            else:
                self.fail(job, job.error)
            return
        owner = job.owner
        if job.error is not None:
            if job.lazy is not None and owner is not None:
                # It never was, so what goes on with the error has it from whoever made it.
                job.sources = origins_of_error(owner, [(job.values or [])[index] for index in job.lazy])
            self.fail(job, job.error)
        elif self.stopping or (owner is not None and owner.finished):
            self.cancel(job)
        else:
            if job.lazy is not None:
                self._resolve(job, owner)
            if job.traits.lazy_options:
                self._resolve_options(job)
            self._share_or_queue(job)

    def _resolve(self, job: Job, owner: Job | None) -> None:
        """Put the values of a job's lazy arguments in their places, note what fed them, and work out its key."""
        assert owner is not None
        below = owner.below
        assert below is not None
        memo, excluded, names, hads = below.memo, job.task.plan.excluded, job.names, below.hads
        orders = job.traits.orders
        # Those of the job stay until all are there: one may turn out to be unreadable.
        values, hashes = list(job.values or ()), list(job.hashes or [None] * len(job.names))
        fed: dict[str, Collection[int]] = {}
        for index in job.lazy or ():
            value, name = values[index], names[index]
            sources: Collection[int]
            if isinstance(value, Expression):
                node = memo[id(value)]
                sources = node.sources
                found = self.value_of(node)
                values[index] = found if orders is None else passed(job, node, found)
                # Of what a call takes that is not recorded, the files are noted when it is identified.
                digest = None if job.unrecorded or values[index] is not found else node.value_hash
            else:
                sources = met = set[int]()
                values[index] = substitute(value, passing(job, memo, self._resolver(owner, met)))
                digest = None
            if index in job.mixed:
                sources = {*sources, BODY}
            if name in fed:
                sources = {*fed[name], *sources}
            if hads is not None and BODY in sources and job.index in hads:
                had = hads[job.index]
                had.names[name] = sources
                sources = {*sources, *had.results}
                if sources == ONLY_BODY:
                    had.names[name] = NONE
            fed[name] = sources
            if name not in excluded:
                if digest is None:
                    digest = self.recording_of(job).identify(values[index], f"{job.task.fullname}({name})")
                hashes[index] = digest
            elif orders is not None:
                refuse_handles(values[index], job.task, name)
        job.values, job.hashes, job.lazy = values, hashes, None
        job.eval_hash = eval_key(job.task, names, job.positional, hashes)
        if job.flows_nowhere:
            return
        if hads is not None:
            hads.resolved(job.index, fed.values())
        for name, sources in fed.items():
            below.wiring.extend([(job.index, name, source) for source in flows(sources)])

    def _resolve_options(self, job: Job) -> None:
        """Put the values of a job's lazy options in their places. (They decide how it runs, and feed nothing.)"""
        owner = job.owner
        assert owner is not None
        options = substitute(job.options, self._resolver(owner, set()))
        private = {name: options.pop(name) for name in PRIVATE if name in options}
        job.options = {**check_options(options), **private}
        if job.exported is not None:
            job.exported = check_options(substitute(job.exported, self._resolver(owner, set())))
        if CONTEXT in private:
            self._attacher.set_context(owner, job, private[CONTEXT])
        job.have(lazy_options=False)

    def _share_or_queue(self, job: Job) -> None:
        """Join an equal call of this run, or go on to the cache or the executor."""
        options = job.options
        if options or job.task.is_async:
            self._check(job.task, options)
        scope, allowed = CacheScope.BACKEND, None
        if options:
            scope, allowed = options.get("cache_scope", scope), options.get("allowed_cache_results")
        if job.unrecorded:
            scope = CacheScope.NONE
        if scope is not CacheScope.NONE and (allowed is None or CacheResult.CSE in allowed):
            key = job.shared_key()
            assert key is not None
            equal = self._equal.get(key)
            if equal is None or (isinstance(equal, Finished) and self._is_no_good(equal, job)):
                self._equal[key] = job
            elif isinstance(equal, Finished):
                self._share(job, equal)
                return
            elif equal is not job:
                if equal.followers is None:
                    equal.followers = []
                equal.followers.append(job)
                return
        if scope is CacheScope.BACKEND and self.use_cache:
            self.lookups.append(job)
        else:
            job.reason = "cache scope" if scope is not CacheScope.BACKEND else "cache off for this run"
            self.runnable.append(job)

    def _is_no_good(self, equal: Finished, job: Job) -> bool:
        is_unreadable = equal.value_hash in self.unreadable and equal.value.__class__ is Stored
        return is_unreadable or not equal.does_for(job)

    # -- operations and special forms ------------------------------------------------------------------------------

    def _step(self, node: StepNode) -> None:
        """Take an operation or a special form to its next wish, or to its end."""
        owner, error = node.owner, node.error
        assert owner is not None
        send = None
        if error is not None:
            wanted = node.awaited if node.steps is not None else _operands(node)
            origins = origins_of_error(owner, wanted)
            if node.steps is None:
                node.gathers(origins)
                raise error
            node.gathered.update(origins)
        elif node.steps is None:
            node.steps = self._first_step(node)
        else:
            if _chooses(node):
                node.gathers(())
            send = substitute(node.awaited, self._resolver(owner, node.gathered))
            if look_into(node.awaited)[1]:
                node.gathered.add(BODY)
        node.error = None
        try:
            wanted = node.steps.send(send) if error is None else node.steps.throw(error)
        except StopIteration as stop:
            node.gathered_all()
            node.value = stop.value
            node.steps = node.awaited = None
            self._settle(node)
            return
        except BaseException as raised:
            origins = origins_of_error(owner, node.awaited, None if raised is error else raised)
            if raised is error or origins:
                node.gathers(origins)
            node.gather()
            raise
        node.step += 1
        node.tolerant = isinstance(wanted, Settled)
        if isinstance(wanted, Settled):
            wanted = wanted.value
        elif isinstance(wanted, Begun):
            self._attacher.attach(self.stand_in(owner), wanted.call)
            wanted = None
        node.awaited = wanted = taken_along(owner, wanted)
        node.asked.append(wanted)
        await_nodes(node, self._attacher.attach(owner, wanted, node.place, node.step, node.had))
        if not node.pending:
            self.ready.append(node)

    def _first_step(self, node: StepNode) -> Steps:
        expression, owner = node.expression, node.owner
        assert owner is not None
        if isinstance(expression, Special):
            if expression._form == "get_context":
                return self._read_context(owner, *expression._args)
            if expression._form == "apply_tags":
                return tag_steps(self.recording_of(owner), owner, *expression._args)
            return FORMS[expression._form](Give(node), *expression._args)
        sources: set[int] = set()
        resolve = self._resolver(owner, sources)
        args, kwargs = substitute(expression._args, resolve), substitute(expression._kwargs, resolve)
        if has_plain_parts(expression):
            sources.add(BODY)
        node.gathers(sources)
        return applied(Give(node), expression, args, kwargs)

    def _read_context(self, owner: Job, path: str, default: Any, override: Context | None = None) -> Steps:
        """The steps of `get_context`: what is there, which counts among what its owner read; else the default."""
        if override is not None and find_expressions(override):
            override = yield override
        context = self.context if owner.context is None else owner.context
        seen = context if override is None else merged(context, override)
        owner.reads = add_reads(owner.reads, context, {path: read_hash(seen, path)}, override)
        there, found = look_up(seen, path)
        return found if there else (yield default)

    def _resolver(self, owner: Job, sources: set[int]) -> Callable[[Expression], Any]:
        """Gives the value of each expression, and adds what it came from to `sources`."""
        assert owner.below is not None
        memo = owner.below.memo

        def resolve(expression: Expression) -> Any:
            node = memo[id(expression)]
            sources.update(node.sources)
            return self.value_of(node) if node.error is None else Failure(node.error)

        return resolve

    # -- results ---------------------------------------------------------------------------------------------------

    def value_of(self, node: Node) -> Any:
        """A finished node's value; a recorded one is fetched now.

        Raises:
            Unreadable: the recorded bytes cannot be turned into a value; the node's call has to run after all, or runs.
        """
        value = node.value
        if value is None and not node.finished:
            raise Unreadable(node, "another call found that out")
        if value.__class__ is Stored:
            try:
                value = self.recording.fetch(value)
            except Undecodable as error:
                raise Unreadable(node, str(error)) from error
        spare = node.traits.spare if node.__class__ is Job else None
        if spare is not None:
            spare.readers -= 1
            if spare.readers <= 0:
                node.value = spare.stored
                return value
        node.value = value
        return value

    def returned(self, job: Job, value: Any, *, lazy: bool) -> None:
        """A job's function returned, or the cache had its single reduction: finish it, or go on with what it gave."""
        try:
            if lazy:
                if self.stopping or (job.owner is not None and job.owner.finished):
                    self.cancel(job)
                    return
                if job.status == RUNNING and job.below is None:
                    # (What a body gave after it awaited something is no function of the arguments alone.)
                    self.recording_of(job).reduced(job, value)
                self._reduce(job, value)
            elif value.__class__ in ATOMS:
                self._finish(job, value, self.recording_of(job).identify(value, "result"))
            else:
                self._finish(job, value, self.recording_of(job).described(job, value))
        except Exception as error:
            self.fail(job, error)

    def _reduce(self, job: Job, value: Any) -> None:
        job.described = None
        body = job.body
        if job.below is None:
            job.open(value)
        job.result = value
        place, had = (None, None) if body is None else (LAST, body.had(body.got))
        await_nodes(job, self._attacher.attach(job, value, place, had=had))
        if not job.pending:
            self.ready.append(job)

    def wanted(self, want: Want) -> None:
        """The body of an async task waits for an expression."""
        self.ready.append(take_want(want, self.recording_of(want.job), self.runnable.append))

    def _complete_reduction(self, job: Job) -> None:
        """Everything in a job's returned value is there: put it together."""
        result = job.result
        assert job.below is not None
        if isinstance(result, Expression):
            node = job.below.memo[id(result)]
            job.returns = flows(set(node.sources))
            if node.value_hash is not None:
                self._finish(job, node.value, node.value_hash)
                return
            value = self.value_of(node)
        else:
            sources: set[int] = {BODY} if look_into(result)[1] else set()
            value = substitute(result, self._resolver(job, sources))
            job.returns = flows(sources)
        self._finish(job, value, self.recording_of(job).identify(value, "result"))

    def reused(
        self,
        job: Job,
        value: Stored,
        value_hash: bytes,
        call_hash: bytes,
        *,
        reason: str,
        reads: Reads | None,
    ) -> None:
        """The cache had a job's final result."""
        job.value, job.value_hash, job.call_hash, job.reason = value, value_hash, call_hash, reason
        job.reads = reads
        self.end(job, CACHED)
        self._settle_job(job)

    def _share(self, job: Job, equal: Finished) -> None:
        """Give a job the outcome of an equal call of this run, its error too."""
        job.value, job.value_hash, job.call_hash = equal.value, equal.value_hash, equal.call_hash
        job.reads, job.reason = equal.reads, "equal call in this run"
        if equal.error is not None:
            self.fail(job, equal.error)
            return
        self.end(job, CACHED)
        self._settle_job(job)

    def _finish(self, job: Job, value: Any, value_hash: bytes) -> None:
        job.value, job.value_hash = value, value_hash
        if job.body is not None and note_returned(job, job.body):
            job.outdated = True
            job.reason = "not to be reused: it did not wait for all that it began to await"
        recording = self.recording_of(job)
        changed = recording.changed_file(job) if job.status == RUNNING else None
        if changed is not None:
            job.outdated = True
            job.reason = f"not to be reused: {changed} changed after it was named as an argument"
        if not job.unrecorded:
            children = recorded_children(job)
            job.call_hash = call_key(job, value_hash, children)
            recording.called(job, children, cacheable=job.reusable and not job.outdated)
        self.end(job, DONE if job.status == RUNNING else CACHED)
        self._settle_job(job)

    def _settle_job(self, job: Job) -> None:
        self._leave_owner(job)
        followers, live = job.followers, job.live
        key = job.shared_key()
        if key is not None and self._equal.get(key) is job:
            stored = self.recording_of(job).spare(job)
            self._equal[key] = finished_of(job, stored or job.value)
            if stored is not None:
                job.have(spare=Spare(stored, len(job.waiters or ())))
        job.release()
        self._settle(job)
        if live:
            self._abandon(live)
        if followers:
            finished = finished_of(job, job.value)
            for follower in followers:
                if not finished.does_for(follower):
                    self.ready.append(follower)
                elif not follower.finished:
                    self._share(follower, finished)

    def _settle(self, node: Node) -> None:
        """Tell those who wait for a node that it is finished."""
        node.finished = True
        waiters, node.waiters = node.waiters, None
        for waiter in waiters or ():
            if not waiter.finished:
                waiter.pending -= 1
                if not waiter.pending:
                    self.ready.append(waiter)


def _chooses(node: StepNode) -> bool:
    """Whether a form's value comes from its last step alone."""
    return isinstance(node.expression, Special) and node.expression._form in CHOOSERS


def _operands(node: StepNode) -> Any:
    expression = node.expression
    return [expression._args, expression._kwargs] if isinstance(expression, Operation) else None
