"""Asking a run in another process to stop, all of it or one of its jobs: by an empty file whose name says what.

A run that records looks for such files a few times a second (`Requests`). Whether there is a run to ask, its journal
tells: a live writer holds it (`cypher.held.is_held`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from headwater.cypher.backlog import pending
from headwater.cypher.held import is_held
from headwater.cypher.journal import SUFFIX, execution_id_of, is_of_change
from headwater.cypher.project import Project
from headwater.cypher.records import job_number

_FOLDER = "cancel"
_WHOLE = "run"


def running(project: Project) -> list[str]:
    """The ids of the executions that are under way in a project, oldest first."""
    return [execution_id_of(path) for path in pending(project) if is_held(path) and not is_of_change(path)]


def is_running(project: Project, execution_id: str) -> bool:
    """Whether that execution is under way."""
    return is_held(project.journals / f"{execution_id}{SUFFIX}")


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
    """What others ask of one run, or of one of the runs inside it: each takes what is for its own jobs.

    Args:
        first: the number of its first job; 0 for the run itself, which is asked to stop as a whole, too.
    """

    def __init__(self, project: Project, execution_id: str, first: int = 0) -> None:
        self._folder = project.folder / _FOLDER
        self._execution = execution_id
        self._first = first

    def take(self, end: int) -> list[int | None]:
        """What was asked since the last look: numbers of jobs to cancel, all below `end`; None for the whole run."""
        return list(self._taken(end))

    def _taken(self, end: int) -> Iterator[int | None]:
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return
        for name in sorted(names):
            execution, _, what = name.partition(".")
            if execution != self._execution:
                continue
            n = None if what == _WHOLE else job_number(execution, what)
            if (self._first == 0) if n is None else (self._first <= n < end):
                with suppress(FileNotFoundError):
                    os.unlink(self._folder / name)
                yield n
