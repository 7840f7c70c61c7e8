"""What tells one write of a file at a URL from another, also where both wrote the same bytes."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from headwater.engine.files.address import absolute
from headwater.engine.files.base import Artefact
from headwater.engine.files.evidence import FOLDER, GLOB, TIMES, by_info
from headwater.engine.files.folder import Dir
from headwater.engine.files.identity import info_of
from headwater.engine.files.listing import address_of, found_far
from headwater.engine.files.members import FileSet

_RECENT = 3.0
"""seconds: stores keep whole ones, and their clocks are not ours"""


def last_writes(place: Artefact) -> dict[str, str | None]:
    """The files at a place, by URL, each with what another write of it would change; None where that cannot be told:
    of one that was written moments ago, or whose store keeps no time. Nothing of a place that cannot be looked at."""
    with suppress(OSError):
        if not isinstance(place, (Dir, FileSet)):
            info = info_of(place._address)
            is_file = info is not None and info.get("type") != "directory"
            return {place.uri: _last_write(info)} if info is not None and is_file else {}
        found = found_far(place._address, FOLDER if isinstance(place, Dir) else GLOB)
        if found is not None:
            files, path, infos = found
            return {
                absolute(address_of(files, place._address, path, key)): _last_write(info)
                for key, info in infos.items()
                if info.get("type") != "directory" and not key.endswith("/")
            }
    return {}


def _last_write(info: dict[str, Any]) -> str | None:
    moment = next((info[key] for key in TIMES if info.get(key) is not None), None)
    seconds = _seconds(moment)
    identity = by_info(info)
    if seconds is None or identity is None or time.time() - seconds < _RECENT:
        return None
    return f"{identity.digest} {moment}"


def _seconds(moment: Any) -> float | None:
    """A moment in seconds since the epoch; None for one that is not understood."""
    if isinstance(moment, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment) if isinstance(moment, (int, float)) else None
