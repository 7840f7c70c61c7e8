"""Runs take turns where their scripts write one output: one waits until the other's script has ended. Within a run
nobody says which comes first, so that it is an error (`script_claims`).
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

from headwater.engine.errors import ScriptError
from headwater.engine.executors.upwards import TO_PARENT
from headwater.engine.script_locks import Waiting, close_slot, key_of, open_slot, slot_of, slot_path

_SLOTS = 4096
"""files that are locked for outputs; two outputs may share one, which costs time only"""
_AT_MOST = 64
"""outputs of one script that turns are taken at: each takes an open file, and room in the script's environment. At the
others, it is an error to meet another script"""
_MOST_TOLD = 1 << 16
"""bytes that are read of whose a lock is"""
_WRITES = "_HEADWATER_WRITES"
"""in a script's environment: what it writes, and what those write that it runs in"""


@contextmanager
def turns(paths: Iterable[str], run: str | None) -> Iterator[Mapping[str, str]]:
    """Wait until no script of another run on this machine writes one of some outputs, and keep others waiting. Where
    there can be no locks, as with a cache folder that is read-only, nobody waits.

    Args:
        paths: resolved.
        run: whose script it is; None for one that is not recorded, of which a process has one at a time.

    Yields:
        The environment for the script.

    Raises:
        ScriptError: the script runs inside another that writes the same, and would wait for itself.
        Cancelled: the run was stopped meanwhile.
    """
    run = run or f"process-{os.getppid() if TO_PARENT else os.getpid()}"
    above = os.environ.get(_WRITES, "").split()
    keys = {key_of(path)[:16]: path for path in paths}
    # Of the same outputs, everybody chooses the same.
    keys = {key: keys[key] for key in sorted(keys)[:_AT_MOST]}
    slots: dict[str, dict[str, str]] = {}
    # In an order that all keep: nobody waits for somebody who waits for them.
    for key in sorted(keys, key=_slot):
        slots.setdefault(_slot(key), {})[key] = keys[key]
    with ExitStack() as held:
        for slot, those in slots.items():
            for key in those.keys() & set(above):
                _refuse_own(slot, key, keys[key])
            _wait(slot, those, run, set(above), held)
        yield {**os.environ, _WRITES: " ".join([*above, *keys])}


def _slot(key: str) -> str:
    """The path of the file that is locked for an output."""
    return slot_path("turns", slot_of(key, _SLOTS))


def _refuse_own(slot: str, key: str, path: str) -> None:
    """Raise the error of an output that the script writes, too, that this one runs in. If that has ended, and left
    running what this belongs to, it is none."""
    with suppress(OSError):
        handle = open_slot(slot)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            held = _holder(handle)[1]
        finally:
            os.close(handle)
        if key in held:
            raise ScriptError(
                f"{path} is written by the script that this one runs in, too. Give each an output of its own"
            )


def _wait(slot: str, keys: Mapping[str, str], run: str, above: set[str], held: ExitStack) -> None:
    waiting = Waiting("a script waits until that of another run no longer writes %s", min(keys.values()))
    with suppress(OSError):
        while True:
            with _Turn.lock:
                ours = _Turn.held.get(slot)
                turn = ours if ours is not None and ours.run == run else _take(slot, run, above)
                if isinstance(turn, _Turn):
                    turn.add(keys)
                    held.callback(_leave, turn, keys)
                if turn:
                    return
            waiting.a_moment()


@dataclass
class _Turn:
    """A lock that scripts of one run in this process hold together."""

    held: ClassVar[dict[str, _Turn]] = {}
    """by the path of the file that is locked"""
    lock: ClassVar[threading.Lock] = threading.Lock()

    path: str
    run: str
    handle: int
    keys: list[str]

    def add(self, keys: Iterable[str]) -> None:
        self.keys += keys
        self._tell()

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.keys.remove(key)
        self._tell()

    def _tell(self) -> None:
        """Let others read whose it is."""
        data = " ".join([self.run, *self.keys]).encode()
        with suppress(OSError):
            os.pwrite(self.handle, data, 0)
            os.ftruncate(self.handle, len(data))


def _take(path: str, run: str, above: set[str]) -> _Turn | bool:
    """Lock a file, unless another has it.

    Returns:
        Where another has it, whether it is one that cannot be waited for: of the same run, or what this runs in.
    """
    handle = open_slot(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        by, keys = _holder(handle)
        os.close(handle)
        return by == run or not above.isdisjoint(keys)
    except OSError:
        os.close(handle)
        raise
    turn = _Turn.held[path] = _Turn(path, run, handle, [])
    return turn


def _leave(turn: _Turn, keys: Iterable[str]) -> None:
    with _Turn.lock:
        turn.remove(keys)
        if turn.keys:
            return
        if _Turn.held.get(turn.path) is turn:
            del _Turn.held[turn.path]
        with suppress(OSError):
            os.ftruncate(turn.handle, 0)
        close_slot(turn.handle)


def _holder(handle: int) -> tuple[str, list[str]]:
    """Of which run the one is who holds a lock, and what is written with it."""
    words = os.pread(handle, _MOST_TOLD, 0).decode("ascii", "replace").split()
    return (words[0], words[1:]) if words else ("", [])


def _forget() -> None:
    """This is a new process: what it inherited are the locks of another."""
    _Turn.lock = threading.Lock()
    _Turn.held.clear()


os.register_at_fork(after_in_child=_forget)
