"""The datasets that something came from, by the files of its trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.lineage.datasets import Dataset, current, files_among
from headwater.lineage.declassified import declassified
from headwater.lineage.impact_facts import ImpactFacts
from headwater.lineage.labels import labels

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.trace_views import Trace


@dataclass(frozen=True)
class TracedDataset:
    """A dataset that something came from.

    Attributes:
        sensitivity: how sensitive the thing is by it; lower than declared where a task declassified it on every way.
        files: hashes of its files in the trace.
    """

    dataset: Dataset
    sensitivity: str
    files: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """What `hw trace --json` prints of it."""
        one = self.dataset
        return {
            "dataset": one.name,
            "sensitivity": self.sensitivity,
            "declared": one.sensitivity,
            "licence": one.licence,
            "origin": one.origin,
            "collected_by": one.collected_by,
            "purpose": one.purpose,
            "lawful_basis": one.lawful_basis,
            "files": list(self.files),
        }


def traced_datasets(store: GraphStore, traced: Trace) -> list[TracedDataset]:
    """The datasets of a trace's files as they are declared now, by name."""
    declared = current(store)
    files = files_among(store, traced.files) if declared else {}
    found = [dataset for dataset in declared if dataset.id in files]
    levels = _levels(store, traced, found)
    return [TracedDataset(one, levels.get(one.id, one.sensitivity), tuple(files[one.id])) for one in found]


def _levels(store: GraphStore, traced: Trace, found: list[Dataset]) -> dict[str, str]:
    """How sensitive what was traced is by each dataset, where a task in the trace lowers that."""
    if not found or not declassified(store, ImpactFacts(store)).keys() & {
        c.call for c in traced.calls.values()
    }:
        return {}
    return {
        label.dataset.id: label.sensitivity
        for label in labels(store, datasets=found)
        if (label.kind, label.id) == (traced.kind, traced.id)
    }
