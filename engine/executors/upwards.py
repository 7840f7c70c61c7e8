"""What the body of a call tells whoever waits for it: from a worker process, what a run inside it has to say, and that
it imports; and that it waits for its turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from headwater.engine.executors.threads import Hand

Send = Callable[[str, Any], None]
"""Tells the run above: `records` to be written down, how it `ended` (`inside.End`), whether the call `waits`, whether
its process `imports`."""

WAITS, IMPORTS = "waits", "imports"

TO_PARENT: list[Send] = []
"""In a worker process, its way to the process above."""


@contextmanager
def awaiting_turn() -> Iterator[None]:
    """The call that this thread runs waits for others: its `timeout` counts from when it goes on."""
    hand = threading.current_thread()
    if isinstance(hand, Hand):
        hand.waits(True)
        try:
            yield
        finally:
            hand.waits(False)
    else:
        with _told(WAITS):
            yield


def importing() -> AbstractContextManager[None]:
    """This worker process imports what the call needs, which is no time of the call's own."""
    return _told(IMPORTS)


@contextmanager
def _told(what: str) -> Iterator[None]:
    if TO_PARENT:
        TO_PARENT[0](what, True)
    try:
        yield
    finally:
        if TO_PARENT:
            TO_PARENT[0](what, False)
