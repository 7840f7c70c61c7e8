"""A trace as a picture: an SVG file that needs no other program.

Drawn from left to right in layers, the way the data went: each call and file stands right of all that flowed into it,
and within its layer near what it is joined to (the barycentre rule of Sugiyama, Tagawa and Toda, 1981).
"""

from __future__ import annotations

import re
from html import escape
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.inert import lines
from headwater.lineage.trace_graph import graph

if TYPE_CHECKING:
    import networkx
    from headwater.lineage.trace_views import Trace

_CHAR, _PAD, _LINE, _HEIGHT = 7.0, 12.0, 15.0, 42.0
_GAP_X, _GAP_Y, _EDGE = 90.0, 18.0, 16.0
_LONGEST = 34
_SWEEPS = 8
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STYLE = """
  svg { background: #ffffff; font: 12px ui-monospace, monospace; }
  .box { fill: #f4f6fa; stroke: #5b6b86; } .file .box { fill: #fdf6e3; stroke: #9a7b1d; }
  .asked .box { stroke-width: 2.5; }
  text { fill: #1d2430; } .hash, .edge text { fill: #66708a; font-size: 10px; }
  path { fill: none; stroke: #8a94a8; } .given path { stroke-dasharray: 4 3; } marker path { fill: #8a94a8; }
  @media (prefers-color-scheme: dark) {
    svg { background: #14181f; } text { fill: #e6e9ef; } .hash, .edge text { fill: #98a2b8; }
    .box { fill: #222936; stroke: #7f8da8; } .file .box { fill: #2e2a1b; stroke: #b89a45; }
  }
"""


class Box(NamedTuple):
    """Where a call or file stands."""

    x: float
    y: float
    width: float


def svg(trace: Trace) -> str:
    """The picture. What was recorded stands in it as text only; names too long for their box are cut and told whole
    where the mouse rests on them. Equal traces give equal bytes."""
    drawn = graph(trace)
    boxes = place(drawn)
    width = max((box.x + box.width for box in boxes.values()), default=0.0) + _EDGE
    height = max((box.y for box in boxes.values()), default=0.0) + _HEIGHT + _EDGE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>what {_text(trace.kind)} {_text(trace.id)} came from</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker></defs>',
    ]
    for origin, target, told in drawn.edges(data=True):
        lines.append(_edge(boxes[origin], boxes[target], told["label"], given=told["given"]))
    asked = {*trace.start, trace.id}
    for node, told in drawn.nodes(data=True):
        lines.append(_node(boxes[node], told["kind"], told["label"], told["hash"], asked=node in asked))
    return "\n".join([*lines, "</svg>"])


def place(drawn: networkx.MultiDiGraph[str]) -> dict[str, Box]:
    """A place for every node; no two of them overlap."""
    layers = _ordered(_layers(drawn), drawn)
    boxes: dict[str, Box] = {}
    x = _EDGE
    tallest = max(map(len, layers), default=0)
    for layer in layers:
        width = max(len(_shown(drawn.nodes[node]["label"])) for node in layer) * _CHAR + 2 * _PAD
        y = _EDGE + (tallest - len(layer)) * (_HEIGHT + _GAP_Y) / 2
        for node in layer:
            boxes[node] = Box(x, y, width)
            y += _HEIGHT + _GAP_Y
        x += width + _GAP_X
    return boxes


def _layers(drawn: networkx.MultiDiGraph[str]) -> list[list[str]]:
    import networkx

    forward = networkx.DiGraph()
    forward.add_nodes_from(drawn)
    forward.add_edges_from((a, b) for a, b, given in drawn.edges(data="given") if not given)
    # Knots have one layer: there is no first among calls that wait for one another through files of other runs.
    knots = networkx.condensation(forward)
    layers: list[list[str]] = []
    rank = {node: place for place, node in enumerate(drawn)}
    for generation in networkx.topological_generations(knots):
        members = [node for knot in generation for node in knots.nodes[knot]["members"]]
        layers.append(sorted(members, key=rank.__getitem__))
    return layers


def _ordered(layers: list[list[str]], drawn: networkx.MultiDiGraph[str]) -> list[list[str]]:
    """The layers, each in an order that lets few edges cross."""
    for sweep in range(_SWEEPS):
        at = {node: i - len(layer) / 2 for layer in layers for i, node in enumerate(layer)}
        forth = sweep % 2 == 0
        for layer in layers if forth else reversed(layers):
            beside = drawn.predecessors if forth else drawn.successors
            pull = {node: fmean([at[other] for other in beside(node)] or [at[node]]) for node in layer}
            layer.sort(key=pull.__getitem__)
            at.update((node, i - len(layer) / 2) for i, node in enumerate(layer))
    return layers


def _node(box: Box, kind: str, label: str, digest: str, *, asked: bool) -> str:
    middle = box.x + box.width / 2
    return (
        f'<g class="{kind}{" asked" * asked}"><title>{_text(label)}\n{_text(digest)}</title>'
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{_HEIGHT:.0f}" '
        f'rx="{6 if kind == "call" else 0}"/>'
        f'<text x="{middle:.1f}" y="{box.y + _LINE + 3:.1f}" text-anchor="middle">{_text(_shown(label))}</text>'
        f'<text class="hash" x="{middle:.1f}" y="{box.y + 2 * _LINE + 3:.1f}" text-anchor="middle">'
        f"{_text(digest[:8])}</text></g>"
    )


def _edge(origin: Box, target: Box, label: str, *, given: bool) -> str:
    x1, y1 = origin.x + origin.width, origin.y + _HEIGHT / 2
    x2, y2 = target.x, target.y + _HEIGHT / 2
    bend = max(abs(x2 - x1) / 2, _GAP_X / 2)
    curve = f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    text = ""
    if label:
        x, y = (x1 + x2) / 2, (y1 + y2) / 2 - 4
        text = f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_text(_shown(label))}</text>'
    return f'<g class="edge{" given" * given}"><path d="{curve}" marker-end="url(#end)"/>{text}</g>'


def _shown(text: str) -> str:
    """One line that fits a box: of a long name, its end, which tells paths and tasks apart."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"…{line[1 - _LONGEST :]}"


def _text(text: str) -> str:
    """Text as XML has it; what turns text around is shown as an escape, lines stay."""
    return escape(lines(_NOT_XML.sub("\ufffd", text)))
