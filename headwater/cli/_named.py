"""A project's own queries: `.headwater/queries/NAME.cypher`, each beginning with a comment that says what it asks."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.errors import UsageError
from headwater.cypher.queries import without_header

if TYPE_CHECKING:
    from headwater.cypher.project import Project

SUFFIX = ".cypher"
_NAME = re.compile(r"[\w-]+\Z")


def is_name(text: str) -> bool:
    """Whether a text is the name of a query rather than a query: one word is no Cypher."""
    return _NAME.match(text) is not None


def folder(project: Project) -> Path:
    """Where a project's queries are."""
    return project.folder / "queries"


def names(project: Project) -> list[str]:
    """The names of a project's queries, sorted."""
    return sorted(path.stem for path in folder(project).glob(f"*{SUFFIX}") if is_name(path.stem))


def load(project: Project, name: str) -> str:
    """The text of a query.

    Raises:
        UsageError: there is none of that name, or it cannot be read.
    """
    path = folder(project) / f"{name}{SUFFIX}"
    try:
        return without_header(path.read_text("utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(name, names(project), n=1)
        hint = f" Did you mean {near[0]}?" if near else " Which there are: hw query --list"
        raise UsageError(
            f"{name} is one word, so it is taken for the name of a query, and there is no {path}.{hint}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the query {path} cannot be read: {error}") from error


def about(project: Project, name: str) -> str:
    """The first line of what a query says of itself."""
    with (folder(project) / f"{name}{SUFFIX}").open(encoding="utf-8", errors="replace") as file:
        line = file.readline().strip()
    return line.removeprefix("//").strip() if line.startswith("//") else ""
