"""Arrow tables and arrays: encoded by what they hold, however it is chunked or sliced."""

from __future__ import annotations

import sys
from typing import Any

from headwater.engine.errors import Undecodable
from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Walk, by_index, by_nothing


def arrow_plan(cls: type) -> Plan | None:
    """The plan for a class from Arrow, or None where pickling is as good (types, schemas, scalars)."""
    arrow = sys.modules["pyarrow"]
    if issubclass(cls, (arrow.Table, arrow.RecordBatch)):
        return _open_table
    if issubclass(cls, (arrow.Array, arrow.ChunkedArray)):
        return _open_array
    return None


def _open_table(table: Any, _: Walk) -> Frame:
    schema = table.schema
    names = schema.names
    fields = [(field.name, str(field.type), field.nullable, dict(field.metadata or {})) for field in schema]
    columns = list(table.columns)
    inside = Frame(b"l%x;" % len(columns), columns, SEQUENCE, lambda _, index: f"[{names[index]!r}]")
    head = b"W" + text(type(table).__name__) + b"%x;" % table.num_rows
    return Frame(head, [fields, dict(schema.metadata or {}), inside], SEQUENCE, by_nothing)


def _open_array(array: Any, _: Walk) -> Frame:
    head = b"w" + text(str(array.type)) + b"%x;" % len(array)
    return Frame(head, array.to_pylist(), SEQUENCE, by_index)


def encode_table(value: Any) -> tuple[bytes | memoryview, ...] | None:
    """The payload of a table as Arrow's own stream, or None where it needs pickling."""
    arrow = sys.modules["pyarrow"]
    if type(value) not in (arrow.Table, arrow.RecordBatch):
        return None
    import pyarrow.ipc

    sink = arrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)
    return (memoryview(sink.getvalue()),)


def decode_table(payload: bytes | bytearray | memoryview, kind: str) -> Any:
    """The table in a payload, living in the payload's memory.

    Raises:
        Undecodable: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError as error:
        raise Undecodable("an Arrow table needs pyarrow to be read back: pip install pyarrow") from error
    with pyarrow.ipc.open_stream(pyarrow.py_buffer(payload)) as reader:
        if kind.endswith("RecordBatch"):
            batches = list(reader)
            if len(batches) == 1:
                return batches[0]
        return reader.read_all()
