"""What processes are in the midst of, so that others can put it right when one was killed: files that are written
beside their places, what scripts have put aside, temporary folders.

Each process notes them in a file of its own in the user's cache folder, which it holds locked for as long as it lives.
Nothing is made durable: it is for what `kill -9` leaves, not for a machine that went down.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

from headwater.engine.files.content import cache_folder

_FOLDER = "under-way"
ALL = "*"
"""the place of a note that is of all whose paths begin so"""
_LARGE = 1 << 20
"""bytes after which a file of notes is written anew, without those that are done with"""


class Note(NamedTuple):
    """Something that does not stay where it is.

    Attributes:
        path: where it is.
        place: where it belongs; empty for what is to go; `ALL` for all that is to go whose paths begin with `path`.
    """

    path: str
    place: str = ""


def begin(note: Note) -> None:
    """Note something before it is there."""
    _Notes.of_process().begin(note)


def end(path: str) -> None:
    """It is no longer there."""
    if _Notes.own is not None:
        _Notes.own.end(path)


def settle_killed(put_right: Callable[[Note], bool]) -> None:
    """Put right what processes of this machine left that were killed.

    Args:
        put_right: does so for one note, and tells whether it did; what it did not, or what the system refused, is
            tried again another time.
    """
    for path in _others():
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # who lives has it
                with open(handle, encoding="ascii", closefd=False) as file:
                    notes = _read(file)
                done = [_tried(put_right, note) for note in notes]
                if all(done):
                    os.unlink(path)
            finally:
                os.close(handle)


def _tried(put_right: Callable[[Note], bool], note: Note) -> bool:
    try:
        return put_right(note)
    except OSError:
        return False


def _others() -> list[str]:
    folder = os.path.join(cache_folder(), _FOLDER)
    try:
        # Where several machines share a home, locks may not reach from one to the other.
        names = [name for name in os.listdir(folder) if name.startswith(f"{os.uname().nodename}~")]
    except OSError:
        return []
    own = _Notes.own.path if _Notes.own is not None else ""
    return [path for path in (os.path.join(folder, name) for name in names) if path != own]


def _read(lines: Iterator[str]) -> list[Note]:
    notes: dict[str, Note] = {}
    for line in lines:
        with suppress(ValueError):  # it was killed while it wrote this
            path, *rest = json.loads(line)
            notes.pop(path, None)
            if rest:
                notes[path] = Note(path, rest[0])
    return list(notes.values())


class _Notes:
    """The notes of this process. No fault with them is a fault of what is noted: it is just not put right."""

    own: _Notes | None = None
    _opening = threading.Lock()

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = ""
        self._handle = -1
        self._lock = threading.Lock()
        self._notes: dict[str, Note] = {}
        self._size = 0
        with suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            name = f"{os.uname().nodename}~{os.getpid()}-{uuid4().hex[:8]}"
            # Under its name, it is locked from the beginning.
            new = os.path.join(folder, f".{name}")
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(new, flags, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.path = os.path.join(folder, name)
            os.rename(new, self.path)

    @classmethod
    def of_process(cls) -> _Notes:
        folder = f"{cache_folder()}/{_FOLDER}"
        own = cls.own
        if own is None or own.folder != folder:
            with cls._opening:
                own = cls.own
                if own is None or own.folder != folder:
                    if own is None:
                        atexit.register(cls._leave, os.getpid())
                    own = cls.own = cls(folder)
        return own

    def begin(self, note: Note) -> None:
        with self._lock:
            self._notes[note.path] = note
            self._write([note])

    def end(self, path: str) -> None:
        with self._lock:
            if self._notes.pop(path, None) is None:
                return
            if self._notes and self._size < _LARGE:
                self._write([(path,)])
                return
            with suppress(OSError):
                os.ftruncate(self._handle, 0)
                self._size = 0
                self._write(list(self._notes.values()))

    def _write(self, rows: list[Note] | list[tuple[str]]) -> None:
        # (Each text by itself, which is several times as fast as the row.)
        data = "".join([f"[{', '.join(map(json.dumps, row))}]\n" for row in rows]).encode("ascii")
        with suppress(OSError):
            self._size += os.write(self._handle, data) if data else 0

    @classmethod
    def _leave(cls, pid: int) -> None:
        own = cls.own
        if own is not None and pid == os.getpid() and not own._notes:
            with suppress(OSError):
                os.unlink(own.path)

    @classmethod
    def forget(cls) -> None:
        """This is a new process: what it inherited are the notes of another, which has their lock."""
        cls._opening = threading.Lock()
        own, cls.own = cls.own, None
        if own is not None:
            with suppress(OSError):
                os.close(own._handle)


os.register_at_fork(after_in_child=_Notes.forget)
