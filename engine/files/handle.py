"""Open files that tell their owner when they have been written and closed, and replace what was there in one step."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from headwater.engine.files.address import as_os_errors
from headwater.engine.files.evidence import Identity
from headwater.engine.files.partials import beside, done
from headwater.engine.files.written import keep_time


class WrittenFile(io.BufferedIOBase):
    """A binary file, open for writing, that calls back once after it is closed.

    Args:
        on_close: takes what was written, where that is known; None means: look.
        url: of a file elsewhere. Where its store shows only whole objects, an error inside the `with` block leaves the
            old one.
    """

    def __init__(
        self, file: Any, on_close: Callable[[Identity | None], None], url: str | None = None
    ) -> None:
        self._file = file
        self._on_close = on_close
        self._identity: Identity | None = None
        self._url = url

    @property
    def name(self) -> str:
        return str(self._file.name)

    @property
    def mode(self) -> str:
        return str(self._file.mode)

    def discard(self) -> None:
        """What was written is not to count, where that can still be arranged."""
        if self._url is None:
            return
        from fsspec.spec import AbstractBufferedFile

        if isinstance(self._file, AbstractBufferedFile) and not self._file.closed:
            with suppress(Exception):  # what is left of an upload, its store forgets by itself
                self._file.discard()
            self._file.closed = True

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.discard()
        self.close()

    def close(self) -> None:
        if self.closed:
            return
        try:
            try:
                super().close()
            finally:
                self._close_file()
        finally:
            self._on_close(self._identity)

    def _close_file(self) -> None:
        if self._url is None:
            self._file.close()
            return
        with as_os_errors(self._url, "written"):
            try:
                self._file.close()
            except BaseException:
                self.discard()
                raise

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def readable(self) -> bool:
        return bool(self._file.readable())

    def writable(self) -> bool:
        return bool(self._file.writable())

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def write(self, data: Any) -> int:
        count = self._file.write(data)
        return memoryview(data).nbytes if count is None else int(count)  # paramiko's files give none

    def read(self, size: int | None = -1) -> bytes:
        data: bytes = self._file.read(-1 if size is None else size)
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)

    def readinto(self, buffer: Any) -> int:
        data = self.read(memoryview(buffer).nbytes)
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def truncate(self, size: int | None = None) -> int:
        return int(self._file.truncate(size))

    def fileno(self) -> int:
        return int(self._file.fileno())


class ReplacingFile(WrittenFile):
    """A local file that is written beside its place, and put there when it is closed: readers see the old content or
    the new one. Where writing failed, or the `with` block ended in an error, the old content stays.

    It is identified before it is put there: a moment later, somebody else's file may be in its place.
    """

    def __init__(
        self,
        file: Any,
        partial: str,
        target: str,
        on_close: Callable[[Identity | None], None],
        look: Callable[[str], Identity],
    ) -> None:
        super().__init__(file, on_close)
        self._partial = partial
        self._look = look
        self._target = target
        self._discarded = False

    @property
    def name(self) -> str:
        return self._target

    def discard(self) -> None:
        self._discarded = True

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            self._discarded = True
            raise

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self._discarded = True
            raise

    def _close_file(self) -> None:
        try:
            self._file.close()
            if not self._discarded:
                self._identity = put_in_place(self._partial, self._target, self._look)
                done(self._partial)
                return
        except BaseException:
            _give_up(self._partial)
            raise
        _give_up(self._partial)


def _give_up(partial: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(partial)
    done(partial)


def put_in_place(partial: str, target: str, look: Callable[[str], Identity]) -> Identity:
    """Put a file that is complete where it belongs, and say what it is."""
    now = time.time()
    _stamp_finely(partial)
    identity = look(partial)
    os.replace(partial, target)
    keep_time(target, now)
    return identity


def _stamp_finely(path: str) -> None:
    """A file's time of change, from a clock that does not tick in milliseconds as a kernel's for files may: by it, two
    that are written at once with one size would be the same file."""
    now = time.time_ns()
    with suppress(OSError):
        os.utime(path, ns=(now, now))


class WrittenText(io.TextIOWrapper):
    """Text over a WrittenFile: an error inside its `with` block, or while it is written out, discards what it has."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self._written.discard()
        self.close()

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            except BaseException:
                self._written.discard()
                with suppress(Exception):
                    super().close()
                raise
        super().close()

    @property
    def _written(self) -> WrittenFile:
        written = self.buffer
        assert isinstance(written, WrittenFile)
        return written


def replaceable(path: str) -> tuple[str, int | None] | None:
    """The file that is replaced where one is put at a path, links followed, and its permissions, None where there is
    none yet. None where only writing in place will do: devices and pipes, and files that may not be written."""
    target = path
    try:
        status = os.lstat(target)
        if stat.S_ISLNK(status.st_mode):
            target = os.path.realpath(path)
            status = os.stat(target)
    except FileNotFoundError:
        return target, None
    if not stat.S_ISREG(status.st_mode) or not os.access(target, os.W_OK):
        return None
    return target, stat.S_IMODE(status.st_mode)


def open_replacing(
    path: str, mode: str, on_close: Callable[[Identity | None], None], look: Callable[[str], Identity]
) -> WrittenFile | None:
    """A local file opened with `wb` or `w+b` so that it is replaced in one step; None where only writing in place
    will do: devices and pipes, files that may not be written, and folders that take no new files.

    Args:
        on_close: takes what was written, where that is known.
        look: identifies the file at a path.

    Raises:
        OSError: as opening it in place would.
    """
    opened = _open_beside(path)
    if opened is None:
        return None
    handle, partial, target = opened
    return ReplacingFile(os.fdopen(handle, mode), partial, target, on_close, look)


def replace_by(path: str, data: bytes, look: Callable[[str], Identity]) -> Identity | None:
    """Put a file with these bytes where a local file is, or is to be, in one step: what `open_replacing` does for bytes
    that come one after the other.

    Returns:
        What is there now; None where only writing in place will do.

    Raises:
        OSError: it cannot be written; the old content stays.
    """
    opened = _open_beside(path)
    if opened is None:
        return None
    handle, partial, target = opened
    try:
        try:
            at = os.write(handle, data)
            while at < len(data):
                at += os.write(handle, memoryview(data)[at:])
        finally:
            os.close(handle)
        identity = put_in_place(partial, target, look)
    except BaseException:
        _give_up(partial)
        raise
    done(partial)
    return identity


def _open_beside(path: str) -> tuple[int, str, str] | None:
    """A new file beside the one at a path, with its permissions: a descriptor, its own path, and that of the file whose
    place it is to take. None where only writing in place will do."""
    found = replaceable(path)
    if found is None:
        return None
    target, rights = found
    partial = beside(target)
    try:
        handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, rights or 0o666)
    except OSError as error:
        done(partial)
        if isinstance(error, PermissionError):
            return None
        error.filename = path
        raise
    if rights is not None:
        os.fchmod(handle, rights)
    return handle, partial, target
