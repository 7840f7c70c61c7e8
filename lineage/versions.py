"""What differs between two recorded versions of a task: its source, and those of the helpers and constants that it
reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_Key = tuple[str, str]
"""kind and name of something that counts"""
_Digests = list[str] | None
_Sources = dict[tuple[str, str, str], str]
"""source text by kind, name and digest"""


@dataclass(frozen=True)
class PartChange:
    """A helper, class, constant, variable or default that counts in a task's hash and differs."""

    kind: str
    """function, class, constant, variable or default"""
    name: str
    change: str
    """changed, added or removed"""
    before: str | None
    """SHA-256 of its source text"""
    after: str | None
    source_diff: Sequence[str] | None
    """lines of a unified diff of its sources, none where they differ in a secret alone; None where a source is not on
    record"""


@dataclass(frozen=True)
class CodeChange:
    """Two versions of a task's code."""

    task_before: str
    """full name"""
    task_after: str
    before: str
    """task hash"""
    after: str
    version_before: str | None
    version_after: str | None
    options_before: str | None
    """JSON, where the options that count differ"""
    options_after: str | None
    parts: Sequence[PartChange]
    source_diff: Sequence[str]
    """lines of a unified diff of the functions' sources; none where they are equal"""

    def summary(self) -> str:
        """What changed, in a few words."""
        found = []
        if self.version_before != self.version_after:
            found.append(f"version {self.version_before or 'none'} → {self.version_after or 'none'}")
        if self.source_diff:
            found.append("its source")
        found += [f"{part.kind} {part.name}" for part in self.parts]
        if self.options_before != self.options_after:
            found.append("its options")
        shown = ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
        return shown or "the order or use of what it reads"


def compare_versions(store: GraphStore, before: str, after: str) -> CodeChange | None:
    """What differs between two versions of a task; None where they are one, or the graph lacks one of them."""
    old, new = _version(store, before), _version(store, after)
    if before == after or old is None or new is None:
        return None
    same_options = old.options == new.options
    return CodeChange(
        task_before=old.task,
        task_after=new.task,
        before=before,
        after=after,
        version_before=old.version,
        version_after=new.version,
        options_before=None if same_options else old.options,
        options_after=None if same_options else new.options,
        parts=_parts(store, old, new),
        source_diff=_source_diff(old.source, new.source, before, after),
    )


class _Version(NamedTuple):
    """What is compared of a version."""

    task_hash: str
    task: str
    version: str | None
    source: str
    options: str
    counted: list[str]


def _version(store: GraphStore, task_hash: str) -> _Version | None:
    """One version, without its calls: there may be a million."""
    rows: list[tuple[Any, ...]] = store.rows("log_task", task=task_hash)
    if not rows:
        return None
    digest, task, version, source, options, counted, _ = rows[0]
    return _Version(digest, task, version, source, options, counted or [])


def _source_diff(before: str, after: str, old: str, new: str) -> list[str]:
    return list(unified_diff(before.splitlines(), after.splitlines(), old[:8], new[:8], lineterm=""))


def _parts(store: GraphStore, before: _Version, after: _Version) -> list[PartChange]:
    old, new = _by_name(before.counted), _by_name(after.counted)
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    if not keys:
        return []
    sources = [_sources(store, view.task_hash) for view in (before, after)]
    return [_part(key, old.get(key), new.get(key), *sources) for key in keys]


def _part(key: _Key, before: _Digests, after: _Digests, old: _Sources, new: _Sources) -> PartChange:
    change = "added" if before is None else "removed" if after is None else "changed"
    one, other = _text(key, before, old), _text(key, after, new)
    hashes = ["" if digests is None else " ".join(digests) for digests in (before, after)]
    diff = None if one is None or other is None else _source_diff(one, other, *hashes)
    return PartChange(*key, change, hashes[0] or None, hashes[1] or None, diff)


def _by_name(counted: Iterable[str]) -> dict[_Key, list[str]]:
    """The digests of what counts, by kind and name; several things may have one name."""
    found: dict[_Key, list[str]] = {}
    for entry in sorted(counted):
        kind, _, rest = entry.partition(" ")
        name, _, digest = rest.rpartition(" ")
        found.setdefault((kind, name), []).append(digest)
    return found


def _sources(store: GraphStore, task_hash: str) -> _Sources:
    return {
        (kind, name, digest): source
        for kind, name, digest, source in store.rows("version_codes", task=task_hash)
    }


def _text(key: _Key, digests: _Digests, sources: _Sources) -> str | None:
    """The source of what has one name; nothing where there is no such thing, None where a part is not on record."""
    found = [sources.get((*key, digest)) for digest in digests or ()]
    return None if None in found else "\n".join(text for text in found if text is not None)
