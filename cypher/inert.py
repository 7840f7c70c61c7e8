"""Recorded text that is shown: it moves no cursor, splits no line and turns no text around."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Text that cannot move the cursor or split a row: control characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def lines(text: str) -> str:
    """The same of text of several lines, which stay lines."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def inert_json(text: str) -> str:
    """JSON that says the same: what is not printable is written as JSON writes it."""
    return "\n".join(
        line if line.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in line)
        for line in text.split("\n")
    )


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
