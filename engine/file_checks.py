"""Whether the files that a call took are, when it has run, still what they were when they were named.

A file is identified when it is named, and read later. Somebody may write it in between: then the result does not belong
to what was recorded of the argument, and must not be served to whoever has that file again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from headwater.cypher.records import FileSeen
from headwater.engine.files.address import local_path
from headwater.engine.files.identity import CONTENT, STAT, still_valid

_Stamp = tuple[int, int, int, int]


class FileChecks:
    """The files inside the values of one run, on this machine. (A question to a remote store for each call would cost
    more than it is worth.)"""

    def __init__(self) -> None:
        self._files: dict[bytes, list[FileSeen]] = {}
        self._read: dict[bytes, _Stamp] = {}
        """by file_hash: what a file looked like when its content was found to be what it is to be"""

    def took(self, value_hash: bytes, files: Sequence[FileSeen]) -> None:
        """Files were found inside a value."""
        here = [file for file in files if file.evidence in (STAT, CONTENT) and _path(file)]
        if here:
            self._files[value_hash] = here

    def changed(self, arguments: Iterable[bytes | None], result: bytes | None) -> str | None:
        """The path of the first file inside a call's arguments that is not what it was, or None. One that was not there
        was named to be made, and one that is in the result was written by the call: these do not count."""
        files = self._files
        if files:
            for digest in arguments:
                for file in files.get(digest, ()) if digest is not None else ():
                    made = files.get(result, ()) if result is not None else ()
                    if not self._holds(file) and all(file.path != other.path for other in made):
                        return file.path
        return None

    def _holds(self, file: FileSeen) -> bool:
        if file.evidence != CONTENT:
            return still_valid(file.path, file.evidence, file.digest)
        stamp = _stamp(_path(file))
        if stamp is None:
            return False
        if self._read.get(file.file_hash) == stamp:
            return True
        if not still_valid(file.path, file.evidence, file.digest):
            return False
        self._read[file.file_hash] = stamp
        return True


def _path(file: FileSeen) -> str:
    return local_path(file.path) or ""


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
