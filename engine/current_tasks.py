"""Which recorded versions of tasks are current: as their tasks are defined now, without a slip in a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task

_INSIDE = "headwater.subrun_root_task"
"""What it evaluates may have executors and limits of its own: of calls under it, only the versions are known here."""


class CurrentTasks:
    """The tasks as one run finds them.

    Args:
        can_run: whether no name in a task's definition is a slip. One with a slip is not current: so what is above its
            calls is opened, and its error does not depend on what was recorded.
    """

    def __init__(self, can_run: Callable[[Task[Any, Any]], bool]) -> None:
        self._can_run = can_run
        self._able: dict[str, bool] = {}
        self._by_hash: dict[str, Task[Any, Any]] | None = None

    def outdated(self, recorded: Collection[Any]) -> list[str]:
        """Those hashes of some (full name, hash) that are not current."""
        apart = any(fullname == _INSIDE for fullname, _ in recorded)
        return [
            task_hash
            for fullname, task_hash in recorded
            if not self._is_current(get_task_registry().find(fullname), task_hash, apart)
        ]

    def gone(self, task_hashes: Collection[str]) -> set[str]:
        """Those of some hashes that are of no task as it is now."""
        if self._by_hash is None:
            self._by_hash = dict(_all_now())
        found = {task_hash: self._by_hash.get(task_hash) for task_hash in task_hashes}
        apart = any(task is not None and task.fullname == _INSIDE for task in found.values())
        return {one for one, task in found.items() if not self._is_current(task, one, apart)}

    def versions(self, recorded: Iterable[Any]) -> set[str]:
        """The hashes that the tasks of some (full name, hash) have now."""
        now = [get_task_registry().find(fullname) for fullname, _ in recorded]
        return {task.hash.hex() for task in now if task is not None}

    def _is_current(self, task: Task[Any, Any] | None, task_hash: str, apart: bool) -> bool:
        if task is None or task.hash.hex() != task_hash:
            return False
        able = apart or self._able.get(task.fullname)
        if able is None:
            able = self._able[task.fullname] = self._can_run(task)
        return able


def _all_now() -> Iterable[tuple[str, Task[Any, Any]]]:
    for task in get_task_registry():
        with suppress(Exception):  # of one that cannot be called, there is no version
            yield task.hash.hex(), task
