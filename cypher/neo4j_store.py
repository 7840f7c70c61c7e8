"""A Neo4j server as a store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from headwater.cypher.bolt import BoltStore, open_driver

if TYPE_CHECKING:
    import neo4j
    from headwater.cypher.project import StoreSettings


_PARAMETER = re.compile(r"\$(\w+)")
LISTS = "lists"
"""the parameter that holds all that are lists"""


def lists_in_a_map(text: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A query whose parameters that are lists come in a map, by their names: `$keys` is `$lists.keys`.

    Neo4j makes a plan for lists of 1, of up to 10, of up to 100 and so on, each when it first gets one. To make it
    takes far longer than to look up a few keys, and all of these plans are the same.
    """
    lists = {name: value for name, value in params.items() if isinstance(value, list)}
    if not lists:
        return text, dict(params)
    others = {name: value for name, value in params.items() if name not in lists}
    return _naming(text, frozenset(lists)), {**others, LISTS: lists}


@cache
def _naming(text: str, lists: frozenset[str]) -> str:
    return _PARAMETER.sub(lambda found: f"${LISTS}.{found[1]}" if found[1] in lists else found[0], text)


class Neo4jStore(BoltStore):
    """A Neo4j 5 or later, Community or Enterprise, that somebody else runs."""

    dialect: ClassVar[str] = "neo4j"

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__()
        self._settings = settings
        self.address = settings.uri

    def _connect(self) -> neo4j.Driver:
        return open_driver(self._settings.uri, self._settings.user, self._settings.password)

    def _database(self) -> str | None:
        return self._settings.database

    def _as_sent(self, text: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return lists_in_a_map(text, params)

    def _who(self) -> str:
        settings = self._settings
        named = "" if settings.database is None else f" at database {settings.database}"
        return f"user {settings.user}{named}" + ("" if settings.password else " (no password was given)")
