"""What a file is known by.

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

import os
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, NamedTuple

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
TIMES = (
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


def by_status(status: os.stat_result) -> Identity:
    """What a local file is by its size and time of change."""
    return Identity(STAT, f"{status.st_size} {status.st_mtime_ns}", status.st_size)


def by_info(info: dict[str, Any]) -> Identity | None:
    """What a file is by what its store says of it; None where it says neither a tag nor a time."""
    size = info.get("size")
    for key, evidence in _TAGS:
        if info.get(key) and info[key] != "null":
            return Identity(evidence, str(info[key]), size)
    for key in TIMES:
        if info.get(key) is not None:
            moment = info[key]
            if key == "created" and isinstance(moment, float):
                moment = datetime.fromtimestamp(moment, timezone.utc)  # as memory:// has it in a listing
            if isinstance(moment, datetime):
                moment = moment.isoformat()
            return Identity(STAT, f"{size} {moment}", size)
    return None


def file_hash(uri: str, evidence: str, digest: str) -> bytes:
    """The key of a file's content in the graph: 32 bytes over where it is and what it was seen to be."""
    parts = b"File\0"
    for field in (uri, evidence, digest):
        raw = field.encode("utf-8", "surrogatepass")
        parts += b"%x:%b" % (len(raw), raw)
    return sha256(parts).digest()
