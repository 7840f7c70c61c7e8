"""Which record of a damaged group is off, as far as the graph can tell: the chain speaks of whole groups."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from headwater.cypher.journal import execution_id_of
from headwater.cypher.records import AnyRecord
from headwater.lineage.seals.check_proof import unpack
from headwater.lineage.verify_facts import actual, differences, expected

if TYPE_CHECKING:
    from headwater.cypher.errors import JournalDamaged
    from headwater.cypher.store import GraphStore

_HEADER = 40
"""bytes before a group's payload, of which the first four are its length"""
_LARGEST = 1 << 28


class BadRecord(NamedTuple):
    """A record that is not what was written."""

    record: int
    """index within its group"""
    label: str | None
    """of the node that it stands for; None where nobody can read it"""
    key: str


def bad_record(store: GraphStore, path: Path, damage: JournalDamaged) -> BadRecord | None:
    """The first record of a damaged group that cannot be read, or that the graph has otherwise; None for none.

    Raises:
        StoreError: the store cannot be read.
    """
    run = execution_id_of(path)
    decoder = msgspec.msgpack.Decoder[AnyRecord](AnyRecord)
    for index, piece in enumerate(_pieces(_payload(path, damage.offset))):
        try:
            record = decoder.decode(piece or b"")
        except msgspec.DecodeError:
            return BadRecord(index, None, "")
        told = expected(run, record, {})
        if told is not None:
            label, key, fact = told
            found = actual(store, label, [key]).get(key)
            if found is None or differences(label, fact, found):
                return BadRecord(index, label, key)
    return None


def _payload(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            return b""
        return file.read(min(struct.unpack_from("<I", header)[0], _LARGEST))


def _pieces(payload: bytes) -> Iterator[bytes | None]:
    """The records of a group by their bytes, and None where they end too early."""
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
            at = len(payload) + 1
        if at > len(payload):
            yield None
            return
        yield payload[start:at]
