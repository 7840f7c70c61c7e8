"""Jobs that something reached and that came to no result: they go on, were cancelled, or were cut off.

They made no call, so a walk through calls does not come to them. What a job without a call was given is on record.
What flowed among those under it is not, as it is told when a call is made: what it was given may have reached all that
it made, and where one of them was reached, that may have fed all that began after it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headwater.lineage.impact_views import UnendedJob
from headwater.lineage.impact_walk import Spread

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_facts import ImpactFacts
    from headwater.lineage.resolve import Found


class Unended(NamedTuple):
    """What hangs on jobs without a result."""

    jobs: list[UnendedJob]
    """newest first"""
    spread: Spread
    """the walk through calls that were perhaps reached"""
    complete: bool


def reached_unended(
    store: GraphStore,
    facts: ImpactFacts,
    spread: Spread,
    found: Found,
    contents: Sequence[str],
    *,
    limit: int | None,
) -> Unended:
    """The jobs without a result that something reached, and the calls that it reached perhaps.

    Args:
        spread: a walk from it, which is over.
        contents: of a file, the contents that are asked about.
        limit: go no further when so many calls were reached, those of the first walk among them.
    """
    values = [found.id] if found.kind == "value" else []
    certain = _given(store, facts, spread, spread.files, files=contents, values=values)
    if found.kind == "task":
        certain |= {job for (job,) in store.rows("impact_unended_of_task", name=found.label, task=found.id)}
    elif found.kind == "job" and not spread.calls:  # without a call of its own, it is one of these itself
        certain.add(found.id)
    around = _Around(store, facts, spread)
    complete = around.run(certain, limit)
    rows = facts.rows("impact_unended_jobs", around.jobs)
    told = [
        UnendedJob(job, task, status, started, run, user, job in certain)
        for job, task, status, started, run, user in rows
        if job != found.id
    ]
    newest_first = sorted(told, key=lambda job: (str(job.started), job.job), reverse=True)
    return Unended(newest_first, around.perhaps, complete)


def _given(
    store: GraphStore,
    facts: ImpactFacts,
    spread: Spread,
    made: Collection[str],
    *,
    files: Sequence[str] = (),
    values: Sequence[str] = (),
) -> set[str]:
    """Jobs that were given values, or files, or files that a reached call had `made` by then."""
    holding: dict[str, list[datetime | None]] = {value: [None] for value in values}
    rows = list(facts.rows("impact_values_with", {*made, *files}))
    since = _made_since(facts, spread, {file for file, _ in rows}.difference(files))
    for file, value in rows:
        holding.setdefault(value, []).append(since.get(file))
    queries = ["impact_unended_given", *(["impact_unended_then"] if store.moment is not None else [])]
    return {
        job
        for query in queries
        for value, job, started in facts.rows(query, holding)
        if any(at is None or started is None or at <= started for at in holding[value])
    }


def _made_since(facts: ImpactFacts, spread: Spread, files: Collection[str]) -> dict[str, datetime | None]:
    """When a reached call had first made each file; None where that is not known."""
    first = facts.first_made({call for file in files for call in spread.made_by[file]})
    found: dict[str, datetime | None] = {}
    for file in files:
        times = [first.get(call) or spread.flow.calls[call].recorded_at for call in spread.made_by[file]]
        known = [at for at in times if at is not None]
        found[file] = min(known) if len(known) == len(times) else None
    return found


def _open_above(spread: Spread) -> set[str]:
    """The jobs that a walk reached whose parents came to no result, or that have none."""
    return {id_ for id_, (job, _) in spread.jobs.items() if job.parent_call is None}


class _Around:
    """Goes up from reached jobs to those without a call, and down from these, until nothing new is found.

    Attributes:
        jobs: the jobs without a call that were found.
        perhaps: the walk through the calls under them.
    """

    def __init__(self, store: GraphStore, facts: ImpactFacts, spread: Spread) -> None:
        self._store = store
        self._facts = facts
        self._spread = spread
        self.jobs: set[str] = set()
        self.perhaps = Spread(facts)
        self._whole: set[str] = set()
        """those of the jobs of which all counts that they made"""
        self._since: dict[str, datetime] = {}
        """of the others, when the first reached job under them had ended"""
        self._looked_up: set[str] = set()
        self._makers: dict[str, int] = {}
        """how many makers of each file were known when jobs that were given it were last asked for"""

    def run(self, certain: Collection[str], limit: int | None) -> bool:
        """Go to the ends, or until so many calls were reached. Returns whether it came to the ends.

        Args:
            certain: jobs that were given what is asked about.
        """
        left = None if limit is None else limit - len(self._spread.calls)
        down, up = set(certain), {*certain, *_open_above(self._spread)}
        while down or up:
            while down or up:  # to the ends of what has no call, before the walk through calls goes on
                self.jobs |= down
                self._whole |= down
                down = self._below(down, self._above(up)) - self._whole
                up = down - self._looked_up
            if not self.perhaps.run(left):
                return False
            down = _given(self._store, self._facts, self.perhaps, self._new_files()) - self._whole
            up = (
                down | {job for job in _open_above(self.perhaps) if not self._counts(job)}
            ) - self._looked_up
        return True

    def _new_files(self) -> list[str]:
        """The files that the walk has come to, or to further makers of, since this was asked."""
        makers = {file: len(self.perhaps.made_by[file]) for file in self.perhaps.files}
        new = [file for file, count in makers.items() if self._makers.get(file) != count]
        self._makers = makers
        return new

    def _counts(self, id_: str) -> bool:
        """Whether the parent of a job that the walk reached is found already, and is with all that the job adds."""
        job, _ = self.perhaps.jobs[id_]
        since = None if job.parent is None else self._since.get(job.parent)
        return job.parent in self._whole or (
            since is not None and job.started is not None and since <= job.started
        )

    def _above(self, reached: Collection[str]) -> dict[str, datetime]:
        """Note the jobs without a call above some. Returns those of which more counts now, with since when."""
        more: dict[str, datetime] = {}
        level = set(reached)
        while level:
            self._looked_up |= level
            rows = list(self._facts.rows("impact_unended_above", level))
            for job, since in rows:
                known = self._since.get(job)
                if since is not None and job not in self._whole and (known is None or since < known):
                    self._since[job] = more[job] = since
            level = {job for job, _ in rows} - self._looked_up
            self.jobs |= level
        return more

    def _below(self, whole: Collection[str], since: Mapping[str, datetime]) -> set[str]:
        """Let the walk begin at the calls under some jobs, those that began after a time. Returns the jobs without
        one."""
        found: set[str] = set()
        places: set[tuple[str, str]] = set()
        for parent, job, call, started in self._facts.rows("impact_unended_below", {*whole, *since}):
            if parent not in self._whole and (started is None or started < since[parent]):
                continue
            if call is None:
                found.add(job)
            elif not self._spread.covers(call):
                places.add((call, parent))
        self.perhaps.begin_under(places)
        return found
