"""Files in the user's cache folder that scripts on this machine lock, so that they do not get into each other's way."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import suppress
from hashlib import sha256

from headwater.engine.files.content import cache_folder
from headwater.engine.script_process import check_going_on

_log = logging.getLogger("headwater")

POLL = 0.02
"""seconds between two looks at a lock that another has"""
_SAID_AFTER = 1.0
"""seconds of waiting until somebody is told"""


def key_of(path: str) -> str:
    """What a path is known by in these files: hexadecimal digits."""
    return sha256(os.fsencode(path)).hexdigest()


def slot_of(key: str, slots: int) -> int:
    """Which of so many files something is locked by; what shares one has to wait for each other, and no more."""
    return int(key[:8], 16) % slots


def slot_path(purpose: str, number: int) -> str:
    """The path of such a file."""
    return os.path.join(cache_folder(), purpose, f"{number:04}")


def open_slot(path: str, flags: int = 0) -> int:
    """Open such a file, which is made where it is not there yet."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)


def close_slot(handle: int) -> None:
    """Give up the lock, and close the file."""
    with suppress(OSError):
        # A process that was forked meanwhile may have it open, too.
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


class Waiting:
    """Waits for a lock, moment by moment, and says so after a while.

    Args:
        said: what to say, and what is to be put into it.
    """

    def __init__(self, said: str, *values: object) -> None:
        self._said = said, *values
        self._began = time.monotonic()
        self._is_said = False

    def a_moment(self) -> None:
        """Wait for a moment.

        Raises:
            Cancelled: the run was stopped.
        """
        check_going_on()
        if not self._is_said and time.monotonic() - self._began > _SAID_AFTER:
            self._is_said = True
            _log.warning(*self._said)
        time.sleep(POLL)
