"""Tags that workflows gave to values, compared: a value has all that any record gave it, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cypher.records import TagsGiven, tag_texts
from headwater.lineage.moments import UNKNOWN, moment
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


class ValueTags:
    """What the journals say of the tags of values."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[dict[str, datetime], Place]] = {}

    def take(self, record: TagsGiven, place: Place) -> None:
        """Remember what a record gave."""
        if record.value is not None:
            tags, _ = self._given.setdefault(record.value.hex(), ({}, place))
            at = moment(record.at)
            tags.update({tag: min(at, tags.get(tag, at)) for tag in tag_texts(record.tags) or ()})

    def settle(self, store: GraphStore, *, shared: bool) -> Iterator[Finding]:
        """Where the graph differs.

        Args:
            shared: somebody else may have given tags to the same values, too, and earlier.
        """
        found = {key: _pairs(tags, times) for key, tags, times in store.rows("verify_value_tags")}
        for key in sorted(self._given.keys() | ({} if shared else found.keys())):
            tags, place = self._given.get(key, (dict[str, datetime](), None))
            given, there = _sorted(tags.items()), found.get(key, [])
            known = dict(there)
            has_all = all(_is_by(known.get(tag), at) for tag, at in given)
            if not has_all or (not shared and there != given):
                yield Finding("different", "Value", key, "tags", _told(given), _told(there), place)


def _pairs(tags: Any, times: Any) -> list[tuple[Any, Any]]:
    """Each tag with when it was given, as the graph has them."""
    if isinstance(tags, list) and times is None:
        times = [UNKNOWN] * len(tags)
    if isinstance(tags, list) and isinstance(times, list) and len(tags) == len(times):
        return _sorted(zip(tags, times, strict=True))
    return [(repr(tags), repr(times))]  # whatever somebody has put there


def _sorted(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return sorted(pairs, key=repr)


def _is_by(there: Any, at: datetime) -> bool:
    """Whether the graph has a time, and none after another."""
    return isinstance(there, datetime) and there.tzinfo is not None and there <= at


def _told(pairs: list[tuple[Any, Any]]) -> list[str] | None:
    return [f"{tag} ({'at a time unknown' if at == UNKNOWN else at})" for tag, at in pairs] or None
