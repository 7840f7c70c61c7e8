"""How values become bytes and come back.

| codec | payload | for |
|---|---|---|
| `text` | UTF-8 | str |
| `bytes` | the bytes | bytes, bytearray, memoryview |
| `numpy` | one line of header, then the elements in C order | arrays without Python objects in them |
| `arrow` | Arrow's IPC stream | Arrow tables and record batches |
| `polars` | Arrow's IPC file, as polars writes it | polars tables and columns |
| `buffers` | lengths, a pickle, and the buffers it refers to | objects that hold arrays; DataFrames |
| `value`, `value FORMAT` | what the value's class, or its proxy, makes of it | `own.Value`, `own.ProxyValue` |
| `withheld` | nothing | expressions that are evaluated without being recorded |
| `pickle` | pickle protocol 5 | everything else |
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from headwater.engine.errors import Undecodable
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.names import as_recorded, type_name
from headwater.engine.values.own import encode_own, revive
from headwater.engine.values.pickling import pickled

Buffer: TypeAlias = "bytes | bytearray | memoryview"

_COUNT = struct.Struct("<Q")
_ALIGNED = 64
"""bytes: buffers start at multiples of it, as the processor likes them"""


def encode(value: Any) -> tuple[str, tuple[Buffer, ...]]:
    """The codec of a value, and its payload as a row of buffers that may lie in the value's own memory.

    Raises:
        Exception: whatever pickling the value raises.
    """
    kind = type(value)
    if kind is str:
        return "text", (value.encode("utf-8", "surrogatepass"),)
    if kind is bytes:
        return "bytes", (value,)
    if kind is bytearray:
        return "bytes", (memoryview(value),)
    if kind is memoryview and value.format == "B" and value.ndim == 1:
        return "bytes", (value if value.c_contiguous else value.tobytes(),)
    root = kind.__module__.partition(".")[0]
    if root == "numpy":
        from headwater.engine.values.arrays import encode_array

        encoded = encode_array(value)
        if encoded is not None:
            return "numpy", encoded
    elif root == "pyarrow":
        from headwater.engine.values.arrow import encode_table

        encoded = encode_table(value)
        if encoded is not None:
            return "arrow", encoded
    elif getattr(kind, "__withheld__", False):
        return "withheld", (b"",)
    elif root == "polars":
        from headwater.engine.values.polars_frames import encode_frame

        frame = encode_frame(value)
        if frame is not None:
            return "polars", frame
    spoken = encode_own(value)
    if spoken is not None:
        return spoken[0], (spoken[1],)
    return _pickled(value)


def _pickled(value: Any) -> tuple[str, tuple[Buffer, ...]]:
    aside: list[pickle.PickleBuffer] = []
    data = pickled(value, aside)
    if not aside:
        return "pickle", (data,)
    buffers: list[Buffer] = [buffer.raw() for buffer in aside]
    sizes = [len(data), *(memoryview(buffer).nbytes for buffer in buffers)]
    head = b"".join(_COUNT.pack(n) for n in (len(sizes), *sizes))
    parts: list[Buffer] = []
    for part in (head, data, *buffers):
        parts += [part, bytes(-size_of([part]) % _ALIGNED)]
    return "buffers", tuple(parts)


def restore(codec: str, type_name: str, payload: Buffer) -> Any:
    """The value that was recorded.

    The payload is taken over: an array may go on living in it, so give it a bytearray to get an array that
    can be written to without a copy.

    Args:
        codec: how it was encoded.
        type_name: the type it had; it must have it again.

    Raises:
        Undecodable: for whatever reason the bytes do not give back a value of that type.
    """
    decode = _DECODERS.get(codec.partition(" ")[0])
    if decode is None:
        raise Undecodable(f"this headwater has no codec {codec!r}; a newer one may have written it")
    try:
        value = decode(payload, type_name)
        found = _type_name(type(value))
    except Undecodable:
        raise
    except (MemoryError, RecursionError) as error:
        raise Undecodable(f"a {type_name} ({codec}) does not fit into memory: {error}") from error
    except Exception as error:
        raise Undecodable(
            f"a {type_name} ({codec}) cannot be read back: {type(error).__name__}: {error}"[:500]
        ) from error
    if found != as_recorded(type_name):
        raise Undecodable(f"a {type_name} was recorded, and a {found} came back: its class has changed")
    return value


_type_name = type_name


def _text(payload: Buffer, _: str) -> str:
    return str(payload, "utf-8", "surrogatepass")


def _bytes(payload: Buffer, kind: str) -> Buffer:
    if kind == "bytearray":
        return payload if isinstance(payload, bytearray) else bytearray(payload)
    if kind == "memoryview":
        return memoryview(payload)
    return bytes(payload)


def _pickle(payload: Buffer, _: str) -> Any:
    return unpickled(payload)


def _buffers(payload: Buffer, _: str) -> Any:
    view = memoryview(payload)
    count = _COUNT.unpack_from(view)[0]
    sizes = struct.unpack_from(f"<{count}Q", view, 8)
    at = 8 + 8 * count
    at += -at % _ALIGNED
    parts: list[Buffer] = []
    for size in sizes:
        part = view[at : at + size]
        # What is restored is the task's to change.
        parts.append(bytearray(part) if part.readonly else part)
        at += size + -size % _ALIGNED
    if at != len(view):
        raise Undecodable(f"{at:,} bytes of buffers were recorded, and {len(view):,} are there")
    return unpickled(parts[0], parts[1:])


def _own(payload: Buffer, kind: str) -> Any:
    return revive(kind, bytes(payload))


def _polars(payload: Buffer, kind: str) -> Any:
    from headwater.engine.values.polars_frames import decode_frame

    return decode_frame(payload, kind)


def _withheld(payload: Buffer, _: str) -> Any:
    raise Undecodable("it was not recorded (prov=False)")


def _numpy(payload: Buffer, _: str) -> Any:
    from headwater.engine.values.arrays import decode_array

    return decode_array(payload)


def _arrow(payload: Buffer, kind: str) -> Any:
    from headwater.engine.values.arrow import decode_table

    return decode_table(payload, kind)


_DECODERS: dict[str, Callable[[Buffer, str], Any]] = {
    "text": _text,
    "bytes": _bytes,
    "pickle": _pickle,
    "buffers": _buffers,
    "numpy": _numpy,
    "arrow": _arrow,
    "value": _own,
    "polars": _polars,
    "withheld": _withheld,
}


def size_of(buffers: Sequence[Buffer]) -> int:
    """Bytes in a row of buffers."""
    return sum(b.nbytes if isinstance(b, memoryview) else len(b) for b in buffers)
