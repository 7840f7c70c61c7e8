"""What a person's query answers with: rows, the nodes and edges in them, or the plan by which it would be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headwater.cypher.bolt_values import plain, plain_row
from headwater.cypher.store import Edge, Graph, Node, Plan, Table

if TYPE_CHECKING:
    import neo4j


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
