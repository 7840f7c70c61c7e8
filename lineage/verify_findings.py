"""What `headwater.lineage.verify` answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.lineage.impact_views import AffectedCall


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


@dataclass(frozen=True)
class Downstream:
    """What comes from the first record that is off; of a run, or of a journal as a whole, from all of that."""

    run: str | None
    """the execution that recorded it; None where no run did"""
    calls: int
    jobs: int
    files: int
    runs: int
    unended: int
    """jobs that came to no result"""
    perhaps_calls: int
    """calls under or after these, which it reached perhaps"""
    perhaps_files: int
    """files that those made"""
    perhaps_runs: int
    """further runs of such jobs"""
    listed: tuple[AffectedCall, ...]
    """the newest of the calls; `calls` says how many there are"""


@dataclass
class Verification:
    """What was looked at and what was found.

    Attributes:
        seals: how many seals there are, and `sealed` how many records they cover.
        keys: the public keys that they name, in hexadecimal digits.
        downstream: what comes from the first finding; None where nothing is off, or where nothing of the graph is.
        others: runs of other projects that share the store. Where there are any, nodes that no journal of this project
            has may be theirs, and are not named.
    """

    journals: int = 0
    groups: int = 0
    records: int = 0
    seals: int = 0
    sealed: int = 0
    others: int = 0
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    downstream: Downstream | None = None

    def first(self) -> Finding | None:
        """The finding of the record that was written first; of a run's node last, which stands for all its records."""
        return min(self.findings, key=_order, default=None)


def _order(finding: Finding) -> tuple[bool, str, bool, int, bool, int]:
    place = finding.place
    if place is None:
        return True, "", False, 0, False, 0
    # What speaks of a whole run, or of a whole group, comes behind what speaks of one of its records.
    return (
        False,
        place.journal,
        finding.label == "Execution",
        place.group,
        finding.label == "Journal",
        place.record,
    )
