"""What the journals of changes (tags, datasets) say the graph must hold, and what it does hold, in the same form."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from headwater.cypher.journal import CHANGE
from headwater.cypher.load_change import change_facts, dataset_facts, tag_facts
from headwater.cypher.records import ChangeMade
from headwater.lineage.moments import moment
from headwater.lineage.verify_facts import Fact
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

LISTED = 1000
"""nodes and edges of no change which are named, at most"""


def change_findings(store: GraphStore, change: ChangeMade, head: bytes, place: Place) -> list[Finding]:
    """Where the graph differs from the journal of a change.

    Args:
        head: the head of the journal.
    """
    found = _actual(store, change)
    if found is None:
        return [Finding("missing", "Change", change.id, place=place)]
    wanted = _expected(change, head)
    return [
        Finding("different", "Change", change.id, name, wanted.get(name), found.get(name), place)
        for name in sorted({*wanted, *found})
        if wanted.get(name) != found.get(name)
    ]


def unknown_changes(project: Project, store: GraphStore, journals: Collection[str]) -> list[Finding]:
    """Changes, tags, datasets and files in them that no journal has.

    Args:
        journals: the journals that are known, by their names without the suffix.
    """
    found = [
        Finding("unknown", "Change", change, "its journal is not there")
        for change, root in store.rows("verify_change_ids")
        if f"{change}{CHANGE}" not in journals and (store.dialect == "local" or root == str(project.root))
    ]
    return found + [
        Finding("unknown", label, key, "of no change")
        for label, key in store.rows("verify_stray_changes", limit=LISTED)
    ]


def _expected(change: ChangeMade, head: bytes) -> Fact:
    return {
        **change_facts(change),
        "at": moment(change.at),
        "journal_head": head.hex(),
        "tags": sorted(
            [[one.id.hex(), tag_facts(one), [one.target]] for one in change.tags], key=lambda row: str(row[0])
        ),
        "datasets": sorted(
            [[one.id.hex(), _said(dataset_facts(one))] for one in change.datasets],
            key=lambda row: str(row[0]),
        ),
        "ended": sorted(id_.hex() for id_ in change.ended),
        "files": sorted([id_.hex(), file.hex()] for id_, some in change.files for file in some),
    }


def _actual(store: GraphStore, change: ChangeMade) -> Fact | None:
    rows = store.rows("verify_change", id=change.id)
    if not rows:
        return None
    properties, ended = rows[0]
    about = sorted(id_.hex() for id_, _ in change.files)
    files = store.rows("verify_change_files", id=change.id, keys=about) if about else []
    return {
        **_without_id(properties),
        "tags": [
            [id_, _without_id(facts), sorted(targets)]
            for id_, facts, targets in store.rows("verify_change_tags", id=change.id)
        ],
        "datasets": [
            [id_, _without_id(facts)] for id_, facts in store.rows("verify_change_datasets", id=change.id)
        ],
        "ended": sorted(ended),
        "files": sorted([dataset, file] for dataset, file in files),
    }


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    """A graph has no property that has no value."""
    return {name: value for name, value in facts.items() if value is not None}


def _without_id(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "id"}
