"""The local graph as a store: found through its server's file, started when it is not up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from headwater.cypher import local_graph
from headwater.cypher.bolt import BoltStore, open_driver

if TYPE_CHECKING:
    import neo4j
    from headwater.cypher.project import Project


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

    def close(self) -> None:
        super().close()
        self._presence.end()
