"""The engine's settings: `[scheduler]`, `[limits]` and `[executors.NAME]` of `headwater.ini`."""

from __future__ import annotations

import configparser
import difflib
from dataclasses import dataclass, field
from pathlib import Path

from headwater.cypher.errors import UsageError
from headwater.cypher.project import SETTINGS, Project
from headwater.engine.context import Context, parse_context, read_context

_SECTIONS = {
    "store": frozenset({"uri", "user", "database", "password_env", "idle_seconds"}),
    "executors": frozenset({"type", "workers"}),
    "run": frozenset({"background_load"}),
    "scheduler": frozenset({"ignore_warnings", "context", "context_file"}),
}
_TYPES = ("thread", "process")
_WARNINGS = ("namespace",)


@dataclass(frozen=True)
class ExecutorSettings:
    """How one executor is set up: its type (thread or process) and how many calls it runs at a time."""

    type: str
    workers: int


def _standard() -> dict[str, ExecutorSettings]:
    import os

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
    """

    limits: dict[str, int] = field(default_factory=dict)
    executors: dict[str, ExecutorSettings] = field(default_factory=_standard)
    ignore_warnings: frozenset[str] = frozenset()
    context: Context = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project | None) -> Config:
        """The settings of a project, or the standard ones outside any.

        Raises:
            UsageError: an unknown section or key (with the nearest one), or a value that cannot be.
        """
        if project is None:
            return cls()
        where = project.folder / SETTINGS
        limits: dict[str, int] = {}
        executors = _standard()
        for section in project.settings.sections():
            if section == "limits":
                for name in project.settings[section]:
                    limits[name] = _count(where, project.settings, section, name)
            elif section.startswith("executors."):
                _check_keys(where, section, project.settings, _SECTIONS["executors"])
                name = section.partition(".")[2]
                executors[name] = _executor(where, project.settings, section, executors.get(name))
            elif section in _SECTIONS:
                _check_keys(where, section, project.settings, _SECTIONS[section])
            else:
                known = ("store", "scheduler", "run", "limits", "executors.NAME")
                raise UsageError(f"{where}: there is no section [{section}].{_near(section, known)}")
        ignored = project.settings.get("scheduler", "ignore_warnings", fallback="").split()
        for name in ignored:
            if name not in _WARNINGS:
                raise UsageError(
                    f"{where}: [scheduler] ignore_warnings: no warning {name!r}.{_near(name, _WARNINGS)}"
                )
        return cls(limits, executors, frozenset(ignored), _context(where, project.settings))


def _context(where: Path, settings: configparser.ConfigParser) -> Context:
    text = settings.get("scheduler", "context", fallback=None)
    file = settings.get("scheduler", "context_file", fallback=None)
    if text is not None and file is not None:
        raise UsageError(f"{where}: [scheduler] has both context and context_file. Keep one of them.")
    if file is not None:
        return read_context(where.parent / file)
    return parse_context(text, f"{where}: [scheduler] context") if text is not None else {}


def _executor(
    where: Path, settings: configparser.ConfigParser, section: str, before: ExecutorSettings | None
) -> ExecutorSettings:
    kind = settings[section].get("type", before.type if before else "thread")
    if kind not in _TYPES:
        raise UsageError(f"{where}: [{section}] type = {kind}: there is no such type.{_near(kind, _TYPES)}")
    if "workers" in settings[section]:
        return ExecutorSettings(kind, _count(where, settings, section, "workers"))
    return ExecutorSettings(kind, before.workers if before else _standard()["process"].workers)


def _check_keys(
    where: Path, section: str, settings: configparser.ConfigParser, known: frozenset[str]
) -> None:
    for key in settings[section]:
        if key not in known:
            raise UsageError(
                f"{where}: [{section}] has no setting {key!r}.{_near(key, tuple(sorted(known)))}"
            )


def _count(where: Path, settings: configparser.ConfigParser, section: str, key: str) -> int:
    text = settings[section][key]
    if not text.strip().isdigit() or int(text) < 1:
        raise UsageError(f"{where}: [{section}] {key} = {text}: a whole number from 1 is needed")
    return int(text)


def _near(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(known)}."
