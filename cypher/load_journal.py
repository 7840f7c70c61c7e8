"""Loads one journal into the graph, batch by batch, each exactly once.

A batch and the note of how far it reaches are one transaction. So whoever goes on later, after a kill -9 or a commit
that was never answered, reads that note in the graph and begins right behind it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headwater.cypher.backlog import DAMAGED, mark_of
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import MAGIC, Group, apparent_end, execution_id_of, first_head, read_groups
from headwater.cypher.load_batch import Batch, Memory
from headwater.cypher.records import AnyRecord, JobEnded, JobStarted
from headwater.cypher.store import GraphStore
from headwater.cypher.targets import target_file, write_json

CALLS = 1500
"""A transaction's calls at most; a few hundred to a few thousand load about equally fast."""
RECORDS = 8 * CALLS
BYTES = 8 << 20
HELD = 100_000
"""Jobs that have begun and are not told to the graph while there is more to load, at most: some 60 MB."""

GONE = "the process that ran it went away"


@dataclass(frozen=True)
class _Place:
    """How far a journal is loaded: whole groups, and some records of the group after them."""

    groups: int
    offset: int
    records: int
    head: bytes


class JournalLoad:
    """The loading of one journal. After any error make a new one: what this one knows may not be so.

    Attributes:
        path: the journal.
        damage: what is wrong with its end, once that is known.
    """

    def __init__(self, path: Path, store: GraphStore, *, share: int = 1) -> None:
        """
        Args:
            share: batches are cut to one `share`-th of their usual size (for a store that could not take a whole one).
        """
        self.path = path
        self.damage: JournalDamaged | None = None
        self._id = execution_id_of(path)
        self._store = store
        self._share = share
        self._memory = Memory()
        self._place: _Place | None = None
        self._group: Group | None = None
        self._ended = False

    def step(self) -> bool:
        """Load one batch, if there is anything to load. Returns whether there was.

        Raises:
            StoreError: as of `GraphStore.write`.
            OSError: the journal cannot be read.
        """
        place = self._place = self._place or self._read_place()
        batch = Batch(self._id, self._memory)
        reached = self._fill(batch, place)
        if not batch.records and not self._memory.open:
            return False
        more = self._is_full(batch) and not self._is_at_end(reached)
        surplus = len(self._memory.open) - HELD
        batch.hold_back(max(0, surplus) if more else RECORDS // self._share)
        self._name_tasks(batch)
        self._store.write([*batch.statements(), self._watermark(reached)])
        self._place = reached
        self._ended = self._ended or batch.ended
        if more or not self._memory.open:  # else the rest of what begun comes next, and then it is all there
            with suppress(OSError):  # a hint for those who wait; the graph is what counts
                write_json(mark_of(self.path), {"offset": reached.offset, "groups": reached.groups})
        return True

    def finish(self, folder: Path) -> None:
        """Close the books on a journal whose writer has gone, and move it among the loaded ones."""
        if not self._ended:
            self._abandon()
        put_among_loaded(self.path, folder, self.damage)

    def _read_place(self) -> _Place:
        start = _Place(0, len(MAGIC), 0, first_head(self._id))
        found = self._store.rows("load_progress", id=self._id)
        if not found:
            return start
        groups, offset, records, head, status = found[0]
        self._ended = status != "RUNNING"
        self._memory.given = None
        if head is None:
            return start
        place = _Place(groups, offset, records, bytes.fromhex(head))
        if not self._ended:
            self._recall(place)
        return place

    def _recall(self, place: _Place) -> None:
        """Find the jobs that have begun and not ended before a place: whoever loaded it may have held them back."""
        with suppress(JournalDamaged):  # which is told when it is read on from the place
            for group in read_groups(self.path):
                records = group.records if group.index < place.groups else group.records[: place.records]
                for record in records:
                    if isinstance(record, (JobStarted, JobEnded)):
                        self._memory.note(record)
                if group.index >= place.groups:
                    break

    def _fill(self, batch: Batch, place: _Place) -> _Place:
        """Put records into the batch until it is full or the journal's end is reached; where that is."""
        records = place.records
        for group in self._groups(place):
            rest = group.records[records:] if records else group.records
            taken = 0
            for piece in _pieces(rest, max(1, CALLS // self._share)):
                if self._is_full(batch):
                    break
                batch.add(piece)
                taken += len(piece)
            if taken < len(rest):
                self._group = group
                return _Place(group.index, group.offset, records + taken, group.previous)
            self._group, records = None, 0
            place = _Place(group.index + 1, group.end, 0, group.head)
            if self._is_full(batch):
                break
        return place

    def _groups(self, place: _Place) -> Iterator[Group]:
        """The groups from a place on. A group that was begun is not read again."""
        if self._group is not None:
            group = self._group
            yield group
            place = _Place(group.index + 1, group.end, 0, group.head)
        self.damage = None
        try:
            yield from read_groups(self.path, offset=place.offset, head=place.head, index=place.groups)
        except JournalDamaged as damage:
            self.damage = damage

    def _is_full(self, batch: Batch) -> bool:
        share = self._share
        return (
            batch.calls * share >= CALLS or batch.records * share >= RECORDS or batch.bytes * share >= BYTES
        )

    def _is_at_end(self, place: _Place) -> bool:
        """Whether nothing more is in the journal by now than what is before a place."""
        return self._group is None and apparent_end(self.path, place.offset) <= place.offset

    def _name_tasks(self, batch: Batch) -> None:
        unknown = batch.unknown_tasks()
        if unknown:
            hashes = [task.hex() for task in unknown]
            for task_hash, name in self._store.rows("load_task_names", task_hashes=hashes):
                self._memory.task_names[bytes.fromhex(task_hash)] = name

    def _watermark(self, place: _Place) -> tuple[str, dict[str, object]]:
        return (
            "load_watermark",
            {
                "id": self._id,
                "groups": place.groups,
                "offset": place.offset,
                "records": place.records,
                "head": place.head.hex(),
            },
        )

    def _abandon(self) -> None:
        """The run has no end of its own: the graph is told that it failed, and when it was last heard of."""
        error = GONE
        if self.damage is not None:
            error += f"; its journal is damaged at byte {self.damage.offset}: {self.damage.reason}"
        # The clock that dates files may be some milliseconds behind the one that jobs are dated by.
        [(begun,)] = self._store.rows("load_last_start", id=self._id)
        last = max(self.path.stat().st_mtime_ns // 1000, begun or 0)
        self._store.write(
            [
                ("load_abandoned_jobs", {"id": self._id, "finished": last}),
                ("load_abandoned", {"id": self._id, "finished": last, "error": error}),
            ]
        )
        self._ended = True


def put_among_loaded(path: Path, folder: Path, damage: JournalDamaged | None) -> None:
    """Move a journal that the loader is through with, and what lies beside it; leave word of its damage."""
    if damage is not None:
        write_json(
            folder / (path.name + DAMAGED),
            {"offset": damage.offset, "groups": damage.groups, "reason": damage.reason},
        )
    os.replace(path, folder / path.name)
    with suppress(FileNotFoundError):  # after the journal: without it, the journal would be for another store
        os.replace(target_file(path), folder / target_file(path).name)
    with suppress(FileNotFoundError):
        os.unlink(mark_of(path))


def _pieces(records: list[AnyRecord], size: int) -> Iterator[list[AnyRecord]]:
    """A group's records in slices, so that a batch can end inside a large group."""
    return (records[start : start + size] for start in range(0, len(records), size))
