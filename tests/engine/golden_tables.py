"""Tables and masked arrays whose hashes are frozen. Their types are spelled out, so that every pandas makes the same.

What pandas 2 and 3 make of text that no type is given for differs (`object`, `str`), and so do its hashes. So do those
of single moments, `NA` and `NaT`, which are known by what pickle makes of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

GOLDEN = Path(__file__).with_name("golden_table_hashes.json")


def make() -> dict[str, Any]:
    """Fresh values by name."""
    words = pd.Index(["a", "b", "a"], dtype=object)
    days = pd.DatetimeIndex(["2013-01-01", "2013-01-02", None], dtype="datetime64[ns]")
    periods = pd.PeriodIndex(["2013-01-01", "2013-01-02", None], freq="D")
    columns = {
        "n": pd.Series([1, 2, 3], dtype="int64"),
        "x": pd.Series([1.5, float("nan"), -3.0], dtype="float64"),
        "ok": pd.Series([True, False, True], dtype="bool"),
        "name": pd.Series(["AA", None, "ü"], dtype=object),
        "seats": pd.Series([1, None, 3], dtype="Int64"),
        "share": pd.Series([1.5, None, 3.0], dtype="Float64"),
        "maybe": pd.Series([True, None, False], dtype="boolean"),
        "kind": pd.Series(pd.Categorical(["a", "b", None], categories=words[:2], ordered=True)),
        "at": pd.Series(days),
        "there": pd.Series(days.tz_localize("UTC").tz_convert("America/New_York")),
        "took": pd.Series([1, None, 3], dtype="timedelta64[ns]"),
        "day": pd.Series(periods),
        "between": pd.Series(pd.arrays.IntervalArray.from_breaks(np.arange(4))),
        "sparse": pd.Series(pd.arrays.SparseArray(np.array([0, 0, 1]))),
        "text": pd.Series(["a", None, "b"], dtype="string[python]"),
        "arrow text": pd.Series(["a", None, "b"], dtype="string[pyarrow]"),
        "arrow": pd.Series([1, None, 3], dtype=pd.ArrowDtype(pa.int64())),
    }
    return {
        "frame": pd.DataFrame(columns).set_axis(pd.Index(list(columns), dtype=object), axis=1),
        **{f"column {name}": column for name, column in columns.items()},
        "named column": pd.Series([1, 2, 3], index=words, name="n", dtype="int64"),
        "index": words,
        "index of numbers": pd.Index([1, 2, 3], dtype="int64", name="n"),
        "range": pd.RangeIndex(3),
        "dates": days,
        "times": pd.TimedeltaIndex(np.array([1, 2], "m8[ns]")),
        "periods": periods,
        "intervals": pd.IntervalIndex.from_breaks(np.arange(4)),
        "categories": pd.CategoricalIndex(words),
        "levels": pd.MultiIndex.from_arrays([words, [1, 2, 3]], names=["w", "n"]),
        "masked": np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
        "unmasked": np.ma.array([1, 2, 3], fill_value=7),
        "masked constant": np.ma.masked,
    }


def main() -> None:
    """Print the hashes of all values."""
    from tests.engine.golden_values import hashes_of

    print(json.dumps(hashes_of(make), indent=1))


if __name__ == "__main__":
    main()
