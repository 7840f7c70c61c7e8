"""Where values that are too large for the graph live: files named by the SHA-256 of what is in them."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from headwater.cypher.errors import UsageError
from headwater.engine.errors import Undecodable
from headwater.engine.values.codecs import Buffer, size_of

_LOCATION = re.compile("[0-9a-f]{2}/[0-9a-f]{62}")
_WHOLE = ("memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl")
"""protocols whose stores show an object only when all of it is there"""


class ValueStore:
    """A content-addressed store of bytes in a local folder or below any URL that fsspec knows.

    A location is the hex digest of the bytes with a slash after two digits, relative to the store, so that a
    store can be moved.

    Args:
        url: the folder or URL.
        largest: how many bytes a value may have that is recorded with this store; None for any number.

    Raises:
        UsageError: the URL's protocol is not known, or its package is not installed.
    """

    def __init__(self, url: str | os.PathLike[str], *, largest: int | None = None) -> None:
        self.largest = largest
        address = os.fspath(url)
        if address.startswith("file://"):
            address = unquote(address[7:])
        self._place: _Folder | _Remote = _Remote(address) if "://" in address else _Folder(address)

    @property
    def address(self) -> str:
        """The folder or URL, with which another process opens the same store."""
        return self._place.address

    def put(self, payload: Buffer | Sequence[Buffer]) -> str:
        """Store bytes, given whole or in pieces, once; what is there already is not written again.

        They are there for every process at once, and survive a power failure after the next `sync`.

        Returns:
            Their location, for `get`.

        Raises:
            OSError: they could not be written.
        """
        buffers = (payload,) if isinstance(payload, (bytes, bytearray, memoryview)) else tuple(payload)
        digest = sha256()
        for buffer in buffers:
            digest.update(buffer)
        name = digest.hexdigest()
        location = f"{name[:2]}/{name[2:]}"
        self._place.write(location, buffers, size_of(buffers))
        return location

    def sync(self) -> None:
        """Return when all that was put is safe from a power failure. Call it before recording the locations.

        Raises:
            OSError: something could not be made safe.
        """
        self._place.sync()

    def get(self, location: str) -> bytes | bytearray:
        """The bytes at a location, after checking them against it.

        Damaged bytes are put aside (`….damaged`), so that the value can be stored again.

        Raises:
            Undecodable: they are not there, cannot be read, or are not what was stored.
        """
        if _LOCATION.fullmatch(location) is None:
            raise Undecodable(f"{location!r} is not a location in a value store")
        try:
            data = self._place.read(location)
        except FileNotFoundError as error:
            raise Undecodable(f"the value store {self._place.address} no longer has {location}") from error
        except Exception as error:
            raise Undecodable(
                f"the value store {self._place.address} cannot read {location}: {error}"
            ) from error
        if sha256(data).hexdigest() != location.replace("/", ""):
            self._place.set_aside(location)
            raise Undecodable(
                f"{location} in the value store {self._place.address} is damaged: its digest differs"
            )
        return data

    def has(self, location: str) -> bool:
        """Whether something is stored at a location; its content is not checked."""
        return self._place.has(location)


class _Folder:
    def __init__(self, address: str) -> None:
        self.address = os.path.abspath(address)
        self._unsafe: list[str] = []
        self._lock = threading.Lock()

    def write(self, location: str, buffers: tuple[Buffer, ...], size: int) -> None:
        path = os.path.join(self.address, location)
        try:
            if os.stat(path).st_size == size:
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


class _Remote:
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

    def write(self, location: str, buffers: tuple[Buffer, ...], size: int) -> None:
        path = self._path(location)
        try:
            if self._files.info(path)["size"] == size:
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
        data: bytes = self._files.cat_file(self._path(location))
        return data

    def set_aside(self, location: str) -> None:
        path = self._path(location)
        self._files.mv(path, f"{path}.damaged")

    def has(self, location: str) -> bool:
        return bool(self._files.exists(self._path(location)))
