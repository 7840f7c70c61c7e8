"""numpy arrays and scalars: encoded from their buffers, and stored as a header and their elements.

Nothing here imports numpy: whoever holds an array has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from headwater.engine.errors import Undecodable
from headwater.engine.values.names import type_name
from headwater.engine.values.objects import open_reduced
from headwater.engine.values.scalars import NAN, embed, text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Walk, by_index, by_nothing

_STEP = 1 << 20
"""bytes of a scattered array that are gathered at a time"""

_LONG_DOUBLE_BYTES = 10
"""of an x87 number's 16 bytes, those that mean something"""


def _numpy() -> Any:
    return sys.modules["numpy"]


def array_plan(cls: type) -> Plan | None:
    """The plan for a class that comes from numpy, or None where pickling is as good."""
    numpy = _numpy()
    if cls in (numpy.ndarray, numpy.memmap):
        return _open_array
    if issubclass(cls, numpy.generic):
        return _open_scalar
    if issubclass(cls, numpy.dtype):
        return _open_dtype
    masked = sys.modules.get("numpy.ma")
    if masked is not None and issubclass(cls, masked.MaskedArray) and cls is not type(masked.masked):
        return _open_masked
    return None


def _open_dtype(dtype: Any, _: Walk) -> bytes:
    return b"y" + text(_dtype_text(dtype))


def _dtype_text(dtype: Any) -> str:
    """A dtype as text; the fields of a structured one with their names, types and offsets."""
    if dtype.names:
        # A field may have a title beside its name.
        found = [(name, *dtype.fields[name]) for name in dtype.names]
        fields = [(name, _dtype_text(kind), at, *title) for name, kind, at, *title in found]
        return f"{fields!r} {dtype.itemsize}"
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{_dtype_text(base)}{shape}"
    return str(dtype.str) if dtype.kind != "T" else repr(dtype)


def _open_scalar(value: Any, _: Walk) -> bytes | Frame:
    if value.dtype.kind == "f" and _numpy().isnan(value):
        return b"N" + text(value.dtype.str) + NAN
    return _opened(b"N", _numpy().asarray(value))


def _open_array(value: Any, _: Walk) -> bytes | Frame:
    return _opened(b"Y", value)


def _open_masked(array: Any, walk: Walk) -> bytes | Frame:
    """What is masked counts, too: a mask can be lifted."""
    masked = sys.modules["numpy.ma"]
    # What fills the gaps is made, by views here, when somebody asks for it; a view of it gives it the array's own type.
    view = array.view()
    _ = view.fill_value
    filling = view.view().fill_value
    if type(array) is not masked.MaskedArray:
        array.fill_value = filling  # pickle would make it; a subclass may hold more
        return open_reduced(array, walk)
    parts = [masked.getdata(array, subok=False), masked.getmaskarray(array), filling]
    return Frame(b"K" + text(type_name(array.baseclass)), parts, SEQUENCE, by_nothing)


def _opened(tag: bytes, array: Any) -> bytes | Frame:
    head = (
        tag
        + text(_dtype_text(array.dtype))
        + b"%x" % array.ndim
        + b"".join(b",%x" % n for n in array.shape)
        + b";"
    )
    if array.dtype.hasobject:
        items = array.ravel().tolist() if array.dtype.names is None else array.ravel().astype(object).tolist()
        return Frame(head, items, SEQUENCE, by_index)
    if array.nbytes <= 256:
        return embed(head + b"".join(bytes(piece) for piece in pieces(array)))
    digest = sha256(head)
    for piece in pieces(array):
        digest.update(piece)
    return b"#" + digest.digest()


def pieces(array: Any) -> Iterator[Any]:
    """The elements in C order: the array's own memory where it lies in that order, else bounded copies."""
    numpy = _numpy()
    if array.dtype.names is not None:
        # Field by field: what lies between the fields is padding that nobody has written.
        for name in array.dtype.names:
            yield from pieces(array[name])
        return
    if array.dtype.kind in "fc" and array.dtype.itemsize in (16, 32) and array.dtype.char in "gG":
        flat = numpy.ascontiguousarray(array).reshape(-1).view("u1").reshape(-1, 16)
        yield numpy.ascontiguousarray(flat[:, :_LONG_DOUBLE_BYTES])
        return
    if array.size == 0 or array.dtype.itemsize == 0:
        return
    if array.flags.c_contiguous:
        yield memoryview(array.reshape(-1).view("u1"))
        return
    rows = max(1, _STEP // max(1, array.nbytes // array.shape[0]))
    for start in range(0, array.shape[0], rows):
        yield memoryview(numpy.ascontiguousarray(array[start : start + rows]).reshape(-1).view("u1"))


def encode_array(array: Any) -> tuple[bytes | memoryview, ...] | None:
    """The payload of a plain array in pieces, or None where it needs pickling."""
    numpy = _numpy()
    if (
        type(array) is not numpy.ndarray
        or array.dtype.hasobject
        or array.dtype.names
        or array.dtype.kind == "V"
    ):
        return None
    if array.dtype.metadata:
        return None
    shape = ",".join(map(str, array.shape))
    head = f"{array.dtype.str} {'F' if array.flags.fnc else 'C'} {shape}\n".encode()
    head = head.replace(b"\n", b" " * (-len(head) % 64) + b"\n")
    laid = array.T if array.flags.fnc else array
    if not laid.flags.c_contiguous:
        laid = numpy.ascontiguousarray(laid)
    return (head, memoryview(laid.reshape(-1).view("u1")) if laid.nbytes else b"")


def decode_array(payload: bytes | bytearray | memoryview) -> Any:
    """The array in a payload. It lives in the payload's memory where that can be written to, else in a copy.

    Raises:
        Undecodable: numpy is not installed.
    """
    try:
        import numpy
    except ImportError as error:
        raise Undecodable("a numpy array needs numpy to be read back: pip install numpy") from error
    view = memoryview(payload)
    end = bytes(view[:512]).index(b"\n") + 1
    dtype, order, *shape = bytes(view[:end]).decode().split()
    sizes = tuple(int(n) for n in shape[0].split(",")) if shape else ()
    array = (
        numpy.frombuffer(view[end:], dtype=numpy.dtype(dtype)) if len(view) > end else numpy.empty(0, dtype)
    )
    array = array.reshape(sizes[::-1]).T if order == "F" else array.reshape(sizes)
    return array if array.flags.writeable else array.copy("K")
