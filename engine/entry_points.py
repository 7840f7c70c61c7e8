"""Entry points: tasks of other projects under names of their own, as `[federated_tasks.NAME]` in the settings says."""

from __future__ import annotations

import configparser
import importlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.cypher.project import FOLDER, SETTINGS, Project, open_project
from headwater.cypher.settings import nearest
from headwater.engine.errors import UnknownTask
from headwater.engine.importing import import_script
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task

_SECTION = "federated_tasks."
_NEEDED = ("task_name", "load_module")
_one_at_a_time = threading.RLock()
"""calls on other threads must not find a module that is half imported"""
_WORDS = configparser.ConfigParser.BOOLEAN_STATES


@dataclass(frozen=True)
class EntryPoint:
    """A task of a project, by a name that other projects call it by.

    Attributes:
        task: its full name.
        module: the module that defines it: a dotted name, or the path of a script below `root`.
        root: the folder of the project whose settings count when it runs.
        executor: where its scheduler runs, of the executors of the caller.
        new_execution: whether that is an execution of its own.
        where: the settings file that it stands in.
    """

    task: str
    module: str
    root: Path
    executor: str
    new_execution: bool
    where: Path


def entry_points(project: Project) -> dict[str, EntryPoint]:
    """The entry points of a project by name: those of its own settings, and of the projects that `federated_configs` of
    `[scheduler]` lists.

    Raises:
        UsageError: a setting that is missing or cannot be, a folder that is no project, or a name that is there twice.
    """
    found: dict[str, EntryPoint] = {}
    listed = project.settings.get("scheduler", "federated_configs", fallback="").split("\n")
    places = [project.root / line.strip() for line in listed if line.strip()]
    for one in (project, *map(open_project, places)):
        for name, entry in _own(one):
            before = found.setdefault(name, entry)
            if before is not entry:
                raise UsageError(
                    f"two entry points are called {name}: {before.where} and {entry.where} both have "
                    f"[{_SECTION}{name}]. Give one of them another name."
                )
    return found


def find_entry_point(known: Mapping[str, EntryPoint], name: str) -> EntryPoint:
    """The entry point of that name.

    Raises:
        UsageError: there is none; the message has the nearest name.
    """
    if name in known:
        return known[name]
    if not known:
        raise UsageError(
            f"there is no entry point {name!r}: the settings of this run have none. Put a section "
            f"[{_SECTION}{name}] into .headwater/{SETTINGS}, or the folder of a project that has one under "
            "federated_configs of [scheduler]."
        )
    raise UsageError(f"there is no entry point {name!r}.{nearest(name, sorted(known))}")


def load_task(module: str, root: Path, fullname: str) -> Task[Any, Any]:
    """The task of an entry point, with its module imported.

    Args:
        module: what is below `root` goes before what is installed.

    Raises:
        UsageError: there is no such script, or a module of its name is there already.
        UnknownTask: the module has no such task; the message has the nearest one of those that it has.
        Exception: whatever the module raises while it is imported.
    """
    with _one_at_a_time:
        imported = _imported(module, root)
    found = get_task_registry().find(fullname)
    if found is None:
        has = [task.fullname for task in get_task_registry() if task.load_module == imported.__name__]
        hint = nearest(fullname, has) if has else " It defines no tasks."
        raise UnknownTask(f"{imported.__file__} has no task {fullname!r}.{hint}")
    return found


def known_here(entry: EntryPoint) -> Task[Any, Any] | None:
    """The task of an entry point, where its module can be imported here: then its code is known before a process is
    asked for, and reuse costs none."""
    with suppress(Exception):  # what is wrong with it, the run inside says
        return load_task(entry.module, entry.root, entry.task)
    return None


def _imported(module: str, root: Path) -> Any:
    if module.endswith(".py"):
        return import_script(root / module)
    path = root.joinpath(*module.split("."))
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return import_script(file)
    return importlib.import_module(module)


def _own(project: Project) -> Iterator[tuple[str, EntryPoint]]:
    where = project.folder / SETTINGS
    for section in project.settings.sections():
        if section.startswith(_SECTION):
            yield section.removeprefix(_SECTION), _entry_point(project, where, section)


def _entry_point(project: Project, where: Path, section: str) -> EntryPoint:
    settings = {key: value.strip() for key, value in project.settings[section].items()}
    for key in _NEEDED:
        if not settings.get(key):
            raise UsageError(f"{where}: [{section}] needs {key}")
    root = (project.root / settings.get("config_dir", "")).resolve()
    if not (root / FOLDER).is_dir():
        raise UsageError(
            f"{where}: [{section}] config_dir = {settings['config_dir']}: {root} is not a headwater project. "
            f"Type: hw init {root}"
        )
    new = settings.get("new_execution", "no")
    if new.lower() not in _WORDS:
        raise UsageError(f"{where}: [{section}] new_execution = {new}: yes or no is needed")
    namespace = settings.get("namespace")
    return EntryPoint(
        task=f"{namespace}.{settings['task_name']}" if namespace else settings["task_name"],
        module=settings["load_module"],
        root=root,
        executor=settings.get("executor", "process"),
        new_execution=_WORDS[new.lower()],
        where=where,
    )
