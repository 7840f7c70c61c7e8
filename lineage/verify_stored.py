"""Whether the bytes that were too large for the graph are in the value store as they were recorded."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from fsspec.core import url_to_fs
from headwater.cypher.records import ValueSeen
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.project import Project

_BLOCK = 1 << 20
_LOCATION = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")


class Stored:
    """Reads each file of a project's value store that a record names, once."""

    def __init__(self, project: Project) -> None:
        self._files, self._folder = url_to_fs(project.values_address())
        self._seen: set[int] = set()

    def finding(self, record: ValueSeen, place: Place) -> Finding | None:
        """What is off with the bytes of a recorded value. A location is the SHA-256 of what lies there."""
        location = record.location
        if location is None:
            return None
        short = hash(location)
        if short in self._seen:
            return None
        self._seen.add(short)
        if not _LOCATION.fullmatch(location):
            what = f"its bytes are said to be at {location}, where the value store has nothing"
            return Finding("damaged", "Value", record.value_hash.hex(), what, place=place)
        key, where = record.value_hash.hex(), f"its bytes in the value store, {location},"
        digest = sha256()
        try:
            with self._files.open(f"{self._folder.rstrip('/')}/{location}", "rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            why = error.strerror or error
            return Finding("missing", "Value", key, f"{where} cannot be read: {why}", place=place)
        if digest.hexdigest() != location.replace("/", ""):
            return Finding("damaged", "Value", key, f"{where} are not what was written", place=place)
        return None
