"""Digests of files by their paths, kept in a small database in the user's cache folder."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

_MAPPED = 1 << 28
"""bytes of the cache that are read through memory, without a system call for each page"""
_AT_ONCE = 500
"""paths in one question to the cache"""


class DigestCache:
    """Digests by path. What cannot be kept is computed again: no fault of the cache is a fault of the run's."""

    _open: DigestCache | None = None
    _opening = threading.Lock()

    def __init__(self, folder: str) -> None:
        self._key = folder, os.getpid()
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        with suppress(sqlite3.Error, OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            base = sqlite3.connect(os.path.join(folder, "digests.sqlite"), timeout=2, check_same_thread=False)
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = OFF")
            base.execute(f"PRAGMA mmap_size = {_MAPPED}")
            base.execute(
                "CREATE TABLE IF NOT EXISTS digests (path BLOB PRIMARY KEY, stamp TEXT, digest TEXT) WITHOUT ROWID"
            )
            self._base = base

    @classmethod
    def of_folder(cls, folder: str) -> DigestCache:
        """The cache in a folder; another one after a fork, where connections must not be shared."""
        with cls._opening:
            if cls._open is None or cls._open._key != (folder, os.getpid()):
                cls._open = cls(folder)
            return cls._open

    def get(self, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Stamp and digest of those paths that are kept."""
        found: dict[str, tuple[str, str]] = {}
        if self._base is None:
            return found
        # In order, because neighbours lie on one page.
        sought = sorted(os.fsencode(path) for path in paths)
        with self._lock, suppress(sqlite3.Error):
            for start in range(0, len(sought), _AT_ONCE):
                keys = sought[start : start + _AT_ONCE]
                marks = ",".join("?" * len(keys))
                rows = self._base.execute(
                    f"SELECT path, stamp, digest FROM digests WHERE path IN ({marks})", keys
                )
                found.update((os.fsdecode(path), (stamp, digest)) for path, stamp, digest in rows)
        return found

    def put(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Keep path, stamp and digest."""
        kept = [(os.fsencode(path), stamp, digest) for path, stamp, digest in rows]
        if self._base is None or not kept:
            return
        with self._lock, suppress(sqlite3.Error), self._base:
            self._base.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?)", kept)
