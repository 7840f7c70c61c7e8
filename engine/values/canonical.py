"""The identity of a value: SHA-256 over its canonical encoding."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from headwater.engine.values.plans import plan_for
from headwater.engine.values.scalars import SCALARS
from headwater.engine.values.walk import Walk

PREFIX = b"Value\0"


def hash_value(value: Any, *, label: str = "value") -> bytes:
    """The 32-byte hash of a value: equal values of a type have one hash, in every process and Python version.

    Args:
        value: any value that can be recorded.
        label: what the value is called in an error, as in `result[3].conn`.

    Raises:
        Unrecordable: the value, or one inside it, has no stable identity.
    """
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return sha256(PREFIX + scalar(value)).digest()
    return sha256(PREFIX + Walk(label, plan_for).encode(value)).digest()


def hash_and_files(value: Any, label: str) -> tuple[bytes, tuple[Any, ...]]:
    """The hash of a value, and the reactive (file-like) values inside it.

    Raises:
        Unrecordable: the value, or one inside it, has no stable identity.
    """
    scalar = SCALARS.get(type(value))
    if scalar is not None:
        return sha256(PREFIX + scalar(value)).digest(), ()
    walk = Walk(label, plan_for)
    encoding = walk.encode(value)
    return sha256(PREFIX + encoding).digest(), tuple(walk.files)
