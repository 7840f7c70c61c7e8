"""Which recorded states of handles are stale: docs/reference/graph.md says when that is, under Handle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = Sequence[Any]
"""A recorded state: itself, the ids of the executions that made it last and that ran from it last, its parents."""


def stale(rows: dict[str, Row]) -> set[str]:
    """Those of some states, by themselves, that are stale. The states before each are among them."""
    newest: dict[str, str] = {}
    found: set[str] = set()
    for state in in_order(rows):
        _, made, _, parents = rows[state]
        before = [one for one in parents if one in rows]
        newest[state] = max((max(rows[one][2] or "", newest[one]) for one in before), default="")
        if (made and newest[state] > made) or not found.isdisjoint(before):
            found.add(state)
    return found


def in_order(rows: dict[str, Row]) -> list[str]:
    """States, each after its parents."""
    order: list[str] = []
    begun: set[str] = set()
    for start in rows:
        stack = [start]
        while stack:
            state = stack[-1]
            if state in begun:
                stack.pop()
                continue
            waiting = [one for one in rows[state][3] if one in rows and one not in begun]
            if waiting:
                stack.extend(waiting)
            else:
                begun.add(state)
                order.append(state)
                stack.pop()
    return order
