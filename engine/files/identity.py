"""What a file is known by, and whether it still is what was recorded.

| evidence | digest | used for |
|---|---|---|
| `stat` | size and time of the last change | local files; URLs whose store has no tags |
| `etag` | the store's own tag for the content | URLs whose store has one |
| `content` | SHA-256 of the bytes | on request; URLs whose store has neither a tag nor a time |
| `missing` | nothing | no file is there; a file that appears is a change |
"""

from __future__ import annotations

import os
import stat
import time
from hashlib import sha256
from typing import Any, NamedTuple

from headwater.engine.files.address import local_path, open_filesystem

STAT = "stat"
CONTENT = "content"
ETAG = "etag"
MISSING = "missing"

LOADED = time.time_ns()
"""No file was identified in this process before: one that was not written since is what it was."""

_BLOCK = 1 << 20
_TAGS = ("ETag", "etag", "md5Hash", "content_md5")
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""what fsspec's file systems call a content's tag, and the time of its last change"""


class Identity(NamedTuple):
    """What a file was seen to be at one moment.

    Attributes:
        evidence: how it was identified: `stat`, `content`, `etag` or `missing`.
        digest: what the evidence was, as text.
        size: bytes; None where there is no file, or its store does not say.
    """

    evidence: str
    digest: str
    size: int | None


NOT_THERE = Identity(MISSING, "", None)


def identify(address: str, evidence: str | None = None) -> Identity:
    """What a file is now. A folder is no file: it counts as missing.

    Args:
        address: absolute path or URL.
        evidence: `content` to read it; else the cheapest its store has.

    Raises:
        OSError: it cannot be looked at or read, though it may be there.
        UsageError: the URL's protocol is not known.
    """
    path = local_path(address)
    if path is None:
        return _identify_remote(address, evidence)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return NOT_THERE
    if stat.S_ISDIR(status.st_mode):
        return NOT_THERE
    if evidence == CONTENT:
        with open(path, "rb", buffering=0) as file:
            return _read(file)
    return Identity(STAT, f"{status.st_size} {status.st_mtime_ns}", status.st_size)


def _identify_remote(url: str, evidence: str | None) -> Identity:
    files, path = open_filesystem(url)
    try:
        if evidence != CONTENT:
            files.invalidate_cache(path)
            info = files.info(path)
            if info.get("type") == "directory":
                return NOT_THERE
            size = info.get("size")
            for key in _TAGS:
                if info.get(key):
                    return Identity(ETAG, str(info[key]), size)
            for key in _TIMES:
                if info.get(key) is not None:
                    moment = info[key].isoformat() if hasattr(info[key], "isoformat") else info[key]
                    return Identity(STAT, f"{size} {moment}", size)
        with files.open(path, "rb") as file:
            return _read(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return NOT_THERE


def _read(file: Any) -> Identity:
    digest = sha256()
    size = 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return Identity(CONTENT, digest.hexdigest(), size)


def file_hash(uri: str, evidence: str, digest: str) -> bytes:
    """The key of a file's content in the graph: 32 bytes over where it is and what it was seen to be."""
    encoded = b"".join(
        b"%x:%b" % (len(raw), raw)
        for raw in (field.encode("utf-8", "surrogatepass") for field in (uri, evidence, digest))
    )
    return sha256(b"File\0" + encoded).digest()


def still_valid(path: str, evidence: str, digest: str) -> bool:
    """Whether a recorded file is now what it was then. What cannot be looked at is not.

    Args:
        path: absolute path or URL, as recorded.
        evidence: how it was identified.
        digest: what the evidence was.
    """
    try:
        now = identify(path, evidence)
    except Exception:
        return False
    return now.evidence == evidence and now.digest == digest
