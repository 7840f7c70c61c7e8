"""What a file is now, and whether it still is what was recorded."""

from __future__ import annotations

import errno
import logging
import os
import stat
from typing import Any

from headwater.engine.files.address import as_os_errors, local_path, masked, open_filesystem
from headwater.engine.files.asking import info_now
from headwater.engine.files.content import digest_file, digest_stream
from headwater.engine.files.evidence import (
    BY_PATH,
    CONTENT,
    LISTINGS,
    NOT_THERE,
    PATH,
    Identity,
    by_info,
    by_status,
)
from headwater.engine.files.hints import explained

_log = logging.getLogger("headwater")


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
        with as_os_errors(url, "looked at"):
            return files, path, info_now(files, path)
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


def by_content(files: Any, path: str) -> Identity:
    """What a file of an fsspec file system is by its bytes."""
    with files.open(path, "rb") as file:
        return Identity(CONTENT, *digest_stream(file))


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
