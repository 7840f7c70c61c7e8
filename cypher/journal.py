"""The journal: an append-only, hash-chained file of record groups, one file an execution, or a change beside the runs.

    8 bytes    magic and format version
    groups     u32 length | u32 crc32(payload) | 32 bytes previous head | payload       (little-endian)

A payload is a MessagePack array of records. The head after a group is `sha256(previous head + payload)`; the head
before the first is `sha256(b"headwater journal\\0" + execution id)`, so that neither a group nor a whole journal can
be swapped for another without its showing.

The writer holds an exclusive flock on its file for as long as it lives. That tells a reader what an incomplete tail
means: under a live writer "wait", under a dead one "damaged here". Space is allocated ahead of the writes, as zeros, so
that most groups change no file size and `fdatasync` has only data to flush; zeros up to the end of the file are
therefore a clean end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import struct
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
from headwater.cypher import inert
from headwater.cypher.errors import InternalError, JournalDamaged
from headwater.cypher.held import is_held
from headwater.cypher.records import AnyRecord, ChangeMade, ExecutionStarted, Record, check_flows

SUFFIX = ".hwj"
CHANGE = ".change"
"""what comes before the suffix where the journal is of a change that was made beside the runs"""
MAGIC = b"HWJRNL\x00\x01"

_NAME = re.compile(rf"[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}({re.escape(CHANGE)})?")
_HEADER = struct.Struct("<II32s")
_FIRST_CHUNK = 1 << 18
_LARGEST_CHUNK = 1 << 26
_SCAN = 1 << 20
_KEPT_BUFFER = 1 << 22
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True)
class Group:
    """One intact group as it lies in the file."""

    index: int
    offset: int
    """of its first byte"""
    end: int
    """of the byte after it: where the next group begins"""
    previous: bytes
    head: bytes
    """the chain's head after this group"""
    records: list[AnyRecord]
    payload: bytes = field(repr=False)
    """the records as they lie there"""

    def pieces(self) -> list[bytes]:
        """The bytes of each record, whatever its kind."""
        return [bytes(piece) for piece in _split(self.payload)]


def first_head(execution_id: str) -> bytes:
    """The head that the first group of an execution's journal continues."""
    return sha256(b"headwater journal\0" + execution_id.encode()).digest()


def execution_id_of(path: Path) -> str:
    """The execution whose journal this is: journals are named by it. Of a change, its id and CHANGE."""
    return path.name.removesuffix(SUFFIX)


def is_of_change(path: Path) -> bool:
    """Whether the journal is of a change (a tag, a dataset), not of an execution."""
    return path.name.endswith(CHANGE + SUFFIX)


class JournalWriter:
    """Appends groups of records to a new journal. Not safe for several threads at once.

    The file appears under its name only when it is locked and begins with its magic, so that no reader ever takes a
    journal being made for one whose writer died.

    Attributes:
        path: the journal's file.
        head: the chain's head after the last group that is on disk.
        groups: how many groups are on disk.

    Raises:
        OSError: the file cannot be made, or exists already.
    """

    def __init__(self, path: Path, execution_id: str) -> None:
        self.path = path
        self.head = first_head(execution_id)
        self.groups = 0
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray()
        self._position = len(MAGIC)
        self._allocated = len(MAGIC)
        self._chunk = _FIRST_CHUNK
        unborn = path.with_name(path.name + ".new")
        self._fd = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            os.pwrite(self._fd, MAGIC, 0)
            os.fsync(self._fd)
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            os.rename(unborn, path)
        except BaseException:
            os.close(self._fd)
            self._fd = -1
            os.unlink(unborn)
            raise
        _sync_folder(path.parent)
        _live.add(self)

    def append(self, records: Sequence[Record]) -> None:
        """Write the records as one group; when this returns they are on disk.

        Raises:
            OSError: the disk refused (full, failing). Nothing of the group counts as written; calling again is safe.
        """
        if self._fd < 0:
            raise InternalError(f"{self.path} was written to after it was closed")
        buffer, head = self._buffer, self.head
        try:
            self._encoder.encode_into(records, buffer, _HEADER.size)
        except UnicodeEncodeError:
            self._encoder.encode_into(
                _encodable(msgspec.to_builtins(records, builtin_types=(bytes,))), buffer, _HEADER.size
            )
        with memoryview(buffer) as whole, whole[_HEADER.size :] as payload:
            _HEADER.pack_into(buffer, 0, len(payload), crc32(payload), head)
            digest = sha256(head)
            digest.update(payload)
            end = self._position + len(whole)
            try:
                if end > self._allocated:
                    self._allocate(end)
                _write_all(self._fd, whole, self._position)
                _sync(self._fd)
            except OSError:
                self._forget_tail()
                raise
        self.head = digest.digest()
        self._position = end
        self.groups += 1
        if len(buffer) > _KEPT_BUFFER:
            self._buffer = bytearray()

    def close(self) -> None:
        """Trim the space allocated ahead and let go of the file. Calling it again does nothing."""
        if self._fd < 0:
            return
        _live.discard(self)
        try:
            os.ftruncate(self._fd, self._position)
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
            self._fd = -1

    def _allocate(self, end: int) -> None:
        wanted = end + self._chunk
        try:
            _reserve(self._fd, self._allocated, wanted - self._allocated)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            return  # too full for a reserve; what is at hand may still fit
        self._allocated = wanted
        self._chunk = min(self._chunk * 2, _LARGEST_CHUNK)

    def _forget_tail(self) -> None:
        """Take back what a failed write may have left, so that no reader meets half a group."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._position)
            self._allocated = self._position


def read_groups(
    path: Path, *, offset: int | None = None, head: bytes | None = None, index: int = 0
) -> Iterator[Group]:
    """The intact groups of a journal, in order, from the beginning or from where an earlier reading stopped.

    Ends at a clean end of the file. While the journal's writer lives, also ends at a tail that is not complete yet.

    Args:
        offset: where to begin (the `end` of an earlier group), default the first group.
        head: the chain's head at that place.
        index: how many groups lie before it.

    Raises:
        JournalDamaged: the bytes at some offset are not a group that continues the chain; raised after every group
            before that offset was yielded.
        FileNotFoundError: there is no such journal.
    """
    position = len(MAGIC) if offset is None else offset
    head = first_head(execution_id_of(path)) if head is None else head
    decoder = msgspec.msgpack.Decoder(list[AnyRecord])
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        magic = os.pread(fd, len(MAGIC), 0)
        if magic != MAGIC:
            raise JournalDamaged(str(path), 0, 0, _wrong_magic(magic))
        if not _NAME.fullmatch(execution_id_of(path)):
            raise JournalDamaged(str(path), 0, 0, "its name is the id of no run and of no change")
        while True:
            # Asked before reading: of a writer that has gone, nothing read afterwards is unfinished.
            alive = is_held(path)
            for group in _groups_at(
                fd, path, position=position, head=head, index=index, decoder=decoder, alive=alive
            ):
                position, head, index = group.end, group.head, group.index + 1
                yield group
            if not alive or is_held(path):
                return
    finally:
        os.close(fd)


def apparent_end(path: Path, offset: int = len(MAGIC)) -> int:
    """Where the groups after an offset end, told from their lengths alone: cheap, and no proof of anything.

    Raises:
        FileNotFoundError: there is no such journal.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        # The size alone does not tell: its writer may just have trimmed what it had allocated ahead.
        while len(header := os.pread(fd, _HEADER.size, offset)) == _HEADER.size:
            length, _, _ = _HEADER.unpack(header)
            if length == 0 or offset + _HEADER.size + length > size:
                break
            offset += _HEADER.size + length
    finally:
        os.close(fd)
    return offset


