"""How far datasets reach: of every job, call, file, value, task and run, the datasets in it and how sensitive it is.

A dataset reaches whatever a trace leads back from to one of its files: the walk is that of
`headwater.lineage.impact`, from the files forth. Something is as sensitive as the dataset is declared to be, unless
every way from there to it leads through results of declassifying tasks (`headwater.lineage.declassified`); then it is
as sensitive as the least strict of these ways. So a dataset is walked once for each level that tasks lower to, without
the results that are below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cypher.garbage import few_collections
from headwater.cypher.sensitivity import lower, rank
from headwater.lineage.datasets import Dataset, current, files_among, files_of
from headwater.lineage.declassified import declassified
from headwater.lineage.impact_walk import Spread
from headwater.lineage.label_facts import RememberedFacts
from headwater.lineage.label_scope import Scope

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_facts import ImpactFacts


@dataclass(frozen=True)
class Label:
    """A dataset that reached something.

    Attributes:
        kind: of what it reached: execution, job, task, call, value or file.
        id: its key.
        sensitivity: how sensitive that is by this dataset.
    """

    kind: str
    id: str
    dataset: Dataset
    sensitivity: str

    def to_dict(self) -> dict[str, Any]:
        """What rules get of it."""
        return {
            "kind": self.kind,
            "id": self.id,
            "dataset": self.dataset.name,
            "sensitivity": self.sensitivity,
            "declared": self.dataset.sensitivity,
            "licence": self.dataset.licence,
            "origin": self.dataset.origin,
        }


@few_collections()
def labels(
    store: GraphStore, datasets: Sequence[Dataset] | None = None, *, since: datetime | None = None
) -> list[Label]:
    """Every label that there is, in a stable order.

    Args:
        datasets: the datasets to look at; None for all that are declared now.
        since: only of what the runs did that began since, and looking at nothing but these and what is behind them:
            of the runs, their jobs, the calls and files of these, and the values and tasks of these calls. A call, a
            value or a task has the labels that it has in these runs.
    """
    datasets = current(store) if datasets is None else datasets
    if not datasets:
        return []
    scope = None if since is None else Scope(store, since)
    facts = RememberedFacts(store) if scope is None else scope.facts
    limits = declassified(store, facts)
    files = _files(store, datasets, scope)
    found: list[Label] = []
    for dataset in datasets:
        levels = _levels(facts, dataset, files.get(dataset.id, []), limits, scope)
        found += [Label(kind, id_, dataset, level) for (kind, id_), level in sorted(levels.items())]
    return found


def _files(store: GraphStore, datasets: Sequence[Dataset], scope: Scope | None) -> dict[str, list[str]]:
    """The files of datasets by their ids; of a part of the history, those in it."""
    if scope is None:
        return files_of(store, (dataset.id for dataset in datasets))
    return files_among(store, scope.files_behind())


def _levels(
    facts: ImpactFacts,
    dataset: Dataset,
    files: Sequence[str],
    limits: dict[str, str],
    scope: Scope | None,
) -> dict[tuple[str, str], str]:
    """What a dataset reached, and how sensitive that is."""
    if not files:
        return {}
    highest = dataset.sensitivity
    levels: dict[tuple[str, str], str] = {}
    for level in sorted({highest, *(lower(highest, one) for one in limits.values())}, key=rank):
        stopped = {call for call, limit in limits.items() if rank(limit) < rank(level)}
        spread = Spread(facts, stopped=stopped)
        spread.begin_at_files(files)
        spread.run()
        levels |= dict.fromkeys(_reached(facts, spread, scope), level)
    own = files if scope is None else scope.files & set(files)
    return {**levels, **{("file", file): highest for file in own}}


def _reached(facts: ImpactFacts, spread: Spread, scope: Scope | None) -> Iterable[tuple[str, str]]:
    made = spread.files if scope is None else scope.files & spread.files.keys()
    jobs = spread.jobs if scope is None else scope.jobs.keys() & spread.jobs.keys()
    calls = spread.calls if scope is None else {scope.jobs[job] for job in jobs}
    yield from (("file", file) for file in made)
    yield from (("job", job) for job in jobs)
    for call in calls:
        fact = spread.flow.calls[call]
        yield "call", call
        yield from ((kind, key) for kind, key in (("value", fact.value), ("task", fact.task_hash)) if key)
    for _, execution in facts.rows("labels_roots", jobs):
        yield "execution", execution
