"""What of a damaged journal can still be read: the records of the damaged group, and the groups behind it.

It proves nothing. But compared with the graph, it shows which record is off, and what behind it still is as it was.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import Group, read_groups
from headwater.cypher.records import AnyRecord, check_flows
from headwater.lineage.seals.check_proof import unpack

if TYPE_CHECKING:
    from headwater.cypher.project import Project

_HEADER = struct.Struct("<II32s")
_LARGEST = 1 << 28


def salvage(path: Path, damage: JournalDamaged) -> Iterator[Group]:
    """The damaged group with those of its records that lie before the first unreadable one, then the groups behind it.

    Raises:
        JournalDamaged: there is damage further on.
    """
    with path.open("rb") as file:
        file.seek(damage.offset)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return
        length, _, previous = _HEADER.unpack(header)
        payload = file.read(min(length, _LARGEST))
        behind = file.read(_HEADER.size)
    records = list(_records(payload))
    if not records:
        return
    end = damage.offset + _HEADER.size + len(payload)
    head = sha256(previous + payload).digest()
    yield Group(damage.groups, damage.offset, end, previous, head, records, payload)
    if len(behind) == _HEADER.size and any(behind):
        follows = _HEADER.unpack(behind)[2]
        yield from read_groups(path, offset=end, head=follows, index=damage.groups + 1)


def groups_of(project: Project, path: Path) -> Iterator[Group]:
    """The groups of a journal of a project, wherever it is by now.

    Raises:
        JournalDamaged: as of `read_groups`.
        FileNotFoundError: it is in neither place.
    """
    try:
        yield from read_groups(path)
    except FileNotFoundError:  # before the first group: the loader has finished it since it was found
        yield from read_groups(project.loaded_journals / path.name)


def rest_of(project: Project, path: Path, damage: JournalDamaged) -> Iterator[Group]:
    """What `salvage` gives of a journal of a project, wherever it is by now."""
    return salvage(path if path.exists() else project.loaded_journals / path.name, damage)


def readable(project: Project, path: Path) -> Iterator[Group]:
    """All that can be read of a journal, damaged or not; nothing of one that is not there."""
    try:
        source = groups_of(project, path)
        while True:
            try:
                yield from source
                return
            except JournalDamaged as damage:
                source = rest_of(project, path, damage)
    except FileNotFoundError:
        return


def _records(payload: bytes) -> Iterator[AnyRecord]:
    decoder = msgspec.msgpack.Decoder[AnyRecord](AnyRecord)
    for piece in _pieces(payload):
        try:
            record = decoder.decode(piece)
            check_flows([record])
        except msgspec.DecodeError:
            return
        yield record


def _pieces(payload: bytes) -> Iterator[bytes]:
    """The bytes of each record, as far as there are whole ones."""
    head = payload[:1]
    if head == b"\xdc":
        count, at = int.from_bytes(payload[1:3], "big"), 3
    elif head == b"\xdd":
        count, at = int.from_bytes(payload[1:5], "big"), 5
    elif head and 0x90 <= head[0] <= 0x9F:
        count, at = head[0] & 0x0F, 1
    else:
        return
    for _ in range(count):
        start = at
        try:
            _, at = unpack(payload, start)
        except (LookupError, ValueError, TypeError, RecursionError, struct.error):
            return
        if at > len(payload):
            return
        yield payload[start:at]
