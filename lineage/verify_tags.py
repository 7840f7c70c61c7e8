"""Tags that workflows gave to values, compared: a value has all that any record gave it, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.cypher.records import TagsGiven, tag_texts
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


class ValueTags:
    """What the journals say of the tags of values."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[set[str], Place]] = {}

    def take(self, record: TagsGiven, place: Place) -> None:
        """Remember what a record gave."""
        if record.value is not None:
            tags, _ = self._given.setdefault(record.value.hex(), (set(), place))
            tags.update(tag_texts(record.tags) or ())

    def settle(self, store: GraphStore, *, shared: bool) -> Iterator[Finding]:
        """Where the graph differs.

        Args:
            shared: somebody else may have given tags to the same values, too.
        """
        rows = store.rows("verify_value_tags")
        found = {key: sorted(tags, key=repr) for key, tags in rows}
        for key in sorted(self._given.keys() | ({} if shared else found.keys())):
            given, place = self._given.get(key, (set[str](), None))
            there = found.get(key, [])
            if given.difference(there) or (not shared and there != sorted(given)):
                yield Finding("different", "Value", key, "tags", sorted(given) or None, there or None, place)
