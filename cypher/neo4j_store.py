"""A Neo4j server as a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from headwater.cypher.bolt import BoltStore, open_driver

if TYPE_CHECKING:
    import neo4j
    from headwater.cypher.project import StoreSettings


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

    def _who(self) -> str:
        settings = self._settings
        named = "" if settings.database is None else f" at database {settings.database}"
        return f"user {settings.user}{named}" + ("" if settings.password else " (no password was given)")
