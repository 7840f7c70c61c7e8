"""Loads the journal of one change (a tag, a dataset) into the graph, in one transaction.

What a change is about was in the graph when somebody typed it, so it is in a journal of the project. When a graph is
loaded anew, that journal may still be on its way, and a change waits for it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import read_groups
from headwater.cypher.load_journal import put_among_loaded
from headwater.cypher.records import ChangeMade, DatasetDeclared, TagSet
from headwater.cypher.store import GraphStore

Statement = tuple[str, dict[str, Any]]
ROWS = 2000
"""rows of one statement"""


class ChangeLoad:
    """The loading of one change's journal. After any error make a new one.

    Attributes:
        path: the journal.
        damage: what is wrong with it, once that is known.
    """

    def __init__(self, path: Path, store: GraphStore) -> None:
        self.path = path
        self.damage: JournalDamaged | None = None
        self._store = store
        self._done = 0

    def step(self) -> bool:
        """Load what is not loaded yet. Returns whether there was anything.

        Raises:
            StoreError: as of `GraphStore.write`.
            OSError: the journal cannot be read.
        """
        new = self._changes()[self._done :]
        for change, head in new:
            self._store.write(list(statements(change, head)))
            self._done += 1
        return bool(new)

    def lacks(self) -> bool:
        """Whether the graph has not got all that the change is about.

        Raises:
            StoreError: the store cannot be asked.
        """
        keys = sorted({key for change, _ in self._changes() for key in _about(change)})
        return any(
            self._store.rows("load_change_lacks", keys=keys[start : start + ROWS])[0][0]
            for start in range(0, len(keys), ROWS)
        )

    def finish(self, folder: Path) -> None:
        """Move the journal among the loaded ones."""
        put_among_loaded(self.path, folder, self.damage)

    def _changes(self) -> list[tuple[ChangeMade, str]]:
        found = []
        self.damage = None
        try:
            for group in read_groups(self.path):
                found += [(one, group.head.hex()) for one in group.records if isinstance(one, ChangeMade)]
        except JournalDamaged as damage:
            self.damage = damage
        return found


def change_facts(change: ChangeMade) -> dict[str, Any]:
    """The properties of a Change node, without its time."""
    return {
        "user": change.user,
        "host": change.host,
        "command": shlex.join(change.command),
        "headwater_version": change.headwater_version,
        "project_root": change.project_root,
    }


def tag_facts(tag: TagSet) -> dict[str, Any]:
    """The properties of a Tag node, without its id."""
    return {
        "kind": tag.kind,
        "target": tag.target,
        "key": tag.key,
        "value": tag.value,
        "text": f"{tag.key}={tag.value}",
        "given": tag.given,
    }


def dataset_facts(dataset: DatasetDeclared) -> dict[str, Any]:
    """The properties of a Dataset node, without its id."""
    return {
        "name": dataset.name,
        "files": list(dataset.files),
        "origin": dataset.origin,
        "licence": dataset.licence,
        "collected_by": dataset.collected_by,
        "purpose": dataset.purpose,
        "lawful_basis": dataset.lawful_basis,
        "sensitivity": dataset.sensitivity,
        "declared_in": dataset.declared_in or None,
    }


def statements(change: ChangeMade, head: str) -> Iterator[Statement]:
    """The queries that load a change, in order: nodes before edges."""
    facts = {**change_facts(change), "journal_head": head}
    yield "load_change", {"id": change.id, "at": change.at, "facts": facts}
    tags = [[tag.id.hex(), tag_facts(tag)] for tag in change.tags]
    datasets = [[dataset.id.hex(), dataset_facts(dataset)] for dataset in change.datasets]
    yield from _in_pieces("load_change_tags", change, sorted(tags, key=_key))
    yield from _in_pieces(
        "load_change_tagged", change, sorted([tag.id.hex(), tag.target] for tag in change.tags)
    )
    yield from _in_pieces("load_change_datasets", change, sorted(datasets, key=_key))
    yield from _in_pieces("load_change_ended", change, sorted([id_.hex()] for id_ in change.ended))
    files = sorted([file.hex(), id_.hex()] for id_, some in change.files for file in some)
    yield from _in_pieces("load_change_files", change, files)


def _about(change: ChangeMade) -> Iterator[str]:
    yield from (tag.target for tag in change.tags)
    yield from (id_.hex() for id_ in change.ended if all(tag.id != id_ for tag in change.tags))
    for id_, files in change.files:
        yield from (file.hex() for file in files)
        if all(dataset.id != id_ for dataset in change.datasets):
            yield id_.hex()


def _in_pieces(query: str, change: ChangeMade, rows: list[list[Any]]) -> Iterator[Statement]:
    for start in range(0, len(rows), ROWS):
        yield query, {"id": change.id, "rows": rows[start : start + ROWS]}


def _key(row: list[Any]) -> str:
    return str(row[0])
