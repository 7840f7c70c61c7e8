"""The engine's settings: `[scheduler]`, `[limits]`, `[tags]` and `[executors.NAME]` of `headwater.ini`."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.cypher.project import SETTINGS, Project, open_project
from headwater.cypher.settings import check_settings, nearest
from headwater.cypher.tag_names import tags_in
from headwater.engine.context import Context, parse_context, read_context

_TYPES = ("thread", "process")
_WARNINGS = ("namespace",)


@dataclass(frozen=True)
class ExecutorSettings:
    """How one executor is set up: its type (thread or process) and how many calls it runs at a time."""

    type: str
    workers: int


def _standard() -> dict[str, ExecutorSettings]:
    return {
        "default": ExecutorSettings("thread", 20),
        "process": ExecutorSettings("process", os.cpu_count() or 1),
    }


@dataclass(frozen=True)
class Config:
    """What the settings file says of running.

    Attributes:
        limits: how many of each named resource there are.
        executors: by name; `default` (threads) and `process` are always there.
        ignore_warnings: names of warnings not to give (`namespace`).
        context: what tasks read with `get_context`.
        max_value_size: how many bytes a recorded value may have; None for any number.
        tags: what every run is tagged with.
        project: the project whose entry points can be called; None for none.
    """

    limits: dict[str, int] = field(default_factory=dict)
    executors: dict[str, ExecutorSettings] = field(default_factory=_standard)
    ignore_warnings: frozenset[str] = frozenset()
    context: Context = field(default_factory=dict)
    max_value_size: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    project: Project | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, project: Project | None) -> Config:
        """The settings of a project, or the standard ones outside any.

        Raises:
            UsageError: a value that cannot be. (Unknown sections and keys are refused when the project is opened.)
        """
        if project is None:
            return cls()
        project.values_address()
        _watched(project)
        return replace(cls.read(project.settings, project.folder / SETTINGS), project=project)

    @classmethod
    def read(cls, settings: configparser.ConfigParser, where: Path) -> Config:
        """What the text of a settings file says; `where` names it in errors.

        Raises:
            UsageError: a value that cannot be.
        """
        limits: dict[str, int] = {}
        executors = _standard()
        for section in settings.sections():
            if section == "limits":
                for name in settings[section]:
                    limits[name] = _count(where, settings, section, name)
            elif section.startswith("executors."):
                name = section.partition(".")[2]
                executors[name] = _executor(where, settings, section, executors.get(name))
        ignored = settings.get("scheduler", "ignore_warnings", fallback="").split()
        for name in ignored:
            if name not in _WARNINGS:
                raise UsageError(
                    f"{where}: [scheduler] ignore_warnings: no warning {name!r}.{nearest(name, _WARNINGS)}"
                )
        context, size = _context(where, settings), _size(where, settings)
        return cls(limits, executors, frozenset(ignored), context, size, _tags(where, settings))


def config_from(sections: Mapping[str, Mapping[str, Any]]) -> Config:
    """Settings that are given as a dict of sections, each a dict by key: `limits` and `executors.NAME`.

    Raises:
        UsageError: another section, an unknown key, or a value that cannot be.
    """
    where = Path("config")
    for section in sections:
        if section != "limits" and not section.startswith("executors."):
            known = nearest(section, ("limits", "executors.NAME"))
            raise UsageError(f"{where}: there is no section {section!r}.{known}")
    settings = configparser.ConfigParser(interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]
    settings.read_dict(sections)
    check_settings(where, settings)
    return Config.read(settings, where)


_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def _size(where: Path, settings: configparser.ConfigParser) -> int | None:
    text = settings.get("scheduler", "max_value_size", fallback=None)
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if found is None or found[2].upper() not in _UNITS:
        raise UsageError(
            f"{where}: [scheduler] max_value_size = {text}: a number of bytes is needed, like 500 MB"
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


WATCHED = 2000
"""files and folders that are looked at to see what a script writes, where the settings say nothing"""


def watched_files(folder: str) -> int:
    """How many files and folders may be looked at to see what a script of a project writes.

    Args:
        folder: the project's `.headwater`.
    """
    try:
        changed = os.stat(os.path.join(folder, SETTINGS)).st_mtime_ns
    except OSError:
        changed = 0
    return _watched_files(folder, changed)


@lru_cache(maxsize=16)
def _watched_files(folder: str, changed: int) -> int:
    return _watched(open_project(Path(folder).parent))


def _watched(project: Project) -> int:
    text = project.settings.get("scripts", "watch", fallback=str(WATCHED)).strip()
    if not text.isdigit():
        raise UsageError(
            f"{project.folder / SETTINGS}: [scripts] watch = {text}: a whole number is needed; 0 watches nothing"
        )
    return int(text)


def _context(where: Path, settings: configparser.ConfigParser) -> Context:
    text = settings.get("scheduler", "context", fallback=None)
    file = settings.get("scheduler", "context_file", fallback=None)
    if text is not None and file is not None:
        raise UsageError(f"{where}: [scheduler] has both context and context_file. Keep one of them.")
    if file is not None:
        return read_context(where.parent / file)
    return parse_context(text, f"{where}: [scheduler] context") if text is not None else {}


def _tags(where: Path, settings: configparser.ConfigParser) -> tuple[tuple[str, str], ...]:
    try:
        return tags_in(dict(settings["tags"]) if settings.has_section("tags") else {})
    except ValueError as error:
        raise UsageError(f"{where}: [tags]: {error}") from None


def _executor(
    where: Path, settings: configparser.ConfigParser, section: str, before: ExecutorSettings | None
) -> ExecutorSettings:
    kind = settings[section].get("type", before.type if before else "thread")
    if kind not in _TYPES:
        raise UsageError(f"{where}: [{section}] type = {kind}: there is no such type.{nearest(kind, _TYPES)}")
    if "workers" in settings[section]:
        return ExecutorSettings(kind, _count(where, settings, section, "workers"))
    return ExecutorSettings(kind, before.workers if before else _standard()["process"].workers)


def _count(where: Path, settings: configparser.ConfigParser, section: str, key: str) -> int:
    text = settings[section][key]
    if not text.strip().isdigit() or int(text) < 1:
        raise UsageError(f"{where}: [{section}] {key} = {text}: a whole number from 1 is needed")
    return int(text)
