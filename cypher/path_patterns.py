"""Patterns of paths and URLs: `*` and `?` within a name, `**` across folders, `[abc]` one of some characters."""

from __future__ import annotations

import glob
import os
import re

from headwater.cypher.errors import UsageError


def anchored(pattern: str, root: str) -> str:
    """A pattern as recorded paths are: a URL or absolute. What is neither is seen from a project's root,
    which is no pattern itself."""
    if "://" in pattern or pattern.startswith("/"):
        return pattern
    return os.path.normpath(f"{glob.escape(root)}/{pattern}")


def beginning(pattern: str) -> str:
    """What every path begins with that is like the pattern."""
    kept = re.match(r"(?:[^*?\[]|\[[*?\[]\])*", pattern)
    assert kept is not None
    return re.sub(r"\[([*?\[])\]", r"\1", kept[0])


def expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of the whole paths that are like the pattern.

    Raises:
        UsageError: it is no pattern: `[z-a]` is a range of no characters.
    """
    parts = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if pattern.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 3
        elif pattern.startswith("**", position):
            parts.append(".*")
            position += 2
        elif char == "[" and (end := pattern.find("]", position + 2)) > 0:
            parts.append(_one_of(pattern[position + 1 : end], pattern))
            position = end + 1
        else:
            parts.append("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char))
            position += 1
    return re.compile("".join(parts), re.DOTALL)


def _one_of(inside: str, pattern: str) -> str:
    """The expression of one character within a name: what stands between `[` and `]`, or none of it after `!`."""
    negated = inside[0] in "!^"
    chars = re.sub(r"[\\\[\]&~|^]", r"\\\g<0>", inside[negated:])
    try:
        re.compile(found := f"(?!/)[{'^' if negated else ''}{chars}]")
    except re.error as error:
        raise UsageError(f"{pattern!r} is no pattern: [{inside}] names no characters ({error.msg})") from None
    return found
