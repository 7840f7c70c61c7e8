"""Which script waits for which, so that no two have one place at a time.

Who may not begin yet waits, and has nothing meanwhile that others could wait for. Runs take turns, and within a run
those that stage; there nobody says which of two that write one place comes first, so that it is an error of both.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

from headwater.engine.errors import ScriptError
from headwater.engine.executors.upwards import TO_PARENT, awaiting_turn
from headwater.engine.files.address import folders_above
from headwater.engine.files.content import cache_folder
from headwater.engine.script_process import check_going_on, is_ending
from headwater.engine.script_register import Entry, Places, Register, thread_of

_log = logging.getLogger("headwater")

_INSIDE = "_HEADWATER_INSIDE"
"""in a script's environment: which scripts it runs in, itself included"""
_POLL = 0.02
"""seconds between two looks at what another has"""
_SAID_AFTER = 1.0
"""seconds of waiting until somebody is told"""
ENDED_AFTER = 3.0
"""seconds after which what a killed process left is surely ended"""
_WRITES, _STAGES = "writes", "stages to"


class Turn(NamedTuple):
    """What a script is started with, now that it is its turn.

    Attributes:
        environment: its environment variables.
        keep: the file descriptors that it is to inherit: as long as one has them, it is registered.
    """

    environment: Mapping[str, str]
    keep: Sequence[int]


class _Held(NamedTuple):
    """A place for which a script has to wait: who has it, and what for."""

    by: Entry
    place: str
    use: str


@contextmanager
def registered(places: Places, run: str | None) -> Iterator[Turn]:
    """Have places to oneself while a script runs, against scripts of other runs; those that it stages to against all.

    Args:
        run: whose script it is; None for one that is not recorded, of which a process has one at a time.

    Yields:
        What to start the script with.

    Raises:
        ScriptError: another script of the run wrote the same meanwhile; or it would wait for one that it runs in, or
            that waits for such a one; or it stages, and there is no folder to register in.
        Cancelled: the run was stopped meanwhile.
    """
    inside = os.environ.get(_INSIDE, "").split()
    me = Entry(uuid4().hex, run or f"process-{os.getppid() if TO_PARENT else os.getpid()}", inside, places)
    register = Register.of_user() if places.writes or places.stages else None
    if register is not None:
        try:
            _wait_for(register, me)
        except OSError:
            if places.stages:
                raise
            register = None  # no fault of the cache is a fault of the run's
    elif places.stages:
        raise ScriptError(
            f"other scripts cannot be kept from {min(places.stages)}, where this one stages: files in neither "
            f"{cache_folder()} nor the folder for temporary files can be written and locked. Set HEADWATER_CACHE to a "
            "folder where they can be, or use tempdir=True"
        )
    also = None
    try:
        keep = [] if register is None else [me.handle]
        yield Turn({**os.environ, _INSIDE: " ".join([*inside, me.name])}, keep)
    finally:
        if register is not None:
            also = _leave(register, me)
    if also is not None:
        raise ScriptError(
            f"another script was writing {also} at the same time, so nobody knows whose it is. Give each an output "
            "of its own, let one take what the other gives, or stage them, with tempdir=True"
        )


@contextmanager
def to_oneself(place: str) -> Iterator[bool]:
    """Have a place where scripts stage, unless one has it now: then False is given. One whose process was killed is
    waited for, as it is being ended."""
    register = Register.of_user()
    if register is None:
        yield False
        return
    me = Entry(uuid4().hex, "", [], Places(frozenset(), {place}, {place}))
    held = _enter(register, me)
    deadline = time.monotonic() + ENDED_AFTER
    while held is not None and _is_ending(held.by) and time.monotonic() < deadline:
        time.sleep(_POLL)
        held = _enter(register, me)
    try:
        yield held is None
    finally:
        register.remove(me)


def _wait_for(register: Register, me: Entry) -> None:
    """Enter a script, when no other has what it needs."""
    waits = me.waiting()
    try:
        held = _enter(register, me, waits)
        if held is None:
            return
        began, is_said = time.monotonic(), False
        with awaiting_turn():
            while held is not None:
                check_going_on()
                if not is_said and time.monotonic() - began > _SAID_AFTER:
                    is_said = True
                    _tell_waiting(register, me, held)
                time.sleep(_POLL)
                if not register.lives(held.by):
                    held = _enter(register, me, waits)
    except BaseException:
        register.remove(me)
        raise
    finally:
        register.remove(waits)


