"""What the body of a call tells whoever waits for it: from a worker process, what a run inside it has to say; and that
it waits for its turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from headwater.engine.executors.threads import Hand

Send = Callable[[str, Any], None]
"""Tells the run above: `records` to be written down, how it `ended` (`inside.End`), or whether the call `waits`."""

WAITS = "waits"

TO_PARENT: list[Send] = []
"""In a worker process, its way to the process above."""


@contextmanager
def awaiting_turn() -> Iterator[None]:
    """The call that this thread runs waits for others: its `timeout` counts from when it goes on."""
    _tell(True)
    try:
        yield
    finally:
        _tell(False)


def _tell(waits: bool) -> None:
    hand = threading.current_thread()
    if isinstance(hand, Hand):
        hand.waits(waits)
    elif TO_PARENT:
        TO_PARENT[0](WAITS, waits)
