"""Jobs that something reached and that came to no result: they go on, were cancelled, or were cut off.

They made no call, so a walk through calls does not come to them. What a job without a call was given is on record.
What flowed among those under it is not, as it is told when a call is made: where one of them was reached, it may have
fed all that began after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from headwater.lineage.impact_views import UnendedJob

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_facts import ImpactFacts
    from headwater.lineage.impact_walk import Spread
    from headwater.lineage.resolve import Found


def reached_unended(
    store: GraphStore, facts: ImpactFacts, spread: Spread, found: Found, contents: Sequence[str]
) -> list[UnendedJob]:
    """The jobs without a result that something reached, newest first.

    Args:
        spread: a walk from it, which is over.
        contents: of a file, the contents that are asked about.
    """
    certain = _given(store, facts, spread, contents, [found.id] if found.kind == "value" else [])
    if found.kind == "task":
        certain |= {job for (job,) in store.rows("impact_unended_of_task", name=found.label, task=found.id)}
    without = {id_ for id_, (job, _) in spread.jobs.items() if job.parent is None}
    jobs = certain | _around(facts, certain | without)
    rows = facts.rows("impact_unended_jobs", jobs)
    told = [
        UnendedJob(job, task, status, started, run, user, job in certain)
        for job, task, status, started, run, user in rows
        if job != found.id
    ]
    return sorted(told, key=lambda job: (str(job.started), job.job), reverse=True)


def _given(
    store: GraphStore, facts: ImpactFacts, spread: Spread, files: Sequence[str], values: Sequence[str]
) -> set[str]:
    """Jobs that were given values, or files, or files that a reached call had made by then."""
    since: dict[str, datetime | None] = {**_made_since(facts, spread), **dict.fromkeys(files)}
    holding: dict[str, list[datetime | None]] = {value: [None] for value in values}
    for file, value in facts.rows("impact_values_with", since):
        holding.setdefault(value, []).append(since[file])
    queries = ["impact_unended_given", *(["impact_unended_then"] if store.moment is not None else [])]
    return {
        job
        for query in queries
        for value, job, started in facts.rows(query, holding)
        if any(at is None or started is None or at <= started for at in holding[value])
    }


def _made_since(facts: ImpactFacts, spread: Spread) -> dict[str, datetime | None]:
    """When a reached call had first made each file; None where that is not known."""
    first = facts.first_made({call for file in spread.files for call in spread.made_by[file]})
    found: dict[str, datetime | None] = {}
    for file in spread.files:
        times = [first.get(call) or spread.flow.calls[call].recorded_at for call in spread.made_by[file]]
        known = [at for at in times if at is not None]
        found[file] = min(known) if len(known) == len(times) else None
    return found


def _around(facts: ImpactFacts, reached: Iterable[str]) -> set[str]:
    """Jobs without a call above reached ones, and those that such a job made after a reached one had ended.

    Args:
        reached: ids of jobs, those at least whose parents made no call.
    """
    found: set[str] = set()
    level = set(reached)
    while level:
        above = {job: since for job, since in facts.rows("impact_unended_above", level) if job not in found}
        found |= above.keys()
        found |= {
            job
            for parent, job, started in facts.rows("impact_unended_beside", above)
            if above[parent] is not None and started is not None and above[parent] <= started
        }
        level = set(above)
    return found
