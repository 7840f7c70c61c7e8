"""What is found out once while one value is encoded, however often it is come to, and by however many walks inside."""

from __future__ import annotations

import threading
from typing import Any


class _Look(threading.local):
    """
    Attributes:
        found: by the ids of objects, with these; None where nothing is being encoded. No longer: what an object is may
            be otherwise the next time.
        quoted: how many expressions that are handed over as values are being encoded, each inside the one before.
    """

    found: dict[int, tuple[Any, Any]] | None = None
    quoted: int = 0


LOOK = _Look()
