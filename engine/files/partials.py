"""The names of files that are written beside their places, and notes of the folders that these are in: what of them is
left when the process is killed, can be found.

One note a folder is enough, because the names that a process gives begin in a way of its own. A note for each of many
small files would cost as much as they do.
"""

from __future__ import annotations

import atexit
import os
import threading
from itertools import count

from headwater.engine.files.content import cache_folder
from headwater.engine.files.under_way import ALL, Note, begin, end

PARTIAL = ".hw-partial"
"""How the names of files end that are still being written; no listing shows them."""
_MOST = 1000
"""folders that are noted though nothing is under way in them"""


class _Partials:
    """Those of one process."""

    own: _Partials

    def __init__(self) -> None:
        self._prefix = f".{os.urandom(6).hex()}-"
        self._numbers = count()
        self._lock = threading.Lock()
        self._cache = cache_folder()
        self._noted: set[str] = set()
        """the folders of which there is a note in that cache folder"""
        self._open: dict[str, str] = {}
        """the folders of those that are open, by path"""
        self._leaves = False

    def beside(self, target: str) -> str:
        folder = os.path.dirname(target)
        start = f"{folder}/{self._prefix}"
        path = f"{start}{next(self._numbers)}{PARTIAL}"
        # Before the folder is looked for among the noted, from which it is taken where nothing is open in it.
        self._open[path] = folder
        cache = cache_folder()
        if folder not in self._noted or cache != self._cache:
            with self._lock:
                if cache != self._cache:  # whoever looks for notes looks there from now on
                    self._cache, self._noted = cache, set()
                if len(self._noted) >= _MOST:
                    self._forget()
                begin(Note(start, ALL))
                self._noted.add(folder)
                if not self._leaves:
                    self._leaves = True
                    atexit.register(self.leave)  # after `begin` had the notes do so: they leave last
        return path

    def done(self, path: str) -> None:
        self._open.pop(path, None)

    def leave(self) -> None:
        """Take back the notes of folders in which nothing is under way."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        noted, self._noted = self._noted, set()
        busy = set(self._open.copy().values())
        self._noted |= noted & busy
        for folder in noted - busy:
            end(f"{folder}/{self._prefix}")

    @classmethod
    def anew(cls) -> None:
        """This is a new process, whose names begin in another way."""
        cls.own = cls()


_Partials.anew()
os.register_at_fork(after_in_child=_Partials.anew)


def beside(target: str) -> str:
    """A path for a file that is to take the place of another in one step; say `done` when it has, or is gone."""
    return _Partials.own.beside(target)


def done(path: str) -> None:
    """A file of `beside` is there no longer."""
    _Partials.own.done(path)
