"""Where two values differ, element by element, as far as their recorded previews show it.

A preview is the bounded text that was written beside a value. It is read here by its brackets, commas and quotes alone;
no value is decoded for it. What does not read as a list, a dict or an object is compared as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

_HEAD = re.compile(r"frozenset\(\{|deque\(\[|[\w.]*[(\[{]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_REST = re.compile(r"(?:\A|, )… ([0-9,]+ in all)\Z")
"""what stands in place of the elements that a preview does not show"""
_FIELD = re.compile(r"(?P<key>[A-Za-z_]\w*)=")
_DEEPEST = 8


@dataclass(frozen=True)
class Difference:
    """One place where two values differ."""

    path: str
    """like `[2].name['a']`; empty for the whole value"""
    before: str | None
    """preview of what is there; None where nothing is"""
    after: str | None


class _Opened(NamedTuple):
    head: str
    items: list[tuple[str | None, str]]
    """(key, text): a dict's key in brackets, an object's field with a dot, None in a list"""
    rest: str | None
    """how many there are in all, where these are the first of them"""


def differences(before: str, after: str, *, limit: int = 20) -> list[Difference]:
    """Where the values with these previews differ: none where the previews are equal, which longer values may be
    without being equal themselves."""
    found: list[Difference] = []
    for difference in _compare("", before, after, 0):
        if len(found) == limit:
            break
        found.append(difference)
    return found or ([] if before == after else [Difference("", before, after)])


def _compare(path: str, before: str, after: str, depth: int) -> Iterator[Difference]:
    if before == after:
        return
    one = _open(before) if depth < _DEEPEST else None
    other = _open(after) if one is not None else None
    if one is None or other is None or one.head != other.head or _is_opaque(one, other):
        yield Difference(path, before, after)
    else:
        yield from _compare_items(path, one, other, depth)
        if one.rest != other.rest and one.rest is not None and other.rest is not None:
            yield Difference(f"{path}[…]", one.rest, other.rest)


def _compare_items(path: str, one: _Opened, other: _Opened, depth: int) -> Iterator[Difference]:
    """What differs inside. What only one of two previews shows says nothing where the other one was cut."""
    if all(key is None for key, _ in (*one.items, *other.items)):
        places = f"{path}{{}}" if one.head.endswith("{") else None
        left, right = [text for _, text in one.items], [text for _, text in other.items]
        is_cut = one.rest is not None or other.rest is not None
        for difference in _compare_rows(path, places, left, right, depth, is_cut=is_cut):
            if not _is_unknown(difference, one, other):
                yield difference
    else:
        old, new = dict(one.items), dict(other.items)
        for key in dict.fromkeys([*old, *new]):
            here = f"{path}{key}" if key is not None else path
            if key in old and key in new:
                yield from _compare(here, old[key], new[key], depth + 1)
            elif (other if key in old else one).rest is None:
                yield Difference(here, old.get(key), new.get(key))


def _is_unknown(difference: Difference, one: _Opened, other: _Opened) -> bool:
    """Whether an element of a list, or of a set, may stand in what the other preview does not show."""
    if difference.before is not None and difference.after is not None:
        return False
    return (one if difference.before is None else other).rest is not None


def _is_opaque(one: _Opened, other: _Opened) -> bool:
    """Whether it is an object that shows what it was made with, like `File('a')`: it has no places with names."""
    return (
        len(one.head) > 1
        and one.head.endswith("(")
        and {key for key, _ in (*one.items, *other.items)} == {None}
    )


def _compare_rows(
    path: str, places: str | None, before: list[str], after: list[str], depth: int, *, is_cut: bool
) -> Iterator[Difference]:
    """Of lists; of sets, which have no places, `places` is what stands for any. Where more may follow (`is_cut`), what
    differs at the end goes by places."""
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        goes_on = is_cut and i2 == len(before) and j2 == len(after)
        if kind == "replace" and places is None and (i2 - i1 == j2 - j1 or goes_on):
            for i, j in zip(range(i1, i2), range(j1, j2), strict=False):
                yield from _compare(f"{path}[{j}]", before[i], after[j], depth + 1)
        elif kind != "equal":
            yield from (Difference(places or f"{path}[{i}]", before[i], None) for i in range(i1, i2))
            yield from (Difference(places or f"{path}[{j}]", None, after[j]) for j in range(j1, j2))


def _open(text: str) -> _Opened | None:
    """A list, dict, set or object taken apart; None where the text is no whole one."""
    match = _HEAD.match(text)
    if match is None:
        return None
    head = match[0]
    closing = "".join(_CLOSING[char] for char in reversed(head) if char in _CLOSING)
    if not text.endswith(closing) or len(text) < len(head) + len(closing):
        return None
    inside = text[len(head) : len(text) - len(closing)]
    rest = _REST.search(inside)
    parts = _split(inside[: rest.start()] if rest else inside, ",")
    if parts is None:
        return None
    items: list[tuple[str | None, str]] = []
    for part in (part.strip() for part in parts if part.strip()):
        pair = _split(part, ":") if head.endswith("{") else None
        field = _FIELD.match(part) if head.endswith("(") else None
        if pair is not None and len(pair) == 2:
            items.append((f"[{pair[0].strip()}]", pair[1].strip()))
        elif field is not None:
            items.append((f".{field['key']}", part[field.end() :]))
        else:
            items.append((None, part))
    shown = sorted(items, key=lambda item: item[1]) if _is_set(head, items) else items
    return _Opened(head, shown, rest[1] if rest else None)


def _is_set(head: str, items: list[tuple[str | None, str]]) -> bool:
    return head.endswith("{") and all(key is None for key, _ in items)


def _split(text: str, mark: str) -> list[str] | None:
    """Text split at a mark that is in no quotes and no brackets; None where these do not match up."""
    parts, start, stack = [], 0, ""
    quote, escaped = "", False
    for place, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in _CLOSING:
            stack += _CLOSING[char]
        elif char in ")]}":
            if not stack.endswith(char):
                return None
            stack = stack[:-1]
        elif char == mark and not stack:
            parts.append(text[start:place])
            start = place + 1
    return None if quote or stack else [*parts, text[start:]]
