"""What `headwater.lineage.verify` answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a record is."""

    journal: str
    """the file's name"""
    group: int
    offset: int
    """of the group's first byte"""
    record: int
    """index within the group"""


@dataclass(frozen=True)
class Finding:
    """One thing that is off."""

    kind: str
    """damaged: bytes of a journal or of the value store are not what was written; missing: the graph lacks a record's
    node, or the value store its bytes; different: the graph has it with another property or edge; unknown: the graph
    has what no journal has"""
    label: str
    """Journal, a label of the graph, or for a node that has none of ours its own labels"""
    key: str
    what: str = ""
    """the property or edge, or what is wrong"""
    recorded: Any = None
    """what the record says"""
    found: Any = None
    """what the graph has"""
    place: Place | None = None


@dataclass
class Verification:
    """What was looked at and what was found.

    Attributes:
        others: runs of other projects that share the store. Where there are any, nodes that no journal of this project
            has may be theirs, and are not named.
    """

    journals: int = 0
    groups: int = 0
    records: int = 0
    others: int = 0
    findings: list[Finding] = field(default_factory=list)
