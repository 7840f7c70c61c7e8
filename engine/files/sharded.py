"""ShardedDataset: one table in many files, each of which counts for itself."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.engine.files.base import Artefact
from headwater.engine.files.compressed import ends_of
from headwater.engine.files.file import File
from headwater.engine.files.folder import Dir
from headwater.engine.files.members import FileSet
from headwater.engine.files.tables import (
    FORMATS,
    LIBRARIES,
    check_word,
    encoded,
    joined,
    read_frame,
    slices,
    suffix_format,
)


class ShardedDataset(FileSet):
    """A table in the files of a folder, its shards: those below it whose names end as its format says.

    It is a set of files: a shard that changed, came or went makes it another. `map` makes a call for each shard, so
    that only those calls run again whose shard changed.
    """

    __module__ = "headwater"
    __slots__ = ("folder", "format", "recurse", "suffix")

    def __init__(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        recurse: bool = True,
        suffix: str | None = None,
    ) -> None:
        """Name the shards in a folder.

        Args:
            path: the folder, here or at a URL.
            format: `parquet`, `csv`, `json` (one object a line), `orc` or `avro`; default the one that the names of the
                files there tell.
            recurse: whether shards in folders below it count, too.
            suffix: what their names end in, where that is not a dot and the format, like `.csv.gz`. Upper and lower
                case are the same.

        Raises:
            UsageError: an unknown format, or no telling.
        """
        folder = os.fspath(path).rstrip("/") or "/"
        if format is None:
            format, suffix = _told_by_names(folder, recurse, suffix)
        self.folder = folder
        self.format = check_word("format", format, FORMATS)
        self.recurse = recurse
        self.suffix = suffix or f".{format}"
        super().__init__(f"{glob.escape(folder)}/{'**/' * recurse}*{_in_any_case(self.suffix)}")
        # Credentials of a URL are in the address alone.
        self.folder = Dir(folder).path.rstrip("/")

    @classmethod
    def from_files(
        cls, files: Sequence[File], format: str | None = None, allow_additional_files: bool = False
    ) -> ShardedDataset:
        """The dataset whose shards are these files.

        Args:
            allow_additional_files: whether further shards may lie among them, which then belong to it.

        Raises:
            UsageError: there are none, they have no folder in common, differ in format, or others lie among them.
        """
        if not files:
            raise UsageError("ShardedDataset.from_files needs one file at least")
        ends = {"".join(ends_of(file.basename())) for file in files}
        if len(ends) > 1:
            raise UsageError(f"the shards of a dataset end alike, and these end in {', '.join(sorted(ends))}")
        folder = os.path.commonpath([file.dirname() or "." for file in files])
        if "://" in files[0].path:
            folder = folder.replace(":/", "://", 1)
        [suffix] = ends
        known = format or suffix_format(suffix)
        found = cls(folder, known, any(file.dirname() != folder for file in files), suffix or None)
        given = {file.uri for file in files}
        there = {file.uri for file in found}
        if there - given and not allow_additional_files:
            raise UsageError(
                f"{folder} has shards that were not given, like {min(there - given)}. "
                "allow_additional_files=True takes them in"
            )
        if given - there:
            raise UsageError(f"{min(given - there)} is no file below {folder} that ends in {suffix!r}")
        return found

    @classmethod
    def from_data(
        cls,
        frame: Any,
        path: str | os.PathLike[str],
        format: str = "parquet",
        rows: int = 1_000_000,
        suffix: str | None = None,
        **options: Any,
    ) -> ShardedDataset:
        """Write a table as shards `part-00000.…`, `part-00001.…`; those of an earlier table that are left over go.

        A shard that would be written as it is already is left alone, so that it stays what it was.

        Args:
            frame: a DataFrame of pandas or polars, or an Arrow table.
            rows: of each shard, at most.
            suffix: what their names are to end in, like `.csv.gz`; default a dot and the format.
            **options: for the library's own writer.

        Raises:
            UsageError: an unknown format, no table, or no rows to a shard.
        """
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise UsageError(f"rows={rows!r}: the number of rows of a shard is needed, 1 or more")
        made = cls(path, format, recurse=False, suffix=suffix)
        kept = set()
        for number, piece in enumerate(slices(frame, rows)):
            file = File(f"{os.fspath(path).rstrip('/')}/part-{number:05}{made.suffix}")
            kept.add(file.uri)
            data = encoded(piece, file, made.format, options)
            if not (file.isfile() and file.size() == len(data) and file.read("rb") == data):
                file.write(data, mode="wb")
        made.update_hash()
        for file in made.files():
            if file.basename().startswith("part-") and file.uri not in kept:
                file.remove()
        made.update_hash()
        return made

    @property
    def filenames(self) -> list[str]:
        """The paths of the shards, by name."""
        return [file.path for file in self]

    def map(self, task: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """One lazy call for each shard, with it as the first argument, in the order of the names.

        Args:
            task: what to call.
            *args, **kwargs: further arguments of each call.
        """
        return [task(shard, *args, **kwargs) for shard in self]

    def load(self, into: str = "pandas", max_shards: int | None = None, **options: Any) -> Any:
        """The whole table, or that in the first shards.

        Args:
            into: `pandas`, `polars` or `arrow`.
            max_shards: how many to read at most.
            **options: for the library's own reader.

        Raises:
            UsageError: as of `read_frame`; or there are no shards, or `max_shards` is not 1 or more.
        """
        return joined(self.load_shards(into, max_shards, **options), into)

    def load_shards(self, into: str = "pandas", max_shards: int | None = None, **options: Any) -> list[Any]:
        """The tables in the shards, each for itself. Arguments and errors are those of `load`."""
        check_word("into", into, LIBRARIES)
        if max_shards is not None and (isinstance(max_shards, bool) or max_shards < 1):
            raise UsageError(f"max_shards={max_shards!r}: how many shards to read at most, 1 or more")
        shards = self.files()[:max_shards]
        if not shards:
            raise UsageError(
                f"{self.folder} has no files that end in {self.suffix!r}, so there is no table. Where they end in "
                f"something else, say so: suffix={self.suffix + '.gz'!r}"
            )
        return [read_frame(shard, self.format, into=into, **options) for shard in shards]

    def __canonical__(self) -> tuple[str, Any]:
        name, seen = super().__canonical__()
        return name, (*seen, self.format)

    def __repr__(self) -> str:
        return f"ShardedDataset({self.folder!r}, format={self.format!r})"

    def __getstate__(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ShardedDataset.__slots__}
        return {**super().__getstate__(), **own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for name in ShardedDataset.__slots__:
            setattr(self, name, state[name])


def _told_by_names(folder: str, recurse: bool, suffix: str | None) -> tuple[str, str]:
    """The format and the suffix of what lies in a folder."""
    if suffix is not None and (format := suffix_format(suffix)):
        return format, suffix
    names = [file.basename() for file in (Dir(folder) if recurse else _only_files(folder))]
    ends = {"".join(ends_of(name)) for name in names if not name.startswith(".") and suffix_format(name)}
    if len(ends) != 1:
        found = f"the names in it end in {', '.join(sorted(ends))}" if ends else "no name in it tells one"
        raise UsageError(
            f"{Dir(folder).path}: which format? {found}. Give one: "
            + ("suffix=…" if ends else f"format={FORMATS[0]!r}, …")
        )
    [end] = ends
    return str(suffix_format(end)), end


def _only_files(folder: str) -> list[Artefact]:
    try:
        return [found for found in Dir(folder).children() if isinstance(found, File)]
    except FileNotFoundError:
        return []


def _in_any_case(suffix: str) -> str:
    """The pattern of a suffix, however its letters are written."""
    pairs = [(letter, letter.lower(), letter.upper()) for letter in suffix]
    return "".join(
        f"[{low}{up}]" if low != up and len(low) == len(up) == 1 else glob.escape(letter)
        for letter, low, up in pairs
    )
