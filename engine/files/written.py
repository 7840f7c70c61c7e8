"""Who made a file: told by when it was last written."""

from __future__ import annotations

import os
import time

from headwater.engine.files.address import local_path

_SLACK = 0.05
"""Seconds: a file system's clock may be a little behind."""
_ahead: dict[int, float] = {}
"""by device: how many seconds our clock is ahead of the one that dates its files, which may be a server's"""


def keep_time(path: str) -> None:
    """Compare our clock with the file system's, by a file that this process wrote just now."""
    now = time.time()
    try:
        status = os.stat(path)
    except OSError:
        return
    _ahead[status.st_dev] = now - status.st_ctime


def was_there(uri: str, moment: float) -> bool:
    """Whether a file is on this machine and has not been written since a moment.

    The time of the last change of its entry counts, which nobody can set: a copy that keeps the times of its original
    is a new file. Where a server dates the files, its clock counts by what `keep_time` saw of it. Of files elsewhere
    nothing is known.

    Args:
        uri: absolute path or URL.
        moment: seconds since the epoch.
    """
    path = local_path(uri)
    if path is None:
        return False
    try:
        status = os.stat(path)
    except OSError:
        return False
    return status.st_ctime + _ahead.get(status.st_dev, 0.0) < moment - _SLACK
