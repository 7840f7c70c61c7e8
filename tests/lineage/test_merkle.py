"""The tree over all records: against another implementation of RFC 9162, and by itself."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pymerkle
import pytest
from headwater.lineage.seals.check_proof import BROKEN, Wrong, check_growth, roots_of
from headwater.lineage.seals.merkle import EMPTY, Frontier, consistency_path, inclusion_path, root
from hypothesis import given, settings
from hypothesis import strategies as st

leaf_data = st.lists(st.binary(max_size=6), min_size=1, max_size=70)


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion path leads to, as the checker has it."""
    return roots_of(leaf, index, size - 1, path)[1]


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


def told(leaves: list[bytes]) -> dict[str, object]:
    """Of a seal over some leaves what the checker reads."""
    return {"size": len(leaves), "root": root(leaves).hex()}


two_sizes = st.lists(st.binary(max_size=6), min_size=2, max_size=70)


def subproof(size: int, data: list[bytes], is_older: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1, word by word, over the roots of another implementation."""
    if size == len(data):
        return [] if is_older else [pymerkle.InmemoryTree.init_from_entries(data).get_root()]
    k = 1
    while 2 * k < len(data):
        k *= 2
    left, right = data[:k], data[k:]
    if size <= k:
        return [*subproof(size, left, is_older), pymerkle.InmemoryTree.init_from_entries(right).get_root()]
    return [*subproof(size - k, right, False), pymerkle.InmemoryTree.init_from_entries(left).get_root()]


@settings(deadline=None)
@given(two_sizes, st.data())
def test_the_beginning_of_a_tree_is_shown_as_the_standard_says(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = leaves_of(data)
    size = draw.draw(st.integers(1, len(leaves) - 1))
    path = consistency_path(leaves, size)
    assert path == subproof(size, data, True)
    other = pymerkle.InmemoryTree.init_from_entries(data)
    check_growth(
        {"size": size, "root": other.get_root(size).hex()},
        {"size": len(data), "root": other.get_root().hex()},
        path,
    )


CT_LEAVES = [
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),
]
"""of the tests that the implementations of Certificate Transparency share, and what these give"""


@pytest.mark.parametrize(
    ("older", "newer", "path"),
    [
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_paths_between_trees_are_those_of_certificate_transparency(
    older: int, newer: int, path: list[str]
) -> None:
    leaves = leaves_of([bytes.fromhex(one) for one in CT_LEAVES[:newer]])
    assert [node.hex() for node in consistency_path(leaves, older)] == path
    check_growth(told(leaves[:older]), told(leaves), [bytes.fromhex(node) for node in path])


@settings(deadline=None)
@given(two_sizes, st.data())
def test_a_tree_whose_beginning_was_changed_is_never_shown_to_go_on(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = leaves_of(data)
    size = draw.draw(st.integers(1, len(leaves) - 1))
    changed = list(leaves)
    place = draw.draw(st.integers(0, size - 1))
    changed[place] = sha256(b"another").digest()
    for path in (consistency_path(leaves, size), consistency_path(changed, size)):
        for older, newer in ((leaves[:size], changed), (changed[:size], leaves)):
            with pytest.raises(Wrong):
                check_growth(told(older), told(newer), path)


@settings(deadline=None)
@given(two_sizes, st.data())
def test_a_path_that_was_changed_shows_nothing(data: list[bytes], draw: st.DataObject) -> None:
    leaves = leaves_of(list(dict.fromkeys([*data, b"one more", b"another more"])))
    size = draw.draw(st.integers(1, len(leaves) - 1))
    path = consistency_path(leaves, size)
    place = draw.draw(st.integers(0, len(path) - 1))
    wrong = [
        path[:place] + path[place + 1 :],
        [*path[:place], bytes(32), *path[place:]],
        [*path[:place], bytes(32), *path[place + 1 :]],
        [*path, bytes(32)],
    ]
    for one in wrong:
        with pytest.raises(BROKEN):
            check_growth(told(leaves[:size]), told(leaves), one)
    for other in {len(leaves), len(leaves) + 1, 0, -1, size - 1, size + 1} - {size}:
        with pytest.raises(BROKEN):
            check_growth({**told(leaves[:size]), "size": other}, told(leaves), path)


@pytest.mark.parametrize("size", [-1, 0, 3, 4])
def test_no_tree_goes_on_from_one_that_is_no_smaller(size: int) -> None:
    with pytest.raises(IndexError, match="goes on from"):
        consistency_path(leaves_of([b"a", b"b", b"c"]), size)
