"""The sections and keys that a settings file may have. Every command refuses any other, with the nearest one."""

from __future__ import annotations

import configparser
from collections.abc import Iterable
from pathlib import Path

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError

SECTIONS = {
    "store": frozenset({"uri", "user", "database", "password_env", "idle_seconds", "values"}),
    "executors": frozenset({"type", "workers"}),
    "run": frozenset({"background_load"}),
    "scripts": frozenset({"watch"}),
    "scheduler": frozenset(
        {
            "ignore_warnings",
            "context",
            "context_file",
            "max_value_size",
            "setup_scheduler",
            "federated_configs",
        }
    ),
    "federated_tasks": frozenset(
        {"task_name", "namespace", "load_module", "executor", "config_dir", "new_execution", "description"}
    ),
    "seal": frozenset({"key", "to"}),
    "datasets": frozenset({"file"}),
}
"""The keys of each section; [executors.NAME] has those of executors, [federated_tasks.NAME] those of federated_tasks,
and [limits] and [tags] may have any."""
_NAMED = ("executors", "federated_tasks")
_FREE = ("limits", "tags")
_SHOWN = (
    "store",
    "scheduler",
    "scripts",
    "run",
    "datasets",
    "limits",
    "tags",
    "executors.NAME",
    "federated_tasks.NAME",
    "seal",
)


def check_settings(where: Path, settings: configparser.ConfigParser) -> None:
    """Refuse what is no setting.

    Raises:
        UsageError: an unknown section or key, or a password; the message says what to type instead.
    """
    if settings.has_option("store", "password"):
        raise UsageError(
            f"{where}: [store] holds a password. Take it out and put it into the environment variable "
            "HEADWATER_STORE_PASSWORD (or name another one with password_env)."
        )
    for section in settings.sections():
        if section in _FREE:
            continue
        kind, _, name = section.partition(".")
        known = SECTIONS.get(kind if name and kind in _NAMED else section)
        if known is None or section in _NAMED:
            raise UsageError(f"{where}: there is no section [{section}].{nearest(section, _SHOWN)}")
        for key in settings[section]:
            if key not in known:
                raise UsageError(f"{where}: [{section}] has no setting {key!r}.{nearest(key, sorted(known))}")


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest of what is known, or all of it."""
    words = tuple(known)
    near = most_alike(word, words, 1)
    return f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(words)}."
