"""What scripts write, while they write it: `hw run -v`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from types import TracebackType

from headwater.cli import _output
from headwater.engine.script_log import LIVE


class LiveLogs:
    """Prints the lines that scripts write, each behind the beginning of its job's id, until it is left.

    The scripts' own processes and threads write into a pipe, wherever on this machine they run.
    """

    def __enter__(self) -> LiveLogs:
        self._folder = tempfile.TemporaryDirectory(prefix="headwater-live-")
        path = os.path.join(self._folder.name, "pipe")
        os.mkfifo(path, 0o600)
        self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        # Held open by ourselves, the pipe does not end each time that a script does.
        self._hold = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        os.set_blocking(self._pipe, True)
        self._thread = threading.Thread(target=self._show, name="headwater-live-logs", daemon=True)
        self._thread.start()
        os.environ[LIVE] = path
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.environ.pop(LIVE, None)
        os.close(self._hold)
        self._thread.join(timeout=1)
        self._folder.cleanup()

    def _show(self) -> None:
        with os.fdopen(self._pipe, "rb") as pipe:
            for line in pipe:
                job, _, text = line.rstrip(b"\n").decode("utf-8", "backslashreplace").partition(" ")
                # click would find the terminal behind what keeps lines above the table of progress.
                print(f"{job} | {inert(text)}", file=sys.stderr, flush=True)


def inert(line: str) -> str:
    """A line that a program wrote, which cannot move the cursor; tabs stay."""
    return "\t".join(map(_output.one_line, line.split("\t")))
