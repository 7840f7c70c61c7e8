"""Arrow tables and arrays: encoded by what they hold, however it is chunked or sliced.

A column's rows are hashed as they come: which are null, then the bytes of those that are not. Where a row has
a length of its own (text, lists), lengths and contents go into digests of their own, so that the cuts between
chunks leave no trace.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Any

from headwater.engine.errors import Undecodable
from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Walk, by_index, by_nothing

_ROWS = 1 << 16
"""rows with nulls among them that are copied at a time"""


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

    def by_column(_: Frame, index: int) -> str:
        return f"[{names[index]!r}]"

    inside = Frame(b"l%x;" % len(columns), columns, SEQUENCE, by_column)
    head = b"W" + text(type(table).__name__) + b"%x;" % table.num_rows
    return Frame(head, [fields, dict(schema.metadata or {}), inside], SEQUENCE, by_nothing)


def _open_array(array: Any, _: Walk) -> bytes | Frame:
    arrow = sys.modules["pyarrow"]
    chunked = isinstance(array, arrow.ChunkedArray)
    head = (b"w" if chunked else b"a") + text(str(array.type)) + b"%x;" % len(array)
    try:
        digest = _digest(array.type, list(array.chunks) if chunked else [array])
    except arrow.ArrowNotImplementedError:  # dropping the nulls of a layout that is not known here either
        digest = None
    if digest is None:
        return Frame(head + b"i", array.to_pylist(), SEQUENCE, by_index)
    return head + b"d" + digest


def _digest(kind: Any, chunks: list[Any]) -> bytes | None:
    """32 bytes over the rows of some chunks of one type, or None where the type's layout is not known here."""
    from pyarrow import compute, types

    if types.is_dictionary(kind):
        return _digest(kind.value_type, [chunk.dictionary_decode() for chunk in chunks])
    if hasattr(kind, "storage_type"):
        return _digest(kind.storage_type, [chunk.storage for chunk in chunks])
    rows, lengths, content = sha256(), sha256(), sha256()
    chunks = [part for chunk in chunks for part in _parts(chunk)]
    if any(chunk.null_count for chunk in chunks):
        for chunk in chunks:
            rows.update(_fixed(compute.is_valid(chunk).cast("uint8"), 1))
        chunks = [chunk.drop_null() if chunk.null_count else chunk for chunk in chunks]
    inner: list[bytes | None] = []
    if types.is_null(kind):
        pass
    elif types.is_boolean(kind):
        for chunk in chunks:
            content.update(_fixed(chunk.cast("uint8"), 1))
    elif types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        for chunk in chunks:
            content.update(_fixed(chunk, kind.bit_width // 8))
    elif kind in _texts(sys.modules["pyarrow"]):
        for chunk in chunks:
            lengths.update(_fixed(compute.binary_length(chunk).cast("int64"), 8))
            content.update(_joined(chunk, "large" in str(kind)))
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind):
        for chunk in chunks:
            ends = chunk.offsets.cast("int64")
            lengths.update(_fixed(compute.subtract(ends.slice(1), ends.slice(0, len(chunk))), 8))
        for child_kind, children in _children(kind, chunks, types.is_map(kind)):
            inner.append(_digest(child_kind, children))
    elif types.is_fixed_size_list(kind):
        inner.append(_digest(kind.value_type, [chunk.flatten() for chunk in chunks]))
    elif types.is_struct(kind):
        fields = [chunk.flatten() for chunk in chunks]
        for index in range(kind.num_fields):
            inner.append(_digest(kind.field(index).type, [field[index] for field in fields]))
    else:
        return None
    if None in inner:
        return None
    whole = [rows.digest(), lengths.digest(), content.digest(), *filter(None, inner)]
    return sha256(b"".join(whole)).digest()


def _children(kind: Any, chunks: list[Any], is_map: bool) -> list[tuple[Any, list[Any]]]:
    """What the rows of lists or maps without nulls hold, strung together."""
    spans = [(chunk.offsets[0].as_py(), chunk.offsets[len(chunk)].as_py()) for chunk in chunks]

    def within(arrays: list[Any]) -> list[Any]:
        return [array.slice(start, end - start) for array, (start, end) in zip(arrays, spans, strict=True)]

    if is_map:
        keys = within([chunk.keys for chunk in chunks])
        return [(kind.key_type, keys), (kind.item_type, within([chunk.items for chunk in chunks]))]
    return [(kind.value_type, within([chunk.values for chunk in chunks]))]


def _texts(arrow: Any) -> tuple[Any, ...]:
    return (arrow.string(), arrow.large_string(), arrow.binary(), arrow.large_binary())


def _parts(chunk: Any) -> list[Any]:
    """A chunk in pieces that can be copied without being noticed."""
    if not chunk.null_count:
        return [chunk] if len(chunk) else []
    return [chunk.slice(start, _ROWS) for start in range(0, len(chunk), _ROWS)]


def _fixed(array: Any, width: int) -> memoryview:
    """The bytes of an array without nulls whose rows all have one width."""
    buffer = array.buffers()[1]
    if buffer is None:
        return memoryview(b"")
    return memoryview(buffer)[array.offset * width : (array.offset + len(array)) * width]


def _joined(array: Any, is_large: bool) -> memoryview:
    """The texts of an array without nulls, strung together."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return memoryview(b"")
    ends = memoryview(offsets).cast("b" if len(offsets) % 4 else ("q" if is_large else "i"))
    return memoryview(data)[ends[array.offset] : ends[array.offset + len(array)]]


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
        return next(iter(reader)) if kind.endswith("RecordBatch") else reader.read_all()
