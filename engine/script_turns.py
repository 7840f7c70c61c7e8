"""Runs take turns where their scripts write one output: one waits until the other's script has ended. Within a run
nobody says which comes first, so that it is an error (`script_claims`).
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256

from headwater.engine.errors import ScriptError
from headwater.engine.executors.upwards import TO_PARENT
from headwater.engine.files.content import cache_folder
from headwater.engine.script_process import check_going_on

_log = logging.getLogger("headwater")

_SLOTS = 4096
"""files that are locked for outputs; two outputs may share one, which costs time only"""
_POLL = 0.02
_SAID_AFTER = 1.0
"""seconds of waiting until somebody is told"""
_WRITES = "_HEADWATER_WRITES"
"""in a script's environment: what it writes, and what those write that it runs in"""


@contextmanager
def turns(paths: Iterable[str], run: str | None) -> Iterator[Mapping[str, str]]:
    """Wait until no script of another run on this machine writes one of some outputs, and keep others waiting.

    Args:
        paths: resolved.
        run: whose script it is; None for one that is not recorded, of which a process has one at a time.

    Yields:
        The environment for the script.

    Raises:
        ScriptError: the script runs inside another that writes the same, and would wait for itself.
        Cancelled: the run was stopped meanwhile.
    """
    run = run or f"process {os.getppid() if TO_PARENT else os.getpid()}"
    above = os.environ.get(_WRITES, "").split()
    keys = {sha256(os.fsencode(path)).hexdigest(): path for path in paths}
    for key in sorted(keys.keys() & set(above)):
        raise ScriptError(
            f"{keys[key]} is written by the script that this one runs in, too. Give each an output of its own"
        )
    with ExitStack() as held:
        # In an order that all keep: nobody waits for somebody who waits for them.
        for key in sorted(keys, key=_slot):
            _wait(key, keys[key], run, above, held)
        yield {**os.environ, _WRITES: " ".join([*above, *keys])}


def _slot(key: str) -> int:
    return int(key[:8], 16) % _SLOTS


def _wait(key: str, path: str, run: str, above: list[str], held: ExitStack) -> None:
    folder = os.path.join(cache_folder(), "turns")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle = os.open(os.path.join(folder, f"{_slot(key):04}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    held.callback(os.close, handle)
    began, said = time.monotonic(), False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            whose, by = _holder(handle)
            if by == run or whose in above:
                return  # one of the same run, or that this runs in, and so none that could be waited for
        else:
            held.callback(_unlock, handle)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{key} {run}".encode(), 0)
            return
        check_going_on()
        if not said and time.monotonic() - began > _SAID_AFTER:
            said = True
            _log.warning("a script waits until that of another run no longer writes %s", path)
        time.sleep(_POLL)


def _holder(handle: int) -> tuple[str, str]:
    """What the one who holds a lock writes, and of which run it is."""
    key, _, run = os.pread(handle, 1024, 0).decode("ascii", "replace").partition(" ")
    return key, run


def _unlock(handle: int) -> None:
    os.ftruncate(handle, 0)
    # A process that was forked meanwhile may have it open, too.
    fcntl.flock(handle, fcntl.LOCK_UN)
