"""What a script declares: the files it reads and writes, and where it finds them while it runs."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from headwater.cypher.paths import normal
from headwater.engine.errors import CallError, ScriptError
from headwater.engine.files import Artefact, Dir, File, FileSet, ShardedDataset, Staging
from headwater.engine.files.address import local_path
from headwater.engine.files.staging import staging_of
from headwater.engine.observed import some

_log = logging.getLogger("headwater")

STDOUT_PATH = "-"


@dataclass(frozen=True)
class StagedInput:
    """An input that is copied to a local place: the script depends on what is in it at home."""

    home: File | Dir
    local: str


@dataclass(frozen=True)
class Output:
    """A declared output: its class, None for stdout, and where it is. What was there before counts for nothing.

    Attributes:
        words: what else makes an object of its class, after its path.
    """

    kind: type[Artefact] | None
    path: str
    uri: str
    words: tuple[Any, ...] = ()

    def look(self) -> Artefact:
        """What is there now."""
        assert self.kind is not None
        return self.kind(self.path, *self.words)


STDOUT = Output(None, STDOUT_PATH, STDOUT_PATH)


def map_nested(value: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of a nested value with each leaf replaced by what `change` gives for it."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return kind(map_nested(item, change) for item in value)
    if kind is dict:
        return {map_nested(key, change): map_nested(item, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind._make(map_nested(item, change) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Output, StagedInput)):
        fields = {
            f.name: map_nested(getattr(value, f.name), change) for f in dataclasses.fields(value) if f.init
        }
        return dataclasses.replace(value, **fields)
    return change(value)


def leaves(value: Any) -> Iterator[Any]:
    """What a nested value holds, in order."""
    found: list[Any] = []
    map_nested(value, found.append)
    return iter(found)


def as_inputs(value: Any) -> Any:
    """Inputs as they count: files by what is in them, staged ones by what is in them at home."""

    def change(leaf: Any) -> Any:
        return StagedInput(leaf.remote, leaf.local.path) if isinstance(leaf, Staging) else leaf

    return map_nested(value, change)


def as_outputs(value: Any) -> Any:
    """Outputs as they count: files by where they are to be."""

    def change(leaf: Any) -> Any:
        if isinstance(leaf, ShardedDataset):
            return Output(type(leaf), leaf.folder, leaf.uri, (leaf.format, leaf.recurse, leaf.suffix))
        if isinstance(leaf, Artefact):
            return STDOUT if leaf.path == STDOUT_PATH else Output(type(leaf), leaf.path, leaf.uri)
        return leaf

    return map_nested(value, change)


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


def check_inputs(inputs: Any) -> None:
    """Refuse to start without an input.

    Raises:
        FileNotFoundError: an input is not there; the message names it.
    """
    for leaf in leaves(inputs):
        place = leaf.home if isinstance(leaf, StagedInput) else leaf
        if isinstance(place, Artefact) and not isinstance(place, FileSet) and not is_there(place):
            kind, other = kinds(place)
            instead = f", but a {other} has that name" if place.exists() else ""
            raise FileNotFoundError(
                f"the script's input {place.uri} is no {kind}{instead}. Make it before, or take it out of inputs="
            )


def kinds(place: Artefact) -> tuple[str, str]:
    """What a place should be, and what it might be instead, in words."""
    return ("folder", "file") if isinstance(place, Dir) else ("file", "folder")


def is_there(place: Artefact) -> bool:
    """Whether there is what a place should be."""
    return place.isdir() if isinstance(place, Dir) else place.isfile()


def check_inside(inputs: Any, outputs: Any) -> None:
    """Refuse local places that lead out of the temporary folder in which a script is to run.

    Raises:
        CallError: one does; the message names it.
    """
    for leaf in leaves([inputs, outputs]):
        if isinstance(leaf, StagedInput):
            local = leaf.local
        elif isinstance(leaf, Staging):
            local = leaf.local.path
        else:
            continue
        # Behind a link that the script makes, even `a/../b` may lead out.
        if os.path.isabs(local) or local.startswith("~") or os.pardir in local.split(os.sep):
            raise CallError(
                f"stage({local!r}) leads out of the temporary folder that tempdir=True gives the script. Stage to a "
                "path inside it without .., like stage('in.txt')"
            )


def check_apart(inputs: Any, outputs: Any, folder: str) -> None:
    """Refuse that two inputs are staged to one place, or two outputs go home to one: only one of them would be there.

    Raises:
        CallError: two are; the message names the place.
    """
    taken: dict[str, str] = {}
    made: dict[str, str] = {}
    for leaf in leaves(inputs):
        if isinstance(leaf, StagedInput):
            other = taken.setdefault(place_in(folder, leaf.local), leaf.home.uri)
            if other != leaf.home.uri:
                raise CallError(
                    f"{other} and {leaf.home.uri} are both staged to {leaf.local}. Give each a place: .stage('in1.txt')"
                )
    for leaf in leaves(outputs):
        if isinstance(leaf, Staging):
            local = place_in(folder, leaf.local.path)
            if made.setdefault(leaf.remote.uri, local) != local:
                raise CallError(
                    f"two outputs of the script go to {leaf.remote.uri}. Give each a path of its own"
                )


def stage_inputs(inputs: Any, folder: str) -> None:
    """Copy every staged input to its local place, relative to the folder that the script runs in."""
    for leaf in leaves(inputs):
        if isinstance(leaf, StagedInput):
            staging_of(leaf.home, place_in(folder, leaf.local)).stage()


def place_in(folder: str, local: str) -> str:
    """Where a staged file is, for a script that runs in a folder."""
    return normal(os.path.join(folder, os.path.expanduser(local)))


def check_unchanged(inputs: Any) -> list[str]:
    """See to it that the inputs are still what they were when the call was made; its result would otherwise be recorded
    as that of what they were. Files that a script adds to a folder among its inputs are a warning.

    Returns:
        The paths of these.

    Raises:
        ScriptError: an input changed; the message names it.
    """
    news: list[str] = []
    for leaf in leaves(inputs):
        place = leaf.home if isinstance(leaf, StagedInput) else leaf
        if not isinstance(place, Artefact) or place.is_valid():
            continue
        before = {record.path: record.digest for record in _members(place)}
        now = type(place)(place.path)
        after = {record.path: record.digest for record in _members(now)}
        changed = sorted(path for path in before if after.get(path) != before[path])
        added = sorted(set(after) - set(before))
        if changed or not added or not before:
            raise ScriptError(
                f"the script's input {place.uri} changed after the call was made"
                + (f" ({some(changed)})" if changed else "")
                + ". If the script writes it, do not declare it as an input; else run it again"
            )
        _log.warning(
            "a script wrote into its input %s without declaring it: %s. What takes that folder runs again next time",
            place.uri,
            some(added),
        )
        news += added
    return news


def _members(place: Artefact) -> list[Any]:
    return place.__members__() if hasattr(place, "__members__") else []
