"""Waiting for what another process is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    """What it gives, once it gives something that is true; it fails after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"it did not happen in time: {what}"
        time.sleep(0.02)
    return found
