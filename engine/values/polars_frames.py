"""polars: tables and columns, identified by names, types and rows, however they are chunked."""

from __future__ import annotations

import io
import sys
from typing import Any

from headwater.engine.errors import Undecodable
from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Refused, Walk, by_nothing

_LAZY = "it is a plan, not a table yet. Call collect() on it"


def polars_plan(cls: type) -> Plan | None:
    """The plan for a class from polars, or None where pickling is as good (types, expressions)."""
    polars = sys.modules["polars"]
    if cls in (polars.DataFrame, polars.Series):
        return _open_frame if cls is polars.DataFrame else _open_series
    if issubclass(cls, polars.LazyFrame):
        return _refuse
    return None


def _refuse(value: Any, _: Walk) -> bytes:
    raise Refused(value, _LAZY)


def _open_frame(frame: Any, _: Walk) -> Frame:
    columns = frame.get_columns()
    names = frame.columns

    def by_column(_: Frame, index: int) -> str:
        return f"[{names[index]!r}]"

    inside = Frame(b"l%x;" % len(columns), columns, SEQUENCE, by_column)
    return Frame(b"X" + text("DataFrame") + b"%x;" % frame.height, [inside], SEQUENCE, by_nothing)


def _open_series(series: Any, _: Walk) -> Frame:
    """A column: what Arrow makes of it, since types that polars alone has (Enum, Categorical) stand in its name."""
    try:
        rows = series.to_arrow() if series.dtype != sys.modules["polars"].Object else series.to_list()
    except ModuleNotFoundError as error:
        raise Refused(
            series, "to identify its rows, pyarrow is needed: pip install 'headwater[frames]'"
        ) from error
    head = b"X" + text("Series") + text(series.name) + text(str(series.dtype))
    return Frame(head, [rows], SEQUENCE, by_nothing)


def encode_frame(value: Any) -> tuple[bytes] | None:
    """The payload of a table or column, or None where it needs pickling."""
    polars = sys.modules["polars"]
    kind = type(value)
    if kind not in (polars.DataFrame, polars.Series):
        return None
    frame = value if kind is polars.DataFrame else value.to_frame()
    if polars.Object in frame.dtypes:
        return None
    file = io.BytesIO()
    frame.write_ipc(file)
    return (file.getvalue(),)


def decode_frame(payload: Any, kind: str) -> Any:
    """The table or column in a payload.

    Raises:
        Undecodable: polars is not installed.
    """
    try:
        import polars
    except ImportError as error:
        raise Undecodable("a polars table needs polars to be read back: pip install polars") from error
    frame = polars.read_ipc(io.BytesIO(payload))
    return frame.to_series() if kind.endswith("Series") else frame
