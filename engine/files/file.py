"""File: a file as an argument and as a result, known by what was in it when it was looked at."""

from __future__ import annotations

import io
import os
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeVar

from headwater.engine.files.address import as_os_errors, is_url, make_folders, open_filesystem
from headwater.engine.files.base import Artefact
from headwater.engine.files.evidence import CONTENT, MISSING, PATH, Identity
from headwater.engine.files.handle import WrittenFile, WrittenText, open_replacing, replace_by
from headwater.engine.files.hints import hinted
from headwater.engine.files.identity import identify, info_of
from headwater.engine.files.since import period

if TYPE_CHECKING:
    from headwater.engine.files.staging import StagingFile

_Self = TypeVar("_Self", bound="File")
_BLOCK = 1 << 20


class File(Artefact):
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
    __slots__ = ("_changed", "_wanted")
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
        if evidence not in (None, "stat", "etag", CONTENT):
            raise ValueError(f"evidence is {evidence!r}; it can be 'content', or be left out")
        super().__init__(path)
        self._wanted = CONTENT if evidence == CONTENT else self._evidence
        self._changed: Callable[[], None] | None = None
        # A file that is missing when it is named is looked at once more when its identity is first asked for:
        # whoever made it in between, nobody has relied on its absence.
        found = self._look()
        self._identity = None if found.evidence == MISSING else found

    @classmethod
    def _known(cls: type[_Self], path: str, uri: str, address: str, identity: Identity, period: int) -> _Self:
        """A file that was looked at already, at that period."""
        file = cls.__new__(cls)
        file.path, file.uri, file._address, file._identity = path, uri, address, identity
        file._wanted, file._changed, file._period = cls._evidence, None, period
        return file

    def _look(self) -> Identity:
        return identify(self._address, self._wanted)

    def _was_written(self, identity: Identity | None = None) -> None:
        began = period()
        try:
            self._identity = self._look() if identity is None else identity
        except BaseException:
            self._identity = None  # it is no more what it was: it is looked at when it is next asked for
            raise
        finally:
            if self._changed is not None:
                self._changed()
        self._period = began

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

        Folders above a file to be written are made. With the modes `w` and `w+`, a file on this machine is
        replaced in one step when it is closed; where the `with` block ends in an error, it stays as it was.
        When it is closed after writing, the file is identified anew.

        Args:
            options: what the URL's file system takes besides.

        Raises:
            ValueError: an encoding for a binary mode.
            OSError: it cannot be opened.
        """
        binary = "b" in mode
        if binary and not (encoding is errors is newline is None):
            raise ValueError(f"mode {mode!r} is binary: it takes no encoding, errors or newline")
        writes = any(letter in mode for letter in "wax+")
        if not (writes or options or is_url(self._address)):
            text = None if binary else encoding or "utf-8"
            with hinted():
                return open(self._address, mode, encoding=text, errors=errors, newline=newline)
        plain = mode.replace("t", "").replace("b", "") + "b"
        file: Any = self._open_binary(plain, writes, options)
        if writes and not isinstance(file, WrittenFile):
            file = WrittenFile(file, self._was_written, self._address if is_url(self._address) else None)
        if binary:
            return file  # type: ignore[no-any-return]
        try:
            wrapper = WrittenText if writes else io.TextIOWrapper
            return wrapper(file, encoding or "utf-8", errors, newline)
        except BaseException:
            file.close()
            raise

    def _open_binary(self, mode: str, writes: bool, options: dict[str, Any]) -> Any:
        if is_url(self._address):
            files, path = open_filesystem(self._address)
            if writes:
                make_folders(files, path.rpartition("/")[0])
            with as_os_errors(self._address, "opened"):
                file = files.open(path, mode, **options)
            if not files.cachable:
                # What reads an archive closes it with its file system.
                with suppress(AttributeError):
                    file.file_system = files
            return file
        if options:
            raise TypeError(f"open() of a local file takes no {', '.join(options)}")
        with hinted():
            try:
                return self._open_here(mode)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(self._address), exist_ok=True)
                return self._open_here(mode)

    def _open_here(self, mode: str) -> Any:
        if mode in ("wb", "w+b"):
            replacing = open_replacing(self._address, mode, self._was_written, self._look_at)
            if replacing is not None:
                return replacing
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
        whole: bytes | None = None
        if mode == "w" and isinstance(data, str):
            whole = data.encode(encoding or "utf-8")
        elif mode == "wb" and isinstance(data, bytes) and encoding is None:
            whole = data
        if whole is None or not self._is_replaced_by(whole):
            with self.open(mode, encoding) as file:
                file.write(data)

    def _is_replaced_by(self, data: bytes) -> bool:
        """Write all at once, which takes far less time than to open a file; False where that will not do."""
        if is_url(self._address) or type(self).open is not File.open:
            return False
        with hinted():
            try:
                identity = replace_by(self._address, data, self._look_at)
            except FileNotFoundError:
                return False  # its folder is to be made
        if identity is None:
            return False
        self._was_written(identity)
        return True

    def _look_at(self, path: str) -> Identity:
        return identify(path, self._wanted)

    def size(self) -> int:
        """Bytes in the file now.

        Raises:
            FileNotFoundError: it is not there.
        """
        if is_url(self._address):
            info = info_of(self._address)
            if info is None:
                raise FileNotFoundError(f"there is no {self.path}")
            if info.get("size") is None:
                raise OSError(f"{self.path}: its store does not say how large it is")
            return int(info["size"])
        return os.path.getsize(self._address)

    def remove(self) -> None:
        """Delete the file; it may be gone already."""
        try:
            if is_url(self._address):
                files, path = open_filesystem(self._address)
                with as_os_errors(self._address, "deleted"):
                    files.rm_file(path)
            else:
                os.remove(self._address)
        except FileNotFoundError:
            pass
        self._was_written()

    def touch(self, time: tuple[float, float] | float | None = None) -> None:
        """Make the file where there is none, else set its time of change, if its store can do that.

        Args:
            time: seconds since the epoch, or (accessed, changed); default now. Only for local files.
        """
        if is_url(self._address):
            files, path = open_filesystem(self._address)
            with as_os_errors(self._address, "touched"):
                if not files.exists(path):
                    make_folders(files, path.rpartition("/")[0])
                    files.touch(path)
                else:
                    with suppress(NotImplementedError):
                        files.touch(path, truncate=False)
        else:
            os.makedirs(os.path.dirname(self._address), exist_ok=True)
            with open(self._address, "ab"):
                pass
            os.utime(self._address, (time, time) if isinstance(time, (int, float)) else time)
        self._was_written()

    def copy_to(self, dest: File, skip_if_exists: bool = False) -> File:
        """Copy the bytes to another file, wherever the two are, and return that file. Between files of this machine,
        the permission to execute goes with them.

        Args:
            dest: the file to write.
            skip_if_exists: leave it as it is where there is one.
        """
        if not (skip_if_exists and dest.isfile()):
            self.copy_bytes_to(dest, lambda _: None)
        return dest

    def copy_bytes_to(self, dest: File, count: Callable[[int], None]) -> None:
        """Copy the file, block by block. A large one goes on where an earlier copy to this machine was broken off.

        Args:
            count: is told of each block's length. Where it raises something, `dest` stays as it was.
        """
        if dest.uri == self.uri:
            return
        if not self._is_resumed(dest, count):
            with self.open("rb") as source, dest.open("wb") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
                    count(len(block))
        if not is_url(self._address) and not is_url(dest._address):
            executable = stat.S_IMODE(os.stat(self._address).st_mode) & 0o111
            if executable:
                os.chmod(dest._address, stat.S_IMODE(os.stat(dest._address).st_mode) | executable)

    def _is_resumed(self, dest: File, count: Callable[[int], None]) -> bool:
        if is_url(dest._address):
            return False
        from headwater.engine.files.resuming import copy_large

        path = None if is_url(self._address) else self._address
        with hinted():
            identity = copy_large(self, path, dest._address, count, lambda at: identify(at, dest._wanted))
        if identity is not None:
            dest._was_written(identity)
        return identity is not None

    def shell_copy_to(self, dest: str | File) -> str:
        """The shell command that copies the file to another path or URL; empty where that is the same place."""
        target = dest if isinstance(dest, File) else File(dest)
        return copy_command(self, target)

    def stage(self, local: str | os.PathLike[str] | None = None) -> StagingFile:
        """The file together with a local place, to which it is copied before a script, or from which it is copied
        after it.

        Args:
            local: the local path; one that ends in a slash is a folder for it. Default: the file's own name.
        """
        from headwater.engine.files.staging import staging_of

        return staging_of(self, local)  # type: ignore[return-value]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "wanted": self._wanted}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._wanted = state["wanted"]
        self._changed = None


class ContentFile(File):
    """A file known by the SHA-256 of its bytes: rewriting it with the same content is no change."""

    __module__ = "headwater"
    __slots__ = ()
    _evidence = CONTENT


class IFile(File):
    """A file that its user says never changes: it is known by its path alone, and never looked at."""

    __module__ = "headwater"
    __slots__ = ()
    _evidence = PATH


def copy_command(source: Artefact, dest: Artefact, *, recursive: bool = False) -> str:
    """The shell command that copies one place to another: `cp` on this machine, `hw fs cp` elsewhere."""
    if source.uri == dest.uri:
        return ""
    places = [place.uri if is_url(place._address) else place.path for place in (source, dest)]
    from_, to = [shlex.quote(place) for place in places]
    if is_url(source._address) or is_url(dest._address):
        return f"hw fs cp {'-r ' if recursive else ''}-- {from_} {to}"
    if recursive:
        return f"mkdir -p -- {to} && cp -R -- {shlex.quote(places[0].rstrip('/') + '/.')} {to}"
    folder = os.path.dirname(places[1])
    return f"mkdir -p -- {shlex.quote(folder)} && cp -- {from_} {to}" if folder else f"cp -- {from_} {to}"
