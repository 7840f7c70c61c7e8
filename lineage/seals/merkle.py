"""The tree over all records, hashed as RFC 9162 (2.1) says; `check_proof` has the hash of a leaf and of a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headwater.lineage.seals.check_proof import node_hash

EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""the root of a tree without leaves: the SHA-256 of nothing"""


class Frontier:
    """A tree that grows: of each whole subtree at its right edge the root, which is all that appending needs.

    Attributes:
        size: how many leaves it has.
        nodes: roots of the whole subtrees, the largest first.
    """

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.nodes = list(nodes)
        if len(self.nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} whole subtrees")

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf behind all others."""
        nodes, rest = self.nodes, self.size
        nodes.append(leaf)
        while rest & 1:
            right = nodes.pop()
            nodes[-1] = node_hash(nodes[-1], right)
            rest >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves."""
        if not self.nodes:
            return EMPTY
        found = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            found = node_hash(node, found)
        return found


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes beside the way from a leaf to the root, from below (2.1.3.1).

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} is not one of {len(leaves)}")
    path, start, end = [], 0, len(leaves)
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            path.append(root(leaves[middle:end]))
            end = middle
        else:
            path.append(root(leaves[start:middle]))
            start = middle
    return path[::-1]


def consistency_path(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The nodes that show that the tree of the first leaves is the beginning of the whole one, from below (2.1.4.1).

    Raises:
        IndexError: there is no leaf, or there are not so many, or no more.
    """
    if not 0 < size < len(leaves):
        raise IndexError(f"no tree of {len(leaves)} leaves goes on from one of {size}")
    path, start, end = [], 0, len(leaves)
    while size < end:
        middle = _middle(start, end)
        if size <= middle:
            path.append(root(leaves[middle:end]))
            end = middle
        else:
            path.append(root(leaves[start:middle]))
            start = middle
    return ([root(leaves[start:end])] if start else []) + path[::-1]


def _middle(start: int, end: int) -> int:
    """Where the left subtree of some leaves ends: it is whole, and as large as it can be."""
    return start + (1 << ((end - start - 1).bit_length() - 1))
