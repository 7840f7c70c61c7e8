"""Copies many files at a time, shows how far that is, and stops when it is told to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import click

from headwater.cli import _output

if TYPE_CHECKING:
    from headwater.engine.files import File

_COPIES = 8
_POLL = 0.2
"""seconds between two looks at how far it is"""


class _Stopped(Exception):
    """The others are not to go on."""


class Copies:
    """Files to be copied.

    Args:
        pairs: from where to where.
        show: whether to keep a line on stderr up to date.
    """

    def __init__(self, pairs: Sequence[tuple[File, File]], *, show: bool) -> None:
        self._pairs = pairs
        self._show = show
        sizes = [source.recorded_size for source, _ in pairs]
        self._size = None if None in sizes else sum(size or 0 for size in sizes)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._copied = self._files = 0
        self._width = 0

    def run(self) -> None:
        """Copy them. An error, or Ctrl-C, ends it at once: what is half copied is discarded.

        Raises:
            OSError: one cannot be read or written.
        """
        with ThreadPoolExecutor(_COPIES) as pool:
            try:
                left = {pool.submit(self._copy, *pair) for pair in self._pairs}
                while left:
                    done, left = wait(left, _POLL, FIRST_EXCEPTION)
                    self._tell()
                    for future in done:
                        future.result()
            finally:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                if self._width:
                    click.echo(err=True)

    def _copy(self, source: File, target: File) -> None:
        source.copy_bytes_to(target, self._count)
        with self._lock:
            self._files += 1

    def _count(self, size: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        with self._lock:
            self._copied += size

    def _tell(self) -> None:
        if not self._show:
            return
        of = "" if self._size is None else f" of {_output.size(self._size)}"
        line = f"{self._files} of {len(self._pairs)} files, {_output.size(self._copied)}{of}"
        self._width = max(self._width, len(line))
        sys.stderr.write(f"\r{line:{self._width}}")
        sys.stderr.flush()
