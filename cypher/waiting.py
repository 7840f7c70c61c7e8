"""Waiting for a store's answers: a store that has stopped answering is noticed, and whoever waits can be stopped.

The driver has no time limit for an answer, and there can be none: a question about a long history takes what it takes.
So work waits on a thread of its own, and when it has waited long, somebody knocks: a store that lets a newcomer in is
alive, and is waited for further.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

_T = TypeVar("_T")

PATIENCE = 5.0
"""Seconds without an answer after which somebody knocks."""
KNOCK = 10.0
"""Seconds for which a knock is waited for."""
_SLICE = 0.2
"""Seconds between two looks at whether to go on waiting."""


class Unanswered(Exception):
    """The store neither answers nor lets anybody in. What was sent to it may have been done, or may be done later."""


class Overdue(Exception):
    """No answer came within the time that was given. What was sent may be done still."""


class Waiting:
    """Does work on threads of its own, one at a time on each. Usable from several threads at once.

    Args:
        knock: raises where the store lets nobody in.
        left: called when work was left alone: what it waits for is to be closed.

    Attributes:
        meanwhile: called a few times a second while an answer is waited for; what it raises ends the waiting.
    """

    def __init__(self, knock: Callable[[], None], left: Callable[[], None]) -> None:
        self._knock = knock
        self._left = left
        self._idle: list[_Hand] = []
        self.meanwhile: Callable[[], None] = _nothing

    def answer(self, work: Callable[[], _T], most: float | None = None) -> _T:
        """What the work gives, or raises.

        Args:
            most: seconds after which nobody waits any more; None to wait as long as it takes.

        Raises:
            Overdue: they are over. The work is left alone.
            Unanswered: the store has stopped answering. The work is left alone, as it is where an exception of
                somebody else's ends the waiting.
        """
        hand = self._begin(work)
        knocking: _Hand | None = None
        try:
            began = since = monotonic()
            while not hand.has_answer(_SLICE):
                self.meanwhile()
                if most is not None and monotonic() - began > most:
                    raise Overdue
                waited = monotonic() - since
                if knocking is None:
                    if waited > PATIENCE:
                        knocking, since = self._begin(self._knock), monotonic()
                elif knocking.has_answer(0):
                    if knocking.error is not None:
                        raise Unanswered from knocking.error
                    self._idle.append(knocking)
                    knocking, since = None, monotonic()
                elif waited > KNOCK:
                    raise Unanswered
        except BaseException:
            hand.leave()
            self._left()
            raise
        finally:
            if knocking is not None:
                knocking.leave()
        value, error = hand.value, hand.error
        hand.value = hand.error = None
        self._idle.append(hand)
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback has this frame
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let the threads end."""
        while self._idle:
            self._idle.pop().leave()

    def _begin(self, work: Callable[[], Any]) -> _Hand:
        hand = None
        while hand is None or not hand.is_alive():  # a forked child has none of its parent's threads
            try:
                hand = self._idle.pop()
            except IndexError:
                hand = _Hand()
                hand.start()
        hand.do(work)
        return hand


class _Hand(threading.Thread):
    """A thread that does what it is given.

    Attributes:
        value, error: what came of it, once there is an answer.
    """

    def __init__(self) -> None:
        super().__init__(name="headwater-store", daemon=True)
        self.value: Any = None
        self.error: BaseException | None = None
        self._work: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[None] = SimpleQueue()

    def do(self, work: Callable[[], Any]) -> None:
        self._work.put(work)

    def has_answer(self, seconds: float) -> bool:
        """Whether there is an answer within so many seconds. It is told once."""
        try:
            self._answers.get(timeout=seconds)
        except Empty:
            return False
        return True

    def leave(self) -> None:
        """End after what it is at."""
        self._work.put(None)

    def run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                self.value = work()
            except BaseException as error:
                self.error = error
            del work
            self._answers.put(None)


def _nothing() -> None:
    return
