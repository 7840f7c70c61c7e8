"""Processes that a task forks (`os.fork`, `pty.fork`): they are no part of the run, and must not go on as one."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import NoReturn


class _Forks:
    """How often this process was forked from another since that imported this.

    (Every call asks, and to ask the system for the process's id takes longer.)
    """

    depth = 0


forks = _Forks()


def _count() -> None:
    forks.depth += 1


os.register_at_fork(after_in_child=_count)


def leave(error: BaseException | None) -> NoReturn:
    """End this process, a fork, as Python ends one where nobody takes what is raised.

    Args:
        error: what it raised; None where it has just come to its end.
    """
    code = 0
    if isinstance(error, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        code = 128 + signal.SIGINT  # where it is blocked
    elif isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if not isinstance(error.code, int | None):
            print(error.code, file=sys.stderr)
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)
