"""Whose code is it: the user's own, the standard library's, an installed package's, or headwater's?

Only the user's own code counts in a task's hash. Everything that does not lie in the standard library's
folder, in a `site-packages` or `dist-packages` folder, or in headwater itself is the user's own; so are
editable installs.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from types import ModuleType

USER = "user"
STDLIB = "standard library"
INSTALLED = "installed package"
HEADWATER = "headwater"

_STDLIB_FOLDER = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALL_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def origin_of_module(module: ModuleType) -> str:
    """Whose code a module is: USER, STDLIB, INSTALLED or HEADWATER."""
    namespace = vars(module)
    path = namespace.get("__file__")
    if not isinstance(path, str):
        spec = namespace.get("__spec__")
        folders = list(getattr(spec, "submodule_search_locations", None) or ())
        path = os.path.join(str(folders[0]), "") if folders else None
    return origin(str(namespace.get("__name__", "")), path)


def origin_of_class(cls: type) -> str:
    """Whose code a class is."""
    module = sys.modules.get(cls.__module__)
    return origin(cls.__module__, None) if module is None else origin_of_module(module)


@lru_cache(maxsize=4096)
def origin(name: str, path: str | None) -> str:
    """Whose code a module is, by its dotted name and its file (None where it has none)."""
    top = name.partition(".")[0]
    if top == "headwater":
        return HEADWATER
    if path is None:
        builtin = top in sys.builtin_module_names or (top in sys.stdlib_module_names and top != "__main__")
        return STDLIB if builtin else USER
    place = origin_of_path(path)
    if place == USER and path.startswith("<frozen ") and top in sys.stdlib_module_names:
        return STDLIB
    return place


@lru_cache(maxsize=4096)
def origin_of_path(path: str) -> str:
    """Whose code a source file is: USER, STDLIB or INSTALLED."""
    full = os.path.abspath(path)
    if any(folder in full for folder in _INSTALL_FOLDERS):
        return INSTALLED
    return STDLIB if full.startswith(_STDLIB_FOLDER) else USER
