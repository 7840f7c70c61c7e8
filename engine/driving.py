"""The thread on which a run's loop turns.

It is never the caller's: a call that the loop runs itself is to see no event loop of the caller's, and when such a call
takes long, another thread goes on with the loop. So whoever cancels, and Ctrl-C, are heard all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from headwater.engine.files.since import RunThread

LONG = 0.2
"""Seconds after which the loop no longer waits for a call that it runs itself."""


class Relieved(BaseException):
    """Another thread has gone on with the loop: this one has nothing to do but to end."""


class Drive:
    """Has one loop turn, on one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._turn = 0
        """which thread it is, counted from the first"""
        self._since: float | None = None
        """when the thread began the call that it is at"""
        self._value: Any = None
        self._error: BaseException | None = None

    def run(
        self,
        loop: Callable[[], Any],
        interrupted: Callable[[BaseException], None],
        meanwhile: Callable[[], None],
    ) -> Any:
        """What the loop gives, or raises.

        Args:
            interrupted: takes what a signal's handler has raised here; it is to end the loop.
            meanwhile: is called now and then, beside the loop.
        """
        thread = self._start(loop)
        while True:
            try:
                if self._over.wait(LONG):
                    break
                thread = self._relieve(loop) or thread
                meanwhile()
            except BaseException as raised:
                interrupted(raised)
        thread.join()
        value, error = self._value, self._error
        self._value = self._error = None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback has this frame
        return value

    def begin(self) -> int:
        """The loop is about to run a call itself. Returns what to tell `end`."""
        self._since = monotonic()
        return self._turn

    def end(self, turn: int) -> bool:
        """The call has ended. Returns whether this thread is still the loop's."""
        with self._lock:
            if turn != self._turn:
                return False
            self._since = None
        return True

    def _relieve(self, loop: Callable[[], Any]) -> threading.Thread | None:
        """Have another thread go on, where the one that is at it is held up."""
        with self._lock:
            if self._since is None or monotonic() - self._since < LONG:
                return None
            self._since = None
            self._turn += 1
        return self._start(loop)

    def _start(self, loop: Callable[[], Any]) -> threading.Thread:
        thread = RunThread(target=self._work, args=[loop], name="headwater-loop", daemon=True)
        thread.start()
        return thread

    def _work(self, loop: Callable[[], Any]) -> None:
        try:
            self._value = loop()
        except Relieved:
            return
        except BaseException as error:
            self._error = error
        self._over.set()
