"""The source files of this process, each in the version that was imported.

A file may change while the process runs, and tasks are often hashed long after their module was imported. What counts
is the source of the code that runs here, not what somebody has saved since.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import Any

from headwater.engine.code_source import SourceFile

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")

_files: dict[str, list[tuple[object, SourceFile | None]]] = {}
"""every version of a file that was seen, with its time stamp and size (or its text, where it is not a file)"""
_imported: dict[int, tuple[Mapping[str, Any], object, SourceFile | None]] = {}
"""a module's globals, by identity: with its spec, which a reload replaces, and its source"""

_instead: ContextVar[tuple[Mapping[str, Any], SourceFile] | None] = ContextVar("instead", default=None)


@contextmanager
def with_source(values: Mapping[str, Any], source: SourceFile) -> Iterator[None]:
    """In this thread, take the module with these globals to have another source."""
    token = _instead.set((values, source))
    try:
        yield
    finally:
        _instead.reset(token)


def source_file_of_module(values: Mapping[str, Any]) -> SourceFile | None:
    """The source of the module with these globals, as it was when it was first asked for after the module's import;
    None for what is not a file, or not Python."""
    instead = _instead.get()
    if instead is not None and instead[0] is values:
        return instead[1]
    known = _imported.get(id(values))
    spec = values.get("__spec__")
    if known is not None and known[0] is values and known[1] is spec:
        return known[2]
    file = values.get("__file__")
    source = None
    # a script may have any ending, or none
    if isinstance(file, str) and not file.endswith((".so", ".pyd", ".pyc")):
        versions = _versions(file)
        source = versions[-1] if versions else None
    _imported[id(values)] = (values, spec, source)
    return source


def source_file_of(code: CodeType) -> SourceFile | None:
    """The source that a code object was compiled from: an older content where the file changed since."""
    versions = _versions(code.co_filename)
    if len(versions) > 1:
        for version in reversed(versions):
            if version.compiles_to(code):
                return version
    return versions[-1] if versions else None


def _versions(name: str) -> list[SourceFile]:
    known = _files.get(name)
    try:
        status = os.stat(name)
        stamp: object = (status.st_mtime_ns, status.st_size)
        text = None
    except (OSError, ValueError):
        # not a file: a cell of a notebook, an archive, code that was generated and shown to linecache
        text = _text_without_file(name)
        if text is None:
            return [source for _, source in known or () if source is not None]
        stamp = text
    if not known or known[-1][0] != stamp:  # empty, too, while another thread reads the file
        known = _files.setdefault(name, [])
        try:
            source = SourceFile(name, _read(name) if text is None else text)
        except (OSError, SyntaxError, ValueError, RecursionError):
            source = None
        known.append((stamp, source))
    return [source for _, source in known if source is not None]


def _read(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read()
    encoding = "utf-8-sig"
    if not data.startswith(codecs.BOM_UTF8):
        for line in data.split(b"\n", 2)[:2]:
            cookie = _COOKIE.match(line)
            if cookie:
                encoding = cookie.group(1).decode()
                break
    try:
        text = data.decode(encoding)
    except LookupError as error:
        raise ValueError(str(error)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text_without_file(name: str) -> str | None:
    import linecache

    return "".join(linecache.getlines(name)) or None
