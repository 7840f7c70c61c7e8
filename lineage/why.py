"""Why a job ran, or why it did not have to: one reason of a closed list, what shows it, and its cause to the root.

The scheduler notes in a word what the cache answered. The rest is found by comparison: with an equal call that was on
record, or with the nearest earlier call of the same task, the one whose arguments differ least. An argument that
differs and was fed by a call that ran leads on to that call's job; one that the parent's body made leads to the parent;
what had to be done again because something below it changed leads down to what did, into another project too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwater.cypher.errors import UsageError
from headwater.cypher.inert import one_line
from headwater.cypher.records import is_code, marked_file
from headwater.lineage.changes import FileChange
from headwater.lineage.resolve import versions_meant
from headwater.lineage.versions import compare_versions
from headwater.lineage.why_arguments import Arguments
from headwater.lineage.why_facts import BORDER, SINGLE, EarlierJob, JobFact, WhyFacts
from headwater.lineage.why_views import ArgumentChange, JobLine, Reason, Step, Why

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found
    from headwater.lineage.versions import CodeChange

_OFF = "cache off for this run"
_SCOPE = "cache scope"
_ALLOWED = "final results are not allowed by allowed_cache_results"
_BELOW = "something under it changed"
_ROLLED_BACK = "a handle that it takes or gives was rolled back"
_OTHERWISE = "what it reads is another now: "
_CODE_IN = re.compile(r"code in (its result|the expression it returned) changed: .*", re.DOTALL)
_NEVER = "never run with these arguments and this code"
_ENTRY = "entrypoint"
"""what a call of another project's task is given to say which one"""
_SHARED = "equal call in this run"


def why(store: GraphStore, job: str) -> Why:
    """Why a job ended as it did.

    Raises:
        UsageError: the graph has no such job.
    """
    return _Explainer(store).why(job)


def jobs_meant(store: GraphStore, found: Found) -> list[str]:
    """The jobs that a person asks about: a run's root, a call's newest, of a task all in the newest run that has any,
    those that ran first.

    Raises:
        UsageError: there is none, or a value or a file is meant.
    """
    jobs: list[str] = []
    if found.kind == "job":
        jobs = [found.id]
    elif found.kind == "execution":
        jobs = [row[0] for row in store.rows("trace_execution", id=found.id)]
    elif found.kind == "call":
        jobs = [row[0] for row in store.rows("why_call_job", call=found.id)]
    elif found.kind == "task":
        meant = {"task": found.label, "versions": versions_meant(store, found)}
        for run, _ in store.rows("why_newest_run", **meant):
            jobs = [row[0] for row in store.rows("why_task_jobs", **meant, execution=run)]
    else:
        raise UsageError(
            f"{one_line(found.label)} is a {found.kind}, and why asks about jobs and tasks. Where it came from: "
            f"hw trace {found.id[:12]}"
        )
    if not jobs:
        raise UsageError(f"no run that is on record has a job of the {found.kind} {one_line(found.label)}")
    return jobs


def later_runs(store: GraphStore, run: str) -> int:
    """How many runs began after a run. Where it is the one of a task's `jobs_meant`, nobody called the task in them."""
    return int(store.rows("why_later_runs", execution=run)[0][0])


