"""Copies of large files to this machine that go on where an earlier one was broken off.

What was copied stays beside its place, with a note of whose bytes they are and of their SHA-256 up to a point. A later
copy goes on from there if the source is still the same and the bytes are; else it begins anew. Sources of which nobody
can say for sure that they are the same, as by a time in whole seconds or of moments ago, are always copied from the
beginning.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from headwater.engine.files.content import is_settled, stamp
from headwater.engine.files.evidence import ETAG, Identity
from headwater.engine.files.handle import put_in_place, replaceable
from headwater.engine.files.identity import identify
from headwater.engine.files.partials import PARTIAL

if TYPE_CHECKING:
    from headwater.engine.files.file import File

LARGE = 1 << 26
"""bytes from which a file is worth it, and after which it is noted how far a copy is"""
_BLOCK = 1 << 20
_SURE = (ETAG, "version", "generation", "md5")


def copy_large(
    source: File,
    path: str | None,
    target: str,
    count: Callable[[int], None],
    look: Callable[[str], Identity],
) -> Identity | None:
    """Copy a large file to a place on this machine, going on where that was broken off.

    Args:
        path: where the source is on this machine; None for one that is elsewhere.
        target: absolute path.
        count: is told how many bytes are there: those of an earlier copy at first, then block by block.
        look: identifies the file at a path.

    Returns:
        What is there now; None where this is no case for it, and nothing was done.

    Raises:
        OSError: it cannot be read or written, or changed meanwhile.
    """
    try:
        is_small = path is None and (source.recorded_size or 0) < LARGE
        seen = None if is_small else _seen(source, path)
    except OSError:
        return None  # who opens it says what is wrong
    if seen is None:
        return None
    place = replaceable(target)
    if place is None:
        return None
    target, rights = place
    name = sha256(f"{source.uri}\0{target}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    os.makedirs(os.path.dirname(target), exist_ok=True)
    part = _Part(
        os.path.join(os.path.dirname(target), f".{name}"), seen.what if seen.is_sure else None, rights
    )
    if not part.open():
        return None
    try:
        with source.open("rb") as file:
            part.fill(file, count)
        if part.size != seen.size or not _is_same(_seen(source, path), seen):
            part.remove()
            raise OSError(
                f"{source.path} changes while it is copied. Copy it when whoever writes it has finished"
            )
        identity = put_in_place(part.path, target, look)
        part.forget()
        return identity
    finally:
        part.close()


class _Seen(NamedTuple):
    """What tells a source's bytes from others, how many there are, and whether it does so for any that come later."""

    what: str
    size: int
    is_sure: bool


def _is_same(now: _Seen | None, before: _Seen) -> bool:
    return now is not None and now[:2] == before[:2]


def _seen(source: File, path: str | None) -> _Seen | None:
    """What can be seen of a source; None for one that is small, or elsewhere and never sure."""
    if path is not None:
        now = time.time_ns()
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return None
        seen = _Seen(stamp(status), status.st_size, is_settled(status, now))
    else:
        known = identify(source._address)
        if known.evidence not in _SURE or known.size is None or known.digest.startswith("W/"):
            return None
        seen = _Seen(f"{known.evidence} {known.digest}", known.size, is_sure=True)
    return seen if seen.size >= LARGE else None


class _Part:
    """What is copied so far.

    Args:
        base: what the paths of the part and of its note begin with.
        seen: what tells the source's bytes; None where that is not sure, so that no later copy may go on from here.
        rights: its permissions; None for those of any new file.

    Attributes:
        size: how many bytes.
    """

    def __init__(self, base: str, seen: str | None, rights: int | None) -> None:
        self.path = f"{base}{PARTIAL}"
        self._note = f"{base}.at{PARTIAL}"
        self._seen = seen
        self._rights = rights
        self.size = 0
        self._digest = sha256()
        self._handle = -1

    def open(self) -> bool:
        """Take it for this copy; False where another copy has it, or nothing can be written there."""
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, self._rights or 0o666)
            self._lock()
            if not os.path.samestat(os.fstat(self._handle), os.stat(self.path)):
                raise BlockingIOError  # somebody has just finished with it
            if self._rights is not None:
                os.fchmod(self._handle, self._rights)
        except OSError:
            self.close()
            return False
        return True

    def _lock(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            os.unlink(self.path)  # files cannot be locked here, so that none has it
            raise

    def fill(self, source: IO[Any], count: Callable[[int], None]) -> None:
        """Copy what is missing. What is there when that is broken off is noted, unless there is no room for it."""
        self._go_on(source)
        count(self.size)
        noted = self.size
        try:
            while block := source.read(_BLOCK):
                self._write(block)
                if self.size - noted >= LARGE:
                    self._write_note()
                    noted = self.size
                count(len(block))
        except BaseException as error:
            if self._seen is None or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
                self.remove()
            else:
                with suppress(OSError):
                    self._write_note()
            raise

    def _go_on(self, source: IO[Any]) -> None:
        """Find out what is there that can be relied upon, and put the source at what comes next."""
        with suppress(
            OSError, ValueError, NotImplementedError
        ):  # no such note, or a source that cannot be sought in
            with open(self._note, encoding="ascii") as file:
                seen, size, digest = json.load(file)
            with open(self._handle, "rb", closefd=False) as part:
                while self.size < size and (block := part.read(min(_BLOCK, size - self.size))):
                    self._digest.update(block)
                    self.size += len(block)
            if (seen, self.size, self._digest.hexdigest()) == (self._seen, size, digest):
                source.seek(size)
                os.ftruncate(self._handle, size)
                os.lseek(self._handle, size, os.SEEK_SET)
                return
        self.size, self._digest = 0, sha256()
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)

    def _write(self, block: bytes) -> None:
        left = memoryview(block)
        while left:
            left = left[os.write(self._handle, left) :]
        self._digest.update(block)
        self.size += len(block)

    def _write_note(self) -> None:
        if self._seen is None:
            return
        new = f"{self._note[: -len(PARTIAL)]}.new{PARTIAL}"
        with open(new, "w", encoding="ascii") as file:
            json.dump([self._seen, self.size, self._digest.hexdigest()], file)
        os.replace(new, self._note)

    def remove(self) -> None:
        """Nothing of it is to be used."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        self.forget()

    def forget(self) -> None:
        """It is no part any more."""
        with suppress(FileNotFoundError):
            os.unlink(self._note)

    def close(self) -> None:
        """Let others have it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
