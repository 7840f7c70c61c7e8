"""What a script did to files that it does not declare, told from the files themselves: a look before and one after."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from headwater.cypher.held import is_held
from headwater.cypher.journal import SUFFIX, execution_id_of
from headwater.engine.files import Artefact, Dir, FileSet, Staging
from headwater.engine.files.address import local_path
from headwater.engine.files.partials import PARTIAL
from headwater.engine.script_places import Output, StagedInput, leaves, place_in

IGNORED = frozenset({".headwater", ".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"})
"""folders that are not looked into"""
_FORGET = 60.0
"""seconds after which a folder that was too large is tried again"""
_too_large: dict[str, float] = {}


class Seen(NamedTuple):
    """What a look tells of one file."""

    size: int
    changed: int
    inode: int
    read: int


Look = dict[str, Seen]


def look(roots: Iterable[str], limit: int) -> Look | None:
    """Every file below some folders, by path; links are not followed.

    Returns:
        None where there are more files and folders than the limit.
    """
    found: Look = {}
    todo = list(roots)
    count = 0
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    count += 1
                    if count > limit:
                        return None
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in IGNORED:
                            todo.append(entry.path)
                    elif not entry.name.endswith(PARTIAL):
                        with suppress(FileNotFoundError):
                            status = entry.stat(follow_symlinks=False)
                            found[entry.path] = Seen(
                                status.st_size, status.st_mtime_ns, status.st_ino, status.st_atime_ns
                            )
        except OSError:  # it went, or is not ours to look into
            continue
    return found


class Declared:
    """The local files and folders that a script declares.

    Args:
        folder: what its staged places are relative to.
    """

    def __init__(self, command: Any, inputs: Any, outputs: Any, folder: str) -> None:
        self.folders: list[str] = []
        """the folders among them, for a look into them"""
        self._written: set[str] = set()
        self._read: set[str] = set()
        self._written_below: list[str] = []
        self._read_below: list[str] = []
        self._patterns: list[str] = []
        for leaf in leaves([command, inputs]):
            place = leaf.home if isinstance(leaf, StagedInput) else leaf
            if isinstance(place, Artefact):
                self._add(type(place), place.uri, written=False)
            if isinstance(leaf, StagedInput):
                self._add(type(place), place_in(folder, leaf.local), written=True)
        for leaf in leaves(outputs):
            if isinstance(leaf, Staging):
                self._add(type(leaf.local), place_in(folder, leaf.local.path), written=True)
                self._add(type(leaf.remote), leaf.remote.uri, written=True)
            elif isinstance(leaf, Output) and leaf.kind is not None:
                self._add(leaf.kind, leaf.uri, written=True)

    def _add(self, kind: type[Artefact], address: str, *, written: bool) -> None:
        path = local_path(address)
        if path is None:
            return
        if issubclass(kind, FileSet):
            self._patterns.append(path)
            return
        path = os.path.realpath(path)
        if issubclass(kind, Dir):
            self.folders.append(path)
            (self._written_below if written else self._read_below).append(path + os.sep)
        else:
            (self._written if written else self._read).add(path)

    def settle(self) -> None:
        """Look up what the patterns match, now that the script has ended."""
        for pattern in self._patterns:
            for file in FileSet(pattern):
                self._written.add(os.path.realpath(file.path))
        self._patterns = []

    def may_write(self, path: str) -> bool:
        """Whether a file is among what is declared to be written, or staged."""
        return path in self._written or any(path.startswith(folder) for folder in self._written_below)

    def may_read(self, path: str) -> bool:
        """Whether a file is among what is declared at all."""
        return (
            path in self._read
            or any(path.startswith(folder) for folder in self._read_below)
            or self.may_write(path)
        )


class Watch:
    """Looks before a script runs; tells afterwards what changed.

    Args:
        roots: the folders to look into, with all that is in them.
        limit: files and folders at most; 0 looks at nothing.
    """

    def __init__(self, roots: Iterable[str], limit: int) -> None:
        found = sorted({os.path.realpath(root) for root in roots})
        self._roots = [
            root for root in found if not any(root.startswith(f"{other}{os.sep}") for other in found)
        ]
        self._limit = limit
        self._before: Look | None = None
        key = os.pathsep.join(self._roots)
        if limit and time.monotonic() - _too_large.get(key, -_FORGET) >= _FORGET:
            self._before = look(self._roots, limit)
            if self._before is None:
                _too_large[key] = time.monotonic()

    @property
    def is_blind(self) -> bool:
        """Whether there were too many files to look at."""
        return self._before is None and self._limit > 0

    def changes(self, declared: Declared) -> tuple[list[str], list[str]]:
        """The undeclared files that were written, made or removed since, and those that were read (as far as the file
        system keeps times of reading). What somebody still has open is somebody else's."""
        if self._before is None:
            return [], []
        after = look(self._roots, 2 * self._limit) or {}
        before = self._before
        written = [p for p, seen in after.items() if p not in before or before[p][:3] != seen[:3]]
        written += [path for path in before if path not in after]
        read = [p for p, seen in after.items() if p in before and before[p].read != seen.read]
        declared.settle()
        written = [path for path in written if not declared.may_write(path)]
        read = [path for path in read if path not in written and not declared.may_read(path)]
        if written:
            held = set(_held())
            written = [path for path in written if _identity(path) not in held]
        return sorted(written), sorted(read)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _held() -> Iterator[tuple[int, int]]:
    """The files that any process has open for writing, as far as we may know: the log into which a run's output goes,
    for instance. The script's own processes have ended."""
    for pid in os.listdir("/proc") if os.path.isdir("/proc/self/fd") else ():
        if not pid.isdigit():
            continue
        with suppress(OSError):
            for handle in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    status = os.stat(f"/proc/{pid}/fd/{handle}")
                    if stat.S_ISREG(status.st_mode):
                        yield status.st_dev, status.st_ino


def others_ran(project: str, run: str | None, since: float) -> bool:
    """Whether another run of a project was under way at any time since a moment: its journal is open, or was written.

    Args:
        project: its `.headwater` folder.
        run: the id of our own run.
        since: seconds since the epoch.
    """
    pending = Path(project, "journals")
    for folder in (pending, pending / "loaded"):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                if not entry.name.endswith(SUFFIX) or execution_id_of(path) == run:
                    continue
                with suppress(FileNotFoundError):
                    if entry.stat().st_mtime >= since or (folder is pending and is_held(path)):
                        return True
    return False
