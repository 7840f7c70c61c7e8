"""An open file that tells its owner when it has been written and closed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


class WrittenFile(io.BufferedIOBase):
    """A binary file, open for writing, that calls back once after it is closed."""

    def __init__(self, file: Any, on_close: Callable[[], None]) -> None:
        self._file = file
        self._on_close = on_close

    @property
    def name(self) -> str:
        return str(self._file.name)

    @property
    def mode(self) -> str:
        return str(self._file.mode)

    def close(self) -> None:
        if self.closed:
            return
        try:
            super().close()
            self._file.close()
        finally:
            self._on_close()

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def readable(self) -> bool:
        return bool(self._file.readable())

    def writable(self) -> bool:
        return bool(self._file.writable())

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def write(self, data: Any) -> int:
        return int(self._file.write(data))

    def read(self, size: int | None = -1) -> bytes:
        data: bytes = self._file.read(-1 if size is None else size)
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)

    def readinto(self, buffer: Any) -> int:
        data = self.read(memoryview(buffer).nbytes)
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def truncate(self, size: int | None = None) -> int:
        return int(self._file.truncate(size))

    def fileno(self) -> int:
        return int(self._file.fileno())
