"""Slips: names that stand nowhere, and nearly are one that does."""

from __future__ import annotations

from collections.abc import Collection

from headwater.cypher.alike import most_alike

_SLIP = 0.8
"""How alike two names are when one is taken for a slip of the other: `databse`, but not `gpu1` beside `gpu0`."""


class Slips:
    """Finds slips of some names. A name that is none may be that of something which is on another machine.

    Args:
        known: the names that stand somewhere.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._passed: set[str] = set()
        """names that are none: each call asks, and to compare them costs more than all else that is asked of it"""

    def meant(self, name: str) -> str | None:
        """The known name that a slip stands for; None where it is no slip."""
        if name in self._known or name in self._passed:
            return None
        near = most_alike(name, self._known, 1, cutoff=_SLIP)
        if near:
            return near[0]
        self._passed.add(name)
        return None
