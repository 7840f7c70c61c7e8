"""Times as a person types them: `2013-01-31`, `2013-01-31T06:30Z`, or `3d` for three days ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import click

_AGO = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>min|m|h|d|w)(in|our|ay|eek)?s?(?: ago)?\Z")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType):  # type: ignore[type-arg]  # of older clicks it takes none
    """A moment: ISO 8601, in the reader's time zone where it names none, or how long ago it was."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = _AGO.match(value)
        try:
            if ago:
                back = timedelta(**{_UNITS[ago["unit"]]: float(ago["number"])})
                return datetime.now(timezone.utc) - back
            text = value[:-1] + "+00:00" if value[-1:] in ("Z", "z") else value  # Python 3.10 knows no Z
            return datetime.fromisoformat(text).astimezone(timezone.utc)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time. Examples: 2013-01-31, 2013-01-31T06:30, 2013-01-31T06:30Z, 90min, 12h, 3d",
                param,
                ctx,
            )


as_of_option = click.option(
    "--as-of", metavar="TIME|RUN", help="Answer as the graph was then, or when that run had ended."
)
"""For commands that read what `_reading.reading(as_of=…)` gives."""
