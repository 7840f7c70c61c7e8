"""Tasks without a namespace: their names may meet those of other workflows in the graph."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from headwater.engine.registry import get_task_registry

if TYPE_CHECKING:
    from headwater.engine.task import Task

_log = logging.getLogger("headwater")


def warn_of_bare_names(tasks: Iterable[str]) -> None:
    """Say which of these tasks, by their full names, have no namespace."""
    found = [get_task_registry().find(name) for name in tasks if "." not in name]
    places = sorted(f"{_file_of(task)}:{task.name}" for task in found if task is not None)
    if places:
        _log.warning(
            "tasks without a namespace: %s. Give their module headwater_namespace = '...', or each of them "
            "namespace='...'; or put ignore_warnings = namespace under [scheduler] in headwater.ini.",
            ", ".join(places),
        )


def _file_of(task: Task[Any, Any]) -> str:
    """The name of the file that a task's function is in; of its module where it has no code of Python's."""
    code = getattr(task.func, "__code__", None)
    return str(task.load_module if code is None else os.path.basename(code.co_filename))
