"""Encodings of the values that hold no other values, chosen by exact class.

Every encoding starts with a tag of its own and is prefix-free, so that encodings can be strung together
without separators. Strings of bytes longer than `LIMIT` are replaced by the digest of their encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any

LIMIT = 512
"""bytes: what is longer is replaced, inside a container, by `#` and its digest"""

NAN = b"d\x7f\xf8\0\0\0\0\0\0"
"""one encoding for all NaNs: their payload bits mean nothing"""

_pack = struct.Struct(">d").pack
_pack2 = struct.Struct(">dd").pack


def embed(encoding: bytes) -> bytes:
    """An encoding as it stands inside another: itself, or its digest where it is long."""
    return encoding if len(encoding) <= LIMIT else b"#" + sha256(encoding).digest()


def raw(tag: bytes, data: Any) -> bytes:
    """Tagged bytes with their length; `data` is any contiguous buffer, not copied where it is long."""
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    head = b"%b%x:" % (tag, size)
    if len(head) + size <= LIMIT:
        return head + bytes(data)
    digest = sha256(head)
    digest.update(data)
    return b"#" + digest.digest()


def text(name: str) -> bytes:
    """A name inside a head: its length and its UTF-8 bytes."""
    encoded = name.encode("utf-8", "surrogatepass")
    return b"%x:%b" % (len(encoded), encoded)


def encode_int(value: int) -> bytes:
    return b"i%x;" % value


def encode_float(value: float) -> bytes:
    return b"d" + _pack(value) if value == value else NAN  # noqa: PLR0124


def encode_complex(value: complex) -> bytes:
    return b"j" + encode_float(value.real) + encode_float(value.imag)


def encode_str(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    size = len(encoded)
    return b"s%x:%b" % (size, encoded) if size < 500 else raw(b"s", encoded)


def encode_memoryview(value: memoryview) -> bytes:
    head = b"m" + text(value.format) + b"%x;" % value.ndim + b"".join(b"%x;" % n for n in value.shape or ())
    return head + raw(b"b", value if value.c_contiguous else value.tobytes())


SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): {None: b"n"}.__getitem__,
    bool: {True: b"t", False: b"f"}.__getitem__,
    int: encode_int,
    float: encode_float,
    complex: encode_complex,
    str: encode_str,
    bytes: lambda value: raw(b"b", value),
    bytearray: lambda value: raw(b"B", value),
    memoryview: encode_memoryview,
    type(Ellipsis): {Ellipsis: b"e"}.__getitem__,
    type(NotImplemented): lambda _: b"!",
}
"""encoder by exact class; a subclass is never taken for its base"""


def register_scalar(cls: type, encoder: Callable[[Any], bytes]) -> None:
    """Give a class of the engine's own an encoding as quick as an int's; its tag must be its own, and prefix-free."""
    SCALARS[cls] = encoder