def _enter(register: Register, me: Entry, waits: Entry | None = None) -> _Held | None:
    """Enter a script, unless another has what it needs.

    Args:
        waits: what is entered of its waiting, where that is in the midst of another script: that one does not end
            before.

    Returns:
        What it needs that another has.
    """
    with register.locked():
        held = [found for other in register.running() if (found := _in_the_way(me, other)) is not None]
        if not held:
            register.write(me)
            return None
        if waits is not None and me.inside:
            waits.after = [one.by.name for one in held]
            register.write(waits)
            _refuse_circle(waits, register.waiting(), held[0].place)
        return held[0]


def _leave(register: Register, me: Entry) -> str | None:
    """A script has ended. Those that wrote the same meanwhile and still run are told.

    Returns:
        A path that another wrote meanwhile, too.
    """
    also: list[str] = []
    try:
        with register.locked():
            for other in register.running() if me.places.writes else ():
                if other.name in (me.name, *me.inside) or me.name in other.inside:
                    continue
                place = _shared(me.places.writes, other.places.writes)
                if place is not None:
                    also.append(place)
                    register.tell(other, place)
            also += register.told(me)
    except OSError:
        pass  # no fault of the cache is a fault of the run's
    finally:
        register.remove(me)
    return also[-1] if also else None


def _in_the_way(me: Entry, other: Entry) -> _Held | None:
    """What a script has to wait for until another has ended.

    Raises:
        ScriptError: the first runs inside the other, and would wait for itself.
    """
    mine, its = me.places, other.places
    if other.name in me.inside:
        _refuse_inside(mine, its)
        return None
    needs = [
        (_STAGES, mine.rooms, its.rooms),
        (_STAGES, mine.writes, its.stages),
        (_WRITES, mine.stages, its.writes),
    ]
    if other.run != me.run or _is_ending(other):
        needs.append((_WRITES, mine.writes, its.writes))
    for use, wanted, had in needs:
        place = _shared(wanted, had)
        if place is not None:
            return _Held(other, place, use)
    return None


def _is_ending(other: Entry) -> bool:
    """Whether a script is being ended, as an attempt that took too long or what a killed process left: it may write
    still."""
    thread = thread_of(other)
    return _is_gone(other) if thread is None else is_ending(thread)


def _is_gone(other: Entry) -> bool:
    """Whether the process that ran a script is."""
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _refuse_inside(mine: Places, its: Places) -> None:
    """Raise the error of a script that needs what the script has in which it runs. What the outer one has as a folder,
    the inner one may write in."""
    for verb, place in (
        ("written", min(mine.writes & its.writes, default=None)),
        ("staged", _shared(mine.stages, its.stages)),
        ("written", _held_in(mine.stages, its.writes)),
        ("staged", _held_in(mine.writes, its.stages)),
    ):
        if place is not None:
            raise ScriptError(
                f"{place} is {verb} by the script that this one runs in, too. Give each a place of its own"
            )


def _refuse_circle(me: Entry, waiting: list[Entry], place: str) -> None:
    """Raise the error of a script that waits for one that waits for what the first runs in."""
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


def _shared(mine: Set[str], others: Set[str]) -> str | None:
    """A path of ours that another has, or that is in what another has or has that in it."""
    found = [path for path in mine if any(above in others for above in (path, *folders_above(path)))]
    found += [above for path in others for above in folders_above(path) if above in mine]
    return min(found, default=None)


def _held_in(mine: Set[str], others: Set[str]) -> str | None:
    """A path of another's that we have, or that is in what we have."""
    found = [path for path in others if any(above in mine for above in (path, *folders_above(path)))]
    return min(found, default=None)


def _tell_waiting(register: Register, me: Entry, held: _Held) -> None:
    hint = ""
    if held.use == _STAGES or held.place in me.places.stages:
        hint = ". With tempdir=True, a script stages to a folder of its own, and none waits for another there"
    if _is_gone(held.by):
        who = "what a killed run left running"
        hint = f". Its processes, which `fuser {register.path(held.by)}` tells, may be ended"
    elif held.by.run != me.run:
        who = "one of another run"
    elif _is_ending(held.by):
        who = "an attempt that is being ended"
    else:
        who = "another one of this run"
    _log.warning("a script waits until %s no longer %s %s%s", who, held.use, held.place, hint)
