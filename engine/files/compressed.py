"""Tables in compressed files: the end of a name tells, as in `data.csv.gz`; upper and lower case are the same."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from headwater.cypher.errors import UsageError
from headwater.engine.files.file import File


class _Compression(NamedTuple):
    begins: bytes
    module: str
    """of the standard library; imported where a file is compressed so, for most runs need none of them"""
    options: Mapping[str, Any]

    def pack(self, data: bytes) -> bytes:
        packed: bytes = import_module(self.module).compress(data, **self.options)
        return packed

    def unpack(self, data: bytes) -> bytes:
        unpacked: bytes = import_module(self.module).decompress(data)
        return unpacked


# Equal tables give equal files: no time of packing is in them.
_KNOWN = {
    ".gz": _Compression(b"\x1f\x8b", "gzip", {"mtime": 0}),
    ".bz2": _Compression(b"BZh", "bz2", {}),
    ".xz": _Compression(b"\xfd7zXZ", "lzma", {}),
}
_OTHERS = (".zip", ".zst", ".lz4", ".br", ".7z", ".tar")
_TEXT = ("csv", "json")
"""formats whose files are compressed as a whole; the others do so inside"""


def ends_of(name: str) -> tuple[str, str]:
    """The end of a name that tells of a format, and the one behind it that tells of a compression, each with its dot,
    in lower case, or empty: `.csv` and `.gz`."""
    name, last = _split(name.lower())
    if last in _KNOWN or last in _OTHERS:
        return _split(name)[1], last
    return last, ""


def _split(name: str) -> tuple[str, str]:
    at = name.rfind(".")
    return (name, "") if at < 0 else (name[:at], name[at:])


def unpacked(file: File, format: str) -> bytes:
    """The bytes of the table in a file.

    Raises:
        UsageError: it is compressed in a way that is not known here, or its name does not tell; the message says what
            to do.
        FileNotFoundError: there is no such file.
    """
    compression = _compression(file, format)
    data: bytes = file.read("rb")
    if compression is None:
        for end, other in _KNOWN.items():
            if format in _TEXT and data.startswith(other.begins):
                raise UsageError(
                    f"{file.path} is compressed, and its name does not tell. Name it {file.basename()}{end}"
                )
        return data
    import lzma
    import zlib

    try:
        return compression.unpack(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UsageError(
            f"{file.path} cannot be unpacked: {error}. Is it whole, and of the compression that its name tells?"
        ) from error


def packed(data: bytes, file: File, format: str) -> bytes:
    """What to write into a file for the bytes of a table; raises as `unpacked` does."""
    compression = _compression(file, format)
    return data if compression is None else compression.pack(data)


def _compression(file: File, format: str) -> _Compression | None:
    end = ends_of(file.basename())[1]
    if not end:
        return None
    if format not in _TEXT:
        raise UsageError(
            f"{file.path}: files of {format} compress what is in them themselves, and are not read from a {end} file. "
            "Unpack it first"
        )
    if end not in _KNOWN:
        raise UsageError(
            f"{file.path}: a {end} file is not read here. Unpack it first, or use {', '.join(_KNOWN)}"
        )
    return _KNOWN[end]
