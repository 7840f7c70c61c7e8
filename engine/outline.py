"""Lazy expressions as short texts, for error messages and for people who look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.engine.expression import Call, Given, Operation, Special
from headwater.engine.nested import ATOMS
from headwater.engine.values import preview


def outline(value: Any, limit: int = 200) -> str:
    """A value with expressions in it as a short text; deep and wide parts are shown as `...`."""
    text = _Outline(limit).of(value, 0)
    return text if len(text) <= limit else text[: limit - 3] + "..."


class _Outline:
    """Writes an expression until there is enough of it."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def of(self, value: Any, depth: int) -> str:
        """The text of one part."""
        if self._left <= 0 or depth > 8:
            return "..."
        if value.__class__ in ATOMS:
            return self._plain(value)
        if isinstance(value, Call):
            return self._called(value._task.fullname, value._args, value._kwargs, depth)
        if isinstance(value, Special):
            return self._called(value._form, value._args, {}, depth)
        if isinstance(value, Operation):
            return self._operation(value, depth)
        if isinstance(value, Given):
            return self.of(value._value, depth)
        if value.__class__ in (list, tuple):
            start, end = "[]" if value.__class__ is list else "()"
            return start + self._all(value, {}, depth) + end
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        text = preview(value, 60)
        self._left -= len(text)
        return text

    def _called(self, name: str, args: Sequence[Any], kwargs: dict[str, Any], depth: int) -> str:
        self._left -= len(name) + 2
        return f"{name}({self._all(args, kwargs, depth)})"

    def _all(self, args: Sequence[Any], kwargs: dict[str, Any], depth: int) -> str:
        parts = []
        for value in args:
            parts.append(self.of(value, depth + 1))
            if self._left <= 0:
                return ", ".join(parts)
        for name, value in kwargs.items():
            parts.append(f"{name}={self.of(value, depth + 1)}")
            if self._left <= 0:
                break
        return ", ".join(parts)

    def _operation(self, operation: Operation, depth: int) -> str:
        symbol, args = operation._symbol, operation._args
        first = self.of(args[0], depth + 1)
        if symbol == "unpack":
            return first
        if symbol == "getattr":
            return f"{first}.{args[1]}"
        if symbol == "getitem":
            return f"{first}[{self.of(args[1], depth + 1)}]"
        if symbol == "call":
            return f"{first}({self._all(args[1:], operation._kwargs, depth)})"
        if len(args) == 2 and not symbol.isalpha():
            return f"({first} {symbol} {self.of(args[1], depth + 1)})"
        return f"{symbol}({self._all(args, {}, depth)})"
