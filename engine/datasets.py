"""Datasets that a workflow's script declares itself, at its top level."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from types import FrameType

from headwater.cypher.declared import FIELDS, Declared, check_declaration
from headwater.cypher.errors import UsageError
from headwater.engine.dataset_notes import Site, registered

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


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


def _place(frame: FrameType) -> Site:
    while frame.f_code.co_name in _COMPREHENSIONS and frame.f_back is not None:
        frame = frame.f_back
    path = frame.f_code.co_filename
    if not os.path.isfile(path):
        path = f"<{frame.f_globals.get('__name__', '__main__')}>"  # a notebook or a console
    place = Site(path, frame.f_lineno, frame.f_code)
    if frame.f_code.co_name != "<module>":
        raise UsageError(
            f"{place}: a Dataset is declared at the top level of a script, where whoever imports it gets to know it; "
            f"this one is in {frame.f_code.co_name}"
        )
    return place


def _register(place: Site, declared: Declared) -> None:
    if not place.path.startswith("<"):
        for name, (other, _) in list(registered.items()):
            if other.path == place.path and other.code is not place.code:
                del registered[name]  # the script is read anew
    known = registered.get(declared.name)
    if known is not None:
        other = known[0]
        if other.path != place.path or (other.code is place.code and other.line != place.line):
            raise UsageError(
                f"{place}: the dataset {declared.name} is declared in {other}, too. Keep one of the two declarations"
            )
    registered[declared.name] = place, declared
