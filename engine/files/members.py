"""Members: what folders and sets of files have in common, and the sets of files that match a pattern."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import escape, has_magic
from typing import Any, ClassVar

from headwater.cypher.records import FileSeen
from headwater.engine.files.address import absolute, is_url, without_credentials
from headwater.engine.files.base import Artefact
from headwater.engine.files.evidence import BY_PATH, GLOB, GLOB_CONTENT, Identity, file_hash
from headwater.engine.files.file import ContentFile, File, IFile
from headwater.engine.files.listing import Member, list_files, summary
from headwater.engine.files.since import period

_NO_LISTING: list[Member] = []


class Members(Artefact):
    """What a folder and a pattern have in common: they are known by their members."""

    __slots__ = ("_listing", "_records")
    _file: ClassVar[type[File]] = File
    _evidence: ClassVar[str]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._listing: list[Member] | None = None
        self._records: list[FileSeen] | None = None

    def _look(self) -> Identity:
        return BY_PATH if self._by_path else summary(self._list(), self._evidence)

    def _list(self) -> list[Member] | None:
        return list_files(self._address, self._evidence)

    @property
    def _by_path(self) -> bool:
        return self._file is IFile

    def update_hash(self) -> None:
        """Look at all members again. Call it after something else than this object has written there."""
        began = period()
        if self._by_path:
            self._identity = BY_PATH
        else:
            members = self._list()  # where that fails, what was known stays, and how old that is
            self._listing = members or _NO_LISTING
            self._identity = summary(members, self._evidence)
        self._records = None
        self._period = began

    def _unsettle(self) -> None:
        """A member was written through this object: what is known of it is found out when it is next asked for."""
        self._identity = self._listing = self._records = None

    def files(self) -> list[File]:
        """The files that are members, by name, each as it is known."""
        if self._identity is None:
            self.update_hash()
        listing = self._listing
        if listing is None:
            listing = self._list() or _NO_LISTING
        return [self._member(member) for member in listing if member.is_file]

    def _member(self, member: Member) -> File:
        path = self._path_of(member)
        uri = absolute(member.address)
        file = self._file._known(path, uri, member.address, member.identity, self._period)
        file._changed = self._unsettle
        return file

    def _path_of(self, member: Member) -> str:
        if is_url(member.address):
            return without_credentials(member.address)
        if os.path.isabs(self.path):
            return member.address
        return os.path.relpath(member.address)

    def __iter__(self) -> Iterator[File]:
        return iter(self.files())

    def __len__(self) -> int:
        return len(self.files())

    def __bool__(self) -> bool:
        return True

    def __members__(self) -> list[FileSeen]:
        """What is recorded of the members beside the whole. A listing that has changed since is not its listing."""
        if self._records is None:
            identity = self.identity
            listing = self._listing
            if listing is None and not self._by_path:
                listing = self._list() or _NO_LISTING
                if summary(listing, self._evidence).digest != identity.digest:
                    listing = _NO_LISTING
            self._records = [_record(member) for member in listing or () if member.is_file]
        return self._records

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._listing = self._records = None


def _record(member: Member) -> FileSeen:
    uri = absolute(member.address)
    evidence, digest, size = member.identity
    return FileSeen(file_hash(uri, evidence, digest), uri, evidence, digest, size)


class FileSet(Members):
    """The files that match a pattern, here or at a URL: `*` and `?` match within a name, `[…]` one of some letters,
    `**` any folders.

    A file that matches newly, one that does so no longer and one that changed make it another set. It is looked at
    when it is first asked for its files or its hash.
    """

    __module__ = "headwater"
    __slots__ = ()
    _evidence = GLOB

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        if self.is_relative and has_magic(folder := os.getcwd()):  # the folder's own name is no pattern
            self._address = os.path.abspath(os.path.join(escape(folder), os.fspath(path)))
            self.uri = absolute(self._address)

    @property
    def pattern(self) -> str:
        """The pattern as it was given."""
        return self.path

    def exists(self) -> bool:
        """Whether any file matches now."""
        return any(member.is_file for member in self._list() or ())


class ContentFileSet(FileSet):
    """A FileSet whose files are known by the SHA-256 of their bytes."""

    __module__ = "headwater"
    __slots__ = ()
    _file = ContentFile
    _evidence = GLOB_CONTENT


class IFileSet(FileSet):
    """A FileSet that its user says never changes: it is known by its pattern alone."""

    __module__ = "headwater"
    __slots__ = ()
    _file = IFile
    _evidence = f"{GLOB}-path"
