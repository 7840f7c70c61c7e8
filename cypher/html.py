"""Answers as HTML, for notebooks: tables in which recorded text is shown, and nothing in it works.

Whatever comes from a run (names, paths, previews, errors) may be hostile. It is escaped, and characters that would act
on what stands around them (control characters, changes of direction) are shown by their numbers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

_ROWS = 50
"""rows of a table, and entries of a list, that are shown"""
_TEXT = 2000
"""characters of one text that are shown"""
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: Any) -> Html:
    """A plain value as text in HTML, with no effect of its own."""
    if isinstance(value, Html):
        return value
    if value is None:
        return Html("–")
    shown = value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value)
    if len(shown) > _TEXT:
        shown = shown[:_TEXT] + "…"
    plain = "".join(c if c == "\n" or unicodedata.category(c) not in _ACTING else _number(c) for c in shown)
    from html import escape  # brings a table of all entities with it, and few runs are shown so

    escaped = escape(plain)
    return Html(f"<pre style='text-align:left;margin:0'>{escaped}</pre>" if "\n" in escaped else escaped)


def _number(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> Html:
    """A table of plain values, or of HTML."""
    found = list(rows)
    head = "".join(f"<th style='text-align:left'>{text(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in found[:_ROWS])
    if len(found) > _ROWS:
        body += f"<tr><td colspan='{len(heads)}'>… and {len(found) - _ROWS} more</td></tr>"
    caption = f"<caption style='text-align:left'>{text(title)}</caption>" if title else ""
    top = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    return Html(f"<table>{caption}{top}<tbody>{body}</tbody></table>")


def _cell(value: Any) -> str:
    return f"<td style='text-align:left;vertical-align:top'>{text(value)}</td>"


def facts(answer: Any) -> Html:
    """Any answer of plain values: dataclasses and dicts as tables of their fields, lists of dataclasses as tables."""
    if is_dataclass(answer):
        return table(("", ""), [(item.name, facts(getattr(answer, item.name))) for item in fields(answer)])
    if isinstance(answer, Mapping):
        return (
            table(("", ""), [(name, facts(part)) for name, part in answer.items()]) if answer else text(None)
        )
    if isinstance(answer, (list, tuple)):
        return _listed(answer)
    return text(answer)


def _listed(parts: Sequence[Any]) -> Html:
    if not parts:
        return text(None)
    first = parts[0]
    if is_dataclass(first) and all(type(part) is type(first) for part in parts):
        names = [item.name for item in fields(first)]
        return table(names, [[facts(getattr(part, name)) for name in names] for part in parts])
    return table(("",), [(facts(part),) for part in parts])


class Shown:
    """What a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return facts(self)
