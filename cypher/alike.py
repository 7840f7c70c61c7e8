"""What somebody may have meant who wrote a name that there is not."""

from __future__ import annotations

from collections.abc import Iterable


def most_alike(word: str, words: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those of some words that are most like one, the nearest first.

    Args:
        n: how many at most.
        cutoff: how alike they are at least, from 0 to 1.
    """
    from difflib import get_close_matches  # large, and needed where something is wrong only

    return get_close_matches(word, list(words), n, cutoff)
