"""Arrays and tables: identity from their content, storage from their buffers."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from headwater.engine.values import describe, hash_value, preview, restore
from headwater.engine.values.frames import frame_plan
from headwater.engine.values.plans import plan_for
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")

RAGGED = np.zeros(3, np.dtype([("a", "u1"), ("b", "f8")], align=True))

ARRAYS = {
    "floats": np.arange(10.0),
    "ints in a table": np.arange(12).reshape(3, 4),
    "in Fortran's order": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "every second": np.arange(40)[::2],
    "backwards": np.arange(5)[::-1],
    "no dimensions": np.array(3.0),
    "empty": np.zeros((0, 3)),
    "bool": np.array([True, False]),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "times": np.array(["2013-01-01", "NaT"], "M8[ns]"),
    "objects": np.array(["a", [1, {2}], None], object),
    "records": np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
    "records with gaps": RAGGED,
    "long doubles": np.arange(3, dtype="g"),
    "big endian": np.arange(3, dtype=">i4"),
    "scalar": np.float64(2.5),
    "scalar int": np.int8(1),
    "scalar time": np.datetime64("2013-01-01", "s"),
    "dtype": np.dtype("f8"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_as_it_was(name: str) -> None:
    array = ARRAYS[name]
    described = describe(array)
    again = restore(described.codec, described.type, described.payload)
    assert type(again) is type(array)
    assert hash_value(again) == described.hash
    if isinstance(array, np.ndarray):
        assert again.dtype == array.dtype
        assert np.array_equal(again, array, equal_nan=array.dtype.kind == "M")
        assert again.flags.writeable


def test_arrays_that_are_equal_hash_equally_however_they_lie_in_memory() -> None:
    plain = np.arange(1_000_000.0).reshape(1000, 1000)
    same = [np.asfortranarray(plain), plain.T.copy().T, np.repeat(plain, 2, axis=1)[:, ::2], plain.copy()]
    assert {hash_value(array) for array in same} == {hash_value(plain)}


def test_what_nobody_wrote_does_not_count() -> None:
    gaps, other = RAGGED.copy(), RAGGED.copy()
    other.view("u1").reshape(3, -1)[:, 1:8] = 0xFF
    assert np.array_equal(gaps, other)
    assert hash_value(gaps) == hash_value(other)
    numbers = np.arange(3, dtype="g")
    if numbers.itemsize == 16:
        padded = numbers.copy()
        padded.view("u1").reshape(3, 16)[:, 10:] = 0xFF
        assert hash_value(numbers) == hash_value(padded)


def test_type_shape_and_content_count() -> None:
    arrays = [
        np.zeros(4),
        np.zeros(4, "f4"),
        np.zeros((2, 2)),
        np.zeros((4, 1)),
        np.array([0, 0, 0, -0.0]),
        [0.0] * 4,
    ]
    assert len({hash_value(array) for array in arrays}) == 6
    assert hash_value(np.float64(1)) != hash_value(1.0)


def test_titles_of_fields_count_and_a_record_array_needs_no_import() -> None:
    kinds = [[(("one", "a"), "i4")], [(("other", "a"), "i4")], [("a", "i4")]]
    assert len({hash_value(np.zeros(1, kind)) for kind in kinds}) == 3
    code = (
        "import sys, numpy\nfrom headwater.engine.values import hash_value\n"
        "kind = [('a', 'i4')]\nsys.modules.pop('numpy.rec', None)\n"
        "one, other = (numpy.full(1, n, kind).view(numpy.recarray) for n in (1, 2))\n"
        "assert hash_value(one) != hash_value(other)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_plain_arrays_are_stored_without_pickle_and_restored_without_a_copy() -> None:
    described = describe(np.arange(1000))
    assert described.codec == "numpy"
    payload = bytearray(described.payload)
    again = restore("numpy", "numpy.ndarray", payload)
    payload[-8:] = (7).to_bytes(8, sys.byteorder)
    assert again[-1] == 7


def test_a_large_array_is_described_in_place() -> None:
    array = np.zeros(1_000_000)
    buffers = describe(array).buffers
    assert np.shares_memory(np.frombuffer(buffers[-1], "f8"), array)
    held = describe({"weights": array}).buffers
    assert any(np.shares_memory(np.frombuffer(buffer, "u1"), array) for buffer in held)


DTYPES = ["f8", "f4", "i2", "?", "c16", "U3", "S2", "M8[ns]", "O", [("a", "i4"), ("b", "f8", (2,))]]


@given(
    st.sampled_from(DTYPES), st.lists(st.booleans(), max_size=6), st.booleans(), st.booleans(), st.booleans()
)
def test_a_masked_array_is_the_same_before_and_after_it_was_recorded(
    dtype: Any, mask: list[bool], has_mask: bool, is_filled: bool, is_a_table: bool
) -> None:
    array = np.ma.array(np.zeros(len(mask), dtype), mask=mask if has_mask else np.ma.nomask)
    if is_a_table and len(mask) % 2 == 0:
        array = np.ma.array(np.asfortranarray(array.reshape(2, -1)))
    if is_filled:
        array.fill_value = np.ones((), dtype)[()]
    before = hash_value(array)
    described = describe(array)
    again = restore(described.codec, described.type, described.payload)
    assert [described.hash, hash_value(array), hash_value(again), describe(again).hash] == [before] * 4
    assert hash_value(np.ma.array(array, order="C")) == before, "however it lies in memory"
    assert str(array.fill_value) == str(again.fill_value)
    assert hash_value(array) == before


class Readings(np.ma.MaskedArray):  # type: ignore[misc]
    """A masked array of somebody's own."""


