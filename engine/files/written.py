"""Who made a file: told by when it was last written."""

from __future__ import annotations

import os

from headwater.engine.files.address import local_path

_SLACK = 0.05
"""Seconds: a file system's clock may be a little behind."""


def was_there(uri: str, moment: float) -> bool:
    """Whether a file is on this machine and has not been written since a moment.

    The time of the last change of its entry counts, which nobody can set: a copy that keeps the times of its original
    is a new file. Of files elsewhere nothing is known.

    Args:
        uri: absolute path or URL.
        moment: seconds since the epoch.
    """
    path = local_path(uri)
    if path is None:
        return False
    try:
        return os.stat(path).st_ctime < moment - _SLACK
    except OSError:
        return False
