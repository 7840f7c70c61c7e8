"""The files from outside: what calls took, or named, and no recorded call made.

They come in portions, in the order of their paths, so that of a large history no more is held than one of them, and the
hashes of what was named. Of some runs, what these took is asked for first; of everything, the files are gone through,
and each is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.lineage.datasets import current, datasets_of
from headwater.lineage.flow import Flow
from headwater.lineage.moments import moment
from headwater.lineage.trace_facts import ArgumentFact, CallFact, FileFact, GraphFacts

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

PORTION = 10_000
"""files that are looked at together"""
BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Taken(NamedTuple):
    path: str
    file: str
    at: int
    """in microseconds since the epoch"""
    is_returned: bool
    """by any call, whether that made it or not"""


def origins(store: GraphStore, since: datetime | None) -> Iterator[list[dict[str, Any]]]:
    """Maps of file, path, datasets (names), taken (when last), in portions, of which there is one at least.

    Args:
        since: only what the runs took that began since; None for everything.
    """
    names = {dataset.id: dataset.name for dataset in current(store)}
    for portion in _taken_by_all(store) if since is None else _taken_since(store, since):
        makers = _MakerFacts(store)
        outside = _outside(makers, portion)
        belonging = datasets_of(store, [one.file for one in outside]) if names else {}
        yield [
            {
                "file": one.file,
                "path": one.path,
                "datasets": sorted({names[dataset] for dataset in belonging.get(one.file, ())}),
                "taken": moment(one.at),
            }
            for one in outside
        ]


def _taken_since(store: GraphStore, since: datetime) -> Iterator[list[_Taken]]:
    """What the runs took that began since a moment, but for what was made beyond doubt."""
    rows = store.rows("audit_taken", since=since)[0][0]
    found = sorted(_Taken(path, file, at, is_returned) for file, path, at, is_returned in rows)
    for begin in range(0, max(len(found), 1), PORTION):
        yield found[begin : begin + PORTION]


def _taken_by_all(store: GraphStore) -> Iterator[list[_Taken]]:
    """What any run took, but for what was made beyond doubt."""
    named: dict[str, int] = dict(store.rows("audit_named", since=BEGINNING))
    path, file, more = "", "", True
    while more:
        listed = store.rows("audit_files", path=path, file=file, most=PORTION)[0][0]
        more = len(listed) == PORTION
        if more:
            file, path, _ = listed[-1]
        doubtful = {
            one: (path_, is_returned) for one, path_, is_returned in listed if is_returned is not None
        }
        taken = {one: named.pop(one) for one in doubtful if one in named}
        for one, at in GraphFacts(store).listed_rows("audit_takers", doubtful, since=BEGINNING):
            taken[one] = max(taken.get(one, at), at)
        yield [
            _Taken(path_, one, taken[one], is_returned)
            for one, (path_, is_returned) in doubtful.items()
            if one in taken
        ]


def _outside(facts: GraphFacts, taken: list[_Taken]) -> list[_Taken]:
    """Those of some files that no recorded call made."""
    makers = facts.makers(one.file for one in taken if one.is_returned)
    flow = Flow(facts)
    flow.learn_makers({call for some in makers.values() for call in some})
    return [
        one
        for one in taken
        if not any(flow.is_first_maker(call, one.file) for call in makers.get(one.file, ()))
    ]


class _MakerFacts(GraphFacts):
    """Of calls, no more than what says which files they made."""

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]:
        found: dict[str, CallFact] = {}
        for call, task, named, took, returned, gave in self.listed_rows("audit_makers", calls):
            fact = found[call] = CallFact(call, task, None, False, None, None, None, None, named)
            fact.inside = {call: [("return", producer) for producer in gave]}
            fact.arguments = [ArgumentFact("", None, "", "", 0, "", _files(took))]
            fact.result_files = _files(returned)
        return found


def _files(hashes: Iterable[str]) -> list[FileFact]:
    return [FileFact(one, "", "", "", None) for one in hashes]