def test_masked_arrays_count_by_elements_mask_filling_and_class() -> None:
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    others = [
        masked,
        np.ma.array([1.0, 2.5, 3.0], mask=[0, 1, 0]),
        np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1]),
        np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0], fill_value=7),
        np.ma.array([1.0, 2.0, 3.0], "f4", mask=[0, 1, 0]),
        np.array([1.0, 2.0, 3.0]),
        masked.view(Readings),
        np.ma.masked,
    ]
    assert len({hash_value(array) for array in others}) == len(others)
    assert hash_value(np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0], fill_value=1e20)) == hash_value(masked)
    for array in others:
        described = describe(array)
        again = restore(described.codec, described.type, described.payload)
        assert described.hash == hash_value(again) == hash_value(array)


def _frame() -> Any:
    return pd.DataFrame(
        {
            "carrier": ["AA", None, "ü"],
            "delay": [1.5, float("nan"), -3.0],
            "seats": pd.array([1, None, 3], "Int64"),
            "kind": pd.Categorical(["a", "b", "a"]),
            "at": pd.to_datetime(["2013-01-01", None, "2013-01-03"], utc=True),
            "took": pd.to_timedelta([1, 2, 3], unit="s"),
            "mixed": [1, "a", {2}],
            "month": pd.period_range("2013-01", periods=3, freq="M"),
            "ok": [True, False, True],
        }
    )


