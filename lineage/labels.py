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
from typing import TYPE_CHECKING, Any

from headwater.cypher.sensitivity import lower, rank
from headwater.lineage.datasets import Dataset, current, files_of
from headwater.lineage.declassified import declassified
from headwater.lineage.impact_facts import ImpactFacts
from headwater.lineage.impact_walk import Spread
from headwater.lineage.label_facts import RememberedFacts

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


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


def labels(store: GraphStore, datasets: Sequence[Dataset] | None = None) -> list[Label]:
    """Every label that there is, in a stable order.

    Args:
        datasets: the datasets to look at; None for all that are declared now.
    """
    facts = RememberedFacts(store)
    datasets = current(store) if datasets is None else datasets
    limits = declassified(store, facts) if datasets else {}
    files = files_of(store, (dataset.id for dataset in datasets))
    found: list[Label] = []
    for dataset in datasets:
        levels = _levels(store, facts, dataset, files.get(dataset.id, []), limits)
        found += [Label(kind, id_, dataset, level) for (kind, id_), level in sorted(levels.items())]
    return found


def _levels(
    store: GraphStore, facts: ImpactFacts, dataset: Dataset, files: Sequence[str], limits: dict[str, str]
) -> dict[tuple[str, str], str]:
    """What a dataset reached, and how sensitive that is."""
    highest = dataset.sensitivity
    levels: dict[tuple[str, str], str] = {}
    for level in sorted({highest, *(lower(highest, one) for one in limits.values())}, key=rank):
        stopped = {call for call, limit in limits.items() if rank(limit) < rank(level)}
        spread = Spread(facts, stopped=stopped)
        spread.begin({call for some in facts.takers(files).values() for call in some})
        spread.begin_at_namers(facts.namers(files))
        spread.run()
        levels |= dict.fromkeys(_reached(store, spread), level)
    return {**levels, **{("file", file): highest for file in files}}


def _reached(store: GraphStore, spread: Spread) -> Iterable[tuple[str, str]]:
    yield from (("file", file) for file in spread.files)
    yield from (("job", job) for job in spread.jobs)
    for call in spread.calls:
        fact = spread.flow.calls[call]
        yield "call", call
        yield from ((kind, key) for kind, key in (("value", fact.value), ("task", fact.task_hash)) if key)
    for _, execution in ImpactFacts(store).rows("labels_roots", spread.jobs):
        yield "execution", execution
