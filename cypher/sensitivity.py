"""How sensitive data is, in an order: what a dataset is declared to be, and what a task may lower it to."""

from __future__ import annotations

LEVELS = ("public", "internal", "confidential", "personal", "special")
"""From what anybody may see to special categories of personal data (GDPR, Article 9)."""

OPTION = "declassifies"
"""What a Task's recorded options call the level that its results are at most."""


def rank(level: str) -> int:
    """A level's place in the order, from 0."""
    return LEVELS.index(level)


def lower(one: str, other: str) -> str:
    """The less sensitive of two levels."""
    return min(one, other, key=rank)