FRAMES = {
    "frame": _frame(),
    "empty frame": pd.DataFrame(),
    "with an index": _frame().set_index(["carrier", "ok"]),
    "dates as index": pd.DataFrame({"x": range(3)}, index=pd.date_range("2013-01-01", periods=3)),
    "column": pd.Series([1, 2, 3], name="n"),
    "text column": pd.Series(["a", None, "b"]),
    "index": pd.Index(["a", "b"]),
    "intervals": pd.Series(pd.interval_range(0, 3)),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    "time": pd.Timestamp("2013-01-01", tz="America/New_York"),
    "missing": pd.NA,
    "no time": pd.NaT,
    "offset": pd.offsets.MonthEnd(2),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_pandas_holds_comes_back_as_it_was(name: str) -> None:
    value = FRAMES[name]
    described = describe(value)
    again = restore(described.codec, described.type, described.payload)
    assert hash_value(again) == described.hash
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(again, value)
    if isinstance(value, pd.Series):
        pd.testing.assert_series_equal(again, value)


def test_frames_that_are_equal_hash_equally_however_they_were_made() -> None:
    frame = _frame()
    doubled = pd.concat([frame, frame]).iloc[3:].reset_index(drop=True)
    assert hash_value(doubled) == hash_value(frame)
    apart = pd.DataFrame({name: frame[name].copy() for name in frame})
    assert hash_value(apart) == hash_value(frame)
    assert hash_value(frame[sorted(frame)][list(frame)]) == hash_value(frame)
    assert hash_value(frame.copy()) == hash_value(frame)


def _by_setting(table: Any) -> Any:
    made = table[[]].copy()
    for name in table:
        made[name] = table[name].copy()
    return made


def _by_assigning(table: Any) -> Any:
    return table[["n"]].assign(**{name: table[name] for name in table if name != "n"})


def _by_inserting(table: Any) -> Any:
    made = table[["word"]].copy()
    for name in reversed([name for name in table if name != "word"]):
        made.insert(0, name, table[name].to_list())
    return made


def _by_casting(table: Any) -> Any:
    return table.astype({"n": "float64", "x": "object"}).astype({"n": "int64", "x": "float64"})


def _from_csv(table: Any) -> Any:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


def _by_merging(table: Any) -> Any:
    return table[["n", "m"]].merge(table[["n", "x", "y", "word"]], on="n")


def _by_rows(table: Any) -> Any:
    return pd.concat([table.iloc[:1], table.iloc[1:]])


WAYS = [_by_setting, _by_assigning, _by_inserting, _by_casting, _from_csv, _by_merging, _by_rows]


@pytest.mark.parametrize("way", WAYS)
def test_a_table_that_was_put_together_bit_by_bit_is_the_one_that_was_made_at_once(way: Any) -> None:
    words = {"word": ["a", "bc", "ü"]}
    table = pd.DataFrame(
        {"n": [1, 2, 3], "m": [4, 5, 6], "x": [0.5, 1.5, -2.0], "y": [1.0, 2.0, 3.0], **words}
    )
    other = way(table)
    pd.testing.assert_frame_equal(other, table, check_index_type=True, check_column_type=True)
    assert hash_value(other) == hash_value(table)
    other["n"] = [1, 2, 4]
    assert hash_value(other) != hash_value(table)


def test_reading_a_table_does_not_change_what_it_is() -> None:
    table = pd.DataFrame({"a": [1, 2]})
    for name in "bcd":
        table[name] = [3, 4]
    before = hash_value(table)
    values, _ = table.to_numpy(), table.sum()
    assert values.shape == (2, 4)
    assert hash_value(table) == before
    assert hash_value(table.copy()) == before  # laid out anew, in one block
    assert hash_value(pd.DataFrame(values, columns=list("abcd"))) == before


class Orders(pd.DataFrame):  # type: ignore[misc]
    """A table of somebody's own, which may hold more than its rows."""


INDEXES = {
    "Index": pd.Index(["a", "b"]),
    "RangeIndex": pd.RangeIndex(3),
    "DatetimeIndex": pd.date_range("2013-01-01", periods=3),
    "TimedeltaIndex": pd.to_timedelta([1, 2], unit="s"),
    "PeriodIndex": pd.period_range("2013-01", periods=3, freq="M"),
    "IntervalIndex": pd.interval_range(0, 3),
    "CategoricalIndex": pd.CategoricalIndex(["a", "b"]),
    "MultiIndex": pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_every_kind_of_index_goes_by_its_labels(name: str) -> None:
    index = INDEXES[name]
    assert type(index).__name__ == name
    assert plan_for(type(index)) is frame_plan(type(index)) is not None
    assert hash_value(index.copy()) == hash_value(index)
    assert hash_value(index[::-1][::-1]) == hash_value(index)
    assert hash_value(index[:1]) != hash_value(index)


def test_what_pandas_makes_goes_by_its_content_and_what_derives_from_it_by_its_state() -> None:
    frame = _frame()
    for column in frame:
        array = frame[column].array
        if type(array).__name__ != "NumpyExtensionArray":
            assert plan_for(type(array)) is frame_plan(type(array)) is not None
    for cls in (pd.DataFrame, pd.Series):
        assert plan_for(cls) is frame_plan(cls) is not None
    assert frame_plan(Orders) is None
    assert hash_value(Orders({"a": [1]})) != hash_value(pd.DataFrame({"a": [1]}))


def test_text_counts_by_its_dtype_and_rows() -> None:
    rows = ["a", None, "ccc"]
    kinds = ["object", "string[python]", "string[pyarrow]", pd.ArrowDtype(pa.large_string())]
    columns = [pd.Series(rows, dtype=kind) for kind in kinds]
    assert len({hash_value(column) for column in columns}) == len(columns)
    for column in columns:
        assert hash_value(pd.concat([column[:1], column[1:]])) == hash_value(column)
        assert hash_value(column[:2]) != hash_value(column[1:])


def test_every_cell_name_and_label_of_a_frame_counts() -> None:
    def changed(**how: Any) -> bytes:
        frame = _frame()
        for name, cell in how.items():
            frame[name] = [*frame[name][:2], cell]
        return hash_value(frame)

    base = _frame()
    hashes = [
        hash_value(base),
        changed(carrier="B"),
        changed(delay=-3.5),
        changed(seats=4),
        changed(ok=False),
        changed(mixed={3}),
        hash_value(base.rename(columns={"delay": "late"})),
        hash_value(base.set_index([pd.Index([1, 2, 3])])),
        hash_value(base.iloc[:2]),
        hash_value(base[list(base)[::-1]]),
    ]
    assert len(set(hashes)) == len(hashes)


COLUMNS = {
    "ints": pa.array([1, None, 3] * 50),
    "floats": pa.array([1.5, None, 3.0] * 50),
    "bools": pa.array([True, None, False] * 50),
    "texts": pa.array(["a", None, "", "ccc"] * 50),
    "large texts": pa.array(["a", None, "ccc"] * 50, pa.large_string()),
    "text views": pa.array(["a", None, "ccc"] * 50, pa.string_view()),
    "bytes": pa.array([b"a", None, b"ccc"] * 50),
    "fixed bytes": pa.array([b"ab", None, b"cd"] * 50, pa.binary(2)),
    "decimals": pa.array([None, 1, 2] * 50).cast(pa.decimal128(30, 2)),
    "times": pa.array([None, 1, 2] * 50, pa.timestamp("us", "UTC")),
    "lists": pa.array([[1, None], None, [], [2]] * 50),
    "lists of lists": pa.array([[["a"], []], None, [None], [["b", "c"]]] * 50),
    "fixed lists": pa.array([[1, 2], None, [3, 4]] * 50, pa.list_(pa.int8(), 2)),
    "maps": pa.array([[("a", 1)], None, [], [("b", 2), ("c", None)]] * 50, pa.map_(pa.string(), pa.int64())),
    "structs": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": None}] * 50),
    "dictionary": pa.array(["a", None, "b", "a"] * 50).dictionary_encode(),
    "nulls": pa.nulls(100),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_arrow_columns_hash_by_content_however_they_are_cut(name: str) -> None:
    whole = COLUMNS[name]
    rows = len(whole)
    cut = pa.chunked_array([whole.slice(0, 1), whole.slice(1, 63), whole.slice(64, 0), whole.slice(64)])
    table, other = pa.table({"x": whole}), pa.table({"x": cut})
    assert hash_value(table) == hash_value(other)
    longer = pa.concat_tables([table, table]).slice(rows // 2, rows)
    fresh = pa.table({"x": pa.concat_arrays([whole.slice(rows // 2), whole.slice(0, rows // 2)])})
    assert hash_value(longer) == hash_value(fresh)
    if name != "nulls":
        assert hash_value(whole) != hash_value(whole.slice(0, rows - 1))
        assert hash_value(whole.slice(0, 3)) != hash_value(whole.slice(1, 3))
    for value in (table, table.to_batches()[0], whole):
        described = describe(value)
        assert hash_value(restore(described.codec, described.type, described.payload)) == described.hash


def test_what_lies_under_a_null_does_not_count() -> None:
    column = pa.array([1, None, 3])
    validity, data = column.buffers()
    changed = bytearray(data)
    changed[8:16] = b"\x07" * 8
    other = pa.Array.from_buffers(pa.int64(), 3, [validity, pa.py_buffer(bytes(changed))])
    assert other.equals(column)
    assert hash_value(other) == hash_value(column)


def test_tables_are_stored_as_arrow_streams_that_any_arrow_reads() -> None:
    table = pa.table({"n": [1, 2]})
    described = describe(table)
    assert described.codec == "arrow"
    assert pa.ipc.open_stream(described.payload).read_all().equals(table)


def test_previews_of_arrays_and_tables_show_shape_and_names() -> None:
    assert preview(np.zeros((1000, 3))) == "ndarray float64 1,000 × 3"
    assert preview(np.arange(3)) == "array([0, 1, 2])"
    assert preview(_frame()).startswith("DataFrame 3 × 9: carrier, delay, seats")
    assert preview(pa.table({"n": range(1000)})) == "Table 1,000 × 1: n"
    assert preview(pd.Series(range(1000))) == "Series int64 1,000"


def test_values_never_import_numpy_pandas_or_arrow() -> None:
    code = (
        "import sys; from headwater.engine.values import describe; describe([1, {'a': object}]);"
        "print([name for name in ('numpy', 'pandas', 'pyarrow', 'fsspec') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
