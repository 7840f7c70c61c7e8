"""A recorded project that is edited behind headwater's back, and put back as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.cypher.driver import load_driver
from headwater.cypher.journal import read_groups
from headwater.cypher.project import Project
from headwater.cypher.records import ValueSeen

from tests.conftest import Server

Undo = Callable[[], None]


class Graph:
    """Any Cypher on one connection, and nodes and edges that can be taken away and put back."""

    def __init__(self, server: Server) -> None:
        self._driver = load_driver().GraphDatabase.driver(server.uri, auth=(server.user, server.password))
        self._session = self._driver.session(database=server.database)

    def close(self) -> None:
        self._session.close()
        self._driver.close()

    def run(self, text: str, **params: Any) -> list[dict[str, Any]]:
        return [dict(record) for record in self._session.run(text, params)]

    def nodes(self, label: str | None = None) -> list[str]:
        pattern = "(n)" if label is None else f"(n:{label})"
        rows = self.run(
            f"MATCH {pattern} WHERE NOT n:SchemaVersion RETURN elementId(n) AS id ORDER BY toString(id)"
        )
        return [row["id"] for row in rows]

    def edges(self) -> list[str]:
        return [
            row["id"] for row in self.run("MATCH ()-[r]->() RETURN elementId(r) AS id ORDER BY toString(id)")
        ]

    def node(self, id: str) -> tuple[list[str], dict[str, Any]]:
        [row] = self.run(
            "MATCH (n) WHERE elementId(n) = $id RETURN labels(n) AS labels, properties(n) AS p", id=id
        )
        return list(row["labels"]), dict(row["p"])

    def edge(self, id: str) -> tuple[str, str, str, dict[str, Any]]:
        [row] = self.run(
            "MATCH (a)-[r]->(b) WHERE elementId(r) = $id "
            "RETURN elementId(a) AS start, type(r) AS type, elementId(b) AS end, properties(r) AS p",
            id=id,
        )
        return row["start"], row["type"], row["end"], dict(row["p"])

    def edges_of(self, id: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        rows = self.run("MATCH (n)-[r]-() WHERE elementId(n) = $id RETURN DISTINCT elementId(r) AS id", id=id)
        return [self.edge(row["id"]) for row in rows]

    def set(self, id: str, properties: dict[str, Any]) -> None:
        self.run("MATCH (n) WHERE elementId(n) = $id SET n = $p", id=id, p=properties)

    def delete(self, id: str) -> None:
        self.run("MATCH (n) WHERE elementId(n) = $id DETACH DELETE n", id=id)

    def create(self, labels: list[str], properties: dict[str, Any]) -> str:
        text = "".join(f":{label}" for label in labels)
        return str(self.run(f"CREATE (n{text}) SET n = $p RETURN elementId(n) AS id", p=properties)[0]["id"])

    def unlink(self, id: str) -> None:
        self.run("MATCH ()-[r]->() WHERE elementId(r) = $id DELETE r", id=id)

    def link(self, start: str, type: str, end: str, properties: dict[str, Any]) -> str:
        rows = self.run(
            "MATCH (a) WHERE elementId(a) = $start MATCH (b) WHERE elementId(b) = $end "
            f"CREATE (a)-[r:{type}]->(b) SET r = $p RETURN elementId(r) AS id",
            start=start,
            end=end,
            p=properties,
        )
        return str(rows[0]["id"])


@dataclass
class World:
    """A recorded and sealed project, and how it was before it was touched."""

    project: Project
    graph: Graph
    kept: Path
    """a copy of the files"""
    undos: list[Undo] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)

    @property
    def journals(self) -> list[Path]:
        return sorted(self.project.loaded_journals.glob("*.hwj"))

    @property
    def seals(self) -> list[Path]:
        return sorted(self.project.loaded_journals.glob("*.seal"))

    @property
    def values(self) -> list[Path]:
        """Files of the value store that a record names."""
        return [self.project.values / location for location in self.locations]

    def keep(self) -> None:
        """Remember the files as they are."""
        records = [
            record for path in self.journals for group in read_groups(path) for record in group.records
        ]
        self.locations = sorted(
            {one.location for one in records if isinstance(one, ValueSeen) and one.location}
        )
        for name in ("journals", "values"):
            shutil.copytree(self.project.folder / name, self.kept / name)

    def restore_files(self) -> None:
        for name in ("journals", "values"):
            shutil.rmtree(self.project.folder / name)
            shutil.copytree(self.kept / name, self.project.folder / name)

    def undo(self) -> None:
        while self.undos:
            self.undos.pop()()

    def write(self, path: Path, content: bytes) -> None:
        """Give a file another content."""
        if self.restore_files not in self.undos:
            self.undos.append(self.restore_files)
        path.write_bytes(content)

    def remove(self, path: Path) -> None:
        if self.restore_files not in self.undos:
            self.undos.append(self.restore_files)
        path.unlink()

    def set_node(self, id: str, properties: dict[str, Any]) -> None:
        _, before = self.graph.node(id)
        self.graph.set(id, properties)
        self.undos.append(lambda: self.graph.set(id, before))

    def take_node(self, id: str) -> Undo:
        """Delete a node; what is returned puts it back with its edges, and is part of `undo`, too."""
        labels, properties = self.graph.node(id)
        edges = self.graph.edges_of(id)
        self.graph.delete(id)

        def back() -> None:
            new = self.graph.create(labels, properties)
            for start, type, end, some in edges:
                self.graph.link(new if start == id else start, type, new if end == id else end, some)

        self.undos.append(back)
        return back

    def take_edge(self, id: str) -> tuple[str, str, str, dict[str, Any]]:
        edge = self.graph.edge(id)
        self.graph.unlink(id)
        self.undos.append(lambda: self.graph.link(*edge) and None)
        return edge

    def add_edge(self, start: str, type: str, end: str, properties: dict[str, Any]) -> None:
        id = self.graph.link(start, type, end, properties)
        self.undos.append(lambda: self.graph.unlink(id))

    def add_node(self, labels: list[str], properties: dict[str, Any]) -> str:
        id = self.graph.create(labels, properties)
        self.undos.append(lambda: self.graph.delete(id))
        return id
