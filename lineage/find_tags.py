"""What has the tags that somebody looks for: runs, files, and jobs by themselves or by their run, task or call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.lineage.tags import Name, ended_on_jobs, read_name, tags_named

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


@dataclass(frozen=True)
class Tagged:
    """What has one tag now, but for the jobs and values that were given it when they ran and have it still."""

    name: Name
    keys: dict[str, set[str]]
    """kind to the keys of what has it"""
    without: list[tuple[str, str]]
    """(job, tag) where a job was given it, and has it no more"""

    def of_jobs(self) -> dict[str, Any]:
        """What the queries that find jobs want to know of it."""
        return {
            "text": str(self.name) if self.name.value is not None else f"{self.name.key}=",
            "any": self.name.value is None,
            "runs": self.of("execution"),
            "jobs": self.of("job"),
            "tasks": self.of("task"),
            "calls": self.of("call"),
            "without": [f"{job} {tag}" for job, tag in self.without],
        }

    def of(self, kind: str) -> list[str]:
        """The keys of what has it, of one kind."""
        return sorted(self.keys.get(kind, ()))


def tagged(store: GraphStore, texts: Sequence[str]) -> list[Tagged]:
    """What has each of some tags.

    Args:
        texts: `key=value`, or `key` for any value.

    Raises:
        UsageError: one is no tag.
    """
    found = []
    for text in texts:
        name = read_name(text, needs_value=False)
        keys: dict[str, set[str]] = {}
        for tag in tags_named(store, name, of_all=False):
            if tag.is_current:
                keys.setdefault(tag.kind, set()).add(tag.target)
        found.append(Tagged(name, keys, ended_on_jobs(store, name)))
    return found
