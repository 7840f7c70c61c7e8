"""What is behind some runs: the part of the history in which labels are spread where only these runs are asked about.

A walk back from all that the runs did finds every place that a dataset's file can have come to them through. A walk
forth that is told of no other places comes to the runs in the same ways as one through the whole history: whatever
leads to a place that the walk back came to was one of its next steps there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from headwater.lineage.impact_facts import JobFact, Touchers
from headwater.lineage.label_facts import RememberedFacts
from headwater.lineage.trace_facts import CallFact, FileFact
from headwater.lineage.trace_walk import Walk

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


class Scope:
    """What the runs that began since a moment did, and what is behind that.

    Attributes:
        jobs: their jobs, with the calls that these made or were answered with.
        files: hashes of the files that those calls took or returned.
        facts: what a walk forth is to know.
    """

    def __init__(self, store: GraphStore, since: datetime) -> None:
        known = RememberedFacts(store)
        self.jobs: dict[str, str] = dict(store.rows("labels_jobs_since", since=since))
        own = {file.file: file for call in known.calls(self.jobs.values()).values() for file in _files(call)}
        self.files = own.keys()
        walk = Walk(known)
        walk.start_at_jobs(self.jobs.items())
        walk.start_at_files(own.values())
        walk.run()
        self.facts = ScopedFacts(store, known, walk, self.jobs)

    def files_behind(self) -> set[str]:
        """The hashes of all files in it."""
        return self.files | self.facts.files()


class ScopedFacts(RememberedFacts):
    """The facts about the places that a walk back came to, and no others.

    Args:
        known: the facts that it asked for.
        jobs: jobs that are asked about, with their calls.
    """

    def __init__(
        self, store: GraphStore, known: RememberedFacts, walk: Walk, jobs: Mapping[str, str]
    ) -> None:
        super().__init__(store, known)
        self._calls = walk.calls
        self._parents: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        for call, parent in sorted({visit.place for visit in walk.visits}, key=str):
            if parent is not None:
                self._parents.setdefault(call, []).append(parent)
                self._children.setdefault(parent, []).append(call)
        self._touchers: dict[str, Touchers] = {}
        self._calls_of: dict[str, list[str]] = {}
        for call, fact in sorted(self._calls.items()):
            self._calls_of.setdefault(fact.task_hash or "", []).append(call)
            for file in fact.took():
                self._touchers.setdefault(file, Touchers([], [])).takers.append(call)
            for file in {file.file for file in fact.result_files}.intersection(fact.named or ()):
                self._touchers.setdefault(file, Touchers([], [])).namers.append(call)
        self._counting: dict[str, set[str]] = {}
        """of each call, the jobs that are asked about, or through which the walk left it upwards"""
        for job, call in jobs.items():
            self._counting.setdefault(call, set()).add(job)
        for (_, parent), _, way in walk.visits:
            if parent is not None and way.kind == "job":
                self._counting.setdefault(parent, set()).add(way.id)

    def files(self) -> set[str]:
        """The hashes of the files that the calls took, or named."""
        return set(self._touchers)

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]:
        """As they are in the places: what sits in each, where each sits, and its own result."""
        return {call: self._in_places(fact) for call, fact in super().calls(calls).items()}

    def _in_places(self, fact: CallFact) -> CallFact:
        children, parents = self._children.get(fact.call, []), fact.parents
        sitting = {fact.call, *children}
        return replace(
            fact,
            inside={one: wires for one, wires in fact.inside.items() if one in sitting},
            children=children,
            parents=None if parents is None else self._parents.get(fact.call, parents[:1]),
        )

    def call_parents(self, calls: Iterable[str]) -> dict[str, list[str]]:
        """Of a call that sits in none of the places, one parent stands for there being some."""
        wanted = set(calls)
        found = {call: self._parents[call] for call in wanted if call in self._parents}
        others = super().call_parents(wanted - found.keys())
        return found | {call: parents[:1] for call, parents in others.items()}

    def touchers(self, files: Iterable[str]) -> dict[str, Touchers]:
        return {file: self._touchers[file] for file in files if file in self._touchers}

    def calls_of(self, tasks: Iterable[str]) -> dict[str, list[str]]:
        return {task: self._calls_of[task] for task in tasks if task in self._calls_of}

    def jobs_of(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        """Of calls that have many, the one that ran each first and those that count."""
        return self._remembered("jobs_counting", self._jobs_counting, calls)

    def _jobs_counting(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        wanted = set(calls)
        some = set(self.jobs(wanted).values()).union(*(self._counting.get(call, ()) for call in wanted))
        return self.jobs_named(some)


def _files(call: CallFact) -> Iterable[FileFact]:
    yield from (file for argument in call.arguments for file in argument.files)
    yield from call.result_files
