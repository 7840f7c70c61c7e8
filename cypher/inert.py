"""Recorded text that is shown: it moves no cursor, splits no line and turns no text around."""

from __future__ import annotations


def encodable(text: str) -> str:
    """Text that UTF-8 can hold: what Python has for a byte that is not UTF-8 (a lone surrogate) becomes an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Text that cannot move the cursor or split a row: control characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def lines(text: str) -> str:
    """The same of text of several lines, which stay lines."""
    return "\n".join(one_line(line) for line in text.split("\n"))
