"""A trace as a graph, for whoever draws it or lets graph algorithms loose on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import networkx
    from headwater.lineage.trace_views import Trace


class Edge(NamedTuple):
    """Something flowed from one call or file into another."""

    origin: str
    target: str
    label: str
    """the parameter that it went into, "result", "arguments", or nothing"""
    given: bool
    """it is what a parent was given, not a result"""


def edges(trace: Trace) -> Iterator[Edge]:
    """The edges between what a trace holds, each once, in the order in which they were met."""
    found: dict[Edge, None] = {}
    for call in trace.calls.values():
        for argument in call.arguments:
            origins = [*argument.fed_by, *(argument.files if argument.from_parent else ())]
            found.update((Edge(one, call.id, argument.name, False), None) for one in origins)
        found.update(
            (Edge(child, call.id, "result", False), None) for child in (*call.returned_by, *call.named)
        )
        found.update((Edge(parent, call.id, "arguments", True), None) for parent in call.given_by)
    for file in trace.files.values():
        found.update((Edge(maker, file.file, "", False), None) for maker in file.made_by)
    known = {*trace.calls, *trace.files}
    return (edge for edge in found if edge.origin in known)


def graph(trace: Trace) -> networkx.MultiDiGraph[str]:
    """The trace as a networkx graph; edges go the way the data went.

    Nodes are the ids of calls and files; they have `kind` ("call" or "file"), `label` (the task, or the path) and
    `hash`. Edges have `label` and `given`, as in `Edge`. A parent that was given what it handed on to a child whose
    result became its own is in a cycle with it, through an edge that is `given`.
    """
    import networkx

    made: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    for call in trace.calls.values():
        made.add_node(call.id, kind="call", label=call.task, hash=call.call)
    for file in trace.files.values():
        made.add_node(file.file, kind="file", label=file.path, hash=file.file)
    for edge in edges(trace):
        made.add_edge(edge.origin, edge.target, label=edge.label, given=edge.given)
    return made
