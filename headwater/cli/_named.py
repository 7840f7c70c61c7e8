"""Queries with names: a project's own, `.headwater/queries/NAME.cypher`, and those that come with headwater.

Each begins with a comment that says what it asks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.cypher.queries import FOLDER, without_header

if TYPE_CHECKING:
    from headwater.cypher.project import Project

SUFFIX = ".cypher"
_ASK = "ask_"
"""what the files of the queries for people begin with, among those that headwater asks itself"""
_PARAMETERS = "Parameters:"
_NAME = re.compile(r"[\w-]+\Z")


def is_name(text: str) -> bool:
    """Whether a text is the name of a query rather than a query: one word is no Cypher."""
    return _NAME.match(text) is not None


def folder(project: Project) -> Path:
    """Where a project's queries are."""
    return project.folder / "queries"


def names(project: Project) -> list[str]:
    """The names of a project's own queries and of those that come with headwater, sorted."""
    own = (path.stem for path in folder(project).glob(f"*{SUFFIX}"))
    shipped = (path.stem.removeprefix(_ASK) for path in FOLDER.glob(f"{_ASK}*{SUFFIX}"))
    return sorted({name for name in (*own, *shipped) if is_name(name)})


def load(project: Project, name: str) -> str:
    """The text of a query: the project's own of that name, or else the one that comes with headwater.

    Raises:
        UsageError: there is none of that name, or it cannot be read.
    """
    path = _file(project, name)
    try:
        return without_header(path.read_text("utf-8"))
    except FileNotFoundError:
        near = most_alike(name, names(project), n=1)
        hint = f" Did you mean {near[0]}?" if near else " Which there are: hw query --list"
        raise UsageError(
            f"{name} is one word, so it is taken for the name of a query, and there is no {path}.{hint}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the query {path} cannot be read: {error}") from error


def about(project: Project, name: str) -> tuple[str, str]:
    """The first line of what a query says of itself, and the parameters that it says it takes."""
    told = {"": "", _PARAMETERS: ""}
    with _file(project, name).open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("//"):
                break
            text = line.removeprefix("//").strip()
            if text.startswith(_PARAMETERS):
                told[_PARAMETERS] = text.removeprefix(_PARAMETERS).partition(". Rows:")[0].strip(" .")
            told[""] = told[""] or text
    return told[""], told[_PARAMETERS]


def is_shipped(project: Project, name: str) -> bool:
    """Whether a query comes with headwater."""
    return _file(project, name).parent == FOLDER


def _file(project: Project, name: str) -> Path:
    own, shipped = folder(project) / f"{name}{SUFFIX}", FOLDER / f"{_ASK}{name}{SUFFIX}"
    return shipped if shipped.is_file() and not own.is_file() else own
