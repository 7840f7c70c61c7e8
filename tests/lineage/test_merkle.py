"""The tree over all records: against another implementation of RFC 9162, and by itself."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pymerkle
import pytest
from headwater.lineage.seals.check_proof import Wrong, root_of
from headwater.lineage.seals.merkle import EMPTY, Frontier, inclusion_path, root
from hypothesis import given, settings
from hypothesis import strategies as st

leaf_data = st.lists(st.binary(max_size=6), min_size=1, max_size=70)


def leaves_of(data: list[bytes]) -> list[bytes]:
    return [sha256(b"\0" + one).digest() for one in data]


@settings(deadline=None)
@given(leaf_data)
def test_roots_of_all_sizes_are_those_of_another_implementation(data: list[bytes]) -> None:
    other = pymerkle.InmemoryTree.init_from_entries(data)
    # (Before its version 7, and so on Python 3.10, it had the other name.)
    root_at = getattr(other, "get_root", other.get_state)
    tree = Frontier()
    for size, leaf in enumerate(leaves_of(data), 1):
        tree.append(leaf)
        assert tree.size == size
        assert tree.root() == root_at(size)


@settings(deadline=None)
@given(leaf_data, st.data())
def test_paths_are_those_of_another_implementation_and_lead_to_the_root(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = leaves_of(data)
    index = draw.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(leaves, index)
    theirs = pymerkle.InmemoryTree.init_from_entries(data).prove_inclusion(index + 1)
    assert path == theirs.path[1:]
    assert root_of(leaves[index], index, len(leaves), path) == root(leaves)


@settings(deadline=None)
@given(leaf_data, st.data())
def test_a_path_leads_to_the_root_from_its_own_leaf_and_place_alone(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = leaves_of(list(dict.fromkeys(data)))
    index = draw.draw(st.integers(0, len(leaves) - 1))
    other = (
        draw.draw(st.integers(0, len(leaves) - 1).filter(lambda n: n != index)) if len(leaves) > 1 else None
    )
    path = inclusion_path(leaves, index)
    assert root_of(sha256(b"x").digest(), index, len(leaves), path) != root(leaves)
    if other is not None:
        with suppress(Wrong):  # where the path of its place has another length
            assert root_of(leaves[index], other, len(leaves), path) != root(leaves)


@settings(deadline=None)
@given(leaf_data, leaf_data)
def test_a_tree_that_is_gone_on_with_is_the_tree_of_all(before: list[bytes], after: list[bytes]) -> None:
    tree = Frontier()
    for leaf in leaves_of(before):
        tree.append(leaf)
    later = Frontier(tree.size, tree.nodes)
    for leaf in leaves_of(after):
        later.append(leaf)
    assert later.root() == root(leaves_of([*before, *after]))
    assert tree.root() == root(leaves_of(before))


def test_a_tree_without_leaves_is_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY == sha256(b"").digest()


def test_what_cannot_be_the_edge_of_a_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 whole subtrees"):
        Frontier(3, [b"x"])


@pytest.mark.parametrize(
    ("index", "size", "path"), [(0, 2, []), (0, 1, [b"x"]), (1, 1, []), (-1, 4, []), (2, 3, [])]
)
def test_a_path_that_is_none_is_refused(index: int, size: int, path: list[bytes]) -> None:
    with pytest.raises(Wrong):
        root_of(b"leaf", index, size, path)
