"""Patterns of paths and URLs: `*` and `?` within a name, `**` across folders, `[abc]` one of some characters."""

from __future__ import annotations

import os
import re


def anchored(pattern: str, root: str) -> str:
    """A pattern as recorded paths are: a URL or absolute. What is neither is seen from a project's root."""
    if "://" in pattern or pattern.startswith("/"):
        return pattern
    return os.path.normpath(f"{root}/{pattern}")


def beginning(pattern: str) -> str:
    """What every path begins with that is like the pattern."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of the whole paths that are like the pattern."""
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
            inside = pattern[position + 1 : end].replace("\\", r"\\")
            parts.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            position = end + 1
        else:
            parts.append("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char))
            position += 1
    return re.compile("".join(parts), re.DOTALL)
