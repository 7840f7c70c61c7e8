"""Which states of handles are stale: they were rolled back past, since a call took an earlier state and ran.

A state that a call gave is stale where, after the run that made it last, a call ran that took one of the states before
it; so are all that came of it. What a run makes is not stale in that run, whatever else it runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from headwater.cypher.stale import Row, stale


class HandleStates:
    """What a run knows of the states of handles: as they were recorded, and what has happened to them since.

    `ran` and `made` may be called on any thread, the rest on the scheduler's.
    """

    def __init__(self) -> None:
        self._told: deque[tuple[str, bool]] = deque()
        self._made: set[str] = set()
        self._ran: set[str] = set()
        self._known: set[str] = set()
        self._stale: set[str] = set()
        self._children: dict[str, list[str]] = {}

    def ran(self, state: str) -> None:
        """A call that took a state runs."""
        self._told.append((state, False))

    def made(self, state: str) -> None:
        """A call that ran gave a state."""
        self._told.append((state, True))

    def stale_of(self, states: Iterable[str], ask: Callable[[list[str]], Iterable[Row]]) -> list[str]:
        """Those of some states that are stale; they are states that calls gave. What is not recorded is.

        Args:
            ask: gives, for some states, those of the handles that they belong to, as far as they are recorded.
        """
        wanted = set(states)
        if not wanted:
            return []
        self._listen()
        wanted -= self._made
        unknown = sorted(wanted - self._known)
        if unknown:
            self._learn(ask(unknown))
            self._stale.update(state for state in unknown if state not in self._known)
            self._known.update(unknown)
        return sorted(wanted & self._stale)

    def _listen(self) -> None:
        while self._told:
            state, made = self._told.popleft()
            if made:
                self._made.add(state)
            else:
                self._ran.add(state)
                self._roll_back([state])

    def _learn(self, rows: Iterable[Row]) -> None:
        """Take in all states of some handles."""
        found = {row[0]: row for row in rows}
        for state, _, _, parents in found.values():
            for parent in parents:
                self._children.setdefault(parent, []).append(state)
        self._known |= found.keys()
        self._stale |= stale(found)
        self._roll_back([state for state in self._ran if state in found])

    def _roll_back(self, states: list[str]) -> None:
        """Take all that came of some states for stale, but for what this run has made itself."""
        stack = [child for state in states for child in self._children.get(state, ())]
        while stack:
            state = stack.pop()
            if state not in self._stale:
                self._stale.add(state)
                stack.extend(self._children.get(state, ()))
