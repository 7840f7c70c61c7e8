"""Which scripts run on this machine now, what they write and where they stage, so that no two have one place at a time.

Each has a file in a folder of the user's, which it holds locked while it runs: what a killed one leaves is free. Who
may not begin yet waits, and has nothing meanwhile that others could wait for. Runs take turns; within a run nobody says
which of two that write one place comes first, so that it is an error of both.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from headwater.engine.errors import ScriptError
from headwater.engine.executors.upwards import TO_PARENT, awaiting_turn
from headwater.engine.files.content import cache_folder
from headwater.engine.script_process import check_going_on, is_ending

_log = logging.getLogger("headwater")

_FOLDER = "scripts"
_LOCK, _WAITS = ".lock", "~"
_INSIDE = "_HEADWATER_INSIDE"
"""in a script's environment: which scripts it runs in, itself included"""
_POLL = 0.02
"""seconds between two looks at what another has"""
_SAID_AFTER = 1.0
"""seconds of waiting until somebody is told"""

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


@contextmanager
def registered(places: Places, run: str | None) -> Iterator[Mapping[str, str]]:
    """Have places to oneself while a script runs, against scripts of other runs; those that it stages to against all.

    Args:
        run: whose script it is; None for one that is not recorded, of which a process has one at a time.

    Yields:
        The environment for the script.

    Raises:
        ScriptError: another script of the run wrote the same meanwhile; or it would wait for one that it runs in, or
            that waits for such a one; or it stages, and there is no folder to register in.
        Cancelled: the run was stopped meanwhile.
    """
    inside = os.environ.get(_INSIDE, "").split()
    me = _Script(uuid4().hex, run or f"process-{os.getppid() if TO_PARENT else os.getpid()}", inside, places)
    register = _Register.of_user() if places.writes or places.stages else None
    if register is not None:
        try:
            register.wait_for(me)
        except OSError:
            if places.stages:
                raise
            register = None  # no fault of the cache is a fault of the run's
    elif places.stages:
        raise ScriptError(
            f"other scripts cannot be kept from {min(places.stages)}, where this one stages: neither {cache_folder()} "
            "nor the folder for temporary files can be written. Set HEADWATER_CACHE to a folder that can be, or use "
            "tempdir=True"
        )
    also = None
    try:
        yield {**os.environ, _INSIDE: " ".join([*inside, me.name])}
    finally:
        if register is not None:
            also = register.leave(me)
    if also is not None:
        raise ScriptError(
            f"another script was writing {also} at the same time, so nobody knows whose it is. Give each an output "
            "of its own, let one take what the other gives, or stage them, with tempdir=True"
        )


@contextmanager
def to_oneself(place: str) -> Iterator[bool]:
    """Have a place where scripts stage, unless one has it now: then False is given."""
    register = _Register.of_user()
    me = _Script(uuid4().hex, "", [], Places(frozenset(), {place}, {place}))
    has = register is not None and register.enter(me) is None
    try:
        yield has
    finally:
        if register is not None and has:
            register.leave(me)


@dataclass
class _Script:
    """A script as it is registered.

    Attributes:
        name: its file's.
        run: whose it is.
        inside: the scripts that it runs in, the outermost first.
        places: what it has, or waits for.
        after: the scripts that it waits for.
        handle: its file, locked; -1 while it has none.
    """

    name: str
    run: str
    inside: list[str]
    places: Places
    after: list[str] = field(default_factory=list)
    handle: int = -1

    def text(self) -> bytes:
        fields = [self.run, self.inside, [sorted(paths) for paths in self.places], self.after]
        return f"{json.dumps(fields)}\n".encode("ascii")


