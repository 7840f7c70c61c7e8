"""What one hash means: the same value of the same type, whatever the order of sets and dicts and what is shared."""

from __future__ import annotations

import copy
import math
import pickle
import random
import struct
from typing import Any

from headwater.engine.values import describe, hash_value, restore, set_code_fingerprinter
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.golden_values import Plain, make
from tests.strategies import scalars, values


def oracle(value: Any) -> Any:
    """A value's identity the slow and obvious way: nested tuples and frozensets that Python itself compares."""
    kind = type(value).__name__
    if isinstance(value, float):
        return kind, "nan" if math.isnan(value) else struct.pack("d", value)
    if isinstance(value, complex):
        return kind, oracle(value.real), oracle(value.imag)
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(oracle, value))
    if isinstance(value, (set, frozenset)):
        return kind, _bag(map(oracle, value))
    if isinstance(value, dict):
        return kind, _bag((oracle(key), oracle(item)) for key, item in value.items())
    if isinstance(value, (bytes, bytearray)):
        return kind, bytes(value)
    return kind, repr(value)


def _bag(items: Any) -> frozenset[Any]:
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return frozenset(counts.items())


def shuffled(value: Any, chance: random.Random) -> Any:
    """An equal value whose sets and dicts were filled in another order, and that shares nothing."""
    if isinstance(value, dict):
        pairs = [(key, shuffled(item, chance)) for key, item in value.items()]
        return dict(chance.sample(pairs, len(pairs)))
    if type(value) in (set, frozenset):
        return type(value)(chance.sample(list(value), len(value)))
    if type(value) in (list, tuple):
        return type(value)(shuffled(item, chance) for item in value)
    return copy.deepcopy(value)


@given(values, values)
def test_two_values_share_a_hash_exactly_where_the_oracle_says_they_are_one(a: Any, b: Any) -> None:
    assert (hash_value(a) == hash_value(b)) == (oracle(a) == oracle(b))


@given(st.lists(scalars, max_size=3), st.lists(scalars, max_size=3))
def test_encodings_strung_together_cannot_be_taken_for_each_other(a: list[Any], b: list[Any]) -> None:
    assert (hash_value([a, b]) == hash_value([a + b, []])) == (oracle([a, b]) == oracle([a + b, []]))
    assert (hash_value([a, *b]) == hash_value([*a, b])) == (oracle([a, *b]) == oracle([*a, b]))


@given(values, st.randoms(use_true_random=False))
def test_order_and_sharing_do_not_count(value: Any, chance: random.Random) -> None:
    assert hash_value(shuffled(value, chance)) == hash_value(value)


@given(values)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    described = describe(value)
    again = restore(described.codec, described.type, described.payload)
    assert described.hash == hash_value(value)
    assert oracle(again) == oracle(value)
    assert hash_value(again) == described.hash


def test_numbers_that_are_equal_but_of_other_types_differ() -> None:
    assert len({hash_value(value) for value in (1, 1.0, True, "1", b"1", complex(1))}) == 6


def test_all_nans_are_one_and_minus_zero_is_not_zero() -> None:
    other_nan = struct.unpack("d", struct.pack("Q", 0xFFF8_0000_0000_0001))[0]
    assert hash_value(math.nan) == hash_value(other_nan) == hash_value(-math.nan)
    assert hash_value([math.nan, 1.0]) == hash_value([other_nan, 1.0])
    assert hash_value(0.0) != hash_value(-0.0)


def test_a_long_list_of_ints_has_the_hash_of_its_items_one_by_one() -> None:
    numbers = list(range(-20, 20))
    assert hash_value(numbers) == hash_value([*numbers[:-1], numbers[-1]])
    assert hash_value(numbers) != hash_value([*numbers[:-1], True])
    assert hash_value([10**3000] * 20) != hash_value([10**3000] * 19 + [10**3000 + 1])


def test_shared_and_copied_parts_are_the_same_value() -> None:
    part = [1, {"a": (2,)}]
    shared = {"x": part, "y": part, "o": Plain(p=part, q=part)}
    apart = pickle.loads(pickle.dumps({"x": part, "y": copy.deepcopy(part), "o": Plain(p=[*part], q=part)}))
    assert hash_value(shared) == hash_value(apart)


def test_depth_is_bounded_by_memory_only() -> None:
    deep: Any = 0
    for number in range(100_000):
        deep = (number, deep) if number % 2 else [deep]
    described = describe(deep)
    assert hash_value(restore(described.codec, described.type, described.payload)) == described.hash


def test_a_chain_of_objects_longer_than_the_stack_is_recorded() -> None:
    chain = None
    for number in range(5_000):
        chain = Plain(number=number, next=chain, tags={"a", "b"})
    described = describe(chain)
    again = restore(described.codec, described.type, described.payload)
    assert again.next.number == 4998
    assert hash_value(again) == described.hash


def test_a_structure_that_unfolds_into_2_to_the_200_items_is_quickly_hashed() -> None:
    doubled: Any = ["seed"]
    for _ in range(200):
        doubled = [doubled, doubled]
    assert len(hash_value(doubled)) == 32


def test_loops_are_hashed_by_their_shape() -> None:
    def ring(*names: str) -> Plain:
        members = [Plain(name=name) for name in names]
        for member, following in zip(members, [*members[1:], members[0]], strict=True):
            member.next = following
        return members[0]

    assert hash_value(ring("a", "b", "c")) == hash_value(ring("a", "b", "c"))
    assert hash_value(ring("a", "b", "c")) == hash_value(copy.deepcopy(ring("a", "b", "c")))
    assert len({hash_value(ring(*names)) for names in ("abc", "bca", "acb", "ab", "abcabc")}) == 5


@given(st.randoms(use_true_random=False), st.integers(2, 12))
def test_graphs_whose_members_know_each_other_in_sets_are_hashed_whatever_the_order(
    chance: random.Random, size: int
) -> None:
    edges = {(chance.randrange(size), chance.randrange(size)) for _ in range(2 * size)}

    def build(order: list[int]) -> Plain:
        members = {number: Plain(number=number, peers=set(), named={}) for number in order}
        for a, b in sorted(edges, key=lambda edge: order.index(edge[0])):
            members[a].peers.add(members[b])
            members[b].named[a] = members[a]
        return members[0]

    assert hash_value(build(list(range(size)))) == hash_value(build(chance.sample(range(size), size)))


def test_a_large_fully_linked_graph_is_hashed_in_one_pass() -> None:
    members = [Plain(number=number) for number in range(300)]
    for member in members:
        member.others = members
    assert hash_value(members) == hash_value(copy.deepcopy(members))


def test_reading_a_cached_property_does_not_change_what_an_object_is() -> None:
    from tests.engine.value_classes import Circle

    circle = Circle(2)
    before = hash_value(circle)
    assert circle.area > 12
    assert hash_value(circle) == before
    circle.colour = "red"
    assert hash_value(circle) != before


def test_attributes_beside_the_fields_of_a_dataclass_count() -> None:
    order = make()["dataclass"]
    before = hash_value(order)
    order.note = "paid"
    assert hash_value(order) != before


def test_the_code_of_a_function_counts_where_somebody_fingerprints_it() -> None:
    before = set_code_fingerprinter(lambda func: b"one")
    try:
        one = hash_value(make)
        set_code_fingerprinter(lambda func: b"two")
        assert hash_value(make) != one
        set_code_fingerprinter(None)
        assert hash_value(make) not in (one, b"")
    finally:
        set_code_fingerprinter(before)
