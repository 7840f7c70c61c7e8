"""Values kept in files of a place of their own, and passed by reference: what is large and moves seldom."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, ClassVar

from headwater.engine.errors import Undecodable
from headwater.engine.files import File
from headwater.engine.values import Value
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.pickling import pickled

_damaged: set[str] = set()
"""paths of files that were found not to be what was written"""


class FileCache(Value):
    """A value whose bytes are in a file below `base_path`, named by what is in it; the record has the path alone.

    Where the file is gone, or is not what was written, the value cannot be read back: the call that gave it runs again.

    Attributes:
        base_path: a folder, or a URL that fsspec knows.
    """

    base_path: ClassVar[str] = "."

    def get_serialization_format(self) -> str:
        return "file"

    def serialize(self) -> bytes:
        """The path of the file, which is written where it is not there yet, or was found damaged."""
        data = pickled(self.__getstate__())
        file = File(f"{self.base_path.rstrip('/')}/{sha256(data).hexdigest()}")
        path = str(file.uri)
        if path in _damaged or not file.exists() or file.size() != len(data):
            file.write(data, "wb")
            _damaged.discard(path)
        return path.encode()

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Any:
        path = data.decode()
        try:
            found = File(path).read("rb")
        except OSError as error:
            raise Undecodable(f"the file that a {raw_type} was kept in cannot be read: {error}") from error
        if sha256(found).hexdigest() != path.rpartition("/")[2]:
            _damaged.add(path)  # it is written again where the call that gave it runs again
            raise Undecodable(f"{path} is not what was written there of a {raw_type}")
        value = cls.__new__(cls)
        value.__setstate__(unpickled(found))
        return value
