"""Entry points: tasks of other projects under names of their own, as `[federated_tasks.NAME]` in the settings says.

They are only read here. What they name is imported in a process of the project that it belongs to, and nowhere else.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headwater.cypher.errors import UsageError
from headwater.cypher.project import FOLDER, SETTINGS, Project, open_project
from headwater.cypher.settings import nearest

_SECTION = "federated_tasks."
_NEEDED = ("task_name", "load_module")
_WORDS = configparser.ConfigParser.BOOLEAN_STATES


@dataclass(frozen=True)
class EntryPoint:
    """A task of a project, by a name that other projects call it by.

    Attributes:
        name: that name.
        task: the task's full name.
        module: the module that defines it: a dotted name, or the path of a script, both seen from `root`.
        root: the folder of the project that it belongs to.
        executor: where it runs, of the executors of the caller.
        new_execution: whether that is an execution of its own.
        where: the settings file that it stands in.
    """

    name: str
    task: str
    module: str
    root: str
    executor: str
    new_execution: bool
    where: str

    def __str__(self) -> str:
        return f"the entry point {self.name} ({self.where})"


def entry_points(project: Project | None) -> dict[str, EntryPoint]:
    """The entry points of a project by name, as the files say now: those of its own settings, and of the projects that
    `federated_configs` of `[scheduler]` lists.

    Raises:
        UsageError: a setting that is missing or cannot be, a folder that is no project, or a name that is there twice.
    """
    if project is None:
        return {}
    project = open_project(project.root)
    found: dict[str, EntryPoint] = {}
    for one in (project, *_listed(project)):
        for entry in _own(one):
            before = found.setdefault(entry.name, entry)
            if before.where != entry.where:
                raise UsageError(
                    f"two entry points are called {entry.name}: {before.where} and {entry.where} both have "
                    f"[{_SECTION}{entry.name}]. Give one of them another name"
                )
    return found


def find_entry_point(known: Mapping[str, EntryPoint], name: str) -> EntryPoint:
    """The entry point of that name.

    Raises:
        UsageError: there is none; the message has the nearest name.
    """
    if name in known:
        return known[name]
    if known:
        raise UsageError(f"there is no entry point {name!r}.{nearest(name, sorted(known))}")
    raise UsageError(
        f"there is no entry point {name!r}: the settings of this run have none. Put a section [{_SECTION}{name}] into "
        f"{FOLDER}/{SETTINGS}, or the folder of a project that has one under federated_configs of [scheduler]"
    )


def _listed(project: Project) -> Iterator[Project]:
    for line in project.settings.get("scheduler", "federated_configs", fallback="").splitlines():
        if line.strip():
            root = (project.root / line.strip()).resolve()
            if root != project.root:
                said = f"{project.folder / SETTINGS}: [scheduler] federated_configs: {line.strip()}"
                yield _opened(root, said)


def _opened(root: Path, said: str) -> Project:
    if not root.is_dir():
        raise UsageError(
            f"{said}: there is no folder {root}. Correct the path, which is seen from the project's root"
        )
    if not (root / FOLDER).is_dir():
        raise UsageError(f"{said}: {root} is not a headwater project. Type: hw init {root}")
    return open_project(root)


def _own(project: Project) -> Iterator[EntryPoint]:
    where = project.folder / SETTINGS
    for section in project.settings.sections():
        if section.startswith(_SECTION):
            yield _entry_point(project, where, section)


def _entry_point(project: Project, where: Path, section: str) -> EntryPoint:
    settings = {key: value.strip() for key, value in project.settings[section].items()}
    for key in _NEEDED:
        if not settings.get(key):
            raise UsageError(f"{where}: [{section}] needs {key}")
    folder = settings.get("config_dir", "")
    root = (project.root / folder).resolve()
    if folder:
        _opened(root, f"{where}: [{section}] config_dir = {folder}")
    new = settings.get("new_execution", "no")
    if new.lower() not in _WORDS:
        raise UsageError(f"{where}: [{section}] new_execution = {new}: yes or no is needed")
    namespace = settings.get("namespace")
    return EntryPoint(
        name=section.removeprefix(_SECTION),
        task=f"{namespace}.{settings['task_name']}" if namespace else settings["task_name"],
        module=settings["load_module"],
        root=str(root),
        executor=settings.get("executor") or "process",
        new_execution=_WORDS[new.lower()],
        where=str(where),
    )
