"""Dir: a folder with all files below it as an argument or result."""

from __future__ import annotations

import errno
import logging
import os
import posixpath
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from headwater.cypher.paths import normal
from headwater.engine.files.address import (
    as_os_errors,
    is_url,
    make_folders,
    of_folder,
    open_filesystem,
    split_chain,
)
from headwater.engine.files.base import Artefact
from headwater.engine.files.evidence import FOLDER, FOLDER_CONTENT
from headwater.engine.files.file import ContentFile, File, IFile, copy_command
from headwater.engine.files.hints import hinted
from headwater.engine.files.listing import Member
from headwater.engine.files.members import Members
from headwater.engine.files.partials import PARTIAL
from headwater.engine.observed import some

if TYPE_CHECKING:
    from headwater.engine.files.staging import StagingDir

_log = logging.getLogger("headwater")

_Self = TypeVar("_Self", bound="Dir")
_COPIES = 8
"""files that are copied at a time"""


class Dir(Members):
    """A folder with all files below it, here or at a URL.

    A file that changed, came or went makes it another folder, and so does an empty folder inside it. It is looked at
    when it is first asked for its files or its hash, and again after files were written through it.

    `folder / "a/b.txt"` is a file in it, `folder / "a/"` a folder in it.
    """

    __module__ = "headwater"
    __slots__ = ()
    _evidence = FOLDER

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self.uri = of_folder(self.uri)

    def file(self, name: str | os.PathLike[str]) -> File:
        """The file of that name below the folder, whether it is there or not.

        Raises:
            ValueError: the name leads out of the folder.
        """
        file = self._file(self._below(os.fspath(name)))
        file._changed = self._unsettle
        return file

    def subdir(self: _Self, name: str | os.PathLike[str]) -> _Self:
        """The folder of that name below this one.

        Raises:
            ValueError: the name leads out of the folder.
        """
        return type(self)(self._below(os.fspath(name)))

    def __truediv__(self, name: str | os.PathLike[str]) -> Any:
        name = os.fspath(name)
        return self.subdir(name) if name.endswith("/") else self.file(name)

    def _below(self, name: str) -> str:
        plain = posixpath.normpath(name)
        if (
            posixpath.isabs(name)
            or self._is_elsewhere(name)
            or plain in (".", "..")
            or plain.startswith("../")
        ):
            raise ValueError(
                f"{name!r} is not below {self!r}. Give a path relative to the folder, without .."
            )
        if os.pardir in name.split("/") and not is_url(self._address):
            # Behind a link, `..` leads somewhere else than the name says.
            inside = normal(os.path.join(self._address, name))
            if not inside.startswith(self._address.rstrip("/") + "/"):
                raise ValueError(
                    f"{name!r} leads out of {self!r} through a link. Give a path relative to the folder, without .."
                )
            plain = os.path.relpath(inside, self._address)
        # What was given may have had credentials, which `path` has not.
        base = self._address if is_url(self._address) else self.path
        base, chain = split_chain(base)
        return f"{base}{plain if base.endswith('/') else f'/{plain}'}{chain}"

    def _is_elsewhere(self, name: str) -> bool:
        """Whether a name is a URL. A name on this machine may have `::` in it; in a URL, that joins two."""
        return is_url(name) and ("://" in name or is_url(self._address))

    def files(self) -> list[File]:
        """The files that are below it, by name, each as it is known; none where there is nothing.

        Raises:
            NotADirectoryError: a file of this machine has its name.
        """
        found = super().files()
        if not found and not is_url(self._address) and os.path.isfile(self._address):
            hint = "it is a file; take it as a File, or name the folder that it is in"
            raise NotADirectoryError(errno.ENOTDIR, f"{os.strerror(errno.ENOTDIR)} ({hint})", self._address)
        return found

    def children(self) -> list[File | Dir]:
        """The files and folders that are in it now, by name; not what is below these.

        Raises:
            FileNotFoundError: there is no such folder.
        """
        if not is_url(self._address):
            with hinted(), os.scandir(self._address) as entries:
                found = [
                    (entry.name, entry.is_dir()) for entry in entries if not entry.name.endswith(PARTIAL)
                ]
        else:
            files, path = self._fresh()
            with as_os_errors(self._address, "listed"):
                listed = files.ls(path, detail=True)
            found = [
                (info["name"].rstrip("/").rpartition("/")[2], info.get("type") == "directory")
                for info in listed
                if info["name"].rstrip("/") != path.rstrip("/")
            ]
        return [self.subdir(name) if is_folder else self.file(name) for name, is_folder in sorted(found)]

    def rel_path(self, path: str | os.PathLike[str]) -> str:
        """The name of a file or folder relative to the folder.

        Raises:
            ValueError: it is not below the folder.
        """
        uri = path.uri if isinstance(path, Artefact) else Artefact(path).uri
        base, chain = split_chain(self.uri)
        base = base if base.endswith("://") else base.rstrip("/") + "/"
        name, inside = split_chain(uri)
        if not name.startswith(base) or chain != inside:
            raise ValueError(f"{uri} is not below {self!r}")
        return name[len(base) :]

    def mkdir(self) -> None:
        """Make the folder and those above it; it may be there already."""
        if is_url(self._address):
            files, path = open_filesystem(self._address)
            make_folders(files, path)
        else:
            with hinted():
                os.makedirs(self._address, exist_ok=True)
        self._unsettle()

    def rmdir(self, recursive: bool = False) -> None:
        """Delete the folder; it may be gone already.

        Args:
            recursive: with all that is in it.

        Raises:
            OSError: it is not empty.
        """
        try:
            if is_url(self._address):
                files, path = self._fresh()
                with as_os_errors(self._address, "deleted"):
                    if recursive:
                        files.rm(path, recursive=True)
                    elif files.isdir(path):
                        files.rmdir(path)
            elif recursive:
                shutil.rmtree(self._address)
            else:
                os.rmdir(self._address)
        except FileNotFoundError:
            pass
        self._unsettle()

    def copy_to(self, dest: Dir, skip_if_exists: bool = False) -> Dir:
        """Copy all files below the folder to another folder, wherever the two are, and return that one. What else is
        there stays. Of what is no file, a warning tells.

        Args:
            dest: the folder to write into.
            skip_if_exists: leave those files as they are that are there already.

        Raises:
            FileNotFoundError: there is no such folder.
        """
        if dest.uri == self.uri:
            return dest
        members = self._list()
        if members is None:
            raise FileNotFoundError(f"{self.path} is no folder, so it cannot be copied to {dest.path}")
        dest.mkdir()

        def copy(member: Member) -> None:
            if member.is_file:
                self._member(member).copy_to(dest.file(member.name), skip_if_exists)
            elif member.name.endswith("/"):
                dest.subdir(member.name).mkdir()

        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_COPIES) as pool:
            for _ in pool.map(copy, members):
                pass
        dest._unsettle()
        left_out = _no_files(members)
        if left_out:
            _log.warning(
                "of %s, what is no file (a link that leads nowhere, a pipe) was not copied: %s",
                self.path,
                some(left_out),
            )
        return dest

    def empty_folders(self) -> list[str]:
        """The names of the folders below it that hold nothing, where its store knows such."""
        return [member.name for member in self._list() or () if member.name.endswith("/")]

    def no_files(self) -> list[str]:
        """The names of what is below it and is neither a file nor a folder, which no copy has: links that lead nowhere
        or back to a folder above them, pipes and the like."""
        return _no_files(self._list() or ())

    def shell_copy_to(self, dest: str | Dir) -> str:
        """The shell command that copies the folder to another path or URL; empty where that is the same place."""
        return copy_command(self, dest if isinstance(dest, Dir) else Dir(dest), recursive=True)

    def stage(self, local: str | os.PathLike[str] | None = None) -> StagingDir:
        """The folder together with a local place, to which it is copied before a script, or from which it is copied
        after it.

        Args:
            local: the local path; one that ends in a slash is a folder for it. Default: the folder's own name.
        """
        from headwater.engine.files.staging import staging_of

        return staging_of(self, local)  # type: ignore[return-value]


class ContentDir(Dir):
    """A folder whose files are known by the SHA-256 of their bytes."""

    __module__ = "headwater"
    __slots__ = ()
    _file = ContentFile
    _evidence = FOLDER_CONTENT


class IDir(Dir):
    """A folder that its user says never changes: it is known by its path alone, and never looked at."""

    __module__ = "headwater"
    __slots__ = ()
    _file = IFile
    _evidence = f"{FOLDER}-path"


def _no_files(members: Iterable[Member]) -> list[str]:
    return [member.name for member in members if not member.is_file and not member.name.endswith("/")]
