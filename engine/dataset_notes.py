"""The datasets that the scripts of this process have declared so far, and the word that a run leaves of them.

Light on purpose: every run asks, and few workflows declare any.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.errors import StoreError

if TYPE_CHECKING:
    from headwater.cypher.declared import Declared
    from headwater.cypher.project import Project


class Site(NamedTuple):
    """Where a dataset is declared."""

    path: str
    """of the script; `<module>` where it is no file"""
    line: int
    code: CodeType
    """of the script's top level: another one each time it is read anew"""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


registered: dict[str, tuple[Site, Declared]] = {}
"""by the datasets' names"""


def note_datasets(project: Project) -> None:
    """Leave word in a project of what the scripts of this process declare. A run begins with it.

    Raises:
        StoreError: it cannot be written.
    """
    if not registered and not project.declared.is_dir():
        return
    from headwater.cypher.declared_in_code import note_scripts, read_scripts

    found: dict[str, list[tuple[int, Declared]]] = {}
    for place, declared in registered.values():
        found.setdefault(place.path, []).append((place.line, declared))
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for script in read_scripts(project):
        path = str(project.root / script.source)
        if script.digest is not None and path in imported:
            found.setdefault(path, [])  # it declares nothing any more
    try:
        note_scripts(project, found)
    except OSError as error:
        raise StoreError(f"{project.declared} cannot be written, so the run stops: {error}") from error
