"""What the rest of headwater knows of a graph store: one protocol, and the door to the project's own store.

Two stores keep it: Neo4j (`neo4j_store`) and the local graph (`local_store`). Both speak Bolt (`bolt`) and run the same
named queries (`queries`); `tests/contract` holds what both must do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from headwater.cypher.answers import Graph, Plan, Table
    from headwater.cypher.project import Project


class GraphStore(Protocol):
    """A property graph that runs named queries. Usable from several threads at once."""

    @property
    def dialect(self) -> str:
        """ "neo4j" or "local": which variant of a named query it runs."""

    @property
    def address(self) -> str:
        """Where it is, for people; without credentials."""

    @property
    def moment(self) -> datetime | None:
        """As of when it is seen (`as_of.AsOf`); None for now."""

    def check(self) -> None:
        """One look, without waiting, whether the store can be used.

        Raises:
            StoreUnavailable: nothing answers.
            StoreRefused: wrong password, database or rights.
            SchemaError: the graph was written by a newer headwater.
        """

    def rows(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        """Run a named read query. Times come back as `datetime` in UTC, bytes as `bytes`.

        What may pass by itself (a restart, a lock) is tried again for some seconds. There is no limit to how long a
        store may take that is alive.

        Raises:
            StoreUnavailable: it did not pass, or the store has stopped answering.
            StoreError: the store refused the query.
        """

    def each(self, query: str, take: Callable[[tuple[Any, ...]], None], /, **params: Any) -> None:
        """As `rows`, but each row is handed over as it comes, while the store is at the next.

        Args:
            take: is called in another thread. Where something has to be tried again, it gets all rows anew. What it
                raises ends the reading, and is raised as it is.
        """

    def write(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[tuple[Any, ...]]]:
        """Run named queries in one transaction; the rows of each.

        A transaction that lost a race is run again. One whose commit was not answered is not: it may be there.

        Raises:
            StoreUnavailable: the store cannot be reached, or did not answer the commit; read what is there before
                writing again.
            StoreError: the store refused a statement; nothing was written.
        """

    def ask(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Table:
        """Run a person's query, which may only read.

        Args:
            timeout: seconds after which the query is given up.
            limit: rows at most.

        Raises:
            QueryRefused: it would write, load from outside or administer.
            UsageError: the store does not understand it.
            StoreError: it took too long, or failed.
        """

    def ask_graph(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Graph:
        """As `ask`, for the nodes and edges in the answer."""

    def explain(self, text: str, params: Mapping[str, Any], *, timeout: float) -> Plan:
        """How the store would run a query that only reads, without running it. Raises what `ask` does."""

    def close(self) -> None:
        """Let go of the store. Calling it again does nothing."""


def open_store(
    project: Project, *, migrate: bool = True, meanwhile: Callable[[], None] | None = None
) -> GraphStore:
    """The project's graph store, ready for use; the local graph's server is started when it is not up.

    Args:
        migrate: bring an older schema up to date.
        meanwhile: called a few times a second while an answer is waited for; what it raises ends the waiting.

    Raises:
        StoreUnavailable, StoreRefused, SchemaError: as of `GraphStore.check`.
        UsageError: the settings name no store.
    """
    from headwater.cypher.bolt import BoltStore

    settings = project.store_settings()
    store: BoltStore
    if settings.is_local:
        from headwater.cypher.local_store import LocalStore

        store = LocalStore(project)
    else:
        from headwater.cypher.neo4j_store import Neo4jStore

        store = Neo4jStore(settings)
    if meanwhile is not None:
        store.meanwhile(meanwhile)
    try:
        if migrate:
            from headwater.cypher.migrate import bring_up_to_date

            bring_up_to_date(store)
        else:
            store.check()
    except BaseException:
        store.close()
        raise
    return store
