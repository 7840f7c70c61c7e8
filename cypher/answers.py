"""What a person's query answers with: rows, the nodes and edges in them, or the plan by which it would be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.cypher.bolt_values import plain, plain_row

if TYPE_CHECKING:
    import neo4j


@dataclass(frozen=True)
class Table:
    """The answer to a person's query: plain Python values (a node or an edge is a dict of its properties)."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool
    """there are more rows than were asked for"""


@dataclass(frozen=True)
class Node:
    """A node of an answer."""

    id: str
    """what the store calls it; it means nothing beyond this answer"""
    labels: tuple[str, ...]
    properties: dict[str, Any]


@dataclass(frozen=True)
class Edge:
    """An edge of an answer."""

    id: str
    source: str
    target: str
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """The nodes and edges in the answer to a person's query. An edge's ends need not be among the nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    truncated: bool
    """there are more rows than were asked for"""


@dataclass(frozen=True)
class Plan:
    """A step of the way in which a store would run a query, and the steps before it."""

    operator: str
    details: str
    rows: float | None
    """how many the store expects; None where it does not say"""
    steps: tuple[Plan, ...]


def table_of(result: neo4j.Result, limit: int) -> Table:
    """The first rows of an answer."""
    columns = tuple(result.keys())
    records = result.fetch(limit + 1)
    rows = [plain_row(record) for record in records[:limit]]
    return Table(columns, rows, truncated=len(records) > limit)


def graph_of(result: neo4j.Result, limit: int) -> Graph:
    """Every node and edge in the first rows of an answer, alone, in paths, lists and maps, each once."""
    nodes: dict[str, Node] = {}
    edges: dict[str, Edge] = {}
    records = result.fetch(limit + 1)
    todo = [value for record in reversed(records[:limit]) for value in reversed(record.values())]
    while todo:
        value = todo.pop()
        if isinstance(value, (list, tuple)):
            todo.extend(reversed(value))
        elif hasattr(value, "labels"):
            nodes.setdefault(
                value.element_id, Node(value.element_id, tuple(sorted(value.labels)), _properties(value))
            )
        elif hasattr(value, "relationships"):
            todo.extend((*reversed(value.relationships), *reversed(value.nodes)))
        elif hasattr(value, "start_node"):
            edge = Edge(
                value.element_id,
                value.start_node.element_id,
                value.end_node.element_id,
                value.type,
                _properties(value),
            )
            edges.setdefault(edge.id, edge)
        elif isinstance(value, Mapping):
            todo.extend(reversed(list(value.values())))
    return Graph(tuple(nodes.values()), tuple(edges.values()), truncated=len(records) > limit)


def plan_of(result: neo4j.Result) -> Plan:
    """How the store would run a query that it was asked to explain."""
    plan = result.consume().plan
    return _step(plan) if plan else Plan("unknown", "the store tells no plan", None, ())


def _step(plan: Mapping[str, Any]) -> Plan:
    told = plan.get("args", {})
    rows = told.get("EstimatedRows")
    return Plan(
        # Neo4j names the runtime's variant behind an @
        str(plan["operatorType"]).partition("@")[0],
        str(told.get("Details") or (told.get("string-representation", "") if rows is None else "")).strip(),
        None if rows is None else float(rows),
        tuple(_step(child) for child in plan.get("children", ())),
    )


def _properties(part: Any) -> dict[str, Any]:
    return {name: plain(value) for name, value in part.items()}
