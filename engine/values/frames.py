"""pandas: tables, columns and indexes, encoded from their buffers, column by column.

Classes go by their names alone: pandas 3 says of most that they are from `pandas`, earlier versions name the module
that a class is written in.
"""

from __future__ import annotations

import sys
from typing import Any

from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Walk, by_index, by_nothing


def frame_plan(cls: type) -> Plan | None:
    """The plan for a class from pandas, or None where pickling is as good (timestamps, offsets, …)."""
    pandas = sys.modules["pandas"]
    if cls.__module__.partition(".")[0] != "pandas":
        return None  # a subclass may hold more than its base
    if issubclass(cls, pandas.DataFrame):
        return _open_frame
    if issubclass(cls, pandas.Series):
        return _open_series
    if issubclass(cls, pandas.MultiIndex):
        return _open_multi_index
    if issubclass(cls, pandas.RangeIndex):
        return _open_range
    if issubclass(cls, pandas.Index):
        return _open_index
    if issubclass(cls, pandas.api.extensions.ExtensionArray):
        return _open_extension
    return None


def _framed(value: Any, *items: Any) -> Frame:
    return _named(type(value).__name__, *items)


def _named(name: str, *items: Any) -> Frame:
    return Frame(b"P" + text(f"pandas.{name}") + b"%x;" % len(items), list(items), SEQUENCE, by_nothing)


def _open_frame(frame: Any, _: Walk) -> Frame:
    columns = [_column(frame.iloc[:, position]) for position in range(frame.shape[1])]
    labels = list(frame.columns)
    inside = Frame(b"l%x;" % len(columns), columns, SEQUENCE, lambda _, index: f"[{labels[index]!r}]")
    return _framed(
        frame, frame.columns, frame.index, inside, dict(frame.attrs), frame.flags.allows_duplicate_labels
    )


def _open_series(series: Any, _: Walk) -> Frame:
    flags = series.flags.allows_duplicate_labels
    return _framed(series, series.name, series.index, _column(series), dict(series.attrs), flags)


def _column(column: Any) -> Any:
    """What holds the data of a column: a numpy array where there is one, else pandas' own array."""
    array = column.array
    return array.to_numpy() if type(array).__name__ == "NumpyExtensionArray" else array


def _open_index(index: Any, _: Walk) -> Frame:
    return _framed(index, index.name, getattr(index, "freqstr", None), _column(index))


def _open_range(index: Any, _: Walk) -> Frame:
    return _framed(index, index.name, index.start, index.stop, index.step)


def _open_multi_index(index: Any, _: Walk) -> Frame:
    levels = [_column(index.get_level_values(n)) for n in range(index.nlevels)]
    return _framed(index, list(index.names), levels)


def _open_extension(array: Any, walk: Walk) -> bytes | Frame:
    """pandas' own arrays: by what their elements are, not by how they are kept."""
    name = type(array).__name__
    dtype = str(array.dtype)
    if name in ("DatetimeArray", "TimedeltaArray"):
        return _framed(array, dtype, array.asi8)
    if name == "PeriodArray":
        return _framed(array, dtype, array.asi8)
    if name == "Categorical":
        return _framed(array, bool(array.ordered), _column(array.categories), array.codes.astype("i8"))
    if isinstance(array.dtype, sys.modules["pandas"].StringDtype):
        return _open_texts(array)
    if name == "ArrowExtensionArray":
        return _framed(array, dtype, array.__arrow_array__())
    if name in ("IntegerArray", "FloatingArray", "BooleanArray"):
        missing = array.isna()
        return _framed(array, dtype, array.to_numpy(dtype=array.dtype.numpy_dtype, na_value=0), missing)
    if name == "IntervalArray":
        return _framed(array, array.closed, _column(array.left), _column(array.right))
    if name == "SparseArray":
        return _framed(array, dtype, array.to_dense() if hasattr(array, "to_dense") else list(array))
    return Frame(
        b"P" + text(f"pandas.{name}") + text(dtype) + b"%x;" % len(array),
        list(array),
        SEQUENCE,
        by_index,
    )


def _open_texts(array: Any) -> Frame:
    """Text, by what the dtype says: the class that keeps it was another in some versions."""
    storage = array.dtype.storage.partition("_")[0]
    missing = "nan" if isinstance(array.dtype.na_value, float) else "NA"
    if storage == "pyarrow":
        return _named("StringDtype", storage, missing, array.__arrow_array__().cast("large_string"))
    return _named("StringDtype", storage, missing, array.to_numpy(object, na_value=None))
