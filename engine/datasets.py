"""Datasets that a workflow's script declares itself, at its top level."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from types import CodeType, FrameType
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.declared import FIELDS, Declared, check_declaration
from headwater.cypher.declared_in_code import note_scripts, read_scripts
from headwater.cypher.errors import StoreError, UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


class _Place(NamedTuple):
    path: str
    """of the script; `<module>` where it is no file"""
    line: int
    code: CodeType
    """of the script's top level: another one each time it is read anew"""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


_registered: dict[str, tuple[_Place, Declared]] = {}
"""by the datasets' names"""


@dataclass(frozen=True)
class Dataset:
    """Declares what is known of files from outside. It is written at the top level of a workflow's script, and recorded
    with the runs of it, as what `.headwater/datasets.toml` declares is.

    Attributes:
        files: patterns of paths and URLs, seen from the project's root: `*` and `?` within a name, `**` across folders.
        sensitivity: public, internal, confidential, personal or special.
        origin, licence, collected_by, purpose, lawful_basis: texts; what is not known is left out.

    Raises:
        UsageError: it declares what cannot be, or what is declared elsewhere; the message names file and line.
    """

    name: str
    _: KW_ONLY
    files: Sequence[str]
    sensitivity: str
    origin: str = ""
    licence: str = ""
    collected_by: str = ""
    purpose: str = ""
    lawful_basis: str = ""

    def __post_init__(self) -> None:
        place = _place(sys._getframe(2))  # this method, the class's __init__, and who calls it
        said = {name: getattr(self, name) for name in FIELDS}
        if isinstance(self.files, tuple):
            said["files"] = list(self.files)
        declared = check_declaration(self.name, said, lambda what, *_: UsageError(f"{place}: {what}"))
        object.__setattr__(self, "files", declared.files)
        _register(place, declared)


def _place(frame: FrameType) -> _Place:
    while frame.f_code.co_name in _COMPREHENSIONS and frame.f_back is not None:
        frame = frame.f_back
    path = frame.f_code.co_filename
    if not os.path.isfile(path):
        path = f"<{frame.f_globals.get('__name__', '__main__')}>"  # a notebook or a console
    place = _Place(path, frame.f_lineno, frame.f_code)
    if frame.f_code.co_name != "<module>":
        raise UsageError(
            f"{place}: a Dataset is declared at the top level of a script, where whoever imports it gets to know it; "
            f"this one is in {frame.f_code.co_name}"
        )
    return place


def _register(place: _Place, declared: Declared) -> None:
    if not place.path.startswith("<"):
        for name, (other, _) in list(_registered.items()):
            if other.path == place.path and other.code is not place.code:
                del _registered[name]  # the script is read anew
    known = _registered.get(declared.name)
    if known is not None:
        other = known[0]
        if other.path != place.path or (other.code is place.code and other.line != place.line):
            raise UsageError(
                f"{place}: the dataset {declared.name} is declared in {other}, too. Keep one of the two declarations"
            )
    _registered[declared.name] = place, declared


def note_datasets(project: Project) -> None:
    """Leave word in a project of what the scripts of this process declare. A run begins with it.

    Raises:
        StoreError: it cannot be written.
    """
    if not _registered and not project.declared.is_dir():
        return
    found: dict[str, list[tuple[int, Declared]]] = {}
    for place, declared in _registered.values():
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
