"""A failure as the user sees it: the tasks that led to it, then the lines of their own code."""

from __future__ import annotations

import hashlib
import os
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.engine.files.address import masked
from headwater.engine.main_program import recorded_module
from headwater.engine.values import preview

if TYPE_CHECKING:
    from headwater.engine.job import Job

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ARGUMENT = 80
_TASKS = 40


@dataclass(frozen=True)
class TaskFrame:
    """One task on the way to a failure."""

    job: int
    task: str
    file: str
    line: int
    arguments: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={text}" for name, text in self.arguments)
        return f'  File "{self.file}", line {self.line}, in task {self.task}({arguments})'


class TaskTraceback:
    """The way from the run's root task to a failure; `str()` gives the text that `run` prints and `log` shows.

    Attributes:
        tasks: the tasks, the root first.
        job: number of the job that failed first.
        error: the exception.
    """

    def __init__(self, job: Job, error: BaseException, *, again: bool = False) -> None:
        frames: list[TaskFrame] = []
        at: Job | None = job
        while at is not None and len(frames) < _TASKS:
            if at.task.namespace != "headwater":
                frames.append(_frame(at))
            at = at.owner
        self.cut = at is not None
        self.tasks = frames[::-1] + _inside(job)
        self.job = job.n
        self.root = _root_of(job)
        self.error = error
        found = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
        self._lines = users_lines(found, first_only=again)
        self._call = job.eval_hash.hex() if job.eval_hash is not None else job.task.fullname

    @property
    def place(self) -> str:
        """The call that failed first, by its key, and the text of the line that raised: the same in every run."""
        return f"{self._call} {self._lines[-1].line if self._lines else ''}"

    @property
    def is_here(self) -> bool:
        """Whether it was raised by code of the user's own in this process, whose frames can be looked into."""
        return bool(self._lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return _nothing, ()  # another run has no use for the way to an error of this one

    def __str__(self) -> str:
        lines = ["Traceback (tasks, most recent last):"]
        if self.cut:
            lines.append(f"  ... the tasks above the last {_TASKS} are left out")
        lines += map(str, self.tasks)
        lines += [line.rstrip("\n") for line in traceback.format_list(self._lines)]
        remote = getattr(self.error, "headwater_worker_traceback", "")
        lines += remote.splitlines()
        lines += [line.rstrip("\n") for line in traceback.format_exception_only(type(self.error), self.error)]
        return "\n".join(lines)


def _frame(job: Job) -> TaskFrame:
    code = getattr(job.task.func, "__code__", None)
    file, line = (code.co_filename, code.co_firstlineno) if code is not None else ("?", 0)
    arguments = tuple(
        (name, preview(value, _ARGUMENT)) for name, value in zip(job.names, job.values or (), strict=False)
    )
    return TaskFrame(job.n, job.task.fullname, file, line, arguments)


def _inside(job: Job) -> list[TaskFrame]:
    """The tasks of a run inside the job."""
    return [frame for info in job.infos() for frame in info.frames]


def users_lines(found: traceback.StackSummary, *, first_only: bool) -> list[traceback.FrameSummary]:
    """The lines outside the engine; of an object that was raised before, too, those of the last time alone (Python puts
    them before the older ones)."""
    lines = []
    for frame in found:
        if not os.path.abspath(frame.filename).startswith(_OURS):
            lines.append(frame)
        elif lines and first_only:
            break
    return lines


def lines_to(error: BaseException) -> list[traceback.FrameSummary]:
    """The lines of the user's own that led to an error while they were imported, or called by us."""
    lines = users_lines(traceback.extract_tb(error.__traceback__), first_only=False)
    return [line for line in lines if not line.filename.startswith("<frozen")]


def _nothing() -> None:
    return None


def _root_of(job: Job) -> Job:
    while job.owner is not None:
        job = job.owner
    return job


class WorkerTraceback(str):
    """The lines of a failure in another process, as text. It is not kept where the error is recorded."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return str, ()


def attach_traceback(job: Job, error: BaseException) -> None:
    """Give an error the traceback of the job it came from, once a run, as its attribute `headwater_traceback`."""
    before = getattr(error, "headwater_traceback", None)
    if before is None or before.root is not _root_of(job):
        try:
            error.headwater_traceback = TaskTraceback(job, error, again=before is not None)  # type: ignore[attr-defined]
        except (AttributeError, TypeError):
            return


def error_text(error: BaseException) -> str:
    """An error in one line: its type and message."""
    message = message_of(error).strip().splitlines()
    return f"{type(error).__name__}: {message[0]}" if message else type(error).__name__


def error_hash(error: BaseException) -> bytes:
    """The identity of an error as a recorded result (32 bytes): its type and message."""
    cls = type(error)
    kind = f"{recorded_module(cls.__module__)}.{cls.__qualname__}"
    return hashlib.sha256(f"Error\0{kind}\0{message_of(error)}".encode("utf-8", "surrogatepass")).digest()


def message_of(error: BaseException) -> str:
    """What an error says, whatever its class does when asked, without the secrets of addresses in it."""
    try:
        return masked(str(error))
    except Exception:
        return "<its message cannot be had>"
