"""The local places of a script's staged files, where it has no folder of its own. What lay there takes no part."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from headwater.cypher.paths import normal
from headwater.engine.errors import CallError
from headwater.engine.files import Artefact, Dir, FileSet, Staging
from headwater.engine.files.address import folders_above, local_path
from headwater.engine.files.partials import PARTIAL
from headwater.engine.files.under_way import Note, begin, end
from headwater.engine.script_places import StagedInput, leaves, place_in
from headwater.engine.script_turns import to_oneself

_log = logging.getLogger("headwater")


def come_back(note: Note) -> bool:
    """Put back what a script had put aside that was killed with its process, unless another has the place now. It
    takes the place of what that script left half-made.

    Returns:
        Whether it is back.

    Raises:
        OSError: it cannot be put back, and is still aside.
    """
    with to_oneself(note.place) as has_it:
        if not has_it:
            return False
        _put_back(note.path, note.place, was_killed=True)
    _log.warning("%s is back, which a script had put aside when headwater was killed", note.place)
    return True


def staged_here(inputs: Any, outputs: Any, folder: str) -> set[str]:
    """Where files are staged to, resolved; without those that are below another, and without what is its own home.

    Raises:
        CallError: a place is the working directory, or holds what the script takes from elsewhere.
    """
    taken: set[str] = set()
    found: set[str] = set()
    for leaf in leaves([inputs, outputs]):
        home: Any = None
        if isinstance(leaf, StagedInput):
            home, local = leaf.home, leaf.local
            taken |= _local(home)
        elif isinstance(leaf, Staging):
            home, local = leaf.remote, leaf.local.path
        else:
            if isinstance(leaf, Artefact) and not isinstance(leaf, FileSet):
                taken |= _local(leaf)
            continue
        place = place_in(folder, local)
        is_folder = isinstance(home, Dir)
        if is_folder and f"{normal(folder)}/".startswith(f"{place.rstrip('/')}/"):
            raise CallError(
                f"stage({local!r}) is the folder that the script runs in, or one above it: what lies there already "
                "cannot be told from what is staged. Stage to a folder below it, or use tempdir=True"
            )
        if place not in _local(home):
            found.add(os.path.realpath(place))
    taken = {os.path.realpath(path) for path in taken}
    wrong = found & {above for path in taken for above in folders_above(path)}
    if wrong:
        place = min(wrong)
        inside = min(path for path in taken if place in folders_above(path))
        raise CallError(
            f"the script takes {inside}, which lies in {place}, where it stages: what else lies there "
            "cannot be told from what is staged. Stage to another folder, or use tempdir=True"
        )
    # What the script takes as it is, is no leftover.
    found = {place for place in found if taken.isdisjoint([place, *folders_above(place)])}
    return {place for place in found if found.isdisjoint(folders_above(place))}


def _local(place: Artefact) -> set[str]:
    path = local_path(place.uri)
    return set() if path is None else {path}


def room_of(place: str, folder: str) -> str:
    """The folder that a script has to itself for a place where it stages: the first below where it runs that leads
    there; the one that it is in, for a place elsewhere. A script may take all that it finds there."""
    folder = os.path.realpath(folder)
    if place.startswith(folder + os.sep):
        return os.path.join(folder, place[len(folder) + 1 :].partition(os.sep)[0])
    return os.path.dirname(place)


@contextmanager
def cleared(place: str) -> Iterator[None]:
    """Put aside what lies at a place where a script stages, and back afterwards what it did not write anew: that is
    then no input and no output of it, and nobody loses it."""
    aside = os.path.join(
        os.path.dirname(place), f".{os.path.basename(place)[:100]}.{uuid4().hex[:8]}{PARTIAL}"
    )
    begin(Note(aside, place))
    try:
        os.rename(place, aside)
    except (FileNotFoundError, NotADirectoryError):
        end(aside)
        yield
        return
    try:
        if os.path.isdir(aside):
            os.mkdir(place)  # a script may count on its folder
        yield
    finally:
        _put_back(aside, place)
        end(aside)


def _put_back(aside: str, place: str, *, was_killed: bool = False) -> None:
    """Put back what lay at a place.

    Args:
        was_killed: the script was, and what it wrote is not whole: what lay there is worth more.
    """
    if not os.path.lexists(place):
        os.rename(aside, place)
    elif os.path.isdir(aside) and not os.path.islink(aside):
        if os.path.isdir(place):
            for name in os.listdir(aside):
                _put_back(os.path.join(aside, name), os.path.join(place, name), was_killed=was_killed)
            with suppress(OSError):
                os.rmdir(aside)
        elif was_killed:
            _swap(aside, place)
            _log.warning("what a script wrote in place of the folder %s is kept as %s", place, aside)
        else:
            _log.warning("a script wrote %s in place of a folder, which is kept as %s", place, aside)
    elif was_killed and (os.path.islink(place) or not os.path.isdir(place)):
        os.replace(aside, place)
    elif was_killed:
        _swap(aside, place)
        _log.warning("the folder that a script made in place of the file %s is kept as %s", place, aside)
    elif os.path.isdir(place):
        _log.warning("a script made the folder %s in place of a file, which is kept as %s", place, aside)
    else:
        os.unlink(aside)


def _swap(aside: str, place: str) -> None:
    between = os.path.join(os.path.dirname(aside), f".{uuid4().hex}{PARTIAL}")
    os.rename(place, between)
    os.rename(aside, place)
    os.rename(between, aside)
