"""Imports that looking at something recorded, or at code, makes: they bring modules, and take no task's name.

A class in a recorded value is found in its module, which may be the copy of a script that was run before. What a run
calls is what the user has imported, whatever is imported beside it.
"""

from __future__ import annotations

import threading


class _Aside(threading.local):
    """What is imported within (`with aside:`), on this thread, is imported to look at it.

    (A class, since it costs a tenth of what a generator would: every value that is read goes through it.)
    """

    _depth = 0

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1

    def __bool__(self) -> bool:
        """Whether what is imported now is imported so."""
        return self._depth > 0


aside = _Aside()
