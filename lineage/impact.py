"""What something reached: the calls, files, runs and people downstream of a file, a value, a task, a call or a run.

It is the other direction of `headwater.lineage.trace`: a job is affected by something exactly where a trace of that job
comes to it. So dataflow follows `FED_BY` within the parent, arguments that a parent's body made follow what the parent
was given, and files join runs by their identity. A value reaches the calls that took it and those that were fed by
calls that returned it; that somebody else has an equal value says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from headwater.cypher.garbage import few_collections
from headwater.lineage.impact_facts import ImpactFacts
from headwater.lineage.impact_unended import Unended, reached_unended
from headwater.lineage.impact_views import (
    AffectedCall,
    AffectedFile,
    AffectedRun,
    Impact,
    Perhaps,
    Person,
    UnendedJob,
)
from headwater.lineage.impact_walk import Spread

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found, StillValid

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@few_collections()
def impact(
    store: GraphStore,
    found: Found,
    *,
    every_content: bool = False,
    since: datetime | None = None,
    still_valid: StillValid | None = None,
    limit: int | None = None,
) -> Impact:
    """Everything downstream of something in the graph.

    Args:
        found: what `headwater.lineage.resolve.resolve` gave. A job stands for its call; one
            that came to none, for all that it was given and made. Of an execution, the calls that it ran itself
            count, and what they reached is told without these and without the execution.
        every_content: of a file, all contents recorded of its path count, not this one alone.
        since: leave out the jobs that began before, and the calls and files that were made by no other.
        still_valid: looks whether a recorded file is as it was; without it nobody looks.
        limit: go no further when so many calls were reached; None for all.
    """
    facts = ImpactFacts(store)
    spread = Spread(facts)
    own: set[str] = set()
    contents: list[str] = []
    if found.kind == "file":
        contents = sorted(facts.listed("impact_contents", path=found.label)) if every_content else [found.id]
        spread.begin_at_files(contents)
    elif found.kind == "value":
        spread.begin_at_results(facts.listed("impact_value_returned", value=found.id))
        spread.begin(facts.listed("impact_value_took", value=found.id))
    elif found.kind == "task":
        spread.begin(facts.calls_of([found.id]).get(found.id, ()))
    else:
        own = _calls_of(store, facts, found)
        spread.begin(own)
    complete = spread.run(limit)
    run = found.id if found.kind == "execution" else None
    answer = _Answer(store, spread, own, run, since).impact(found, contents, still_valid)
    if not complete:
        return replace(answer, complete=False)
    around = reached_unended(store, facts, spread, found, contents, limit=limit)
    return _Answer(store, around.spread, own, run, since, known=spread).beside(answer, around, still_valid)


@few_collections()
def impact_of_calls(store: GraphStore, found: Found, calls: Collection[str]) -> Impact:
    """What some calls reached, themselves included.

    Args:
        found: what the answer is to be about.
        calls: hashes of calls that are in the graph.
    """
    facts = ImpactFacts(store)
    spread = Spread(facts)
    spread.begin(calls)
    spread.run()
    answer = _Answer(store, spread, (), None, None).impact(found, [], None)
    around = reached_unended(store, facts, spread, found, [], limit=None)
    return _Answer(store, around.spread, (), None, None, known=spread).beside(answer, around, None)


def _calls_of(store: GraphStore, facts: ImpactFacts, found: Found) -> set[str]:
    if found.kind == "execution":
        return facts.listed("impact_execution_calls", id=found.id)
    if found.kind == "job":
        return {call for _, call in store.rows("trace_job", id=found.id) if call is not None}
    return {found.id}


class _Answer:
    """What a walk reached, without what was asked for itself, and without what another walk reached (`known`)."""

    def __init__(
        self,
        store: GraphStore,
        spread: Spread,
        own: Collection[str],
        run: str | None,
        since: datetime | None,
        *,
        known: Spread | None = None,
    ) -> None:
        self._store = store
        self._spread = spread
        self._known_calls = () if known is None else known.calls
        self._known_files = () if known is None else known.files
        known_jobs = () if known is None else known.jobs
        self._run = run
        self._since = since
        self._jobs = {
            id_: (job, call)
            for id_, (job, call) in spread.jobs.items()
            if id_ not in known_jobs
            and call not in own
            and (run is None or job.execution != run)
            and self._is_recent(job.started)
        }
        self._own = own

    def impact(self, found: Found, contents: list[str], still_valid: StillValid | None) -> Impact:
        runs = self._runs()
        return Impact(
            kind=found.kind,
            id=found.id,
            label=found.label,
            contents=contents,
            since=self._since,
            calls=self._calls(),
            files=self._files(contents, still_valid),
            runs=runs,
            people=_people(runs),
        )

    def beside(self, sure: Impact, around: Unended, still_valid: StillValid | None) -> Impact:
        """What was reached for sure, and with it the jobs without a result and what hangs on these."""
        unended = [
            job
            for job in around.jobs
            if (self._run is None or job.execution != self._run) and self._is_recent(job.started)
        ]
        known, users = {run.id for run in sure.runs}, {person.user for person in sure.people}
        runs = [run for run in self._runs(unended) if run.id not in known]
        people = [person for person in _people(runs) if person.user not in users]
        perhaps = Perhaps(self._calls(), self._files(sure.contents, still_valid), runs, people)
        return replace(sure, unended=unended, perhaps=perhaps, complete=around.complete)

    def _is_recent(self, moment: datetime | None) -> bool:
        return self._since is None or (moment is not None and moment >= self._since)

    def _calls(self) -> list[AffectedCall]:
        jobs: dict[str, list[str]] = {}
        for id_, (_, call) in self._jobs.items():
            jobs.setdefault(call, []).append(id_)
        with_jobs = {call for _, call in self._spread.jobs.values()}
        calls = []
        for call in self._spread.calls:
            fact = self._spread.flow.calls[call]
            told = call in with_jobs or call in self._own or call in self._known_calls
            bare = not told and self._is_recent(fact.recorded_at)
            if call in jobs or bare:
                calls.append(
                    AffectedCall(
                        call,
                        fact.task,
                        fact.task_hash,
                        fact.recorded_at,
                        fact.failed,
                        fact.type,
                        fact.preview,
                        sorted(jobs.get(call, ())),
                    )
                )
        return _newest_first(calls)

    def _files(self, asked: Collection[str], still_valid: StillValid | None) -> list[AffectedFile]:
        files = []
        for fact in self._spread.files.values():
            made_by = sorted(
                call
                for call in self._spread.made_by[fact.file]
                if self._is_recent(self._spread.flow.calls[call].recorded_at)
            )
            if made_by and fact.file not in asked and fact.file not in self._known_files:
                there = None if still_valid is None else still_valid(fact.path, fact.evidence, fact.digest)
                files.append(AffectedFile(*fact, made_by=made_by, still_there=there))
        return sorted(files, key=lambda one: (one.path, one.file))

    def _runs(self, unended: Sequence[UnendedJob] = ()) -> list[AffectedRun]:
        runs = [*(job.execution for job, _ in self._jobs.values()), *(job.execution for job in unended)]
        jobs = Counter(run for run in runs if run is not None)
        rows = self._store.rows("impact_executions", keys=sorted(jobs))
        return [AffectedRun(*(*row, jobs[row[0]])) for row in rows]


def _people(runs: Sequence[AffectedRun]) -> list[Person]:
    return [Person(user, count) for user, count in sorted(Counter(run.user for run in runs).items())]


def _newest_first(calls: list[AffectedCall]) -> list[AffectedCall]:
    calls.sort(key=lambda one: one.call)
    return sorted(calls, key=lambda one: one.recorded_at or _NEVER, reverse=True)
