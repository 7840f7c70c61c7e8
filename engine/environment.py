"""The circumstances of a run, as they are recorded with it."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Sequence
from time import time
from typing import Any

from headwater.cypher.change import new_id, user
from headwater.cypher.project import Project
from headwater.cypher.records import ExecutionStarted
from headwater.engine.redaction import redact, redact_prose
from headwater.engine.task import Task

from headwater._version import __version__


def describe_execution(
    project: Project, root: Task[Any, Any], tags: Sequence[tuple[str, str]], command: Sequence[str] | None
) -> ExecutionStarted:
    """The first record of a run's journal."""
    commit, dirty = _git(project)
    return ExecutionStarted(
        new_id(),
        int(time() * 1_000_000),
        redact(sys.argv if command is None else command),
        user(),
        socket.gethostname(),
        project.root.name if root.namespace in ("", "headwater") else root.namespace,
        _working_directory(project),
        __version__,
        platform.python_version(),
        commit,
        dirty,
        _environment(),
        [
            (key, safe)
            for (key, _), safe in zip(tags, redact_prose([value for _, value in tags]), strict=True)
        ],
        str(project.root),
    )


def _working_directory(project: Project) -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody took it away under us
        return str(project.root)


def _git(project: Project) -> tuple[str | None, bool | None]:
    """The commit the project's folder is at, and whether tracked files differ from it; None outside of git."""
    if not any((folder / ".git").exists() for folder in (project.root, *project.root.parents)):
        return None, None
    try:
        asked = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"],
            cwd=project.root,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    lines = asked.stdout.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid")]
    commit = commits[0] if commits and commits[0] != "(initial)" else None
    return commit, any(not line.startswith("#") for line in lines)


def _environment() -> str:
    """A digest over the installed distributions, from the names of their metadata folders: reading each file in them
    would cost more than most runs."""
    names: set[str] = set()
    for folder in {path for path in sys.path if path}:
        try:
            names.update(
                entry.name for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info"))
            )
        except OSError:
            continue
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
