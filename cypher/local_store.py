"""The local graph as a store: found through its server's file, started when it is not up."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from headwater.cypher import local_graph
from headwater.cypher.bolt import PORTION, BoltStore, open_driver
from headwater.cypher.errors import StoreError

if TYPE_CHECKING:
    import neo4j
    from headwater.cypher.project import Project

_T = TypeVar("_T")


class LocalStore(BoltStore):
    """The project's own graph. While this is open, its server does not leave."""

    dialect: ClassVar[str] = "local"

    def __init__(self, project: Project) -> None:
        super().__init__()
        self._project = project
        self.address = f"the local graph in {project.graph}"
        self._presence = local_graph.Presence(project.graph)

    def _connect(self) -> neo4j.Driver:
        server = local_graph.ensure(self._project)
        return open_driver(f"bolt://127.0.0.1:{server.bolt_port}", local_graph.USER, server.password)

    def _database(self) -> str | None:
        return local_graph.DATABASE

    def _who(self) -> str:
        return "this user"

    def _ask(
        self,
        text: str,
        params: Mapping[str, Any],
        take: Callable[[neo4j.Result], _T],
        *,
        timeout: float,
        limit: int = PORTION,
    ) -> _T:
        """The engine knows no time limit for a query, and goes on when nobody waits for its answer. So it is told to
        end this one when the time is over, or on Ctrl-C."""
        mark = f"// {secrets.token_hex(8)}"
        alarm = threading.Timer(timeout, self._end_query, [mark])
        alarm.daemon = True
        alarm.start()
        try:
            return super()._ask(f"{text}\n{mark}", params, take, timeout=timeout, limit=limit)
        except KeyboardInterrupt:
            self._end_query(mark)
            raise
        finally:
            alarm.cancel()

    def _end_query(self, mark: str) -> None:
        with suppress(StoreError):  # it may have ended by itself, and the server with it
            for number, text in self.rows_now("running_queries"):
                if text.endswith(mark):
                    self.rows_now("end_query", id=number)

    def close(self) -> None:
        super().close()
        self._presence.end()
