"""Nodes that several runs made: the graph has them as one of their records says, so one record alone cannot judge.

What never changes is as the first record made it; the time of a call or a reduction, and what came with it, is the
newest record's. A record that the graph disagrees with, or has something later than, leaves a doubt. All journals
together settle it: some record must say what the graph has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.journal import execution_id_of
from headwater.cypher.load_batch import fullname
from headwater.cypher.records import AnyRecord, TaskSeen
from headwater.lineage.verify_damage import readable
from headwater.lineage.verify_facts import Fact, actual, differences, expected, is_newer
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

_BATCH = 2000
_Key = tuple[str, str]


class Doubts:
    """What of the graph's nodes is not settled yet.

    Args:
        project: whose journals are read.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._differing: dict[_Key, list[Finding]] = {}
        self._later: dict[_Key, Place] = {}
        self._settled: set[int] = set()

    def look(self, label: str, key: str, wanted: Fact, found: Fact, place: Place) -> None:
        """Compare a record's fact with the graph's."""
        different = [
            Finding("different", label, key, name, recorded, there, place)
            for name, recorded, there in differences(label, wanted, found)
        ]
        if different:
            self._differing.setdefault((label, key), []).extend(different)
        elif label in {"CallNode", "Evaluation"} and hash(key) not in self._settled:
            if is_newer(found, wanted) or _is_named_by_others(label, wanted, found):
                self._later.setdefault((label, key), place)
            else:
                self._settled.add(hash(key))

    def settle(
        self, store: GraphStore, journals: Callable[[], Iterable[Path]], *, shared: bool
    ) -> Iterator[Finding]:
        """What stays off when all records are looked at.

        Args:
            journals: asked once the graph was, so that they hold all that it has.
            shared: other projects have the same store: what is later than all records may be theirs.
        """
        later = {} if shared else self._later
        open_keys = self._differing.keys() | {key for key in later if hash(key[1]) not in self._settled}
        if not open_keys:
            return
        there = _there(store, open_keys)
        agreed: set[_Key] = set()
        refuted: set[_Key] = set()
        named: dict[_Key, list[Any]] = {}
        newest: dict[_Key, Any] = {}
        for key, fact in _facts(self._project, journals(), open_keys):
            found = there.get(key)
            if found is None:
                continue
            if not differences(key[0], fact, found) and not (
                key[0] in {"CallNode", "Evaluation"} and is_newer(found, fact)
            ):
                agreed.add(key)
            if _has_lost_code(fact, found):
                refuted.add(key)
            named.setdefault(key, []).append(fact.get("named"))
            at = fact.get("recorded_at")
            newest[key] = max(at, newest.get(key) or at) if at is not None else None
        agreed -= refuted
        for key in sorted(open_keys):
            label, id = key
            if key not in agreed and key in self._differing:
                yield from self._differing[key]
            elif key not in agreed and key in there:
                at = there[key]["recorded_at"]
                yield Finding("different", label, id, "recorded_at", newest.get(key), at, later[key])
            elif key in later and key in there:
                said = named.get(key, [])
                if (
                    said
                    and said[0] is not None
                    and there[key].get("named") is None
                    and said.count(said[0]) == len(said)
                ):
                    yield Finding("different", label, id, "named", said[0], None, later[key])


def learn_names(names: dict[bytes, str | None], records: list[AnyRecord]) -> None:
    """Remember the full names of the tasks that records define."""
    names.update((record.task_hash, fullname(record)) for record in records if isinstance(record, TaskSeen))


def _is_named_by_others(label: str, wanted: Fact, found: Fact) -> bool:
    """Whether a call's result holds files that this record says it only named, and the graph does not."""
    return label == "CallNode" and found["named"] is None and wanted["named"] is not None


def _has_lost_code(wanted: Fact, found: Fact) -> bool:
    """Whether the graph does not know what a task reads, and this record says it. Older records say nothing of it."""
    return bool(wanted.get("reads")) and not found["reads"] and wanted["counted"] == found["counted"]


def _there(store: GraphStore, keys: Iterable[_Key]) -> dict[_Key, Fact]:
    by_label: dict[str, list[str]] = {}
    for label, key in sorted(keys):
        by_label.setdefault(label, []).append(key)
    return {
        (label, key): fact
        for label, some in by_label.items()
        for start in range(0, len(some), _BATCH)
        for key, fact in actual(store, label, some[start : start + _BATCH]).items()
    }


def _facts(project: Project, journals: Iterable[Path], keys: Iterable[_Key]) -> Iterator[tuple[_Key, Fact]]:
    """The facts of these keys that any journal has."""
    wanted = set(keys)
    for path in journals:
        run, names = execution_id_of(path), dict[bytes, str | None]()
        for group in readable(project, path):
            learn_names(names, group.records)
            for record in group.records:
                fact = expected(run, record, names)
                if fact is not None and (fact[0], fact[1]) in wanted:
                    yield (fact[0], fact[1]), fact[2]
