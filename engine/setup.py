"""Schedulers that a project sets up itself: `setup_scheduler = FILE_OR_MODULE::FUNCTION` in its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.cypher.project import SETTINGS, Project
from headwater.cypher.settings import nearest
from headwater.engine.importing import import_script
from headwater.engine.scheduler import Scheduler


def setup_function(project: Project | None) -> Callable[..., Any] | None:
    """The function that sets up a project's schedulers; None where its settings name none.

    Raises:
        UsageError: they name what is not there.
    """
    text = project.settings.get("scheduler", "setup_scheduler", fallback="") if project is not None else ""
    if project is None or not text:
        return None
    where = f"{project.folder / SETTINGS}: [scheduler] setup_scheduler = {text}"
    place, _, name = text.partition("::")
    if not place or not name:
        raise UsageError(f"{where}: FILE::FUNCTION or MODULE::FUNCTION is needed")
    file = project.root / place
    module = import_script(file if file.is_file() or place.endswith(".py") else place)
    function = getattr(module, name, None)
    if not callable(function):
        known = [
            other for other, thing in vars(module).items() if callable(thing) and not other.startswith("_")
        ]
        raise UsageError(f"{where}: {place} has no function {name!r}.{nearest(name, known)}")
    return function  # type: ignore[no-any-return]


def set_up(project: Project | None, arguments: Mapping[str, Any] | None = None) -> Scheduler:
    """A scheduler as the project's settings say.

    Args:
        project: None to run without one.
        arguments: what the function that they name is given beside the project.

    Raises:
        UsageError: that function is not there, or gives no scheduler.
    """
    function = setup_function(project)
    if function is None:
        return Scheduler(project, record=project is not None)
    scheduler = function(project, **(arguments or {}))
    if not isinstance(scheduler, Scheduler):
        raise UsageError(
            f"[scheduler] setup_scheduler: {function.__name__} gave {scheduler!r}. It has to return a Scheduler"
        )
    return scheduler
