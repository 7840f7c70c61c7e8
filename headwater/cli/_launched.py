"""The process that `hw launch` leaves behind: evaluates the command, and tells its launcher the run's id.

    python -m headwater.cli._launched PIPE LOG

It is told the rest on its stdin, as JSON. Its stderr is LOG, which is named after the run once that has begun, and
taken away where nothing was written to it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cli._errors import report, stopped
from headwater.cli._running import Options, run_expression
from headwater.cli.launch import NAME, job_of, log_of

if TYPE_CHECKING:
    from headwater.engine.scheduler import Scheduler

_POLL_SECONDS = 0.02


class Log:
    """The file that problems are written to, which is this process's stderr."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def name_after(self, execution: str) -> None:
        self._path = self._path.rename(log_of(self._path.parent, execution))

    def close(self) -> None:
        """Take it away where nothing was written to it."""
        sys.stderr.flush()
        if not self._path.stat().st_size:
            self._path.unlink()


class Begun(AbstractContextManager[None]):
    """Tells the launcher when a run has begun.

    Args:
        scheduler: whose run it is.
        pipe: where the launcher listens.
        log: is named after the run before.
    """

    def __init__(self, scheduler: Scheduler, pipe: int, log: Log) -> None:
        self._scheduler = scheduler
        self._before = scheduler.execution_id
        self._pipe = pipe
        self._log = log
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *failure: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while self._scheduler.execution_id == self._before:
            if self._ended.wait(_POLL_SECONDS):
                break
        execution = self._scheduler.execution_id
        if execution is not None and execution != self._before:
            self._log.name_after(execution)
            with suppress(BrokenPipeError):  # the launcher was stopped meanwhile
                os.write(self._pipe, execution.encode())
            os.close(self._pipe)


def main(pipe: int, log: Log) -> int:
    """Evaluate what stdin tells; return the exit code."""
    told: dict[str, Any] = json.load(sys.stdin)
    os.chdir(told["folder"])
    try:
        return run_expression(
            NAME,
            job_of(told["words"], told["options"]),
            Options(setup=told["setup"], call_options=told["options"], background_load=True),
            told["recorded"],
            beside=lambda scheduler: Begun(scheduler, pipe, log),
        )
    except KeyboardInterrupt:
        return stopped()
    except Exception as error:
        return report(error)
    finally:
        log.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Log(Path(sys.argv[2]))))
