"""The program that runs a script: what its first line says, and which version that is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import lru_cache

from headwater.engine.errors import CallError

_VERSIONED = re.compile(
    r"(ba|z|k|fi)?sh|python[\d.]*|pypy[\d.]*|perl|ruby|node|Rscript|julia|php|lua[\d.]*|gawk|sqlite3|deno|guile"
)
"""programs that answer `--version`, by name; others are known by their size and time of change"""
_NO_VERSION = ("sh", "ksh")
_PATIENCE = 5.0


def interpreter_of(text: str) -> list[str]:
    """The words that a script's first line asks for, as the system reads it: a program, and at most one argument.

    Raises:
        CallError: the line names no program.
    """
    words = text.splitlines()[0].removeprefix("#!").strip().split(None, 1)
    if not words:
        raise CallError(
            "the script's first line, '#!', names no interpreter; name one, like #!/usr/bin/env bash"
        )
    return words


def describe_interpreter(words: list[str]) -> str:
    """The path and version of an interpreter, for the record; its name alone where it is not found."""
    name = words[0]
    if os.path.basename(name) == "env" and len(words) > 1:
        rest = [word for word in words[1].split() if not word.startswith("-") and "=" not in word]
        name = rest[0] if rest else name
    path = shutil.which(name)
    if path is None:
        return name
    status = os.stat(path)
    return _describe(os.path.realpath(path), path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _describe(real: str, path: str, size: int, changed: int) -> str:
    """Ask a program for its version, once for as long as it is what it was."""
    name = os.path.basename(path)
    if _VERSIONED.fullmatch(name) and name not in _NO_VERSION:
        try:
            done = subprocess.run(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            pass
        else:
            lines = (done.stdout or done.stderr).decode("utf-8", "replace").split("\n")
            version = next((line.strip() for line in lines if line.strip()), "")
            if done.returncode == 0 and version:
                return f"{real} ({version[:120]})"
    return f"{real} ({size} bytes, changed {changed})"
