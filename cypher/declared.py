"""What may be declared of a dataset, in a project's file or in code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.cypher.path_patterns import expression
from headwater.cypher.sensitivity import LEVELS
from headwater.cypher.settings import nearest

FIELDS = ("files", "sensitivity", "origin", "licence", "collected_by", "purpose", "lawful_basis")
_NEEDED = ("files", "sensitivity")
_LONGEST = 2000
"""characters of a text"""


@dataclass(frozen=True)
class Declared:
    """A dataset as it is declared. What is not said is empty.

    Attributes:
        declared_in: the script that declares it, seen from the project's root; empty for the project's file.
    """

    name: str
    files: tuple[str, ...]
    sensitivity: str
    origin: str = ""
    licence: str = ""
    collected_by: str = ""
    purpose: str = ""
    lawful_basis: str = ""
    declared_in: str = ""


def check_declaration(name: Any, said: Mapping[str, Any], wrong: Callable[..., UsageError]) -> Declared:
    """A declaration, if it is one.

    Args:
        said: what is said of the dataset, by FIELDS.
        wrong: makes the error of what is wrong, the dataset's name and, where it is about one, the field.

    Raises:
        UsageError: what `wrong` made.
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        raise wrong(f"{name!r} is no name of a dataset", name)
    for key in said:
        if key not in FIELDS:
            raise wrong(f"a dataset has no {key!r}.{nearest(key, FIELDS)}", name, key)
    for key in _NEEDED:
        if key not in said:
            raise wrong(f"the dataset {name} needs {key}", name)
    files = said["files"]
    if not isinstance(files, list) or not files or not all(isinstance(one, str) and one for one in files):
        raise wrong('files is a list of patterns, like ["data/*.csv"]', name, "files")
    for pattern in files:
        try:
            expression(pattern)
        except UsageError as error:
            raise wrong(str(error), name, "files") from None
    for key, value in said.items():
        if key != "files" and (not isinstance(value, str) or len(value) > _LONGEST):
            raise wrong(f"{key} is a text of at most {_LONGEST} characters", name, key)
    if said["sensitivity"] not in LEVELS:
        hint = nearest(said["sensitivity"], LEVELS)
        raise wrong(f"{said['sensitivity']!r} is no sensitivity.{hint}", name, "sensitivity")
    return Declared(name, tuple(files), **{key: said[key] for key in said if key != "files"})
