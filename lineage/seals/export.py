"""Keeping seals elsewhere: in a file, at any URL that fsspec knows, or in the notes of a git repository.

What is kept is the signed statement, in one line. A place where something else is already is refused.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from headwater.cypher.errors import UsageError
from headwater.lineage.seals.files import Seal, Statement, read_seals, statement_of

if TYPE_CHECKING:
    from headwater.cypher.project import Project

GIT_NOTES = "git-notes"
NOTES = "headwater"
"""git notes --ref=…"""
SHORTEST = 4
"""digits of an id that say which seal is meant"""


def check_place(project: Project, place: str) -> None:
    """Refuse, before a seal is made, a place where it cannot be kept as far as that can be told.

    Raises:
        UsageError: it holds credentials, has no protocol that is known, or is no git repository with a commit.
    """
    if place == GIT_NOTES:
        _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
        return
    if "://" in place and ("?" in place or any(urlsplit(link).password for link in place.split("::"))):
        raise UsageError(
            "the place holds credentials or a query. Take them out, and give them in the environment or in the "
            "configuration of fsspec."
        )
    _file_system(place)


def keep(project: Project, seal: Seal, place: str) -> str:
    """Keep a seal at a place. Returns where it is, for people.

    Args:
        place: "git-notes"; a folder (one that is there, or a name that ends with a slash), in which each seal gets a
            file of its own; or a file that is not there yet.

    Raises:
        UsageError: as of `check_place`, or something else is there.
        OSError: it cannot be written.
    """
    check_place(project, place)
    line = seal.statement.line()
    if place == GIT_NOTES:
        commit = _git(project, "rev-parse", "HEAD").strip()
        _git(project, "notes", f"--ref={NOTES}", "append", "-m", line, commit)
        return f"the note of commit {commit[:12]} in refs/notes/{NOTES}"
    files, path = _file_system(place)
    if place.endswith("/") or files.isdir(path):
        path = f"{path.rstrip('/')}/seal-{seal.statement.number:06d}.json"
        files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    content = (line + "\n").encode()
    if not files.exists(path):
        with files.open(path, "wb") as file:
            file.write(content)
    elif files.cat_file(path) != content:
        raise UsageError(
            f"{path} is there already, and is not seal {seal.statement.number}. Name another place."
        )
    return str(files.unstrip_protocol(path)).removeprefix("file://")


def read_kept(path: Path) -> list[Statement]:
    """The seals in a file that was kept elsewhere: one a line, as `keep` and `git notes show` give them.

    Raises:
        UsageError: it cannot be read, or holds anything else.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}"
        ) from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(statement_of(json.loads(line)))
            except (ValueError, RecursionError) as error:
                why = "it is no JSON" if isinstance(error, json.JSONDecodeError) else error
                raise UsageError(f"{path}:{number} is not a seal as hw seal exports it: {why}") from None
    if not found:
        raise UsageError(f"{path} holds no seal")
    return found


def find_seal(project: Project, what: str) -> Seal:
    """The seal that a person means: a number, the beginning of an id, or `-` for the newest.

    Raises:
        UsageError: there is none, or more than one.
        SealDamaged: a seal is not as it was written.
    """
    found = list(_meant(project, what))
    if what == "-":
        found = found[-1:]
    if len(found) != 1:
        many = "more than one seal begins so" if found else "there is no such seal"
        raise UsageError(f"{what}: {many}. Which there are: hw seal list")
    return found[0]


def _meant(project: Project, what: str) -> Iterator[Seal]:
    for seal in read_seals(project):
        told = seal.statement
        is_prefix = len(what) >= SHORTEST and told.id.startswith(what.lower())
        if what == "-" or is_prefix or what == str(told.number):
            yield seal


def _file_system(place: str):  # type: ignore[no-untyped-def]
    try:
        return url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{place} is no place to keep a seal at: {error}") from error


def _git(project: Project, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(project.root), *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise UsageError("git is not installed, and --to git-notes needs it") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        why = said[-1] if said else f"{project.root} is in no git repository with a commit"
        raise UsageError(f"no note can be written: {why}")
    return done.stdout
