"""The project whose tasks this process runs for others (`federated_task`); most processes run none for others."""

from __future__ import annotations

from typing import NamedTuple


class Home(NamedTuple):
    """A project that has processes of its own in another project's run.

    Attributes:
        root: its folder: the working directory of these processes, and the first place that they import from.
        module: the module of the entry point that they serve: two of a project may have helpers, or tasks, of one name.
        depth: how many projects have called one another, the first not counted.
    """

    root: str
    module: str
    depth: int


_here: list[Home] = []


def home() -> Home | None:
    """The project that this process belongs to; None where it was not started for one."""
    return _here[-1] if _here else None


def settle(place: Home) -> None:
    """Make this process one of a project. It has to be done before anything asks for the hash of a task."""
    _here[:] = [place]
