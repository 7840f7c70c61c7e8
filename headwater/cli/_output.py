"""How answers are printed: tables that fit the terminal, JSON of a stable shape, times, colours."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timezone
from typing import Any

import click

from headwater.cypher import inert

_COLOURS = {
    "DONE": "green",
    "CACHED": "cyan",
    "RUNNING": "yellow",
    "FAILED": "red",
    "CANCELLED": "magenta",
    "PENDING": "white",
}


one_line = inert.one_line

NARROWEST = 10
"""a column is not cut to less while there are others to leave out"""
_PATH = re.compile(r"(/|[a-z][a-z0-9+.-]*://)\S+\Z")


def width() -> int | None:
    """Columns that a table may have: COLUMNS where that is set, else the terminal's. Without a terminal, any number:
    whoever reads a pipe wants all of it."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return None
    return shutil.get_terminal_size((100, 24)).columns


def emit_json(answer: Any) -> None:
    """Print an answer as JSON, as `json_text` has it."""
    click.echo(json_text(answer))


def json_text(answer: Any) -> str:
    """An answer as JSON. Times are ISO 8601 in UTC, bytes are hexadecimal; NaN and infinities, for which JSON has
    no form, are null. What is not printable is escaped."""
    try:
        text = json.dumps(answer, indent=2, ensure_ascii=False, default=plain, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(answer), indent=2, ensure_ascii=False, default=plain, allow_nan=False)
    lines = text.split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_inert, line)) for line in lines)


def _inert(char: str) -> str:
    """A character of JSON, or what stands for it there."""
    return char if char.isprintable() else json.dumps(char)[1:-1]


def _finite(answer: Any) -> Any:
    if isinstance(answer, float):
        return answer if math.isfinite(answer) else None
    if isinstance(answer, dict):
        return {key: _finite(part) for key, part in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_finite(part) for part in answer]
    return answer


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Collection[str] = (), indent: str = ""
) -> str:
    """Columns of text under a header. Where a terminal is too narrow, the widest columns are cut; where
    that does not do, columns are left out, from the one before the last on, and … stands for them.

    Args:
        right: names of the columns that are flush right.
    """
    cells = [[one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [
        max([display_width(name), *(display_width(row[i]) for row in cells)])
        for i, name in enumerate(columns)
    ]
    columns_there_are = width()
    if columns_there_are is not None:
        room = columns_there_are - len(indent)
        stay = _staying(widths, room)
        if stay < len(columns):
            columns = [*columns[: stay - 1], "…", columns[-1]]
            cells = [[*row[: stay - 1], "", row[-1]] for row in cells]
            widths = [*widths[: stay - 1], 1, widths[-1]]
        widths = _shrunk(widths, room - 2 * (len(columns) - 1))
    lines = [indent + _line(columns, widths, columns, right, header=True)]
    lines += [indent + _line(row, widths, columns, right) for row in cells]
    return "\n".join(lines)


def _staying(widths: list[int], room: int) -> int:
    """How many columns there is room for, the last among them, where none is cut to less than NARROWEST; two at least.
    If some are left out, a column of one character tells so."""
    stay = len(widths)
    while stay > 2:
        kept = widths if stay == len(widths) else [*widths[: stay - 1], 1, widths[-1]]
        if sum(min(width, NARROWEST) + 2 for width in kept) - 2 <= room:
            break
        stay -= 1
    return stay


def _shrunk(widths: list[int], room: int) -> list[int]:
    """Widths whose sum fits, the widest made smaller first."""
    most = max(min(max(widths, default=0), room), 1)
    while most > 1 and sum(min(width, most) for width in widths) > room:
        most -= 1
    return [min(width, most) for width in widths]


def fitted(before: str, text: str, after: str = "") -> str:
    """A line of which the text in the middle is cut where a terminal is too narrow for all, and then the end."""
    line, columns = before + text + after, width()
    if columns is None or display_width(line) <= columns:
        return line
    room = columns - display_width(before) - display_width(after)
    return cut_end(before + cut(text, max(room, NARROWEST)) + after, columns)


def levels(most: int, columns: int) -> int:
    """How far a tree goes to the right: so many levels, or fewer where a terminal has not so many columns for each."""
    there_are = width()
    return most if there_are is None else min(most, there_are // columns)


def status(word: str, size: int = 0) -> str:
    """A status, coloured where colours are shown, padded to a width."""
    return click.style(word.ljust(size), fg=_COLOURS.get(word))


def counts(by_status: dict[str, int]) -> str:
    """`12 DONE, 3 CACHED`, in the order in which a person asks."""
    return ", ".join(f"{by_status[word]} {word}" for word in _COLOURS if by_status.get(word))


def local_time(moment: datetime | None) -> str:
    """A moment in the reader's own time zone."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def utc_time(moment: datetime | None) -> str | None:
    """A moment as JSON shows it: ISO 8601, UTC, with a Z."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def duration(seconds: float | None) -> str:
    """`0.3 ms`, `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 02 min`; empty where it is not known."""
    if seconds is None:
        return ""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: int | None) -> str:
    """A number of bytes: `812 B`, `3.1 KB`, `20.0 MB`."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def natural(text: str) -> list[tuple[int, str]]:
    """A key that puts 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", text)]


def cut(text: str, columns: int) -> str:
    """Text in at most so many columns, with an ellipsis where something is missing: of a path or URL the beginning, of
    everything else the end."""
    if display_width(text) <= columns:
        return text
    if _PATH.match(text):
        return cut_end(text[::-1], columns)[::-1]
    return cut_end(text, columns)


def cut_end(text: str, columns: int) -> str:
    """As `cut`, whatever the text is."""
    if display_width(text) <= columns:
        return text
    kept, used = [], 1
    for char in text:
        used += display_width(char)
        if used > columns:
            break
        kept.append(char)
    return "".join(kept) + "…"


def display_width(text: str) -> int:
    """How many columns a terminal needs for a text."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _line(
    cells: Sequence[str],
    widths: Sequence[int],
    columns: Sequence[str],
    right: Collection[str],
    *,
    header: bool = False,
) -> str:
    parts = []
    for cell, size_, name in zip(cells, widths, columns, strict=True):
        text = cut(cell, size_)
        gap = " " * (size_ - display_width(text))
        if header:
            text = click.style(text, bold=True)
        elif text in _COLOURS:
            text = status(text)
        parts.append(gap + text if name in right else text + gap)
    return "  ".join(parts).rstrip()


def plain(value: Any) -> Any:
    """What JSON has no form for, as text: `default` for `json.dumps`."""
    if isinstance(value, datetime):
        return utc_time(value if value.tzinfo else value.replace(tzinfo=timezone.utc))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)
