"""Whether somebody holds a file: how writers, loaders and servers show that they live."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def is_held(path: str | Path) -> bool:
    """Whether some process holds an exclusive lock (flock) on a file. One that is not there is not held."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
