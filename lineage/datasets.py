"""Datasets: what is known of files from outside, and every declaration of it that there was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headwater.lineage.trace_facts import GraphFacts, grouped

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


@dataclass(frozen=True)
class Dataset:
    """One declaration of a dataset. What is not known is empty.

    Attributes:
        files: patterns of the paths and URLs that belong to it.
        sensitivity: one of `headwater.cypher.sensitivity.LEVELS`.
        ended: when another declaration took its place, or it was withdrawn; None while it counts.
    """

    id: str
    name: str
    files: tuple[str, ...]
    origin: str
    licence: str
    collected_by: str
    purpose: str
    lawful_basis: str
    sensitivity: str
    at: datetime
    user: str
    ended: datetime | None
    ended_by: str | None
    project_root: str
    """the folder of the project that declares it"""
    declared_in: str
    """the script that declares it, seen from there; empty for the project's file"""

    @property
    def is_current(self) -> bool:
        return self.ended is None


def declarations(store: GraphStore) -> list[Dataset]:
    """Every declaration that was recorded, oldest first."""
    return [
        Dataset(id_, name, tuple(files or ()), *rest) for id_, name, files, *rest in store.rows("datasets")
    ]


def current(store: GraphStore) -> list[Dataset]:
    """The datasets as they are declared now, by name."""
    return sorted((one for one in declarations(store) if one.is_current), key=lambda one: one.name)


def files_of(store: GraphStore, datasets: Iterable[str]) -> dict[str, list[str]]:
    """The hashes of the files that belong to datasets, by the datasets' ids."""
    return grouped(GraphFacts(store).rows("dataset_files", datasets))


def files_among(store: GraphStore, files: Iterable[str]) -> dict[str, list[str]]:
    """Those of some files that belong to datasets now, by the datasets' ids."""
    rows = GraphFacts(store).rows("dataset_of_files", files)
    return grouped((dataset, file) for file, dataset in rows)


def datasets_of(store: GraphStore, files: Iterable[str]) -> dict[str, list[str]]:
    """The ids of the datasets that files belong to now, by the files' hashes."""
    return grouped(GraphFacts(store).rows("dataset_of_files", files))
