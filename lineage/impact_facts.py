"""What an impact asks the graph beside what a trace asks: the way down, and every job of a call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import NamedTuple

from headwater.lineage.trace_facts import GraphFacts

_NEVER = datetime.max.replace(tzinfo=timezone.utc)


class JobFact(NamedTuple):
    """A job that made a call, or was answered with it."""

    job: str
    status: str
    started: datetime | None
    execution: str | None
    parent: str | None
    """the parent job, where that came to a result"""
    parent_call: str | None
    """what the parent job made"""
    spawned: bool
    """whether it made further jobs"""

    def first(self) -> tuple[bool, datetime, str]:
        """A key that puts first the job that a trace takes for the one that ran the call."""
        return self.status == "CACHED", self.started or _NEVER, self.job


class ImpactFacts(GraphFacts):
    """The facts as a store has them."""

    def jobs_of(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        """Every job of each call, the one that ran it first."""
        found: dict[str, list[JobFact]] = {}
        rows = (row for some in self.rows("impact_jobs", calls) for row in some[0])
        for call, *columns in rows:
            fact = JobFact(*columns)
            if fact.parent_call is None:
                fact = fact._replace(parent=None)
            found.setdefault(call, []).append(fact)
        for jobs in found.values():
            jobs.sort(key=JobFact.first)
        return found

    def children(self, calls: Iterable[str]) -> dict[str, list[str]]:
        """The calls that each call made."""
        return {call: sorted(made) for call, made in self.rows("impact_children", calls)}

    def takers(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The calls that took each file, inside whatever value."""
        return {file: sorted(calls) for file, calls in self.rows("impact_takers", files)}

    def namers(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The calls that returned each file without having made it."""
        return {file: sorted(calls) for file, calls in self.rows("impact_namers", files)}

    def listed(self, query: str, **parameters: str) -> set[str]:
        """The first column of a named query."""
        return {row[0] for row in self._store.rows(query, **parameters)}
