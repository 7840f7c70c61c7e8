"""The scripts of a user that run on this machine now, and those that wait in the midst of another.

Each has a file in a folder of the user's, which it holds locked, together with all that it started: what a killed run
had is free as soon as nothing of it can write any more, and not before.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from headwater.cypher.held import is_held
from headwater.engine.files.content import cache_folder

_FOLDER = "scripts"
_LOCK, _WAITS = ".lock", "~"

_threads: dict[str, threading.Thread] = {}
"""the scripts of this process, by the threads that wait for them"""


class Places(NamedTuple):
    """What a script has on this machine while it runs; resolved paths.

    Attributes:
        writes: what it writes where it is.
        stages: where it stages to.
        rooms: the folders that it has to itself for that: what others stage there, it could take for its own.
    """

    writes: Set[str]
    stages: Set[str]
    rooms: Set[str]


@dataclass
class Entry:
    """A script as it is registered.

    Attributes:
        name: its file's.
        run: whose it is.
        inside: the scripts that it runs in, the outermost first.
        places: what it has, or waits for.
        after: the scripts that it waits for.
        pid: the process that runs it.
        handle: its file, locked; -1 while it has none.
    """

    name: str
    run: str
    inside: list[str]
    places: Places
    after: list[str] = field(default_factory=list)
    pid: int = field(default_factory=os.getpid)
    handle: int = -1

    def waiting(self) -> Entry:
        """What is entered of it while it waits."""
        return Entry(f"{_WAITS}{self.name}", self.run, self.inside, self.places)

    def text(self) -> bytes:
        fields = [self.run, self.inside, [sorted(paths) for paths in self.places], self.after, self.pid]
        return f"{json.dumps(fields)}\n".encode("ascii")


class Register:
    """The files of scripts in a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> Register | None:
        """The one in the user's cache folder, or in that for temporary files where files in the first cannot be written
        or locked, as on some network disks; None where there is no such place."""
        # Where several machines share a home, locks may not reach from one to the other.
        name = f"{_FOLDER}-{os.uname().nodename}"
        for base in (cache_folder(), os.path.join(tempfile.gettempdir(), f"headwater-{os.getuid()}")):
            register = cls(os.path.join(base, name))
            with suppress(OSError):
                os.makedirs(base, mode=0o700, exist_ok=True)
                os.makedirs(register._folder, mode=0o700, exist_ok=True)
                if os.lstat(base).st_uid == os.getuid():
                    register._try_lock()
                    return register
        return None

    def running(self) -> list[Entry]:
        """The scripts that run; what the dead left is removed."""
        return self._all(waiting=False)

    def waiting(self) -> list[Entry]:
        """The scripts that wait in the midst of others."""
        return self._all(waiting=True)

    def lives(self, entry: Entry) -> bool:
        """Whether a script runs still, or something that it started."""
        with suppress(OSError):
            return is_held(self.path(entry))
        return False

    def write(self, entry: Entry) -> None:
        """Enter a script, or what it waits for now."""
        if entry.handle < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            entry.handle = os.open(self.path(entry), flags, 0o600)
            fcntl.flock(entry.handle, fcntl.LOCK_EX)
            _threads[entry.name] = threading.current_thread()
        try:
            os.ftruncate(entry.handle, 0)
            os.write(entry.handle, entry.text())
        except OSError:
            self.remove(entry)
            raise

    def remove(self, entry: Entry) -> None:
        """It has ended, whatever it left that has its file open."""
        if entry.handle >= 0:
            _threads.pop(entry.name, None)
            with suppress(OSError):
                os.unlink(self.path(entry))
            _unlock(entry.handle)
            entry.handle = -1

    def tell(self, entry: Entry, place: str) -> None:
        """Tell a script that runs of a path that another wrote meanwhile, too."""
        with open(self.path(entry), "ab") as file:
            file.write(f"{json.dumps(place)}\n".encode("ascii"))

    def told(self, entry: Entry) -> list[str]:
        """The paths of which a script was told."""
        with open(entry.handle, "rb", closefd=False) as file:
            file.seek(0)
            lines = file.read().splitlines()[1:]
        found = []
        for line in lines:
            with suppress(ValueError):  # the script has this file open, and may write whatever it wants
                found.append(json.loads(line))
        return found

    def path(self, entry: Entry) -> str:
        """The file of a script: who has it open runs it, or was started by it."""
        return self._path(entry.name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time looks and writes here."""
        handle = self._open_lock()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            _unlock(handle)

    def _try_lock(self) -> None:
        """
        Raises:
            OSError: files here cannot be written, or not locked.
        """
        handle = self._open_lock()
        try:
            with suppress(BlockingIOError):  # somebody has it: so it can be
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            _unlock(handle)

    def _open_lock(self) -> int:
        return os.open(self._path(_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _all(self, *, waiting: bool) -> list[Entry]:
        names = [
            name for name in os.listdir(self._folder) if name != _LOCK and name.startswith(_WAITS) == waiting
        ]
        return [entry for name in names if (entry := self._read(name)) is not None]

    def _read(self, name: str) -> Entry | None:
        """The script of a file; None for one that has ended."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    run, inside, places, after, pid = json.loads(file.readline())
                    return Entry(name, run, inside, Places(*map(set, places)), after, pid)
            os.unlink(path)
        except (OSError, ValueError):  # it is gone; or was killed while it wrote this
            pass
        return None

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


def thread_of(entry: Entry) -> threading.Thread | None:
    """The thread of this process that waits for a script; None for one of another process."""
    return _threads.get(entry.name)


def _unlock(handle: int) -> None:
    with suppress(OSError):
        # A process that was forked meanwhile may have it open, too, and what the script left.
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def _forget() -> None:
    """This is a new process: what it inherited are the scripts of another."""
    _threads.clear()


os.register_at_fork(after_in_child=_forget)
