"""What a person sees of a value without decoding it: a bounded text, made when the value is recorded."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from headwater.engine.values.names import callable_name, type_name

MORE = "…"
_DEPTH = 6
_SMALL = 10**18
_TAIL = 36
"""characters kept for saying how many items there are"""
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
}
_CONTAINERS = tuple(_BRACKETS)


def preview(value: Any, limit: int = 200) -> str:
    """A text of at most `limit` characters that shows a value. Never raises, and costs what it shows.

    Large arrays and tables show their type and shape. A value's own `__repr__` is trusted to be cheap, not
    to work.
    """
    kind = type(value)
    if kind is float or kind is bool or value is None or (kind is int and -_SMALL < value < _SMALL):
        return repr(value)
    writer = _Writer(limit)
    try:
        writer.write(value, 0)
    except _Full:
        pass
    except Exception as error:
        writer.parts.append(f"<{type_name(kind)}, not shown: {type(error).__name__}>")
    shown = "".join(writer.parts)
    return shown if len(shown) <= limit else shown[: limit - 1] + MORE


class _Full(Exception):
    """Enough has been written."""


class _Writer:
    """Writes a value's text into parts, until there is enough of it."""

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self.left = limit

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.left -= len(text)
        if self.left < 0:
            raise _Full

    def write(self, value: Any, depth: int) -> None:
        if depth > _DEPTH:
            self.put(MORE)
            return
        kind = type(value)
        writer = _WRITERS.get(kind)
        if writer is not None:
            writer(self, value, depth)
        elif _is_array_like(value, kind):
            self.put(_array_like(value))
        elif _inherits_repr(kind, dict):
            self.put(f"{kind.__name__}(")
            _write_dict(self, value, depth)
            self.put(")")
        elif issubclass(kind, _CONTAINERS) and any(_inherits_repr(kind, base) for base in _BRACKETS):
            self.put(f"{kind.__name__}(")
            self.items("[", value, "]", len(value), depth)
            self.put(")")
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            self.fields(kind, zip(value._fields, value, strict=False), depth)
        elif dataclasses.is_dataclass(kind) and hasattr(kind.__repr__, "__wrapped__"):
            names = (field.name for field in dataclasses.fields(kind) if field.repr)
            self.fields(kind, ((name, getattr(value, name)) for name in names if hasattr(value, name)), depth)
        elif isinstance(value, type) or _inherits_repr(kind, object):
            self.put(
                f"<{callable_name(value)}>" if isinstance(value, type) else f"<{type_name(kind)} object>"
            )
        elif _is_function(kind):
            self.put(callable_name(value) or kind.__name__)
        else:
            self.put(_own_repr(value, kind))

    def items(self, start: str, values: Iterable[Any], end: str, size: int, depth: int) -> None:
        self.put(start)
        for index, value in enumerate(islice(values, self.left)):
            if index:
                self.put(", ")
            self.write(value, depth + 1)
            if size > 8 and self.left < _TAIL:
                self.put(f", {MORE} {size:,} in all")
                break
        self.put(end)

    def fields(self, kind: type, pairs: Iterable[tuple[str, Any]], depth: int) -> None:
        self.put(f"{kind.__name__}(")
        for index, (name, value) in enumerate(pairs):
            self.put(f", {name}=" if index else f"{name}=")
            self.write(value, depth + 1)
        self.put(")")


def _write_int(writer: _Writer, value: int, _: int) -> None:
    bits = value.bit_length()
    writer.put(str(value) if bits < 600 else f"{hex(value >> (bits - 64))}{MORE} ({bits:,} bits)")


def _write_str(writer: _Writer, value: str, _: int) -> None:
    room = max(writer.left - 16, 8)
    if len(value) <= room:
        writer.put(repr(value))
    else:
        writer.put(f"{value[: max(room - 12, 8)]!r}{MORE} ({len(value):,} characters)")


