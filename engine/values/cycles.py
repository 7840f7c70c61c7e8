"""Encodings of values that contain themselves.

The objects that can reach each other form groups (strongly connected components). Seen from one of its
members, a group is written down member by member in the order they are first met, and a reference into the
group becomes a number. Inside sets and dicts, where there is no order to meet things in, members are sorted
by a digest of their surroundings (colour refinement).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from headwater.engine.components import components
from headwater.engine.values.scalars import SCALARS
from headwater.engine.values.walk import PAIRS, SEQUENCE, SET, Frame, Walk, finish

_ROUNDS = 32
"""of colour refinement: how far around itself a member of a set looks to find its place in the order"""


class _Node:
    """An opened object: its head, and its items as encodings or as numbers of other nodes."""

    __slots__ = ("children", "frame", "parent", "position")

    def __init__(self, frame: Frame, parent: int | None, position: int) -> None:
        self.frame = frame
        self.parent = parent
        self.position = position
        self.children: list[bytes | int] = []


def encode_cyclic(value: Any, walk: Walk) -> bytes:
    """The canonical encoding of a value in which the walk met itself."""
    nodes = _explore(value, walk)
    done: dict[int, bytes] = {}
    groups = components([0], lambda number: [one for one in nodes[number].children if type(one) is int])
    for group, entries in zip(groups, _entries(nodes, groups), strict=True):
        first = group[0]
        if len(group) == 1 and first not in nodes[first].children:
            node = nodes[first]
            parts = [child if isinstance(child, bytes) else done[child] for child in node.children]
            done[first] = finish(node.frame.head, node.frame.order, parts)
        else:
            _encode_group(group, entries, nodes, done)
    return done[0]


def _explore(value: Any, walk: Walk) -> list[_Node]:
    """Open everything reachable, each object once."""
    nodes: list[_Node] = []
    numbers: dict[int, bytes | int] = {}
    kept: list[Any] = []

    def path(number: int | None, position: int) -> str:
        """Where the item of a node stands, found by going up from it."""
        steps: list[str] = []
        while number is not None:
            node = nodes[number]
            steps.append(node.frame.label(node.frame, position))
            number, position = node.parent, node.position
        return walk.label + "".join(reversed(steps))[:300]

    def visit(item: Any, parent: int | None, position: int) -> bytes | int:
        scalar = SCALARS.get(type(item))
        if scalar is not None:
            return scalar(item)
        if type(item) is Frame:
            opened: bytes | Frame = item
        else:
            known = numbers.get(id(item))
            if known is not None:
                return known
            opened = walk.open(item, lambda: path(parent, position))
            kept.append(item)
            if isinstance(opened, bytes):
                numbers[id(item)] = opened
                return opened
            numbers[id(item)] = len(nodes)
        assert isinstance(opened, Frame)
        nodes.append(_Node(opened, parent, position))
        return len(nodes) - 1

    visit(value, None, 0)
    reached = 0
    while reached < len(nodes):
        node = nodes[reached]
        node.children = list(node.frame.parts)
        node.children += [visit(item, reached, position) for position, item in enumerate(node.frame.items)]
        reached += 1
    return nodes


def _entries(nodes: list[_Node], groups: list[list[int]]) -> list[list[int]]:
    """Of each group, the members that something outside it refers to."""
    home = {number: index for index, group in enumerate(groups) for number in group}
    found: list[set[int]] = [set() for _ in groups]
    found[home[0]].add(0)
    for number, node in enumerate(nodes):
        for child in node.children:
            if isinstance(child, int) and home[child] != home[number]:
                found[home[child]].add(child)
    return [sorted(members) for members in found]


def _encode_group(group: list[int], entries: list[int], nodes: list[_Node], done: dict[int, bytes]) -> None:
    """Encode a group as it is seen from each of its entries."""
    members = set(group)
    ordered = _ordered_children(group, members, nodes, done)
    for entry in entries:
        met = {entry: 0}
        queue = [entry]
        digest = sha256(b"@")
        for number in queue:
            digest.update(nodes[number].frame.head)
            for child in ordered[number]:
                if isinstance(child, bytes):
                    digest.update(child)
                    continue
                if child not in met:
                    met[child] = len(met)
                    queue.append(child)
                digest.update(b"^%x;" % met[child])
        done[entry] = b"@" + digest.digest()


def _ordered_children(
    group: list[int], members: set[int], nodes: list[_Node], done: dict[int, bytes]
) -> dict[int, list[bytes | int]]:
    """The children of each member: those outside the group as encodings, all in an order that counts."""
    children: dict[int, list[bytes | int]] = {
        number: [
            child if isinstance(child, bytes) or child in members else done[child]
            for child in nodes[number].children
        ]
        for number in group
    }
    if all(nodes[number].frame.order == SEQUENCE for number in group):
        return children
    colours = dict.fromkeys(group, b"")
    for _ in range(min(len(group), _ROUNDS)):
        distinct = len(set(colours.values()))
        colours = {
            number: sha256(
                finish(
                    nodes[number].frame.head,
                    nodes[number].frame.order,
                    [c if isinstance(c, bytes) else b"^" + colours[c] for c in children[number]],
                )
            ).digest()
            for number in group
        }
        if len(set(colours.values())) == distinct:
            break

    def place(child: bytes | int) -> bytes:
        return child if isinstance(child, bytes) else b"^" + colours[child]

    for number in group:
        order, items = nodes[number].frame.order, children[number]
        if order == SET:
            items.sort(key=place)
        elif order == PAIRS:
            pairs = sorted(
                zip(items[::2], items[1::2], strict=True), key=lambda p: (place(p[0]), place(p[1]))
            )
            children[number] = [child for pair in pairs for child in pair]
    return children
