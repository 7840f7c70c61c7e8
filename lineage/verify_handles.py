"""States of handles, compared: the graph names the newest of the executions that made a state, or ran from it.

A record of an older one says less than the graph has, and is no contradiction. That the graph names an execution which
no record speaks of is one, and shows when all journals have been read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from headwater.cypher.journal import execution_id_of
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

    def settle(
        self,
        runs: Collection[str],
        growing: Collection[str],
        journals: Callable[[], Iterable[Path]],
        *,
        shared: bool,
    ) -> Iterator[Finding]:
        """What no record says.

        Args:
            runs: whose journals were read.
            growing: those of them that went on.
            journals: all that there are now, with those of runs that began since.
            shared: whether other projects have the same store.
        """
        later = {execution_id_of(path) for path in journals()} - set(runs) if self._open else set()
        for (key, name), (there, place) in sorted(self._open.items()):
            if there not in growing and there not in later and (there in runs or not shared):
                yield Finding("different", "Handle", key, name, None, there, place)


def joined(one: Fact | None, other: Fact) -> Fact:
    """What two records of one journal say of a state together."""
    if one is None:
        return other
    return {**other, **{name: one[name] or other[name] for name in TIMES}}
