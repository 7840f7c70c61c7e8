"""Hashes for those who say themselves how their values are identified (`Value.get_hash`)."""

from __future__ import annotations

from hashlib import sha256
from typing import IO, Any

from headwater.engine.values import hash_value

_PIECE = 1 << 20


def hash_struct(value: Any) -> str:
    """What identifies a nested value of any kind, as 64 hexadecimal digits: the same in every process, and for equal
    values of one type.

    Raises:
        Unrecordable: something in it has no stable identity.
    """
    return hash_value(value).hex()


def hash_stream(stream: IO[bytes]) -> str:
    """The SHA-256 of the rest of a stream of bytes, as 64 hexadecimal digits; it is read a piece at a time."""
    digest = sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
