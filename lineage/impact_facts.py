"""What an impact asks the graph beside what a trace asks: the way down, and every job of a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar

from headwater.lineage.moments import moment
from headwater.lineage.trace_facts import GraphFacts

MANY = 100
"""jobs of a call that are too many to be asked for where a few of them matter"""
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


class ImpactFacts(GraphFacts):
    """The facts as a store has them."""

    def shared(self, calls: Iterable[str]) -> set[str]:
        """Those of some calls that have many jobs."""
        wanted = sorted(set(calls))
        return {row[0] for row in self.rows("impact_shared", wanted, most=MANY)}

    def jobs_of(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        """Every job of each call, the one that ran it first."""
        return _jobs((row[0], row) for row in self.listed_rows("impact_jobs", calls, most=None))

    def jobs_unless_many(self, calls: Iterable[str]) -> tuple[dict[str, list[JobFact]], set[str]]:
        """As `jobs_of`, but of the calls that are `shared` none, and these beside it."""
        wanted = set(calls)
        found = _jobs((row[0], row) for row in self.listed_rows("impact_jobs", wanted, most=MANY))
        return found, self.shared(wanted - found.keys())

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

    def children(self, calls: Iterable[str]) -> dict[str, list[str]]:
        """The calls that each call made."""
        return {call: sorted(made) for call, made in self.listed_rows("impact_children", calls)}

    def takers(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The calls that took each file, inside whatever value."""
        return {file: sorted(calls) for file, calls in self.listed_rows("impact_takers", files)}

    def namers(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The calls that returned each file without having made it."""
        return {file: sorted(calls) for file, calls in self.listed_rows("impact_namers", files)}

    def calls_of(self, tasks: Iterable[str]) -> dict[str, list[str]]:
        """The calls of each version of a task."""
        return {task: sorted(calls) for task, calls in self.rows("impact_calls_of", tasks)}

    def listed(self, query: str, **parameters: str) -> set[str]:
        """The first column of a named query."""
        return {row[0] for row in self._store.rows(query, **parameters)}


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
