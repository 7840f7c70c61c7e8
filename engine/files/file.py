"""File: a file as an argument and as a result, known by what was in it when it was looked at."""

from __future__ import annotations

import io
import os
import shutil
from contextlib import suppress
from typing import IO, Any, ClassVar, TypeVar

from headwater.engine.files.address import absolute, is_url, local_path, open_filesystem, without_credentials
from headwater.engine.files.handle import WrittenFile
from headwater.engine.files.identity import CONTENT, MISSING, Identity, file_hash, identify

_Self = TypeVar("_Self", bound="File")


class File:
    """A file on this machine or at any URL that fsspec knows.

    What is in it is identified when the object is made, and again when it has been written through the
    object: by size and time of change on this machine, by the store's ETag elsewhere, by the SHA-256 of its
    bytes on request. A task that took or returned a file is run again when the file is no longer what it was.
    A file that is not there is a value too, and its appearing is a change.

    Give credentials for URLs in the environment: those in the URL are used by this object, but neither
    recorded nor passed on.

    Attributes:
        path: the path or URL as it was given, without credentials.
        uri: the absolute path, or the URL.
        evidence: how it is identified: `stat`, `content`, `etag` or `missing`.
        digest: what the evidence was, as text.
        recorded_size: bytes it had when it was identified; None where there was no file, or its store does
            not say.
    """

    __module__ = "headwater"  # where people import it from, and where recorded files will look for it
    __slots__ = ("_address", "_identity", "_settled", "_wanted", "path", "uri")
    __reactive__: ClassVar[bool] = True
    _evidence: ClassVar[str | None] = None

    def __init__(self, path: str | os.PathLike[str], *, evidence: str | None = None) -> None:
        """Name a file, and look at it.

        Args:
            path: a path (`~` is the home folder) or URL.
            evidence: `"content"` to identify it by its bytes; else the cheapest evidence there is.

        Raises:
            ValueError: another evidence than these.
            OSError: it cannot be looked at.
        """
        given = os.fspath(path)
        if evidence not in (None, "stat", "etag", CONTENT):
            raise ValueError(f"evidence is {evidence!r}; it can be 'content', or be left out")
        local = local_path(given)
        self._address = os.path.abspath(os.path.expanduser(local)) if local is not None else given
        self.path = without_credentials(given) if local is None else given
        self.uri = absolute(self._address)
        self._wanted = CONTENT if evidence == CONTENT else self._evidence
        self._identity = identify(self._address, self._wanted)
        self._settled = self._identity.evidence != MISSING

    @property
    def identity(self) -> Identity:
        """What the file is known to be.

        A file that was missing when it was named is looked at once more when its identity is first asked for:
        whoever made it in between, nobody has relied on its absence.
        """
        if not self._settled:
            self.update_hash()
        return self._identity

    @property
    def evidence(self) -> str:
        return self.identity.evidence

    @property
    def digest(self) -> str:
        return self.identity.digest

    @property
    def recorded_size(self) -> int | None:
        return self.identity.size

    @property
    def file_hash(self) -> bytes:
        """32 bytes over `uri`, `evidence` and `digest`: the file's key in the graph."""
        identity = self.identity
        return file_hash(self.uri, identity.evidence, identity.digest)

    @property
    def hash(self) -> str:
        """`file_hash` in hex."""
        return self.file_hash.hex()

    def get_hash(self) -> str:
        """The hash of what the file is now, in hex; what is recorded stays."""
        now = identify(self._address, self._wanted)
        return file_hash(self.uri, now.evidence, now.digest).hex()

    def update_hash(self) -> None:
        """Look at the file again. Call it after something else than this object has written it."""
        self._identity = identify(self._address, self._wanted)
        self._settled = True

    def is_valid(self) -> bool:
        """Whether the file is still what it was when it was looked at."""
        return self.get_hash() == self.hash

    def open(
        self,
        mode: str = "r",
        encoding: str | None = None,
        *,
        errors: str | None = None,
        newline: str | None = None,
        **options: Any,
    ) -> IO[Any]:
        """Open the file, like the built-in; text is UTF-8 unless another encoding is given.

        Folders above a file to be written are made. When it is closed after writing, the file is identified
        anew.

        Args:
            options: what the URL's file system takes besides.

        Raises:
            ValueError: an encoding for a binary mode.
            OSError: it cannot be opened.
        """
        binary = "b" in mode
        if binary and not (encoding is errors is newline is None):
            raise ValueError(f"mode {mode!r} is binary: it takes no encoding, errors or newline")
        plain = mode.replace("t", "").replace("b", "") + "b"
        writes = any(letter in mode for letter in "wax+")
        file: Any = self._open_binary(plain, writes, options)
        if writes:
            file = WrittenFile(file, self.update_hash)
        if binary:
            return file  # type: ignore[no-any-return]
        try:
            return io.TextIOWrapper(file, encoding or "utf-8", errors, newline)
        except BaseException:
            file.close()
            raise

    def _open_binary(self, mode: str, writes: bool, options: dict[str, Any]) -> Any:
        if is_url(self._address):
            files, path = open_filesystem(self._address)
            if writes:
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
            return files.open(path, mode, **options)
        if options:
            raise TypeError(f"open() of a local file takes no {', '.join(options)}")
        if writes:
            os.makedirs(os.path.dirname(self._address), exist_ok=True)
        return open(self._address, mode)

    def read(self, mode: str = "r", encoding: str | None = None) -> Any:
        """All that is in the file: text, or bytes with mode `"rb"`."""
        with self.open(mode, encoding) as file:
            return file.read()

    def readlines(self, mode: str = "r", encoding: str | None = None) -> list[Any]:
        """The lines of the file, each with its line end."""
        with self.open(mode, encoding) as file:
            return file.readlines()

    def write(self, data: str | bytes, mode: str | None = None, encoding: str | None = None) -> None:
        """Replace what is in the file, making the folders above it; mode `"a"` or `"ab"` adds to it."""
        if mode is None:
            mode = "w" if isinstance(data, str) else "wb"
        with self.open(mode, encoding) as file:
            file.write(data)

    def exists(self) -> bool:
        """Whether there is a file or a folder now."""
        return self.isfile() or self.isdir()

    def isfile(self) -> bool:
        """Whether there is a file now."""
        if is_url(self._address):
            files, path = self._fresh()
            return bool(files.isfile(path))
        return os.path.isfile(self._address)

    def isdir(self) -> bool:
        """Whether there is a folder now."""
        if is_url(self._address):
            files, path = self._fresh()
            return bool(files.isdir(path))
        return os.path.isdir(self._address)

    def _fresh(self) -> tuple[Any, str]:
        files, path = open_filesystem(self._address)
        files.invalidate_cache(path)
        return files, path

    def size(self) -> int:
        """Bytes in the file now.

        Raises:
            FileNotFoundError: it is not there.
        """
        if is_url(self._address):
            files, path = self._fresh()
            return int(files.size(path))
        return os.path.getsize(self._address)

    def remove(self) -> None:
        """Delete the file; it may be gone already."""
        try:
            if is_url(self._address):
                files, path = open_filesystem(self._address)
                files.rm_file(path)
            else:
                os.remove(self._address)
        except FileNotFoundError:
            pass
        self.update_hash()

    def touch(self, time: tuple[float, float] | float | None = None) -> None:
        """Make the file where there is none, else set its time of change, if its store can do that.

        Args:
            time: seconds since the epoch, or (accessed, changed); default now. Only for local files.
        """
        if is_url(self._address):
            files, path = open_filesystem(self._address)
            if not files.exists(path):
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
                files.touch(path)
            else:
                with suppress(NotImplementedError):
                    files.touch(path, truncate=False)
        else:
            os.makedirs(os.path.dirname(self._address), exist_ok=True)
            with open(self._address, "ab"):
                pass
            os.utime(self._address, (time, time) if isinstance(time, (int, float)) else time)
        self.update_hash()

    def copy_to(self, dest: File, skip_if_exists: bool = False) -> File:
        """Copy the bytes to another file, wherever the two are, and return that file.

        Args:
            dest: the file to write.
            skip_if_exists: leave it as it is where there is one.
        """
        if skip_if_exists and dest.exists():
            return dest
        with self.open("rb") as source, dest.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return dest

    def basename(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def dirname(self) -> str:
        """The path without its last part."""
        if is_url(self.path):
            return self.path.rstrip("/").rpartition("/")[0]
        return os.path.dirname(self.path)

    @classmethod
    def parse_arg(cls: type[_Self], raw_type: Any, arg: str) -> _Self:
        """The file that an argument on the command line names."""
        return cls(arg)

    def __canonical__(self) -> tuple[str, tuple[str, str, str]]:
        cls = type(self)
        identity = self.identity
        return f"{cls.__module__}.{cls.__qualname__}", (self.uri, identity.evidence, identity.digest)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__canonical__() == other.__canonical__()

    def __hash__(self) -> int:
        return hash((type(self), self.uri))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def __fspath__(self) -> str:
        """The local path, so that `open(file)` and `subprocess` take the object as it is."""
        if is_url(self._address):
            raise TypeError(f"{self!r} is not on this machine; use its open()")
        return self._address

    def __getstate__(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "uri": self.uri,
            "evidence": self.evidence,
            "digest": self.digest,
            "size": self.recorded_size,
            "wanted": self._wanted,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self.uri = state["uri"]
        local = local_path(self.uri)
        self._address = self.uri if local is None else local
        self._wanted = state["wanted"]
        self._identity = Identity(state["evidence"], state["digest"], state["size"])
        self._settled = True


class ContentFile(File):
    """A file known by the SHA-256 of its bytes: rewriting it with the same content is no change."""

    __module__ = "headwater"
    __slots__ = ()
    _evidence = CONTENT
