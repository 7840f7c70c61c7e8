"""When calls were made last, where a store is seen as it was: the graph keeps only when that was last of all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


def made_last(store: GraphStore, calls: Iterable[str]) -> dict[str, datetime]:
    """When each of some calls was made last by the moment as of which the store is seen; nothing where that is now."""
    keys = sorted(set(calls))
    if not keys or getattr(store, "moment", None) is None:
        return {}
    return dict(store.rows("made_last", keys=keys))
