"""Schedulers that a project sets up itself: `setup_scheduler = FILE_OR_MODULE::FUNCTION` in its settings."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from headwater.cypher.errors import HeadwaterError, UsageError
from headwater.cypher.project import SETTINGS, Project
from headwater.cypher.settings import nearest
from headwater.engine.importing import import_script
from headwater.engine.scheduler import Scheduler
from headwater.engine.task import Task
from headwater.engine.traceback import lines_to


def setup_function(project: Project | None) -> Callable[..., Any] | None:
    """The function that sets up a project's schedulers; None where its settings name none.

    Raises:
        UsageError: they name what is not there, or cannot be imported.
    """
    text = project.settings.get("scheduler", "setup_scheduler", fallback="") if project is not None else ""
    if project is None or not text:
        return None
    where = f"{project.folder / SETTINGS}: [scheduler] setup_scheduler = {text}"
    place, _, name = text.partition("::")
    if not place or not name:
        raise UsageError(f"{where}: FILE::FUNCTION or MODULE::FUNCTION is needed")
    file = project.root / place
    try:
        module = import_script(file if file.is_file() or place.endswith(".py") else place)
    except HeadwaterError:
        raise
    except Exception as error:
        raise _failed(f"{where}: {place} could not be imported", error) from error
    function = getattr(module, name, None)
    if isinstance(function, Task):
        raise UsageError(f"{where}: {name} is a task. A plain function is needed, that returns a Scheduler")
    if not callable(function):
        known = [
            other
            for other, thing in vars(module).items()
            if isinstance(thing, FunctionType) and thing.__module__ == module.__name__
        ]
        raise UsageError(f"{where}: {place} has no function {name!r}.{nearest(name, known) if known else ''}")
    return function  # type: ignore[no-any-return]


def set_up(project: Project | None, arguments: Mapping[str, Any] | None = None) -> Scheduler:
    """A scheduler as the project's settings say.

    Args:
        project: None to run without one.
        arguments: what the function that they name is given beside the project.

    Raises:
        UsageError: that function is not there, fails, or gives no scheduler.
    """
    function = setup_function(project)
    if function is None:
        return Scheduler(project, record=project is not None)
    name = getattr(function, "__name__", repr(function))
    try:
        scheduler = function(project, **(arguments or {}))
    except HeadwaterError:
        raise
    except Exception as error:
        raise _failed(f"[scheduler] setup_scheduler: {name} failed", error) from error
    if not isinstance(scheduler, Scheduler):
        raise UsageError(
            f"[scheduler] setup_scheduler: {name} gave {scheduler!r}. It has to return a Scheduler"
        )
    return scheduler


def _failed(what: str, error: Exception) -> UsageError:
    """What went wrong in code of the user's, with the lines of it that led there."""
    kept = lines_to(error)
    told = "".join([*traceback.format_list(kept), *traceback.format_exception_only(type(error), error)])
    return UsageError(f"{what}.\n{told.rstrip()}")