class _Register:
    """The files of the scripts that run now, in a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> _Register | None:
        """The one in the user's cache folder, or in that for temporary files where the first cannot be written; None
        where there is no such place."""
        for base in (cache_folder(), os.path.join(tempfile.gettempdir(), f"headwater-{os.getuid()}")):
            folder = os.path.join(base, _FOLDER)
            with suppress(OSError):
                os.makedirs(base, mode=0o700, exist_ok=True)
                os.makedirs(folder, mode=0o700, exist_ok=True)
                if os.access(folder, os.W_OK | os.X_OK) and os.lstat(base).st_uid == os.getuid():
                    return cls(folder)
        return None

    def wait_for(self, me: _Script) -> None:
        """Enter a script, when no other has what it needs."""
        waits = _Script(f"{_WAITS}{me.name}", me.run, me.inside, me.places)
        met = self.enter(me, waits)
        if met is None:
            return
        began, is_said = time.monotonic(), False
        try:
            with awaiting_turn():
                while met is not None:
                    check_going_on()
                    if not is_said and time.monotonic() - began > _SAID_AFTER:
                        is_said = True
                        _tell_waiting(me, met[1])
                    time.sleep(_POLL)
                    if not self._lives(met[0]):
                        met = self.enter(me, waits)
        finally:
            self._remove(waits)

    def enter(self, me: _Script, waits: _Script | None = None) -> tuple[str, str] | None:
        """Enter a script, unless another has what it needs.

        Args:
            waits: what is entered of its waiting, where that is in the midst of another script: that one does not end
                before.

        Returns:
            The script that has it, and the place.
        """
        with self._locked():
            met = [
                (other, place) for other in self._running() if (place := _in_the_way(me, other)) is not None
            ]
            if not met:
                self._write(me)
                return None
            if waits is not None and me.inside:
                waits.after = [other.name for other, _ in met]
                self._write(waits)
                self._refuse_circle(waits, met[0][1])
            return met[0][0].name, met[0][1]

    def leave(self, me: _Script) -> str | None:
        """A script has ended. Those that wrote the same meanwhile and still run are told.

        Returns:
            A path that another wrote meanwhile, too.
        """
        also: str | None = None
        try:
            with suppress(OSError), self._locked():
                for other in self._running() if me.places.writes else ():
                    if other.name in (me.name, *me.inside) or me.name in other.inside:
                        continue
                    place = _shared(me.places.writes, other.places.writes)
                    if place is not None:
                        also = place
                        with open(self._path(other.name), "ab") as file:
                            file.write(f"{json.dumps(place)}\n".encode("ascii"))
                with open(me.handle, "rb", closefd=False) as file:
                    file.seek(0)
                    for told in file.read().splitlines()[1:]:
                        also = json.loads(told)
        finally:
            self._remove(me)
        return also

    def _running(self) -> list[_Script]:
        """The scripts that live; what the dead left is removed."""
        names = [name for name in os.listdir(self._folder) if not name.startswith((_LOCK, _WAITS))]
        return [script for name in names if (script := self._read(name)) is not None]

    def _refuse_circle(self, me: _Script, place: str) -> None:
        """Raise the error of a script that waits for one that waits for what the first runs in."""
        waiting = [
            script
            for name in os.listdir(self._folder)
            if name.startswith(_WAITS) and (script := self._read(name)) is not None
        ]
        todo, seen = list(me.after), set(me.after)
        while todo:
            holder = todo.pop()
            if holder in me.inside:
                raise ScriptError(
                    f"{place} is what another script has that waits for what the script has in which this one runs: "
                    "they would wait for each other without end. Run one after the other, give each an output of its "
                    "own, or stage with tempdir=True"
                )
            found = {name for other in waiting if holder in other.inside for name in other.after} - seen
            seen |= found
            todo += found

    def _read(self, name: str) -> _Script | None:
        """The script of a file; None for one that has ended."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    run, inside, places, after = json.loads(file.readline())
                    return _Script(name, run, inside, Places(*map(set, places)), after)
            os.unlink(path)
        except (OSError, ValueError):  # it is gone; or was killed while it wrote this
            pass
        return None

    def _lives(self, name: str) -> bool:
        try:
            with open(self._path(name), "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _write(self, script: _Script) -> None:
        if script.handle < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            script.handle = os.open(self._path(script.name), flags, 0o600)
            fcntl.flock(script.handle, fcntl.LOCK_EX)
            _threads[script.name] = threading.current_thread()
        try:
            os.ftruncate(script.handle, 0)
            os.write(script.handle, script.text())
        except OSError:
            self._remove(script)
            raise

    def _remove(self, script: _Script) -> None:
        if script.handle >= 0:
            _threads.pop(script.name, None)
            with suppress(OSError):
                os.unlink(self._path(script.name))
            _unlock(script.handle)
            script.handle = -1

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time looks and writes here."""
        handle = os.open(self._path(_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            _unlock(handle)


def _in_the_way(me: _Script, other: _Script) -> str | None:
    """The place for which a script has to wait until another has ended.

    Raises:
        ScriptError: the first runs inside the other, and would wait for itself.
    """
    if other.name in me.inside:
        for verb, mine, its in (
            ("written", me.places.writes, other.places.writes & me.places.writes),
            ("staged", me.places.stages, other.places.stages),
        ):
            place = _shared(mine, its)
            if place is not None:
                raise ScriptError(
                    f"{place} is {verb} by the script that this one runs in, too. Give each a place of its own"
                )
        return None
    thread = _threads.get(other.name)
    place = _shared(me.places.rooms, other.places.rooms)
    if place is None and (other.run != me.run or (thread is not None and is_ending(thread))):
        # What is being ended, as an attempt that took too long, may write still.
        place = _shared(me.places.writes, other.places.writes)
    return place


def _shared(mine: Set[str], others: Set[str]) -> str | None:
    """A path of ours that another has, or that is in what another has or has that in it."""
    found = [path for path in mine if path in others or any(above in others for above in _above(path))]
    found += [above for path in others for above in _above(path) if above in mine]
    return min(found, default=None)


def _above(path: str) -> Iterable[str]:
    """The folders that a path is in, without the root."""
    end = path.rfind(os.sep)
    while end > 0:
        yield path[:end]
        end = path.rfind(os.sep, 0, end)


def _tell_waiting(me: _Script, place: str) -> None:
    if place in me.places.rooms:
        _log.warning(
            "a script waits until another one no longer stages to %s. With tempdir=True each has a folder of its own, "
            "and they run side by side",
            place,
        )
    else:
        _log.warning("a script waits until that of another run no longer writes %s", place)


def _unlock(handle: int) -> None:
    with suppress(OSError):
        # A process that was forked meanwhile may have it open, too.
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def _forget() -> None:
    """This is a new process: what it inherited are the scripts of another."""
    _threads.clear()


os.register_at_fork(after_in_child=_forget)
