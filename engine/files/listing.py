"""Which files are in a folder or match a pattern, and what each of them is.

Links are followed, except those that lead back to a folder above them: a loop is cut where it closes. What is no file
(an empty folder, a cut or dead link, a pipe) has a name in the listing, so that its coming and going shows.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from glob import has_magic
from hashlib import sha256
from typing import Any, NamedTuple

from headwater.engine.files.address import absolute, as_os_errors, folders_above, local_path, open_filesystem
from headwater.engine.files.content import digest_files, stamp
from headwater.engine.files.evidence import (
    BY_PATH,
    CONTENT,
    FOLDER,
    PATH,
    Identity,
    by_info,
    by_status,
)
from headwater.engine.files.hints import hinted
from headwater.engine.files.identity import by_content
from headwater.engine.files.partials import PARTIAL

_EMPTY, _LINK, _SPECIAL = "empty", "link", "special"
NO_FILES = frozenset({_EMPTY, _LINK, _SPECIAL})
"""evidence of what has a place in a listing without being a file"""
NO_FOLDER = "missing"
"""the digest where there is no folder"""
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_EMPTY_FOLDER = Identity(_EMPTY, "", None)


class Member(NamedTuple):
    """One file of a listing: its name in it, its absolute path or URL, and what it is."""

    name: str
    address: str
    identity: Identity

    @property
    def is_file(self) -> bool:
        return self.identity.evidence not in NO_FILES


def list_files(address: str, evidence: str) -> list[Member] | None:
    """The members of a folder or pattern, by name; None where there is no folder.

    Args:
        address: absolute path, pattern or URL.
        evidence: what is asked: `folder`, `glob`, one of these with `-content`, or with `path` in place of it.

    Raises:
        OSError: a folder or file in it cannot be looked at.
        UsageError: the URL's protocol is not known.
    """
    kind, _, depth = evidence.partition("-")
    by = CONTENT if depth == CONTENT else PATH if depth == PATH else None
    path = local_path(address)
    if path is None:
        members = _remote(address, kind, by)
    else:
        with hinted():
            if kind == FOLDER:
                members = _local(_walk(path), by) if _is_folder(path) else None
            else:
                members = _local(((found, found) for found in sorted(set(_matches(path)))), by)
    return sorted(members, key=lambda member: member.name) if members is not None else None


def summary(members: list[Member] | None, evidence: str) -> Identity:
    """What a folder or set of files is: one digest over all names and identities, and the bytes in all."""
    if members is None:
        return Identity(evidence, NO_FOLDER, None)
    digest = sha256()
    for name, _, identity in members:
        for field in (name, identity.evidence, identity.digest):
            raw = field.encode("utf-8", "surrogatepass")
            digest.update(b"%x:%b" % (len(raw), raw))
    return Identity(evidence, digest.hexdigest(), sum(member.identity.size or 0 for member in members))


# -- on this machine ---------------------------------------------------------------------------------------------------


def _local(found: Iterable[tuple[str, str]], by: str | None) -> list[Member]:
    members: list[Member] = []
    unread: list[tuple[str, str, str]] = []
    for name, path in found:
        identity = _EMPTY_FOLDER if name.endswith("/") else _identity(path, by)
        if isinstance(identity, Identity):
            members.append(Member(name, path, identity))
        elif identity is not None:
            unread.append((name, path, identity))
    digests = digest_files([(path, now) for _, path, now in unread])
    for (name, path, _), digest in zip(unread, digests, strict=True):
        members.append(Member(name, path, Identity(CONTENT, *digest)))
    return members


def _identity(path: str, by: str | None) -> Identity | str | None:
    """What an entry is; the stamp of a file whose content counts; None for an entry that just went away."""
    try:
        status = os.stat(path)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return Identity(_LINK, os.readlink(path), None) if os.path.islink(path) else None
    if stat.S_ISDIR(status.st_mode):
        return Identity(_LINK, os.readlink(path), None)
    if not stat.S_ISREG(status.st_mode):
        return Identity(_SPECIAL, str(stat.S_IFMT(status.st_mode)), None)
    if by == CONTENT:
        return stamp(status)
    return BY_PATH if by == PATH else by_status(status)


def _is_folder(path: str) -> bool:
    """As `os.path.isdir`, but what may not be looked at is an error, not an answer."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return False


