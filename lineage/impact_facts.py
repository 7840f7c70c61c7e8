"""What an impact asks the graph beside what a trace asks: the way down, and every job of a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar

from headwater.lineage.moments import moment
from headwater.lineage.trace_facts import (
    ArgumentFact,
    CallFact,
    FileFact,
    GraphFacts,
    Wiring,
    file_facts,
    note_flows,
)

MANY = 100
"""jobs or parents of a call that are too many to come with it, as a few of them may be all that matters"""
_K = TypeVar("_K")
_NEVER = datetime.max.replace(tzinfo=timezone.utc)


class JobFact(NamedTuple):
    """A job that made a call, or was answered with it."""

    job: str
    answered: bool
    """whether it was answered from the cache (a job of which only the single reduction was made the call itself)"""
    started: datetime | None
    execution: str | None
    parent: str | None
    """the parent job"""
    parent_call: str | None
    """what that made; None where it came to no result"""
    spawned: bool
    """whether it made further jobs"""

    def first(self) -> tuple[bool, datetime, str]:
        """A key that puts first the job that a trace takes for the one that ran the call."""
        return self.answered, self.started or _NEVER, self.job


class Touchers(NamedTuple):
    """The calls around a file."""

    takers: list[str]
    """those that took it, inside whatever value"""
    namers: list[str]
    """those that returned it without having made it"""


NOBODY = Touchers([], [])


class ImpactFacts(GraphFacts):
    """The facts as a store has them."""

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]:
        """Calls with what a walk forth asks of them: of arguments the names and the hashes of files only."""
        found: dict[str, CallFact] = {}
        flows: dict[str, Wiring] = {}

        def take(row: tuple[Any, ...]) -> None:
            for call, task, task_hash, failed, at, value, type_, preview, files, named, took, *around in row[
                0
            ]:
                if call in found:
                    continue
                below, above, jobs = around
                found[call] = CallFact(
                    *(call, task, task_hash, failed, moment(at), value, type_, preview, named, False),
                    [_argument(name, hashes) for name, hashes in took],
                    file_facts(files),
                    children=_each_once(below),
                    parents=None if above is None else _each_once(above),
                    jobs=None if jobs is None else _with_parents(jobs),
                )
            note_flows(row[1], flows)

        self.each("impact_calls", calls, take, most=MANY)
        return self._whole(found, flows)

    def jobs_of(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        """Every job of each call, the one that ran it first."""
        return _jobs((row[0], row) for row in self.listed_rows("impact_jobs", calls))

    def jobs_named(self, jobs: Iterable[str]) -> dict[str, list[JobFact]]:
        """Some jobs, by the calls that they made."""
        return _jobs((row[0], row) for row in self.listed_rows("impact_jobs_named", jobs))

    def jobs_in(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[JobFact]]:
        """The jobs of each call whose parents made a call, by both."""
        wanted = set(places)
        rows = self.listed_rows(
            "impact_jobs_in", {parent for _, parent in wanted}, calls=sorted({call for call, _ in wanted})
        )
        return _jobs(((row[0], row[6]), row) for row in rows)

    def first_job(self, call: str) -> JobFact:
        """The job that a trace takes for the one that ran a call, of one that has any."""
        job = self.jobs([call])[call]
        parent = self.job_parents([job]).get(job)
        job_above, call_above = (None, None) if parent is None else parent
        return JobFact(job, False, None, None, job_above, call_above, spawned=False)

    def touchers(self, files: Iterable[str]) -> dict[str, Touchers]:
        """Who took each file, and who named it."""
        rows = self.listed_rows("impact_touchers", files)
        return {
            file: Touchers(sorted(set(took)), sorted(set(named)))
            for file, took, named in rows
            if took or named
        }

    def calls_of(self, tasks: Iterable[str]) -> dict[str, list[str]]:
        """The calls of each version of a task."""
        return {task: sorted(calls) for task, calls in self.rows("impact_calls_of", tasks)}

    def listed(self, query: str, **parameters: str) -> set[str]:
        """The first column of a named query."""
        return {row[0] for row in self._store.rows(query, **parameters)}


def _argument(name: str, files: Sequence[str]) -> ArgumentFact:
    return ArgumentFact(name, None, "", "", 0, "", [FileFact(one, "", "", "", None) for one in files])


def _each_once(calls: Sequence[str]) -> list[str]:
    return sorted(set(calls)) if len(calls) > 1 else list(calls)


def _with_parents(rows: Iterable[Sequence[Any]]) -> list[JobFact]:
    """Jobs of one call, of rows in which each has the jobs above it, and these what they made."""
    found = [
        JobFact(job, answered, moment(started), execution, parent, above, spawned)
        for job, answered, started, execution, parents, spawned in rows
        for parent, made in parents or ((None, ()),)
        for above in made or (None,)
    ]
    if len(found) > 1:
        found.sort(key=JobFact.first)
    return found


def _jobs(rows: Iterable[tuple[_K, Sequence[Any]]]) -> dict[_K, list[JobFact]]:
    """Jobs by a key, the one that ran the call first."""
    found: dict[_K, list[JobFact]] = {}
    for key, (_, job, answered, started, execution, parent, above, spawned) in rows:
        fact = JobFact(job, answered, moment(started), execution, parent, above, spawned)
        found.setdefault(key, []).append(fact)
    for jobs in found.values():
        if len(jobs) > 1:
            jobs.sort(key=JobFact.first)
    return found
