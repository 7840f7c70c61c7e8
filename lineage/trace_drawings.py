"""A trace as a graph for programs that draw: Graphviz' language, and Mermaid's. Arrows go the way the data went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.cypher.inert import one_line
from headwater.lineage.trace_graph import edges

if TYPE_CHECKING:
    from headwater.lineage.trace_views import Trace

_INERT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-./:,")
"""what stands for itself in a Mermaid label"""


def dot(trace: Trace) -> str:
    """In Graphviz' language."""
    lines = ["digraph trace {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for call in trace.calls.values():
        lines.append(f"  {_quoted(call.id)} [shape=box, label={_label(call.task, call.call)}];")
    for file in trace.files.values():
        lines.append(f"  {_quoted(file.file)} [shape=note, label={_label(file.path, file.file)}];")
    for edge in edges(trace):
        label = f"label={_quoted(edge.label)}" if edge.label else ""
        look = ", ".join(part for part in (label, "style=dashed" if edge.given else "") if part)
        lines.append(f"  {_quoted(edge.origin)} -> {_quoted(edge.target)}{f' [{look}]' if look else ''};")
    return "\n".join([*lines, "}"])


def mermaid(trace: Trace) -> str:
    """As a Mermaid flowchart. Its nodes are numbered: what is recorded is in labels only, its marks encoded."""
    numbers = {id_: f"n{number}" for number, id_ in enumerate((*trace.calls, *trace.files))}
    lines = ["flowchart LR"]
    for call in trace.calls.values():
        lines.append(f'  {numbers[call.id]}["{_encoded(call.task)}<br/>{_encoded(call.call[:8])}"]')
    for file in trace.files.values():
        lines.append(f'  {numbers[file.file]}[("{_encoded(file.path)}<br/>{_encoded(file.file[:8])}")]')
    for edge in edges(trace):
        arrow = "-.->" if edge.given else "-->"
        label = f'|"{_encoded(edge.label)}"|' if edge.label else ""
        lines.append(f"  {numbers[edge.origin]} {arrow}{label} {numbers[edge.target]}")
    return "\n".join(lines)


def _label(name: str, digest: str) -> str:
    return f'"{_escaped(name)}\\n{digest[:8]}"'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _encoded(text: str) -> str:
    return "".join(char if char in _INERT else f"#{ord(char)};" for char in one_line(text))