def _walk(top: str) -> Iterator[tuple[str, str]]:
    """Name and path of every entry below a folder: files, empty folders (with a slash), links that close a loop."""
    todo: list[tuple[str, str, frozenset[tuple[int, int]]]] = [("", top, frozenset())]
    while todo:
        prefix, folder, above = todo.pop()
        try:
            status = os.stat(folder)
            key = status.st_dev, status.st_ino
            if key in above:
                yield prefix.rstrip("/"), folder
                continue
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not entry.name.endswith(PARTIAL)]
        except FileNotFoundError:
            continue
        if not found and prefix:
            yield prefix, folder
        for entry in found:
            if _is_folder(entry.path) if entry.is_symlink() else entry.is_dir():
                todo.append((f"{prefix}{entry.name}/", entry.path, above | {key}))
            else:
                yield prefix + entry.name, entry.path


def _matches(pattern: str) -> Iterator[str]:
    """The local files that match: `*` and `?` within a name, `[…]`, and `**` for any folders; as in a shell, these do
    not match a dot at the beginning of a name."""
    parts = pattern.split(os.sep)
    yield from (path for path in _expand(parts[0] + os.sep, parts[1:]) if not os.path.isdir(path))


def _expand(folder: str, parts: list[str]) -> Iterator[str]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        for name, path in [("", folder), *_walk_folders(folder)]:
            if not any(part.startswith(".") for part in name.split("/")):
                yield from _expand(path, rest or ["*"])
        return
    if not has_magic(head):
        path = os.path.join(folder, head)
        if os.path.lexists(path):
            yield from _expand(path, rest) if rest else (path,)
        return
    for name in _names(folder):
        if fnmatchcase(name, head) and name.startswith(".") <= head.startswith("."):
            path = os.path.join(folder, name)
            yield from _expand(path, rest) if rest else (path,)


def _walk_folders(top: str) -> Iterator[tuple[str, str]]:
    todo: list[tuple[str, str, frozenset[tuple[int, int]]]] = [("", top, frozenset())]
    while todo:
        prefix, folder, above = todo.pop()
        status = os.stat(folder)
        here = above | {(status.st_dev, status.st_ino)}
        for name in _names(folder):
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                inside = os.stat(path)
                if (inside.st_dev, inside.st_ino) not in here:
                    yield f"{prefix}{name}", path
                    todo.append((f"{prefix}{name}/", path, here))


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.endswith(PARTIAL))
    except (FileNotFoundError, NotADirectoryError):
        return []


# -- elsewhere ---------------------------------------------------------------------------------------------------------


def found_far(url: str, kind: str) -> tuple[Any, str, dict[str, Any]] | None:
    """What a store says of each entry of a folder or pattern: its file system, the path there, and what it says by what
    it calls each. None where there is no folder, or nothing that a pattern could be looked for in.

    Raises:
        OSError: it cannot be listed.
        UsageError: the URL's protocol is not known.
    """
    try:
        files, path = open_filesystem(url)  # an archive is read here
        files.invalidate_cache()
        with as_os_errors(url, "listed"):
            if kind != FOLDER:
                return files, path, files.glob(path, detail=True)
            found = files.find(path, detail=True)
            return (files, path, found) if found or files.isdir(path) else None
    except FileNotFoundError:
        return None


def _remote(url: str, kind: str, by: str | None) -> list[Member] | None:
    listed = found_far(url, kind)
    if listed is None:
        return None if kind == FOLDER else []
    files, path, found = listed
    members = []
    marks = [key for key in found if key.endswith("/")]
    above = {folder for key in found for folder in folders_above(key)} if marks else set()
    for key, info in found.items():
        if info.get("type") == "directory" or (kind == FOLDER and key == path):
            continue
        if key.endswith("/") and not info.get("size"):
            # Stores without folders mark one by an empty object of its name: it tells of one that is empty.
            name = key[len(path.rstrip("/")) + 1 :]
            if kind == FOLDER and name and key.rstrip("/") not in above:
                members.append(Member(name, f"{url.rstrip('/')}/{name}", _EMPTY_FOLDER))
            continue
        address = address_of(files, url, path, key)
        if by == PATH:
            identity: Identity | None = BY_PATH
        else:
            identity = by_info(info) if by is None else None
        name = key[len(path.rstrip("/")) + 1 :] if kind == FOLDER else absolute(address)
        members.append(Member(name, address, identity or by_content(files, key)))
    return members


def address_of(files: Any, url: str, path: str, key: str) -> str:
    """The URL of what a file system calls `key`, written like the URL that it calls `path`: with the same host and
    account, which the file system's own names leave out."""
    head, chain, rest = url.partition("::")
    fixed = path.lstrip("/").rstrip("/")
    base = head if head.endswith("://") else head.rstrip("/")
    if not base.endswith(fixed):
        return str(files.unstrip_protocol(key))
    base = base[: len(base) - len(fixed)]
    return base + ("" if not base or base.endswith("/") else "/") + key.lstrip("/") + chain + rest
