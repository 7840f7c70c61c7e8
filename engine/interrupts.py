"""Ctrl-C and SIGTERM while a run lasts, and while what it recorded is written down."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from headwater.engine.forks import leave


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


_replaced: list[dict[int, Any]] = []
"""the handlers that were there before those of the runs under way, or of a worker, by signal"""


@contextmanager
def interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """Take Ctrl-C and SIGTERM while a run lasts, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        interrupt()

    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _replaced.append(before)
        for number in before:
            signal.signal(number, handle)
        yield
    finally:
        if before in _replaced:  # else this is a fork of the process
            _put_back(before)
            _replaced.remove(before)


def overhear() -> None:
    """Leave Ctrl-C to another process, which ends this one. (Were it ignored, the programs that tasks start here would
    ignore it, too.)"""
    _replaced.append({signal.SIGINT: signal.getsignal(signal.SIGINT)})
    signal.signal(signal.SIGINT, lambda *_: None)


def _put_back(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        # (None: it was set by something else than Python, and cannot be put back from here.)
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


class _Held(threading.local):
    """What a thread that forks holds back meanwhile."""

    mask: set[Any] | None = None
    """the signals that were blocked before; None where nothing is held back"""


_held = _Held()


def _hold_back() -> None:
    """What the new process is told before it has let go of the run's handlers would be taken for the run's."""
    if _replaced:
        _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])


def _go_on() -> None:
    mask, _held.mask = _held.mask, None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _let_go_in_child() -> None:
    """A process that a task forks is no part of the run, and has to end when it is told to: whoever tells it (a
    `multiprocessing.Pool` at its end) waits for that.

    Handlers of what was held back run in here, from where nothing that they raise would reach anybody.
    """
    while _replaced:
        _put_back(_replaced.pop())
    try:
        _go_on()
    except BaseException as raised:
        leave(raised)


os.register_at_fork(before=_hold_back, after_in_parent=_go_on, after_in_child=_let_go_in_child)
