"""Partial tasks: a task with some of its arguments, to be called with the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from headwater.engine.errors import CallError
from headwater.engine.task import Task

R = TypeVar("R")


@dataclass(frozen=True)
class PartialTask(Generic[R]):
    """What `task.partial(...)` gives: a value like any other, that can be passed, returned, recorded and called.

    It is reused only while the task is what it was. Its arguments may be lazy.

    Attributes:
        task: the task.
        args, kwargs: the arguments it has so far.
    """

    task: Task[Any, R]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self, /, *args: Any, **kwargs: Any) -> R:
        """Call the task with these arguments behind those it has; keyword arguments replace those it has.

        Raises:
            CallError: together they do not fit the signature.
        """
        return self.task(*self.args, *args, **{**self.kwargs, **kwargs})

    def partial(self, /, *args: Any, **kwargs: Any) -> PartialTask[R]:
        """The same with more arguments."""
        return partial_of(self.task, (*self.args, *args), {**self.kwargs, **kwargs})

    def options(self, /, **options: Any) -> PartialTask[R]:
        """The same with other options at its calls; see `Task.options`."""
        return PartialTask(self.task.options(**options), self.args, self.kwargs)

    def export_options(self, /, **options: Any) -> PartialTask[R]:
        """The same with other options at its calls and at all calls under them; see `Task.export_options`."""
        return PartialTask(self.task.export_options(**options), self.args, self.kwargs)

    def update_context(self, context: Mapping[str, Any] | None = None, /, **names: Any) -> PartialTask[R]:
        """The same with other values in the context of its calls; see `Task.update_context`."""
        return PartialTask(self.task.update_context(context, **names), self.args, self.kwargs)

    def given(self, came: Callable[[Any], Any]) -> PartialTask[R]:
        """The same with its arguments as they are called with: each with what it came from.

        Args:
            came: gives an argument so.
        """
        kwargs = {name: came(value) for name, value in self.kwargs.items()}
        return PartialTask(self.task, tuple(map(came, self.args)), kwargs)

    def is_valid(self) -> bool:
        """Whether its task is what its name stands for by now."""
        return self.task.is_valid()

    @property
    def fullname(self) -> str:
        """The task's name with its namespace."""
        return self.task.fullname

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.task.fullname}.partial({', '.join(given)})"


def partial_of(task: Task[Any, R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PartialTask[R]:
    """A partial task, once it is sure that some call can fit it.

    Raises:
        CallError: too many arguments, or names that the task does not have.
    """
    try:
        task.plan.signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        wanted = f"{task.fullname}{task.plan.signature}"
        raise CallError(f"{task.fullname}.partial(...) does not fit {wanted}: {error}") from None
    return PartialTask(task, args, kwargs)
