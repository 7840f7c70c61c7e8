"""Ctrl-C and SIGTERM while a run lasts, and while what it recorded is written down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def wait_out(thread: threading.Thread) -> None:
    """Wait until a thread has ended. What interrupts that is raised when it has; interrupted again, it is left alone.

    Raises:
        BaseException: what a signal's handler has raised meanwhile.
    """
    try:
        thread.join()
    except BaseException:
        thread.join()
        raise


@contextmanager
def interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """Take Ctrl-C and SIGTERM while a run lasts, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        interrupt()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            # (None: it was set by something else than Python, and cannot be put back from here.)
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
