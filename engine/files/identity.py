"""What a file is known by, and whether it still is what was recorded.

| evidence | digest | used for |
|---|---|---|
| `stat` | size and time of the last change | local files; URLs whose store has no tags |
| `etag` | the store's own tag for the content | URLs whose store has one |
| `version`, `generation` | the store's number of this version of the content | URLs whose store has that and no tag |
| `md5` | the MD5 that the store keeps | URLs whose store has that and none of these |
| `content` | SHA-256 of the bytes | on request; URLs whose store has neither a tag nor a time |
| `missing` | nothing | no file is there; a file that appears is a change |
| `path` | nothing | files that their user says never change: `IFile`, `IDir`, `IFileSet` |
| `folder`, `folder-content` | over name and identity of every file below it | `Dir`, `ContentDir` |
| `glob`, `glob-content` | over name and identity of every file that matches | `FileSet`, `ContentFileSet` |
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, NamedTuple

from headwater.engine.files.address import as_os_errors, local_path, masked, open_filesystem
from headwater.engine.files.content import digest_file, digest_stream
from headwater.engine.files.hints import explained

_log = logging.getLogger("headwater")

STAT = "stat"
CONTENT = "content"
ETAG = "etag"
MISSING = "missing"
PATH = "path"
FOLDER, FOLDER_CONTENT = "folder", "folder-content"
GLOB, GLOB_CONTENT = "glob", "glob-content"
LISTINGS = frozenset({FOLDER, FOLDER_CONTENT, GLOB, GLOB_CONTENT})

_TAGS = (
    ("ETag", ETAG),
    ("etag", ETAG),
    ("VersionId", "version"),
    ("version_id", "version"),
    ("generation", "generation"),
    ("md5Hash", "md5"),
    ("content_md5", "md5"),
    ("Content-MD5", "md5"),
)
_TIMES = (
    "mtime",
    "LastModified",
    "last_modified",
    "Last-Modified",
    "updated",
    "modified",
    "modify",
    "created",
)
"""what fsspec's file systems call a content's tag, and the time of its last change; the best evidence first"""


class Identity(NamedTuple):
    """What a file was seen to be at one moment.

    Attributes:
        evidence: how it was identified; the table above has the words.
        digest: what the evidence was, as text.
        size: bytes; None where there is no file, or its store does not say.
    """

    evidence: str
    digest: str
    size: int | None


NOT_THERE = Identity(MISSING, "", None)
BY_PATH = Identity(PATH, "", None)


def identify(address: str, evidence: str | None = None) -> Identity:
    """What a file is now. A folder is no file: it counts as missing, and so does a link that leads nowhere.

    Args:
        address: absolute path or URL.
        evidence: `content` to read it, `path` not to look at it; else the cheapest its store has.

    Raises:
        OSError: it cannot be looked at or read, though it may be there.
        UsageError: the URL's protocol is not known.
    """
    if evidence == PATH:
        return BY_PATH
    path = local_path(address)
    if path is None:
        return _identify_remote(address, evidence)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return NOT_THERE
        if evidence == CONTENT:
            return Identity(CONTENT, *digest_file(path))
    except (FileNotFoundError, NotADirectoryError):
        return NOT_THERE
    except OSError as error:
        if error.errno == errno.ELOOP:
            return NOT_THERE
        raise explained(error) from None
    return by_status(status)


def by_status(status: os.stat_result) -> Identity:
    """What a local file is by its size and time of change."""
    return Identity(STAT, f"{status.st_size} {status.st_mtime_ns}", status.st_size)


def info_of(url: str) -> dict[str, Any] | None:
    """What a store says of a file or folder now; None where it says that there is none.

    Raises:
        OSError: it does not say: it is down, or refuses.
        UsageError: the URL's protocol is not known.
    """
    found = _asked(url)
    return None if found is None else found[2]


def _asked(url: str) -> tuple[Any, str, dict[str, Any]] | None:
    """The file system of a URL, its path there, and what `info_of` gives."""
    try:
        files, path = open_filesystem(url)
        files.invalidate_cache(path)
        with as_os_errors(url, "looked at"):
            return files, path, files.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _identify_remote(url: str, evidence: str | None) -> Identity:
    asked = _asked(url)
    if asked is None or asked[2].get("type") == "directory":
        return NOT_THERE
    files, path, info = asked
    found = by_info(info) if evidence != CONTENT else None
    if found is not None:
        return found
    try:
        with as_os_errors(url, "looked at"):
            return by_content(files, path)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return NOT_THERE


_warned: set[str] = set()
"""the stores of whose silence was told"""


def _warn_once(path: str, error: Exception) -> None:
    store = "/".join(path.split("/")[:3]) if local_path(path) is None else path
    if store not in _warned:
        _warned.add(store)
        _log.warning("%s. Calls that depend on what is there run again", masked(str(error)))


def by_info(info: dict[str, Any]) -> Identity | None:
    """What a file is by what its store says of it; None where it says neither a tag nor a time."""
    size = info.get("size")
    for key, evidence in _TAGS:
        if info.get(key) and info[key] != "null":
            return Identity(evidence, str(info[key]), size)
    for key in _TIMES:
        if info.get(key) is not None:
            moment = info[key]
            if key == "created" and isinstance(moment, float):
                moment = datetime.fromtimestamp(moment, timezone.utc)  # as memory:// has it in a listing
            if isinstance(moment, datetime):
                moment = moment.isoformat()
            return Identity(STAT, f"{size} {moment}", size)
    return None


def by_content(files: Any, path: str) -> Identity:
    """What a file of an fsspec file system is by its bytes."""
    with files.open(path, "rb") as file:
        return Identity(CONTENT, *digest_stream(file))


def file_hash(uri: str, evidence: str, digest: str) -> bytes:
    """The key of a file's content in the graph: 32 bytes over where it is and what it was seen to be."""
    encoded = b"".join(
        b"%x:%b" % (len(raw), raw)
        for raw in (field.encode("utf-8", "surrogatepass") for field in (uri, evidence, digest))
    )
    return sha256(b"File\0" + encoded).digest()


def still_valid(path: str, evidence: str, digest: str) -> bool:
    """Whether a recorded file is now what it was then. What cannot be looked at is not; of a store that does not
    answer, a warning says so once.

    Args:
        path: absolute path or URL, as recorded.
        evidence: how it was identified.
        digest: what the evidence was.
    """
    try:
        if evidence in LISTINGS:
            from headwater.engine.files.listing import list_files, summary

            now = summary(list_files(path, evidence), evidence)
        else:
            now = identify(path, evidence)
    except Exception as error:
        _warn_once(path, error)
        return False
    return now.evidence == evidence and now.digest == digest
