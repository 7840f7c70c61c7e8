"""Staging: a file or folder together with a local place, between which a script's inputs and outputs are copied."""

from __future__ import annotations

import os
from typing import Any, ClassVar, TypeVar

from headwater.engine.files.file import ContentFile, File, IFile, copy_command
from headwater.engine.files.folder import ContentDir, Dir, IDir
from headwater.engine.main_program import recorded_module

_Self = TypeVar("_Self", bound="Staging")


class Staging:
    """What `stage()` gives: where a file or folder is at home (`remote`), and where a script finds it (`local`).

    It is known by the two paths, never by what is there.
    """

    __slots__ = ("local", "remote")
    _place: ClassVar[type[File] | type[Dir]]

    def __init__(self, local: Any, remote: Any) -> None:
        """Join the two places.

        Args:
            local: a path, or a File or Dir of this kind.
            remote: a path or URL, or a File or Dir of this kind.
        """
        place = self._place
        self.local: Any = local if isinstance(local, place) else place(local)
        self.remote: Any = remote if isinstance(remote, place) else place(remote)

    def stage(self) -> Any:
        """Copy what is at home to the local place, and return that.

        Raises:
            FileNotFoundError: it is not there.
        """
        self._check(self.remote, "it is to be staged as")
        return self.remote.copy_to(self.local)

    def unstage(self) -> Any:
        """Copy what is at the local place home, and return that.

        Raises:
            FileNotFoundError: it is not there.
        """
        self._check(self.local, "it is to be unstaged to")
        return self.local.copy_to(self.remote)

    def _check(self, place: File | Dir, what: str) -> None:
        other = self.local if place is self.remote else self.remote
        there = place.isdir() if isinstance(place, Dir) else place.isfile()
        if not there:
            kind, other_kind = ("folder", "file") if isinstance(place, Dir) else ("file", "folder")
            found = f"a {other_kind} has that name" if place.exists() else "it is not there"
            raise FileNotFoundError(f"{place.path} is no {kind} ({found}), and {what} {other.path}")

    def render_stage(self) -> str:
        """The shell command that stages; empty where the two places are one."""
        return copy_command(self.remote, self.local, recursive=issubclass(self._place, Dir))

    def render_unstage(self) -> str:
        """The shell command that unstages; empty where the two places are one."""
        return copy_command(self.local, self.remote, recursive=issubclass(self._place, Dir))

    def __canonical__(self) -> tuple[str, tuple[str, str]]:
        cls = type(self)
        return f"{recorded_module(cls.__module__)}.{cls.__qualname__}", (self.local.path, self.remote.uri)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__canonical__() == other.__canonical__()

    def __hash__(self) -> int:
        return hash(self.__canonical__())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.local.path!r}, {self.remote.path!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.local.path, self.remote.uri)


class StagingFile(Staging):
    """A file with a local place for it; `File.stage` makes one."""

    __module__ = "headwater"
    __slots__ = ()
    _place = File


class ContentStagingFile(StagingFile):
    """A ContentFile with a local place for it."""

    __module__ = "headwater"
    __slots__ = ()
    _place = ContentFile


class IStagingFile(StagingFile):
    """An IFile with a local place for it."""

    __module__ = "headwater"
    __slots__ = ()
    _place = IFile


class StagingDir(Staging):
    """A folder with a local place for it; `Dir.stage` makes one."""

    __module__ = "headwater"
    __slots__ = ()
    _place = Dir


class ContentStagingDir(StagingDir):
    """A ContentDir with a local place for it."""

    __module__ = "headwater"
    __slots__ = ()
    _place = ContentDir


class IStagingDir(StagingDir):
    """An IDir with a local place for it."""

    __module__ = "headwater"
    __slots__ = ()
    _place = IDir


_STAGING: dict[type, type[Staging]] = {
    File: StagingFile,
    ContentFile: ContentStagingFile,
    IFile: IStagingFile,
    Dir: StagingDir,
    ContentDir: ContentStagingDir,
    IDir: IStagingDir,
}


def staging_of(place: File | Dir, local: str | os.PathLike[str] | None) -> Staging:
    """The staging form of a file or folder, at a local path or, by default, under its own name."""
    name = place.basename()
    path = name if local is None else os.fspath(local)
    if path.endswith("/"):
        path += name
    kind = next(_STAGING[cls] for cls in type(place).__mro__ if cls in _STAGING)
    return kind(path, place)
