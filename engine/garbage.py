"""Which files of a project's value store nothing refers to, and deleting those.

Bytes are put before the record that names them is, so something young may belong to a run that has not told yet; and
what lies behind damage in a journal cannot be read. Neither is ever deleted. Everything else is looked for in this
order, so that nothing is missed that moves meanwhile: the files are listed first, then the journals are read, then the
graph. What is put again after the listing has another time than was listed, and stays.

At a URL, nothing keeps deleting apart from putting again. There a value is moved aside, and deleted by a later look,
hours after. What a run put again at that moment, it has named by then: such a value is put back. For this no look may
work with what it has listed for long (`_LONGEST`).

Journals that are loaded count, too: they are evidence, which `hw verify` checks against the bytes. The graph keeps one
encoding of a value, and two runs may have put two. And some may be loaded into another graph than ours.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headwater.cypher.errors import JournalDamaged
from headwater.cypher.held import is_held
from headwater.cypher.journal import SUFFIX, execution_id_of, read_groups
from headwater.cypher.project import Project
from headwater.cypher.records import ValueSeen
from headwater.cypher.store import GraphStore
from headwater.engine.values.value_places import RENEWED, Entry
from headwater.engine.values.value_store import ValueStore

KINDS = ("value", "partial", "damaged", "aside")
SHORTEST = 2 * RENEWED
"""seconds that everything is left alone for, at a URL and while something runs"""
_LONGEST = RENEWED
"""seconds after which what was listed at a URL is too old to delete by"""
_HEX = "0123456789abcdef"


@dataclass
class Garbage:
    """What was found in a value store.

    Attributes:
        address: where the store is.
        unused: the files that nothing refers to, old enough to go.
        kept: how many files something refers to, and their bytes.
        young: how many nothing refers to yet, and their bytes.
        deleted: how many were deleted, and their bytes.
        set_aside: how many were moved aside, at a URL, to be deleted by a later look.
        lost: values that were moved aside, and that something refers to: they are put back.
        unfinished: whether it took so long that the rest was left for another time.
        listed: when the store was listed.
        damaged: names of the journals that cannot be read to their end; what was put since they began is young.
        running: whether a run was under way.
        age: seconds; what is younger is young.
    """

    address: str
    age: float
    running: bool = False
    unused: list[Entry] = field(default_factory=list)
    kept: tuple[int, int] = (0, 0)
    young: tuple[int, int] = (0, 0)
    deleted: tuple[int, int] = (0, 0)
    set_aside: tuple[int, int] = (0, 0)
    lost: list[Entry] = field(default_factory=list)
    unfinished: bool = False
    listed: float = field(default_factory=time.time)
    damaged: list[str] = field(default_factory=list)

    def count(self, kind: str) -> tuple[int, int]:
        """How many unused files of a kind there are, and their bytes."""
        sizes = [entry.size for entry in self.unused if entry.kind == kind]
        return len(sizes), sum(sizes)


def find_garbage(project: Project, store: GraphStore, values: ValueStore, age: float) -> Garbage:
    """Look for what nothing refers to.

    Args:
        age: seconds; what was put later than that is left alone. While a run is under way, it is `SHORTEST` at least.

    Raises:
        OSError: the value store cannot be listed.
        StoreError: the graph cannot be read.
    """
    now = time.time()
    entries = list(values.entries())
    running = any(is_held(path) for path in project.journals.glob(f"*{SUFFIX}"))
    garbage = Garbage(values.address, max(age, SHORTEST) if running else age, running, listed=now)
    used, began = _referred(project, store, garbage.damaged)
    limit = min(now - garbage.age, began)
    kept, young = Counter[str](), Counter[str]()
    whole = {entry.location: entry.put for entry in entries if entry.kind == "value"}
    for entry in entries:
        needed = bytes.fromhex(entry.location.replace("/", "")) in used
        if entry.kind == "value" and needed:
            kept.update(files=1, bytes=entry.size)
        elif entry.kind == "aside" and needed and entry.location not in whole:
            garbage.lost.append(entry)
        elif not _is_old(entry, whole.get(entry.location, 0.0) if needed else 0.0, limit, now):
            young.update(files=1, bytes=entry.size)
        else:
            garbage.unused.append(entry)
    garbage.kept, garbage.young = (kept["files"], kept["bytes"]), (young["files"], young["bytes"])
    return garbage


def _is_old(entry: Entry, whole: float | None, limit: float, now: float) -> bool:
    """Whether a file may go, by its age; of one that was moved aside and is needed, what stands in its place counts."""
    if entry.kind == "aside":
        limit = min(limit, now - SHORTEST)
    return entry.put is not None and whole is not None and max(entry.put, whole) <= limit


def delete_garbage(garbage: Garbage, values: ValueStore) -> None:
    """Delete what was found, or move it aside, except what was put again or deleted by somebody else since; count it.
    What was moved aside and is needed is put back first.

    Raises:
        OSError: something could not be deleted; what was before it is counted.
    """
    for entry in garbage.lost:
        values.restore(entry)
    for entry in garbage.unused:
        if values.sets_aside and time.time() > garbage.listed + _LONGEST:
            garbage.unfinished = True
            return
        if values.discard(entry):
            if values.sets_aside and entry.kind == "value":
                garbage.set_aside = _with(garbage.set_aside, entry)
            else:
                garbage.deleted = _with(garbage.deleted, entry)


def _with(count: tuple[int, int], entry: Entry) -> tuple[int, int]:
    return count[0] + 1, count[1] + entry.size


def _referred(project: Project, store: GraphStore, damaged: list[str]) -> tuple[set[bytes], float]:
    """The digests of all bytes that something refers to, and since when there may be others: the beginning of the first
    journal whose end nobody can read."""
    used: set[bytes] = set()
    began = float("inf")
    for folder in (project.journals, project.loaded_journals):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            began = min(began, _read(path, project.loaded_journals / path.name, used, damaged))
    for start, end in zip(["", *_HEX[1:]], [*_HEX[1:], "g"], strict=True):
        used.update(
            _digest(location) for (location,) in store.rows("gc_locations", **{"from": start, "to": end})
        )
    return used, began


def _read(path: Path, moved: Path, used: set[bytes], damaged: list[str]) -> float:
    """Add what a journal refers to, wherever it is by now. Where its end cannot be read, when it began."""
    try:
        used.update(_locations(path))
    except FileNotFoundError:
        return _read(moved, moved, used, damaged) if path != moved else float("inf")
    except JournalDamaged:
        if path.name not in damaged:
            damaged.append(path.name)
        return _beginning(path)
    return float("inf")


def _locations(path: Path) -> Iterator[bytes]:
    for group in read_groups(path):
        for record in group.records:
            if isinstance(record, ValueSeen) and record.location is not None:
                yield _digest(record.location)


def _digest(location: str) -> bytes:
    try:
        return bytes.fromhex(location.replace("/", ""))
    except ValueError:  # none of ours; it keeps nothing
        return b""


def _beginning(path: Path) -> float:
    """When a run began, told from its id, with room for clocks that differ; the epoch where the id does not say."""
    digits = execution_id_of(path).replace("-", "")[:12]
    try:
        return int(digits, 16) / 1000 - SHORTEST
    except ValueError:
        return 0.0
