"""Imports that looking at something recorded, or at code, makes: they bring modules, and take no task's name.

A class in a recorded value is found in its module, which may be the copy of a script that was run before. What a run
calls is what the user has imported, whatever is imported beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Aside(threading.local):
    depth = 0


_aside = _Aside()


@contextmanager
def aside() -> Iterator[None]:
    """What is imported meanwhile, on this thread, is imported to look at it."""
    _aside.depth += 1
    try:
        yield
    finally:
        _aside.depth -= 1


def is_aside() -> bool:
    """Whether what is imported now is imported to look at it."""
    return _aside.depth > 0
