"""The main program's own module, which Python calls `__main__`: what it is recorded as.

`python flow.py` and `hw run flow.py` run the same classes and functions. So what is defined in a main program is
written down by the name that importing the file would give its module, and found again by it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

MAIN = "__main__"
MAIN_IN_WORKER = "__mp_main__"  # the name that the standard library's worker processes give the main module
_CALLED = (MAIN, MAIN_IN_WORKER)

_names: dict[tuple[str, str], str] = {}
"""of main programs, by file and package"""


class _Last:
    """The main program that was asked for last, and its name."""

    known: tuple[ModuleType | None, str] = (None, "")


def name_of_file(path: Path) -> tuple[str, Path]:
    """The name of the module that a Python file is imported as, and the folder to import it from: the file's own, or
    that of the packages around it."""
    root, parts = path.parent, [path.stem.replace(".", "_")]
    if path.stem == "__init__":
        root, parts = path.parent.parent, [path.parent.name]
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    name = ".".join(parts)
    # a script called random.py must not become everybody's `random`
    return (f"{name}_" if name in sys.stdlib_module_names else name), root


def recorded_module(name: str) -> str:
    """What a module is recorded as: of the main program, by the name that others import it by, if they can."""
    return _imported_as(sys.modules.get(name)) or MAIN if is_main(name) else name


def module_here(name: str) -> str:
    """The name in this process of the module that a recorded name stands for."""
    main = sys.modules.get(MAIN)
    if main is None or (name != MAIN_IN_WORKER and name != _imported_as(main)):
        return name
    there = sys.modules.get(name)
    return MAIN if there is None or _file_of(there) == _file_of(main) else name


def is_main(name: str) -> bool:
    """Whether a module of this process is the main program's."""
    return name in _CALLED


def has_a_name() -> bool:
    """Whether what the main program defines has other names in the record than here."""
    return bool(_imported_as(sys.modules.get(MAIN)))


def is_imported_as(name: str, file: str, package: str | None) -> None:
    """Say what a main program is recorded as, before it is imported, where it is that of another process."""
    _names[file, package or ""] = name


def _imported_as(main: ModuleType | None) -> str:
    """The name that a main program's module is imported by; empty for a console, a notebook, an installed command."""
    known = _Last.known
    if known[0] is main:
        return known[1]
    held = {} if main is None else vars(main)
    file, package = held.get("__file__"), held.get("__package__") or ""
    if not isinstance(file, str):
        return ""
    name = _names.get((file, package))
    if name is None:
        name = _names[file, package] = _find_name(Path(file).resolve(), package)
    _Last.known = main, name
    return name


def _find_name(path: Path, package: str) -> str:
    import sysconfig

    if not path.is_file() or str(path.parent) == os.path.realpath(sysconfig.get_path("scripts")):
        return ""
    if package:
        return "" if package.partition(".")[0] == "headwater" else f"{package}.{path.stem}"
    name, root = name_of_file(path)
    return "" if name == MAIN or _is_taken(name, root, path) else name


def _is_taken(name: str, root: Path, path: Path) -> bool:
    """Whether another module would be imported by a name than the file that it was made of."""
    top, _, further = name.partition(".")
    try:
        found = find_spec(top)
    except (ImportError, ValueError):
        return True
    own = root / top / "__init__.py" if further else path
    return found is not None and found.origin is not None and Path(found.origin).resolve() != own


def _file_of(module: ModuleType) -> Path | None:
    file = vars(module).get("__file__")
    return Path(file).resolve() if isinstance(file, str) else None
