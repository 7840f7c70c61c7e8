"""SHA-256 of files' bytes: streamed, in parallel where there are many, and computed once while a file is what it was.

Digests are kept in the user's cache folder, by path, size, times and inode. A file that changed moments ago is not
kept: it may change again without its time showing it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

_BLOCK = 1 << 20
_READERS = min(8, (os.cpu_count() or 1) + 1)
_SETTLED_NS = 2_000_000_000
"""a file's last change must be this long ago: some disks keep whole or even seconds only"""
_ATTEMPTS = 3
_CACHE = "HEADWATER_CACHE"


def digest_stream(file: Any) -> tuple[str, int]:
    """The SHA-256 of what an open binary file gives, in hex, and how many bytes that was."""
    digest, size = sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def digest_file(path: str) -> tuple[str, int]:
    """The SHA-256 of a local file, in hex, and its size.

    Raises:
        OSError: it cannot be read, is no regular file, or does not stop changing.
    """
    status = os.stat(path)
    # Opening a pipe would wait for its writer.
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no regular file: only those have content that can be recorded")
    return digest_files([(path, stamp(status))])[0]


def digest_files(files: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """The same for many regular files, given with their stamps; those that are not known are read by several threads.

    Raises:
        OSError: one of them cannot be read, or does not stop changing.
    """
    from headwater.engine.files.digest_cache import DigestCache  # most runs need no database

    cache = DigestCache.of_folder(cache_folder())
    known = cache.get([path for path, _ in files])
    found: list[tuple[str, int] | None] = []
    for path, now in files:
        held = known.get(path)
        is_known = held is not None and held[0] == now
        found.append((held[1], int(now.partition(" ")[0])) if held is not None and is_known else None)
    missing = [path for (path, _), digest in zip(files, found, strict=True) if digest is None]
    read = _read_all(missing)
    cache.put((path, kept, digest) for path, (digest, _, kept) in zip(missing, read, strict=True) if kept)
    fresh = iter(read)
    return [digest if digest is not None else next(fresh)[:2] for digest in found]


def _read_all(paths: list[str]) -> list[tuple[str, int, str | None]]:
    size = max(1, min(64, len(paths) // (4 * _READERS)))
    slices = [paths[start : start + size] for start in range(0, len(paths), size)]
    if len(slices) < 2:
        return [_read(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_READERS) as pool:
        return [
            digest
            for found in pool.map(lambda part: [_read(path) for path in part], slices)
            for digest in found
        ]


def _read(path: str) -> tuple[str, int, str | None]:
    """Digest and size of a file, and the stamp to keep them under; None where it changed too recently."""
    for _ in range(_ATTEMPTS):
        now = time.time_ns()
        with open(path, "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            digest, size = digest_stream(file)
            after = os.fstat(file.fileno())
        if stamp(after) == stamp(before) and after.st_size == size:
            return digest, size, stamp(before) if is_settled(before, now) else None
    raise OSError(f"{path} changes while it is read. Use it when whoever writes it has finished")


def stamp(status: os.stat_result) -> str:
    """What a file's bytes are kept under: its size, both its times, and which file it is."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_dev}"


def is_settled(status: os.stat_result, now: int) -> bool:
    """Whether any change of a file after a moment (nanoseconds since the epoch) shows in its stamp."""
    return now - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS


def cache_folder() -> str:
    """The folder for what can be computed again: `HEADWATER_CACHE`, or `headwater` in the user's cache folder."""
    named = os.environ.get(_CACHE)
    if named:
        return named
    return _usual_folder(os.environ.get("XDG_CACHE_HOME"), os.environ.get("HOME"))


@lru_cache(maxsize=8)
def _usual_folder(caches: str | None, home: str | None) -> str:
    base = caches or os.path.join(home or os.path.expanduser("~"), ".cache")
    return os.path.join(base, "headwater")