def _write_bytes(writer: _Writer, value: Any, _: int) -> None:
    size = value.nbytes if isinstance(value, memoryview) else len(value)
    if size <= 40:
        writer.put(repr(value) if not isinstance(value, memoryview) else f"<memory of {value.tobytes()!r}>")
    else:
        start = (
            value
            if not isinstance(value, memoryview)
            else memoryview(value.tobytes() if size < 4096 else b"")
        )
        writer.put(f"{bytes(start[:24])!r}{MORE} ({size:,} bytes)")


def _write_dict(writer: _Writer, value: dict[Any, Any], depth: int) -> None:
    writer.put("{")
    for index, (key, item) in enumerate(islice(value.items(), writer.left)):
        if index:
            writer.put(", ")
        if index and len(value) > 8 and writer.left < _TAIL:
            writer.put(f"{MORE} {len(value):,} in all")
            break
        writer.write(key, depth + 1)
        writer.put(": ")
        writer.write(item, depth + 1)
    writer.put("}")


def _brackets(start: str, end: str) -> Callable[[_Writer, Any, int], None]:
    def write(writer: _Writer, value: Any, depth: int) -> None:
        if not value and start in ("{", "frozenset({"):
            writer.put(f"{type(value).__name__}()")
            return
        closing = ",)" if start == "(" and len(value) == 1 else end
        writer.items(start, value, closing, len(value), depth)

    return write


def _plain(writer: _Writer, value: Any, _: int) -> None:
    writer.put(repr(value))


_WRITERS: dict[type, Callable[[_Writer, Any, int], None]] = {
    type(None): _plain,
    bool: _plain,
    float: _plain,
    complex: _plain,
    int: _write_int,
    str: _write_str,
    bytes: _write_bytes,
    bytearray: _write_bytes,
    memoryview: _write_bytes,
    dict: _write_dict,
    **{kind: _brackets(*pair) for kind, pair in _BRACKETS.items()},
}


def _inherits_repr(kind: type, base: type) -> bool:
    """Whether its `__repr__` is the base's, which would write all items before we can stop it."""
    if not issubclass(kind, base):
        return False
    home = next(parent for parent in kind.__mro__ if "__repr__" in vars(parent))
    return home is base or home.__module__ == "collections"


def _is_function(kind: type) -> bool:
    return kind.__name__ in ("function", "builtin_function_or_method")


def _own_repr(value: Any, kind: type) -> str:
    """A class's own text on one line, without what no store can keep (surrogates, control characters)."""
    try:
        text = repr(value)[:2000]
    except Exception as error:
        return f"<{type_name(kind)}, its __repr__ raised {type(error).__name__}>"
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _is_array_like(value: Any, kind: type) -> bool:
    root = kind.__module__.partition(".")[0]
    return root in ("numpy", "pandas", "pyarrow", "polars") and (
        isinstance(getattr(value, "shape", None), tuple)
        or (hasattr(value, "type") and hasattr(value, "__len__"))
    )


def _array_like(value: Any) -> str:
    """Type, shape and names of arrays and tables; small ones with their content."""
    kind = type(value)
    columns = getattr(value, "columns", None)
    shape = getattr(value, "shape", None)
    names = getattr(value, "column_names", None)
    if names is None and columns is not None and isinstance(shape, tuple):
        names = [str(name) for name in columns[:20]]
    if names is not None and isinstance(shape, tuple) and len(shape) == 2:
        rest = f", {MORE}" if shape[1] > 20 else ""
        return f"{kind.__name__} {shape[0]:,} × {shape[1]:,}: {', '.join(names[:20])}{rest}"
    dtype = getattr(value, "dtype", None) or getattr(value, "type", None)
    size = getattr(value, "size", None)
    size = size if isinstance(size, int) else len(value)
    if shape == () or (size <= 8 and kind.__module__.startswith("numpy")):
        return _own_repr(value, kind)
    sizes = " × ".join(f"{n:,}" for n in shape) if isinstance(shape, tuple) else f"{size:,}"
    return f"{kind.__name__} {dtype} {sizes}"
