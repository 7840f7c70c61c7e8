"""Names of classes and functions: how they are written down, and whether they can be found again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from headwater.engine.aside import aside
from headwater.engine.main_program import MAIN, MAIN_IN_WORKER, is_main, module_here, recorded_module

_MODULES = {"pathlib._local": "pathlib", "pathlib._abc": "pathlib", "_io": "io"}
"""modules that some Python versions moved public classes to"""
_ELSEWHERE = frozenset([*_MODULES, MAIN, MAIN_IN_WORKER])
"""modules that are recorded under another name than they have here"""


OWN_NAMES: dict[type, str] = {}
"""classes that say themselves what they are recorded as (`own.Value.type_name`)"""


def type_name(cls: type) -> str:
    """A class's name with its module; builtins stand without one: `int`, `decimal.Decimal`, `shop.Order`."""
    own = OWN_NAMES.get(cls)
    if own is not None:
        return own
    module = cls.__module__
    name = cls.__qualname__
    if module in _ELSEWHERE:
        module = _recorded(module)
    return name if module == "builtins" else f"{module}.{name}"


def as_recorded(name: str) -> str:
    """A class's name that was recorded, as it is recorded by now: earlier ones named the main program `__main__`."""
    module, _, rest = name.partition(".")
    return f"{recorded_module(module)}.{rest}" if is_main(module) else name


def callable_name(func: Any) -> str | None:
    """The dotted name of a class or function, or None for what has none."""
    if isinstance(func, type):
        return type_name(func)
    name = getattr(func, "__qualname__", None) or getattr(func, "__name__", None)
    if not isinstance(name, str):
        return None
    module = getattr(func, "__module__", None)
    return f"{_recorded(module)}.{name}" if isinstance(module, str) else name


def _recorded(module: str) -> str:
    return _MODULES.get(module) or recorded_module(module)


def find(module: str | None, qualname: str) -> Any:
    """What a module that is already imported has under a dotted name, or None."""
    found: Any = sys.modules.get(module) if module else None
    for part in qualname.split("."):
        if found is None:
            return None
        found = getattr(found, part, None)
    return found


def find_class(module: str, qualname: str) -> Any:
    """What a module has under the dotted name of a class, or None. It is imported where it is not yet: a library may
    say of its classes that they are from a module which it imports when somebody asks for it."""
    if module not in sys.modules:
        with suppress(Exception), aside:
            import_module(module)
    return find(module, qualname)


def imported(name: str) -> Any:
    """What stands under a dotted name, its module being imported where it is not yet; None for nothing."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            with aside:
                module = import_module(module_here(".".join(parts[:cut])))
        except ImportError:
            continue
        return find(module.__name__, ".".join(parts[cut:]))
    return find("builtins", name)


def is_importable(obj: Any) -> bool:
    """Whether looking up the object's own module and name leads back to the object."""
    return find(getattr(obj, "__module__", None), obj.__qualname__) is obj


_fingerprinter: Callable[[Any], bytes] | None = None


def set_code_fingerprinter(fingerprinter: Callable[[Any], bytes] | None) -> Callable[[Any], bytes] | None:
    """Say how code counts in the hashes of values: that of a function that is passed as a value, of a class that is,
    and of the class of an object.

    Args:
        fingerprinter: gives a digest of a user's function or class and of what it reads, `b""` where the name is
            enough (library code); None to go back to names alone.

    Returns:
        The one that was in use.
    """
    global _fingerprinter
    before, _fingerprinter = _fingerprinter, fingerprinter
    return before


def code_fingerprint(code: Any) -> bytes:
    return _fingerprinter(code) if _fingerprinter is not None else b""
