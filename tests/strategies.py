"""Hypothesis strategies that several test modules share: values as tasks pass them around."""

from __future__ import annotations

import datetime
import math
from typing import Any

from hypothesis import strategies as st

texts = st.text(st.characters(), max_size=12)
"""any characters, lone surrogates among them"""

zones = st.one_of(
    st.none(),
    st.just(datetime.timezone.utc),
    st.builds(datetime.timezone, st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23))),
)

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]),
    st.complex_numbers(),
    texts,
    st.binary(max_size=12),
)

dated = st.one_of(
    st.dates(),
    st.datetimes(timezones=zones),
    st.timedeltas(),
    st.times(),
    st.decimals().filter(lambda number: not number.is_snan()),  # Python cannot hash a signalling NaN
    st.fractions(),
    st.uuids(),
)

hashables: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, dated),
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=6,
)

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, dated),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashables, inner, max_size=4),
        st.sets(hashables, max_size=4),
        st.binary(max_size=4).map(bytearray),
    ),
    max_leaves=12,
)
"""plain values of any shape; equal ones may differ in the order of their sets and dicts"""