def _groups_at(
    fd: int,
    path: Path,
    *,
    position: int,
    head: bytes,
    index: int,
    decoder: msgspec.msgpack.Decoder[list[AnyRecord]],
    alive: bool,
) -> Iterator[Group]:
    while True:
        header = os.pread(fd, _HEADER.size, position)
        if not any(header) and _only_zeros(fd, position):
            if position > os.fstat(fd).st_size:
                raise JournalDamaged(str(path), position, index, "the file ends before what was read of it")
            return
        payload, reason = _payload(fd, header, position, head)
        if payload is None:
            if alive:
                return
            raise JournalDamaged(str(path), position, index, reason)
        try:
            records = decoder.decode(payload)
            check_flows(records)
        except msgspec.DecodeError as error:
            raise JournalDamaged(str(path), position, index, f"records nobody can read ({error})") from None
        if index == 0 and not _is_of(records, execution_id_of(path)):
            raise JournalDamaged(
                str(path), position, index, "its records are of another run than its name says"
            )
        after = sha256(head + payload).digest()
        end = position + len(header) + len(payload)
        yield Group(index, position, end, head, after, records, payload)
        position, head, index = end, after, index + 1


def _is_of(records: Sequence[AnyRecord], name: str) -> bool:
    """Whether what the first records of a journal say whose they are is what its name says."""
    own = name.removesuffix(CHANGE)
    return all(one.id == own for one in records if isinstance(one, (ExecutionStarted, ChangeMade)))


def _payload(fd: int, header: bytes, position: int, head: bytes) -> tuple[bytes | None, str]:
    """The payload of the group at a position, or None and what is wrong there."""
    if len(header) < _HEADER.size:
        return None, "a group is cut off"
    length, crc, previous = _HEADER.unpack(header)
    if previous != head:
        return None, "a group does not continue the chain"
    start = position + _HEADER.size
    if start + length > os.fstat(fd).st_size:
        return None, "a group is cut off"
    payload = os.pread(fd, length, start)
    if len(payload) != length or crc32(payload) != crc:
        return None, "a group's bytes are not what was written"
    return payload, ""


def _wrong_magic(magic: bytes) -> str:
    if magic[:7] == MAGIC[:7] and len(magic) == len(MAGIC):
        return f"written in format {magic[7]}, which this headwater does not know (newer? then upgrade),"
    return "no headwater journal begins like this"


def _only_zeros(fd: int, position: int) -> bool:
    while True:
        piece = os.pread(fd, _SCAN, position)
        if not piece:
            return True
        if piece.count(0) != len(piece):
            return False
        position += len(piece)


def _encodable(part: Any) -> Any:
    """A part of records, as lists, of which the texts are `inert.encodable`: a message or a name may hold any bytes."""
    if isinstance(part, str):
        return inert.encodable(part)
    if isinstance(part, dict):
        return {_encodable(key): _encodable(value) for key, value in part.items()}
    return list(map(_encodable, part)) if isinstance(part, (list, tuple)) else part


def _write_all(fd: int, data: memoryview, position: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(fd, data[written:], position + written)


def _reserve(fd: int, start: int, length: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, start, length)
    else:
        os.ftruncate(fd, start + length)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


_live: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child shares its parent's lock: were it to outlive the parent, the journal would look open for ever."""
    for writer in list(_live):
        os.close(writer._fd)
        writer._fd = -1
    _live.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
