"""What differs between two recorded versions of a task: its source, and the helpers and constants that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from headwater.lineage import log

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


@dataclass(frozen=True)
class PartChange:
    """A helper, class, constant, variable or default that counts in a task's hash and differs. Its text is not
    recorded, so that it changed is all that is known."""

    kind: str
    """function, class, constant, variable or default"""
    name: str
    change: str
    """changed, added or removed"""
    before: str | None
    """SHA-256 of its source text"""
    after: str | None


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
    old, new = log.task(store, before), log.task(store, after)
    if before == after or old is None or new is None:
        return None
    same_options = old.options == new.options
    diff = unified_diff(
        old.source.splitlines(), new.source.splitlines(), f"{before[:8]}", f"{after[:8]}", lineterm=""
    )
    return CodeChange(
        task_before=old.task,
        task_after=new.task,
        before=before,
        after=after,
        version_before=old.version,
        version_after=new.version,
        options_before=None if same_options else old.options,
        options_after=None if same_options else new.options,
        parts=_parts(old.counted, new.counted),
        source_diff=list(diff),
    )


def _parts(before: Iterable[str], after: Iterable[str]) -> list[PartChange]:
    old, new = _by_name(before), _by_name(after)
    found = []
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if one != other:
            change = "added" if one is None else "removed" if other is None else "changed"
            found.append(PartChange(*key, change, one, other))
    return found


def _by_name(counted: Iterable[str]) -> dict[tuple[str, str], str]:
    """(kind, name) to digest; what has one name several times, to all its digests."""
    found: dict[tuple[str, str], str] = {}
    for entry in sorted(counted):
        kind, _, rest = entry.partition(" ")
        name, _, digest = rest.rpartition(" ")
        known = found.get((kind, name))
        found[kind, name] = digest if known is None else f"{known} {digest}"
    return found
