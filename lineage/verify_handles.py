"""States of handles, compared: the graph names the newest of the executions that made a state, or ran from it.

A record of an older one says less than the graph has, and is no contradiction. That the graph names an execution which
no record speaks of is one, and shows when all journals have been read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from headwater.lineage.verify_facts import Fact, differences
from headwater.lineage.verify_findings import Finding, Place

TIMES = ("made_in", "ran_in")


class HandleFacts:
    """What of the states is not settled yet."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], tuple[str, Place]] = {}
        self._settled: set[int] = set()

    def look(self, key: str, wanted: Fact, found: Fact, place: Place) -> Iterator[Finding]:
        """Compare what a journal says of a state with what the graph has."""
        for name, recorded, there in differences("Handle", wanted, found):
            yield Finding("different", "Handle", key, name, recorded, there, place)
        for name in TIMES:
            mark, there = hash((key, name)), found[name]
            if there == wanted[name]:
                self._settled.add(mark)
                self._open.pop((key, name), None)
            elif there is not None and mark not in self._settled:
                self._open.setdefault((key, name), (str(there), place))

    def settle(self, runs: Collection[str], growing: Collection[str], *, shared: bool) -> Iterator[Finding]:
        """What no record says.

        Args:
            runs: whose journals were read.
            growing: those of them that went on.
            shared: whether other projects have the same store.
        """
        newest = max(runs, default="")
        for (key, name), (there, place) in sorted(self._open.items()):
            if there not in growing and there <= newest and (there in runs or not shared):
                yield Finding("different", "Handle", key, name, None, there, place)


def joined(one: Fact | None, other: Fact) -> Fact:
    """What two records of one journal say of a state together."""
    if one is None:
        return other
    return {**other, **{name: one[name] or other[name] for name in TIMES}}
