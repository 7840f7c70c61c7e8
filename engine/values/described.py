"""A value as it is recorded: its hash, its bytes, and what people see of it."""

from __future__ import annotations

from typing import Any

from headwater.engine.errors import Unrecordable
from headwater.engine.values import codecs
from headwater.engine.values.canonical import hash_and_files
from headwater.engine.values.codecs import Buffer
from headwater.engine.values.names import type_name
from headwater.engine.values.preview import preview


class Described:
    """A value as it is recorded.

    Attributes:
        hash: 32 bytes.
        type: name of its type, with its module.
        codec: how the payload is encoded.
        size: bytes of the payload.
        buffers: the payload in pieces. Pieces of large values lie in the value's own memory: write them
            (`ValueStore.put`) before anything can change the value, and let go of them.
        preview: a bounded text for people.
        files: the reactive (file-like) values inside it.
    """

    __slots__ = ("buffers", "codec", "files", "hash", "preview", "size", "type")

    def __init__(
        self,
        *,
        hash: bytes,
        type: str,
        codec: str,
        buffers: tuple[Buffer, ...],
        preview: str,
        files: tuple[Any, ...],
    ) -> None:
        self.hash = hash
        self.type = type
        self.codec = codec
        self.buffers = buffers
        self.size = codecs.size_of(buffers)
        self.preview = preview
        self.files = files

    @property
    def payload(self) -> bytes:
        """The payload in one piece; a copy where it is not small."""
        buffers = self.buffers
        if len(buffers) == 1 and type(buffers[0]) is bytes:
            return buffers[0]
        return b"".join(buffers)


def describe(value: Any, *, label: str = "value") -> Described:
    """All that is recorded of a value, without copying large buffers.

    Args:
        value: any value that can be recorded.
        label: what the value is called in an error, as in `result[3].conn`.

    Raises:
        Unrecordable: the value, or one inside it, cannot be recorded.
    """
    digest, files = hash_and_files(value, label)
    name = type_name(type(value))
    try:
        codec, buffers = codecs.encode(value)
    except Exception as error:
        what = f"pickling it raised {type(error).__name__}: {error}"[:300]
        raise Unrecordable(label, name, f"{what}. Return the plain data it holds instead") from error
    return Described(
        hash=digest, type=name, codec=codec, buffers=buffers, preview=preview(value), files=files
    )
