"""Who made a file: told by when it was last written."""

from __future__ import annotations

import os
import time

from headwater.engine.files.address import local_path

_SLACK = 0.05
"""Seconds: a file system's clock may be a little behind."""
_ahead: dict[int, tuple[float, float]] = {}
"""by device: how many seconds our clock is ahead of the one that dates its files, at least and at most; that may be a
server's"""


def keep_time(path: str, since: float) -> None:
    """Compare our clock with the file system's, by a file that this process wrote just now.

    Between its date and now, and between `since` and its date, this process may have stood still for however long. So
    what was seen before counts, too, and where the two clocks may be the same, they are taken to be.

    Args:
        since: when it was about to be written, in seconds since the epoch.
    """
    now = time.time()
    try:
        status = os.stat(path)
    except OSError:
        return
    least, most = since - status.st_ctime, now - status.st_ctime
    before = _ahead.get(status.st_dev)
    if before is not None and least <= before[1] and before[0] <= most:  # else one of the clocks was set
        least, most = max(least, before[0]), min(most, before[1])
    _ahead[status.st_dev] = least, most


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
    least, most = _ahead.get(status.st_dev, (0.0, 0.0))
    return status.st_ctime + min(max(least, 0.0), most) < moment - _SLACK
