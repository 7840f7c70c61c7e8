"""Which store a journal is for, where that is not simply the one of the project's settings.

A journal follows the settings file: whoever corrects the store's address there has what is not loaded yet go to the
right one. But a run whose environment names another store than the file (HEADWATER_STORE_URI, HEADWATER_STORE_DATABASE)
is for that store alone. Then `NAME.target` beside its journal says so, and only a loader for that store takes it. Each
store has a loader of its own, with a lock of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.cypher.project import Project

TARGET = ".target"
VARIABLES = ("HEADWATER_STORE_URI", "HEADWATER_STORE_DATABASE")


@dataclass(frozen=True)
class Target:
    """A store, without credentials."""

    uri: str
    database: str | None

    def __str__(self) -> str:
        return self.uri if self.database is None else f"{self.uri}, database {self.database}"


def own_store(project: Project) -> Target:
    """The store that this process reads and writes.

    Raises:
        UsageError: the settings or the environment name none.
    """
    named = project.store_settings()
    return Target(named.uri, named.database)


def settled_store(project: Project) -> Target:
    """The store that the settings name.

    Raises:
        UsageError: they name none.
    """
    settled = project.store_settings({})  # which store it is, the environment has no say in
    return Target(settled.uri, settled.database)


def note_target(project: Project, journal: Path) -> None:
    """Write down whom a journal that is about to be begun is for, where that is not the store of the settings.

    Raises:
        OSError: it cannot be written.
    """
    target = own_store(project)
    if target != settled_store(project):
        write_json(target_file(journal), {"uri": target.uri, "database": target.database})


def target_of(project: Project, journal: Path) -> Target:
    """The store that a journal is for."""
    told = read_json(target_file(journal))
    return settled_store(project) if told is None else Target(str(told["uri"]), told["database"])


def lock_file(project: Project) -> Path:
    """What the loader of our store holds."""
    return project.folder / f"loader{_tag(project)}.lock"


def state_file(project: Project) -> Path:
    """Where the loader of our store leaves word of its troubles."""
    return project.folder / f"loader{_tag(project)}.state"


def loader_environment(project: Project) -> dict[str, str]:
    """The environment of a loader for our store. Where that is the settings' own, it follows them when they change."""
    return _without(VARIABLES if own_store(project) == settled_store(project) else ())


def _tag(project: Project) -> str:
    store = own_store(project)
    if store == settled_store(project):
        return ""
    return "-" + sha256(f"{store.uri}\0{store.database or ''}".encode()).hexdigest()[:8]


def _without(variables: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in variables}


def target_file(journal: Path) -> Path:
    """Where the target of a journal is noted."""
    return journal.with_name(journal.name + TARGET)


def read_json(path: Path) -> dict[str, Any] | None:
    """A small file of ours, or None where it is not there (or being lost just now)."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small file of ours, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    os.replace(part, path)
