"""The places of value stores: a folder, whose files are put in place whole, or any file system that fsspec knows."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from headwater.cypher.errors import UsageError
from headwater.engine.values.codecs import Buffer

_WHOLE = ("memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl")
"""protocols whose stores show an object only when all of it is there"""
_LOCK = ".lock"
ASIDE = ".aside"
"""what names end in, after the time, of values at a URL that are out of use"""
RENEWED = 3600.0
"""seconds; at a URL, what is older is written again when it is put again, so that its time tells of that"""


@dataclass(frozen=True)
class Entry:
    """A file of a value store.

    Attributes:
        name: relative to the store.
        location: of the value whose bytes these are, or were to become.
        kind: `value`, `partial` (a write that did not come to its end), `damaged` (put aside) or `aside` (taken out of
            use at a URL, and not deleted yet).
        size: bytes.
        put: when it was put last, or taken out of use, in seconds since the epoch; None where the store does not say.
    """

    name: str
    location: str
    kind: str
    size: int
    put: float | None


class Folder:
    """A value store in a local folder."""

    sets_aside = False

    def __init__(self, address: str) -> None:
        self.address = os.path.abspath(address)
        self._unsafe: list[str] = []
        self._lock = threading.Lock()

    def write(self, location: str, buffers: tuple[Buffer, ...], size: int) -> None:
        path = os.path.join(self.address, location)
        try:
            if os.stat(path).st_size == size and self._renew(path):
                return
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = f"{path}.{uuid4().hex}.partial"
        try:
            with open(partial, "xb", buffering=0) as file:
                for buffer in buffers:
                    view = memoryview(buffer).cast("B") if len(buffer) else memoryview(b"")
                    while len(view):
                        view = view[file.write(view) :]
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        with self._lock:
            self._unsafe.append(path)

    def _renew(self, path: str) -> bool:
        """Say by its time that a file was put again; False where it is gone, or somebody else's to say."""
        try:
            with self._locked(fcntl.LOCK_SH):
                os.utime(path)
        except (FileNotFoundError, PermissionError):
            return False
        return True

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold the store's lock, which keeps putting again and deleting apart."""
        # Over NFS, whoever excludes all others has to be able to write.
        access = os.O_RDWR if how == fcntl.LOCK_EX else os.O_RDONLY
        handle = os.open(os.path.join(self.address, _LOCK), access | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    def listing(self) -> Iterator[tuple[str, int, float | None]]:
        try:
            folders = [item for item in os.scandir(self.address) if item.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return
        for folder in folders:
            with os.scandir(folder.path) as items:
                for item in items:
                    with suppress(FileNotFoundError):  # a write that has just ended, or another cleaning
                        if item.is_file(follow_symlinks=False):
                            status = item.stat()
                            yield f"{folder.name}/{item.name}", status.st_size, status.st_mtime

    def restore(self, entry: Entry) -> None:
        raise AssertionError("in a folder, nothing is taken out of use without being deleted")

    def discard(self, entry: Entry) -> bool:
        path = os.path.join(self.address, entry.name)
        with self._locked(fcntl.LOCK_EX), suppress(FileNotFoundError):
            if os.stat(path).st_mtime == entry.put:
                os.unlink(path)
                return True
        return False

    def sync(self) -> None:
        with self._lock:
            paths, self._unsafe = self._unsafe, []
        for path in [*paths, *{os.path.dirname(path) for path in paths}]:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def read(self, location: str) -> bytearray:
        with open(os.path.join(self.address, location), "rb", buffering=0) as file:
            data = bytearray(os.fstat(file.fileno()).st_size)
            view, at = memoryview(data), 0
            while at < len(data):
                count = file.readinto(view[at:])
                if not count:
                    break
                at += count
        return data

    def set_aside(self, location: str) -> None:
        path = os.path.join(self.address, location)
        os.replace(path, f"{path}.damaged")

    def has(self, location: str) -> bool:
        return os.path.exists(os.path.join(self.address, location))


class Remote:
    """A value store at a URL.

    Nothing there keeps deleting apart from putting again. So a value is not deleted but moved aside: whoever put it
    again in that moment, or needs it after all, has the same bytes there, and `read` brings them back.
    """

    sets_aside = True

    def __init__(self, address: str) -> None:
        from fsspec.core import url_to_fs

        self._files: Any
        try:
            self._files, self._root = url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise UsageError(f"the value store {address} cannot be opened: {error}") from error
        self.address = self._files.unstrip_protocol(self._root)

    def _path(self, location: str) -> str:
        return f"{self._root.rstrip('/')}/{location}"

    def _now(self, path: str) -> dict[str, Any]:
        """What the store says of a file, not what an earlier listing said."""
        self._files.invalidate_cache(path)
        info: dict[str, Any] = self._files.info(path)
        return info

    def write(self, location: str, buffers: tuple[Buffer, ...], size: int) -> None:
        path = self._path(location)
        try:
            info = self._now(path)
            put = _time_of(info)
            if info["size"] == size and (put is None or time.time() - put < RENEWED):
                return
        except FileNotFoundError:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        protocols = self._files.protocol
        whole = ({protocols} if isinstance(protocols, str) else set(protocols)) & set(_WHOLE)
        target = path if whole else f"{path}.{uuid4().hex}.partial"
        with self._files.open(target, "wb") as file:
            for buffer in buffers:
                file.write(buffer)
        if not whole:
            self._files.mv(target, path)

    def sync(self) -> None:
        """Remote stores answer a write when it is safe."""

    def read(self, location: str) -> bytes:
        path = self._path(location)
        try:
            data: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            aside = self._aside(path)
            if not aside:
                raise
            data = self._files.cat_file(aside[-1])
            self._files.copy(aside[-1], path)
        return data

    def _aside(self, path: str) -> list[str]:
        """Where a value lies that was moved aside, oldest first."""
        self._files.invalidate_cache()
        return sorted(self._files.glob(f"{path}.*{ASIDE}"))

    def restore(self, entry: Entry) -> None:
        if not self._files.exists(self._path(entry.location)):
            self._files.copy(self._path(entry.name), self._path(entry.location))

    def set_aside(self, location: str) -> None:
        path = self._path(location)
        self._files.mv(path, f"{path}.damaged")

    def has(self, location: str) -> bool:
        path = self._path(location)
        self._files.invalidate_cache(path)
        return bool(self._files.exists(path) or self._aside(path))

    def listing(self) -> Iterator[tuple[str, int, float | None]]:
        self._files.invalidate_cache()
        start = len(self._root.rstrip("/")) + 1
        for path, info in self._files.find(self._root, detail=True).items():
            yield path[start:], int(info.get("size") or 0), _time_of(info)

    def discard(self, entry: Entry) -> bool:
        path = self._path(entry.name)
        with suppress(FileNotFoundError):
            if entry.kind == "aside":
                self._files.rm_file(path)
                return True
            if _time_of(self._now(path)) == entry.put:
                if entry.kind == "value":
                    self._files.mv(path, f"{path}.{int(time.time() * 1000):012x}{ASIDE}")
                else:
                    self._files.rm_file(path)
                return True
        return False


def _time_of(info: dict[str, Any]) -> float | None:
    """When a file was written last, by what its file system says of it; None where it does not."""
    for key in ("LastModified", "mtime", "updated", "last_modified", "modified", "modify", "created"):
        moment = info.get(key)
        if isinstance(moment, str):
            try:
                moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
            except ValueError:
                continue
        if isinstance(moment, datetime):
            aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
            return aware.timestamp()
        if isinstance(moment, (int, float)):
            return float(moment)
    return None
