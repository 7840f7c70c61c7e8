"""Which outputs on this machine scripts are writing now: where two of a run write one at the same time, nobody can say
whose it is, nor whether it is whole.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import uuid4

from headwater.engine.errors import ScriptError
from headwater.engine.files import Artefact, FileSet
from headwater.engine.files.address import local_path
from headwater.engine.script_locks import POLL, close_slot, key_of, open_slot, slot_of, slot_path
from headwater.engine.script_places import Output, leaves
from headwater.engine.script_process import check_going_on, is_ending

_SLOTS = 64
"""files that claims are kept in, of which a script opens each once at most; two outputs may share one, which is no
harm"""


def written_here(inputs: Any, outputs: Any) -> set[str]:
    """Where on this machine a script writes what is not staged, without what it only passes on; resolved."""
    paths = {
        os.path.realpath(path)
        for leaf in leaves(outputs)
        if isinstance(leaf, Output) and leaf.kind is not None and not issubclass(leaf.kind, FileSet)
        if (path := local_path(leaf.uri)) is not None
    }
    paths -= {
        os.path.realpath(local_path(leaf.uri) or "")
        for leaf in leaves(inputs)
        if isinstance(leaf, Artefact) and not isinstance(leaf, FileSet)
    }
    return paths


@contextmanager
def claims(paths: set[str]) -> Iterator[None]:
    """Claim outputs of a script while it runs.

    Raises:
        ScriptError: at its end, another script had one of them meanwhile; the message names it.
    """
    slots: dict[int, list[str]] = {}
    for path in sorted(paths):
        slots.setdefault(slot_of(key_of(path), _SLOTS), []).append(path)
    with ExitStack() as held:
        made = [claim for slot, those in slots.items() for claim in held.enter_context(_claimed(slot, those))]
        yield
        for claim in made:
            claim.check()


_holders: dict[threading.Thread, set[str]] = {}
"""what the scripts of this process have claimed, by the threads that wait for them"""


@contextmanager
def after_the_ending(paths: set[str]) -> Iterator[None]:
    """Wait for scripts of this process that are being ended, as an attempt that took too long: they may write still."""
    while any(is_ending(thread) and not paths.isdisjoint(held) for thread, held in list(_holders.items())):
        check_going_on()
        time.sleep(POLL)
    thread = threading.current_thread()
    _holders[thread] = paths
    try:
        yield
    finally:
        _holders.pop(thread, None)


class _Claim:
    def __init__(self, path: str, handle: int) -> None:
        self._path = path
        self._handle = handle
        self._key = key_of(path)
        self._own = uuid4().hex
        self._write("+")

    def _write(self, sign: str) -> None:
        os.write(self._handle, f"{sign} {self._key} {self._own}\n".encode())

    def end(self) -> None:
        with suppress(OSError):
            self._write("-")

    def check(self) -> None:
        if self._others():
            raise ScriptError(
                f"another script was writing {self._path} at the same time, so nobody knows whose it is. Give each an "
                "output of its own, let one take what the other gives, or stage them, with tempdir=True"
            )

    def _others(self) -> set[str]:
        """Who claimed the path at any time since we did."""
        found: set[str] = set()
        begun = False
        with open(self._handle, "rb", closefd=False) as file:
            file.seek(0)
            for line in file.read().decode("ascii", "replace").splitlines():
                sign, key, who = (*line.split(), "", "", "")[:3]
                if key != self._key:
                    continue
                if who == self._own:
                    begun = True
                elif sign == "+":
                    found.add(who)
                elif not begun:
                    found.discard(who)
        return found


@contextmanager
def _claimed(slot: int, paths: list[str]) -> Iterator[list[_Claim]]:
    """Claims that share a file; none where none can be made."""
    made: list[_Claim] = []
    with ExitStack() as ends:
        with suppress(OSError):
            handle = open_slot(slot_path("outputs", slot), os.O_APPEND)
            ends.callback(close_slot, handle)
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(handle, 0)  # nobody runs whose claims these are
            fcntl.flock(handle, fcntl.LOCK_SH)
            for path in paths:
                claim = _Claim(path, handle)
                ends.callback(claim.end)
                made.append(claim)
        yield made
