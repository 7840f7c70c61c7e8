"""Keeps the values of secret environment variables out of what is written down."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

HIDDEN = b"***"

_NAME = re.compile(
    r"(?i)pass(w|phrase)|secret|token|credential|authorization|(api|access|private)[_-]?key|signature"
)
_SHORTEST = 6
"""bytes; hiding anything shorter would hide ordinary words"""
_CERTAIN = 16
"""bytes of a value that nobody writes by chance"""


def is_secret_name(name: str) -> bool:
    """Whether a name, or something in a text, speaks of a password, token, key or the like."""
    return _NAME.search(name) is not None


class Secrets:
    """The secrets of an environment: values of variables whose names speak of a password, token, key or the like."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        is_secret: Callable[[str], bool] = is_secret_name,
    ) -> None:
        self._names: dict[bytes, str] = {}
        for name, value in (os.environ if environ is None else environ).items():
            if is_secret(name):
                # Text is hidden line by line, so a key of many lines is as many secrets.
                for line in value.splitlines():
                    if len(line) >= _SHORTEST:
                        self._names.setdefault(os.fsencode(line), name)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if longest_first else None

    def hide(self, text: bytes) -> bytes:
        """A text with every secret in it replaced by `***`."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def in_plain(self, text: str) -> str | None:
        """The name of a variable whose secret stands in a text; None where there is none for certain."""
        if self._pattern is not None:
            for found in self._pattern.finditer(text.encode("utf-8", "surrogateescape")):
                if len(found[0]) >= _CERTAIN:
                    return self._names[found[0]]
        return None
