"""The engine's errors, below `headwater.cypher.errors.HeadwaterError`.

HeadwaterError
├── TaskDefinitionError (ValueError)   a @task that cannot be: raised where it is defined
├── CallError (TypeError)              a call or a lazy value used in a way it cannot be
├── Unrecordable (TypeError)           a value that cannot be hashed or stored: fails the task, catchably
│   └── TooLarge                       one that has more bytes than the settings allow
├── Undecodable                        stored bytes that cannot be turned back into a value: a cache miss
├── UnknownExecutor, UnknownTask       no such name; the message has the nearest match
├── NoCurrentScheduler                 a scheduler is asked for where none is
├── ScriptError                        a script's program failed, or did not do what it declares
├── WorkerDied                         the process that ran a task went away
├── TaskTimeout (TimeoutError)         a task ran longer than its `timeout`
└── Cancelled                          the run was stopped before the task finished
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import HeadwaterError, UsageError

if TYPE_CHECKING:
    from headwater.engine.observed import Observed


class TaskDefinitionError(HeadwaterError, ValueError):
    """A task, or one of its options, is not valid."""

    exit_code = 2


class CallError(HeadwaterError, TypeError):
    """A call does not fit the task's signature, or a lazy value was used where only a real one can be."""


class Unrecordable(HeadwaterError, TypeError):
    """A value that has no stable identity: a lambda, an open socket, a generator.

    Attributes:
        path: where in the value it sits, like `result[3].conn`.
        type_name: its type, with its module.
    """

    def __init__(self, path: str, type_name: str, advice: str) -> None:
        super().__init__(f"{path} is a {type_name}, which cannot be recorded: {advice}")
        self.path = path
        self.type_name = type_name
        self.advice = advice

    def __reduce__(self) -> tuple[type[Unrecordable], tuple[str, str, str]]:
        return type(self), (self.path, self.type_name, self.advice)


class TooLarge(Unrecordable):
    """A value that has more bytes than `max_value_size` allows: with another setting it would do."""


class Undecodable(HeadwaterError):
    """Recorded bytes that this process cannot turn into a value (class gone, other version, bytes damaged)."""


class UnknownExecutor(UsageError):
    """No executor of that name is configured."""


class UnknownTask(UsageError):
    """No task of that name is defined."""


class NoCurrentScheduler(UsageError):
    """No scheduler is the current one of this thread."""


class ScriptError(HeadwaterError):
    """A script ended badly, or did not do what it declares.

    Attributes:
        exit_status: its program's; minus the number of the signal that ended it; None where it is not to blame.
        stderr: the last lines that it wrote there, without secrets.
        log: the file with all that it wrote; None outside a project.
        observed: what was seen of files that it does not declare.
    """

    def __init__(
        self, message: str, *, exit_status: int | None = None, stderr: str = "", log: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_status = exit_status
        self.stderr = stderr
        self.log = log
        self.observed: Observed | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        state = {} if self.observed is None else {"observed": self.observed}
        return _script_error, (self.message, self.exit_status, self.stderr, self.log), state


def _script_error(message: str, exit_status: int | None, stderr: str, log: str | None) -> ScriptError:
    return ScriptError(message, exit_status=exit_status, stderr=stderr, log=log)


class WorkerDied(HeadwaterError):
    """The worker process that ran a task ended before it answered."""


class TaskTimeout(HeadwaterError, TimeoutError):
    """A task ran longer than it may.

    Attributes:
        task: its full name.
        seconds: its `timeout`, or how long the process that was to run it could import for it.
        importing: whether it had not begun, because that process was still importing.
    """

    def __init__(self, task: str, seconds: float, importing: bool = False) -> None:
        super().__init__(
            f"{task} did not begin: the process that was to run it imported for longer than {seconds:g} seconds. "
            "What does its module wait for when it is imported? A longer timeout gives it more time"
            if importing
            else f"{task} did not finish within {seconds:g} seconds"
        )
        self.task = task
        self.seconds = seconds
        self.importing = importing

    def __reduce__(self) -> tuple[type[TaskTimeout], tuple[str, float, bool]]:
        return TaskTimeout, (self.task, self.seconds, self.importing)


class Cancelled(HeadwaterError):
    """The run, or the call of this task, was stopped before it finished."""

    exit_code = 130


CIRCUMSTANTIAL = (Cancelled, TaskTimeout, TooLarge, WorkerDied)
"""Failures that say nothing of the task and its arguments: what was made of one may be otherwise next time."""
