"""What a script made: its outputs as they are when it has ended, and whether it was the script that wrote them."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from functools import cached_property
from typing import Any

from headwater.engine.errors import ScriptError
from headwater.engine.files import (
    Artefact,
    Dir,
    File,
    FileSet,
    IDir,
    IFile,
    IFileSet,
    ShardedDataset,
    Staging,
)
from headwater.engine.files.address import local_path
from headwater.engine.files.content import stamp
from headwater.engine.files.writes import last_writes
from headwater.engine.observed import some
from headwater.engine.script_places import (
    Output,
    StagedInput,
    is_there,
    kinds,
    leaves,
    map_nested,
    place_in,
)

_log = logging.getLogger("headwater")

_TICK_NS = 20_000_000
"""how coarse the clock may be that dates changes: what changed less than this ago may change without a trace"""
_PROMISED = (IFile, IDir, IFileSet)
"""what its user says never changes"""


def collect_outputs(outputs: Any, folder: str, stdout: str | bytes) -> Any:
    """What a script returns: its staged outputs copied home, its other files as they are now, its stdout.

    Raises:
        ScriptError: an output was not written; the message names it.
    """

    def change(leaf: Any) -> Any:
        if isinstance(leaf, Staging):
            here = type(leaf)(place_in(folder, leaf.local.path), leaf.remote)
            _check_written(here.local, folder)
            made = here.unstage()
            if isinstance(made, Dir) and not isinstance(made, IDir):
                written = {here.local.rel_path(file) for file in here.local}
                _tell_left(made.uri, [file.uri for file in made if made.rel_path(file) not in written])
            return made
        if not isinstance(leaf, Output):
            return leaf
        if leaf.kind is None:
            return stdout
        made = leaf.look()
        _check_written(made, folder)
        return made

    return map_nested(outputs, change)


class Unstaged:
    """The places that a script declares as outputs without staging them. What is there when it has ended may be what
    lay there before, of another input or another script.

    Args:
        inputs: what the script takes, its command included; what it took, it may give on as it is.
        outputs: what it declares.
        folder: where it runs.
        tempdir: whether that is a temporary folder, where relative places of outputs do not lie.
    """

    def __init__(self, inputs: Any, outputs: Any, folder: str, *, tempdir: bool) -> None:
        self._inputs = inputs
        self._folder = folder
        self._tempdir = tempdir
        self._places = [
            leaf
            for leaf in leaves(outputs)
            if isinstance(leaf, Output)
            and leaf.kind is not None
            and (not issubclass(leaf.kind, _PROMISED) or self._is_lost(leaf))
        ]
        recently = time.time_ns() - _TICK_NS
        self._before = [_seen(place, None if self._is_lost(place) else recently) for place in self._places]

    def check(self) -> None:
        """See to it that the script wrote them, now that it has ended. Of files that it left alone in a folder of which
        it wrote others, a warning tells: nobody can say whether they belong to what it made.

        Raises:
            ScriptError: of an output, it wrote nothing; the message names it.
        """
        for place, before in zip(self._places, self._before, strict=True):
            now = _seen(place)
            if now == before and None not in now.values():
                self._refuse(place, before)
                continue
            same = {path for path, seen in now.items() if seen is not None and before.get(path) == seen}
            _tell_left(place.uri, sorted(path for path in same if not self._was_taken(path)))

    def _is_lost(self, place: Output) -> bool:
        """Whether the script, where it runs, has another place of that name."""
        return self._tempdir and IFile(place.path).is_relative

    def _refuse(self, place: Output, before: dict[str, str | None]) -> None:
        """Raise the error of a place that is as it was before the script, unless that may be."""
        lost = self._is_lost(place)
        if lost and _kind(place)(os.path.join(self._folder, place.path), *place.words).exists():
            found = f"the script wrote its output {place.path} in the temporary folder, which goes"
        elif before and not all(map(self._was_taken, before)):
            found = f"the script did not write its output {place.uri}, which was there before"
        else:
            return
        if lost:
            assert place.kind is not None
            raise ScriptError(
                f"{found}. With tempdir=True, a path relative to the temporary folder is declared by "
                f"{place.kind.__name__}(...).stage({place.path!r})"
            )
        raise ScriptError(
            f"{found}, perhaps of other inputs. Let the script write it anew: remove it first, where a program takes "
            "it for up to date. If it is right as it is, let the script touch it; if it is only passed on, name it "
            "in inputs=, too"
        )

    def _was_taken(self, path: str) -> bool:
        """Whether the script takes a file as it is, or the folder that it is in."""
        files, folders = self._taken
        return path in files or path.startswith(folders)

    @cached_property
    def _taken(self) -> tuple[set[str], tuple[str, ...]]:
        """The paths or URLs of files that the script takes as they are, and of folders, with a slash."""
        files: set[str] = set()
        folders: set[str] = set()
        for leaf in leaves(self._inputs):
            place = leaf.home if isinstance(leaf, StagedInput) else leaf
            if isinstance(place, FileSet):
                files.update(local_path(file.uri) or file.uri for file in place)
            elif isinstance(place, Artefact):
                path = local_path(place.uri) or place.uri
                if isinstance(place, Dir):
                    folders.add(f"{path.rstrip('/')}/")
                else:
                    files.add(path)
        return files, tuple(folders)


def _tell_left(place: str, paths: list[str]) -> None:
    """Warn of files that are in an output and that the script did not write."""
    if paths:
        _log.warning(
            "a script left in its output %s what was there before: %s. It counts as its output. Where it is none, "
            "empty the place first",
            place,
            some(paths),
        )


def _kind(place: Output) -> type[Artefact]:
    """What to look at a place by, without reading anything."""
    assert place.kind is not None
    return next(kind for kind in (Dir, ShardedDataset, FileSet, File) if issubclass(place.kind, kind))


def _seen(place: Output, recently: int | None = None) -> dict[str, str | None]:
    """What can be seen of the files at a place from outside.

    Args:
        recently: a moment; of what changed after it, None is said, which nothing seen later equals. At a URL, its store
            decides what that is.
    """
    kind = _kind(place)
    if local_path(place.uri) is None:
        return last_writes((IFile if kind is File else kind)(place.path, *place.words))
    now = kind(place.path, *place.words)
    found: dict[str, str | None] = {}
    files = now.files() if isinstance(now, FileSet) or (isinstance(now, Dir) and now.isdir()) else [now]
    for file in files:
        path = local_path(file.uri) or ""
        with suppress(OSError):
            both = os.lstat(path), os.stat(path)  # a link may be made anew, or what it leads to
            fresh = recently is not None and max(status.st_ctime_ns for status in both) > recently
            found[path] = None if fresh else " ".join(map(stamp, both))
    return found


def _check_written(place: Artefact, folder: str) -> None:
    if isinstance(place, FileSet) or is_there(place):
        return
    kind, other = kinds(place)
    hint = (
        f"a {other} has that name"
        if place.exists()
        else f"it ran in {folder}; a path relative to a temporary folder is declared by File(...).stage(path)"
    )
    raise ScriptError(f"the script ended well, but its output {place.uri} is no {kind}: {hint}")
