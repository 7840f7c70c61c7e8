"""Where values that are too large for the graph live: files named by the SHA-256 of what is in them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from urllib.parse import unquote

from headwater.engine.errors import Undecodable
from headwater.engine.values.codecs import Buffer, size_of
from headwater.engine.values.value_places import Entry, Folder, Remote

_log = logging.getLogger("headwater")

_told: set[tuple[str, str]] = set()
"""the damaged values of which was told"""
_LOCATION = re.compile("[0-9a-f]{2}/[0-9a-f]{62}")
_ENTRY = re.compile(
    r"([0-9a-f]{2}/[0-9a-f]{62})(?:\.[0-9a-f]{32}\.(partial)|\.(damaged)|\.([0-9a-f]{12})\.(aside))?"
)


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
        self._place: Folder | Remote = Remote(address) if "://" in address else Folder(address)

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
        size = size_of(buffers)
        try:
            self._place.write(location, buffers, size)
        except OSError as error:
            why = f"{error.strerror or error}; the value store {self._place.address} had {size:,} bytes to write"
            raise OSError(error.errno, why, error.filename) from error
        return location

    def sync(self) -> None:
        """Return when all that was put is safe from a power failure. Call it before recording the locations.

        Raises:
            OSError: something could not be made safe.
        """
        self._place.sync()

    def get(self, location: str) -> bytes | bytearray:
        """The bytes at a location, after checking them against it.

        Damaged bytes are put aside (`….damaged`), so that the value can be stored again, and a warning says so once.

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
            damage = f"{location} in the value store {self._place.address} is damaged: its digest differs"
            with suppress(Exception):  # it may not be ours to move
                self._place.set_aside(location)
            if (self._place.address, location) not in _told:
                _told.add((self._place.address, location))
                _log.warning(
                    "%s. What it held is made again where it is needed. To see what else is: hw verify",
                    damage,
                )
            raise Undecodable(damage)
        return data

    def has(self, location: str) -> bool:
        """Whether something is stored at a location; its content is not checked."""
        return self._place.has(location)

    def entries(self) -> Iterator[Entry]:
        """Every file of the store, in no order; what has a name that no value has is passed over.

        Raises:
            OSError: it cannot be listed.
        """
        for name, size, put in self._place.listing():
            found = _ENTRY.fullmatch(name)
            if found is not None:
                moved = int(found[4], 16) / 1000 if found[4] else put
                yield Entry(name, found[1], found[2] or found[3] or found[5] or "value", size, moved)

    def discard(self, entry: Entry) -> bool:
        """Delete a file unless it was put again since it was listed, or is gone.

        In a folder, this and putting it again exclude each other. At a URL, where `sets_aside` says so, a value is
        moved aside instead: then nothing is lost where it was put again at that very moment.

        Returns:
            Whether this call took it away.

        Raises:
            OSError: it could not be deleted.
        """
        return self._place.discard(entry)

    @property
    def sets_aside(self) -> bool:
        """Whether `discard` moves a value aside, and only another `discard` of that deletes it."""
        return self._place.sets_aside

    def restore(self, entry: Entry) -> None:
        """Put a value that was moved aside back in its place, if nothing is there.

        Raises:
            OSError: it could not be.
        """
        self._place.restore(entry)
