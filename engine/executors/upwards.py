"""How a run inside a worker process tells the process above what it has to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Send = Callable[[str, Any], None]
"""Tells the run above: `records` to be written down, or how it `ended` (`inside.End`)."""

TO_PARENT: list[Send] = []
"""In a worker process, its way to the process above."""
