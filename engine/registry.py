"""All tasks that this process knows, by full name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headwater.cypher.alike import most_alike
from headwater.engine.aside import aside
from headwater.engine.errors import UnknownTask

if TYPE_CHECKING:
    from headwater.engine.task import Task


_log = logging.getLogger("headwater")


class TaskRegistry:
    """Tasks by full name; a later definition of the same name takes the earlier one's place, as in a notebook."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task[Any, Any]] = {}

    def add(self, task: Task[Any, Any]) -> None:
        """Make a task known under its full name.

        Where another module has a task of that name, both are named in a warning: what was recorded of the one cannot
        be told from the other's by its name. A module that was imported to look at a value takes no name from another.
        """
        before = self._tasks.get(task.fullname)
        if before is not None and before.func.__module__ != task.func.__module__:
            _log.warning(
                "two tasks are called %s, in the modules %s and %s. Give one of the modules another "
                "headwater_namespace = '...'",
                task.fullname,
                before.func.__module__,
                task.func.__module__,
            )
            if aside:
                return
        self._tasks[task.fullname] = task

    def remove(self, task: Task[Any, Any]) -> None:
        """Forget a task, unless another has taken its name meanwhile."""
        if self._tasks.get(task.fullname) is task:
            del self._tasks[task.fullname]

    def find(self, fullname: str) -> Task[Any, Any] | None:
        """The task of that name, or None."""
        return self._tasks.get(fullname)

    def get(self, task_name: str) -> Task[Any, Any]:
        """The task of that full name.

        Raises:
            UnknownTask: there is none; the message has the nearest name.
        """
        task = self._tasks.get(task_name)
        if task is None:
            near = most_alike(task_name, self._tasks, 1)
            hint = f" Did you mean {near[0]}?" if near else " Is the module that defines it imported?"
            raise UnknownTask(f"no task is called {task_name!r}.{hint}")
        return task

    def __iter__(self) -> Iterator[Task[Any, Any]]:
        return iter(list(self._tasks.values()))


_registry = TaskRegistry()


def get_task_registry() -> TaskRegistry:
    """The registry that `@task` fills."""
    return _registry