class _Explainer:
    """Explains jobs, each by what is recorded of it and of those before it."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._facts = WhyFacts(store)
        self._arguments = Arguments(store, self._facts)

    def why(self, job: str) -> Why:
        steps: list[Step] = []
        seen: set[str] = set()
        onward: str | None = job
        while onward is not None and onward not in seen:
            seen.add(onward)
            step, onward = self._step(self._facts.job(onward))
            steps.append(step)
        return Why(steps)

    def _step(self, job: JobFact) -> tuple[Step, str | None]:
        noted = job.reason or ""
        if job.status == "CACHED" and not noted.startswith(SINGLE):
            return self._cached(job), None
        if job.status not in ("DONE", "FAILED", "CACHED"):
            words = job.reason or ("it is still running" if job.status == "RUNNING" else "it was cancelled")
            return _step(job, Reason.UNFINISHED, words), None
        if noted == _OFF:
            return _step(job, Reason.NEVER_CACHED, "this run was told to run everything anew"), None
        if noted == _SCOPE and job.task == BORDER:
            return self._border(job)
        if noted == _SCOPE:
            return _step(job, Reason.NEVER_CACHED, "an option keeps the task's results from other runs"), None
        equal = self._facts.equal(job)
        if _ROLLED_BACK in noted:
            return _step(job, Reason.UPSTREAM, noted, equal and equal.line), None
        if _OTHERWISE in noted:
            return _step(job, Reason.ARGUMENT, noted.partition(_OTHERWISE)[2], equal and equal.line), None
        if _BELOW in noted:
            return self._below(job, equal)
        if "a file in" in noted or _CODE_IN.search(noted) or "unreadable" in noted or equal:
            return self._equal(job, noted, equal), None
        if noted.startswith(SINGLE):
            return _step(job, Reason.FAILED, "an earlier run began it and did not come to its end"), None
        return self._nearest(job)

    # -- what the cache had ----------------------------------------------------------------------------------------

    def _cached(self, job: JobFact) -> Step:
        if job.reason == _SHARED:
            other = self._facts.shared(job)
            return _step(job, Reason.SHARED, "an equal call of the same run gave the result", other)
        made = self._facts.made(job)
        where = f"the result of run {made.execution} was taken" if made else "a recorded result was taken"
        return _step(job, Reason.REUSED, where, made)

    def _equal(self, job: JobFact, noted: str, last: EarlierJob | None) -> Step:
        """The task was called with these arguments before, and the result could not be taken."""
        line = last and last.line
        if "a file in" in noted:
            files = self._arguments.result_files(line.call, job.call) if line else []
            return _step(job, Reason.FILE, _files(files) or noted, line, files=files)
        code = _CODE_IN.search(noted)
        if code is not None:
            return _step(job, Reason.CODE, code[0], line)
        if "unreadable" in noted:
            return _step(job, Reason.NO_ANSWER, noted, line)
        if noted.endswith(_ALLOWED):
            return _step(job, Reason.NEVER_CACHED, "the option allowed_cache_results rules results out", line)
        if last is not None and last.failed:
            return _step(
                job, Reason.FAILED, f"the last equal call failed: {last.error or 'with an error'}", line
            )
        if last is not None and not last.cacheable:
            return _step(job, Reason.NEVER_CACHED, "an option says that its results are never reused", line)
        words = "the cache did not have it yet" if noted.endswith(_NEVER) else noted
        return _step(job, Reason.NO_ANSWER, words or "nothing is noted", line)

    def _below(self, job: JobFact, equal: EarlierJob | None) -> tuple[Step, str | None]:
        """A call below it could not be reused: the first that ran is the cause."""
        line = equal and equal.line
        unrecorded = self._unrecorded(job, line)
        if unrecorded is not None:
            return _step(job, Reason.UPSTREAM, unrecorded, line), None
        children = self._facts.children(job.id)
        if not children and (own := self._own_files(job, line)) is not None:
            return own, None
        ran = self._changed(children)
        if not ran:
            return _step(
                job, Reason.UPSTREAM, "what is below it changed, to what was in the cache", line
            ), None
        more = f", and {len(ran) - 1} more" if len(ran) > 1 else ""
        return _step(job, Reason.UPSTREAM, f"{ran[0].task} below it was evaluated anew{more}", line), ran[
            0
        ].id

    def _own_files(self, job: JobFact, line: JobLine | None) -> Step | None:
        """Where a call that called nothing had made files: one of these was gone, or another."""
        files = self._arguments.result_files(line.call, job.call) if line else []
        words = _files(files) or ", ".join(self._arguments.made(job.call)[:2])
        if not words:
            return None
        reason = Reason.FILE if _beside_code(files) or not files else Reason.CODE
        return _step(job, reason, words, line, files=files)

    def _border(self, job: JobFact) -> tuple[Step, str | None]:
        """A call of another project's task, which is made in every run: what it was given is the cause, or what is
        below it there."""
        if self._facts.equal(job) is None:
            step, onward = self._nearest(job)
            if step.reason is not Reason.NEW_TASK and _ENTRY not in {one.name for one in step.arguments}:
                return step, onward
        ran = self._changed(self._facts.children(job.id))
        if not ran:
            words = "a call of another project's task is made in every run, and nothing below it was evaluated anew"
            return _step(job, Reason.NEVER_CACHED, words), None
        return _step(job, Reason.UPSTREAM, f"{ran[0].task} of the other project was evaluated anew"), ran[
            0
        ].id

    def _changed(self, lines: Sequence[JobLine]) -> list[JobLine]:
        """Those that were evaluated anew. Calls of other projects' tasks always are: those with nothing new below them
        count where there are no others."""
        ran = [line for line in lines if self._facts.is_anew(line)]
        self._facts.learn_children([line.id for line in ran if line.task == BORDER])
        told = [
            line
            for line in ran
            if line.task != BORDER or any(map(self._facts.is_anew, self._facts.children(line.id)))
        ]
        return told or ran

    def _unrecorded(self, job: JobFact, line: JobLine | None) -> str | None:
        """What changed of the calls below it that were not recorded, in words; None where nothing is known to have."""
        if job.call is None or line is None or line.call is None:
            return None
        gaps = self._facts.gaps([job.call, line.call])
        gone = gaps.get(line.call, set()) - gaps.get(job.call, set())
        if not gone:
            return None
        files = sorted({file[1] for mark in gone if (file := marked_file(mark)) is not None})
        return f"calls below it that were not recorded changed: {', '.join(files) or 'their code'}"

    # -- what was like it ------------------------------------------------------------------------------------------

    def _nearest(self, job: JobFact) -> tuple[Step, str | None]:
        """Nobody called the task with these arguments: what is new in comparison with who came nearest?"""
        earlier = self._facts.earlier(job)
        if not earlier:
            return _step(job, Reason.NEW_TASK, f"no earlier run called {job.task}"), None
        line = self._arguments.nearest(job, earlier)
        code = compare_versions(self._store, line.task_hash, job.task_hash) if line.task_hash else None
        changes = self._arguments.changes(job, line)
        if code is not None:
            return _step(job, Reason.CODE, code.summary(), line, code=code, arguments=changes), None
        for change in changes:
            ran = self._changed(change.fed_by)
            if ran:
                words = f"{change.name} came from {ran[0].task}, which was evaluated anew"
                return _step(job, Reason.UPSTREAM, words, line, arguments=changes), ran[0].id
        files = [file for change in changes for file in change.files if file.before and file.after]
        if files:
            beside = _beside_code(files)
            reason = Reason.FILE if beside else Reason.CODE
            return _step(job, reason, _files(beside or files), line, arguments=changes), None
        words = "; ".join(change.summary() for change in changes[:2]) or "what differs is not on record"
        from_parent = job.parent if any(change.from_parent for change in changes) else None
        return _step(job, Reason.ARGUMENT, words, line, arguments=changes), self._above(from_parent)

    def _above(self, parent: str | None) -> str | None:
        """The parent, where its body ran and so may have given something else than before."""
        if parent is None:
            return None
        above = self._facts.job(parent)
        return None if (above.reason or "").startswith(SINGLE) or above.status == "CACHED" else parent


def _step(
    job: JobFact,
    reason: Reason,
    words: str,
    earlier: JobLine | None = None,
    *,
    code: CodeChange | None = None,
    arguments: Sequence[ArgumentChange] = (),
    files: Sequence[FileChange] = (),
) -> Step:
    return Step(job.line(), reason, words, job.reason, earlier, code, arguments, files)


def _beside_code(changes: Sequence[FileChange]) -> list[FileChange]:
    """The files among what changed, without the code that values hold."""
    return [change for change in changes if not is_code(change.path)]


def _files(changes: Sequence[FileChange]) -> str:
    return "; ".join(map(_file, changes[:2]))


def _file(change: FileChange) -> str:
    if change.before is None or change.after is None:
        return f"{change.path} {'is new' if change.before is None else 'is gone'}"
    return change.path
