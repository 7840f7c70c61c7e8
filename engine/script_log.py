"""The log of one script: all that it wrote, in the order in which it came, with secrets hidden."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress
from typing import BinaryIO

from headwater.engine.files.written import keep_time
from headwater.engine.secrets import Secrets

LOGS = "logs"
"""the folder of logs in a project's `.headwater`"""
_LARGEST = 16 << 20
"""bytes of a log; what comes after them is counted, not kept"""
_LONGEST_LINE = 1 << 20
_LAST_LINES = 20
LIVE = "HEADWATER_LIVE_LOG"
"""the environment variable that names the pipe through which somebody watches what scripts write"""
_LONGEST_LIVE = 2048
"""bytes; a pipe keeps no more together"""


def log_path(folder: str, job_id: str) -> str:
    """Where the log of a job is.

    Args:
        folder: the project's `.headwater`.
        job_id: 32 hexadecimal digits.
    """
    return os.path.join(folder, LOGS, job_id[:2], f"{job_id}.log")


class ScriptLog:
    """Takes the bytes of both streams; use it as a context manager.

    Args:
        path: the file to write; None where runs are not recorded.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._secrets = Secrets()
        self._file: BinaryIO | None = None
        self._pending = {False: b"", True: b""}
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._written = self._left_out = 0
        if path is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            now = time.time()
            # What programs print is nobody else's business.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(handle, "wb")
            keep_time(path, now)
        self._live = _open_live()
        self._name = b"" if path is None else os.path.basename(path)[:8].encode()

    def __enter__(self) -> ScriptLog:
        return self

    def __exit__(self, *_: object) -> None:
        for is_error, rest in self._pending.items():
            if rest:
                self._line(is_error, rest + b"\n")
        if self._file is not None:
            if self._left_out:
                self._put(b"# and %d bytes more, which are not kept\n" % self._left_out)
            with suppress(OSError):
                self._file.close()
        if self._live is not None:
            os.close(self._live)
            self._live = None

    def note(self, text: str) -> None:
        """Write a line of our own; it begins with `#`."""
        self._put(self._secrets.hide(f"# {text}\n".encode("utf-8", "surrogateescape")))

    def take(self, is_error: bool, data: bytes) -> None:
        """Write what came, line by line, so that no secret is cut in two."""
        *lines, rest = (self._pending[is_error] + data).split(b"\n")
        for line in lines:
            self._line(is_error, line + b"\n")
        if len(rest) > _LONGEST_LINE:
            self._line(is_error, rest)
            rest = b""
        self._pending[is_error] = rest
        if self._file is not None:
            with suppress(OSError):
                self._file.flush()

    def last_lines(self) -> str:
        """The last lines that were written to stderr."""
        lines = [*self._last, *([self._secrets.hide(self._pending[True])] if self._pending[True] else [])]
        return b"".join(lines[-_LAST_LINES:]).decode("utf-8", "replace").rstrip("\n")

    def _line(self, is_error: bool, line: bytes) -> None:
        line = self._secrets.hide(line)
        if is_error:
            self._last.append(line)
        if self._live is not None:
            with suppress(OSError):  # nobody watches any more
                os.write(self._live, self._name + b" " + line.rstrip(b"\n")[:_LONGEST_LIVE] + b"\n")
        if self._written + len(line) > _LARGEST:
            self._left_out += len(line)
        else:
            self._put(line)

    def _put(self, line: bytes) -> None:
        self._written += len(line)
        if self._file is not None:
            # A full disk must not end the script; what it returns is checked by itself.
            with suppress(OSError):
                self._file.write(line)


def _open_live() -> int | None:
    path = os.environ.get(LIVE)
    if not path:
        return None
    try:
        # Without a reader this fails at once instead of waiting for one; writing then waits for the reader's pace.
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    os.set_blocking(handle, True)
    return handle
