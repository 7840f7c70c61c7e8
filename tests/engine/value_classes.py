"""Classes of a user's, for the tests of values."""

from __future__ import annotations

import functools
from typing import Any


class Circle:
    """Has a cached property."""

    colour: str

    def __init__(self, radius: float) -> None:
        self.radius = radius

    @functools.cached_property
    def area(self) -> float:
        return 3.141 * self.radius**2


class Loud:
    """Its text cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Named:
    """Says itself what it is."""

    __reactive__ = True

    def __init__(self, name: str) -> None:
        self.name = name

    def __canonical__(self) -> tuple[str, tuple[Any, ...]]:
        return "shop.Named", (self.name,)


class Endless:
    """Makes a new one of itself whenever it is asked for its state."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Endless, (), {"next": Endless()}


class Broken:
    """Cannot say what it holds."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise LookupError("the key is gone")


class Holder:
    """Holds something."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn


class OneWay:
    """Can be written, and not read back."""

    def __setstate__(self, state: Any) -> None:
        raise KeyError("other version")

    def __init__(self) -> None:
        self.x = 1
