"""Asking a run in another process to stop, all of it or one of its jobs: by an empty file whose name says what.

A run that records looks for such files a few times a second (`Requests`). Whether there is a run to ask, its journal
tells: a live writer holds it (`cypher.journal.is_open`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from headwater.cypher.backlog import pending
from headwater.cypher.journal import SUFFIX, execution_id_of, is_of_change, is_open
from headwater.cypher.project import Project

_FOLDER = "cancel"
_WHOLE = "run"


def running(project: Project) -> list[str]:
    """The ids of the executions that are under way in a project, oldest first."""
    return [execution_id_of(path) for path in pending(project) if is_open(path) and not is_of_change(path)]


def is_running(project: Project, execution_id: str) -> bool:
    """Whether that execution is under way."""
    return is_open(project.journals / f"{execution_id}{SUFFIX}")


def request(project: Project, execution_id: str, job: str | None = None) -> Path:
    """Ask a run to stop, or to stop one of its jobs.

    Returns:
        The request, which the run takes away when it has seen it.
    """
    folder = project.folder / _FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{execution_id}.{job or _WHOLE}"
    path.touch()
    return path


class Requests:
    """What others ask of one run."""

    def __init__(self, project: Project, execution_id: str) -> None:
        self._folder = project.folder / _FOLDER
        self._start = f"{execution_id}."

    def take(self) -> list[str | None]:
        """What was asked since the last look: ids of jobs to cancel, None for the whole run."""
        return [None if what == _WHOLE else what for what in self._names()]

    def _names(self) -> Iterator[str]:
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return
        for name in sorted(names):
            if name.startswith(self._start):
                with suppress(FileNotFoundError):
                    os.unlink(self._folder / name)
                yield name[len(self._start) :]
