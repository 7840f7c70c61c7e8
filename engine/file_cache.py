"""Values kept in files of a place of their own, and passed by reference: what is large and moves seldom."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Any, ClassVar

from headwater.engine.errors import Undecodable
from headwater.engine.files import File
from headwater.engine.files.evidence import MISSING
from headwater.engine.values import Value
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.pickling import pickled

_MOST = 10_000
_whole: dict[str, tuple[str, str]] = {}
"""how files were known when they were seen to be what was written: while they are that, nobody reads them again"""


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
        """The path of the file, which is written where it is not there yet, or is not what was written."""
        data = pickled(self.__getstate__())
        file = File(f"{self.base_path.rstrip('/')}/{sha256(data).hexdigest()}")
        path = str(file.uri)
        if _whole.get(path) != (file.evidence, file.digest):
            if not _holds(file, data):
                file.write(data, "wb")
            _note_whole(path, file)
        return path.encode()

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Any:
        path = data.decode()
        try:
            file = File(path)
            found = file.read("rb")
        except OSError as error:
            raise Undecodable(f"the file that a {raw_type} was kept in cannot be read: {error}") from error
        if sha256(found).hexdigest() != path.rpartition("/")[2]:
            _whole.pop(path, None)
            raise Undecodable(f"{path} is not what was written there of a {raw_type}")
        _note_whole(path, file)
        value = cls.__new__(cls)
        value.__setstate__(unpickled(found))
        return value


def _holds(file: File, data: bytes) -> bool:
    """Whether a file is there and has these bytes. (One that cannot be read is not.)"""
    with suppress(OSError):
        return (
            file.evidence != MISSING and file.recorded_size in (None, len(data)) and file.read("rb") == data
        )
    return False


def _note_whole(path: str, file: File) -> None:
    if len(_whole) >= _MOST:
        _whole.clear()
    _whole[path] = (file.evidence, file.digest)
