"""Scopes of module-level names: the values they have now, and the statements that bind them."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from headwater.engine.aside import aside
from headwater.engine.code_bindings import Binding
from headwater.engine.code_files import source_file_of, source_file_of_module
from headwater.engine.code_origin import USER, origin, origin_of_module
from headwater.engine.code_reads import Read
from headwater.engine.code_source import SourceFile

MISSING = object()
MODULE_FACTS = {
    *("__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__builtins__", "__path__"),
    *("__annotations__", "__dict__", "__class__", "__qualname__", "__module__", "__debug__"),
}
"""Names of a module that no code of the user's own gives it."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes)


class Scope:
    """The globals that a piece of code sees."""

    def __init__(self, values: Mapping[str, Any], source: SourceFile | None, own: SourceFile | None) -> None:
        self.values = values
        self.source = source
        """the module's file; None for a notebook, a console, code that was handed to exec()"""
        self._own = own
        self.name = str(values.get("__name__", "?"))
        given = values.get("__builtins__", builtins)
        self.builtins: Mapping[str, Any] = given if isinstance(given, dict) else vars(given)

    def bindings(self, name: str) -> list[Binding]:
        """The statements that bind a name; without a file, only where its value does not tell all."""
        if self.source is not None:
            return self.source.bindings.get(name, [])
        value = self.values.get(name, MISSING)
        if self._own is None or is_immutable(value) or isinstance(value, FunctionType | ModuleType):
            return []
        return self._own.bindings.get(name, [])

    def source_for(self, name: str) -> SourceFile:
        """The source that `bindings` of a name come from."""
        found = self.source or self._own
        if found is None:
            raise KeyError(name)
        return found

    def star_imports(self, name: str) -> list[Binding]:
        """The `from module import *` statements that may have bound a name, the last first."""
        found = []
        for module, level in reversed(self.source.stars if self.source else []):
            one = Binding("import", (), module, name, level)
            there = module_of(binding_scope(self, one)[0])
            if there is not None and name in vars(there):
                public = vars(there).get("__all__")
                if name in public if public is not None else not name.startswith("_"):
                    found.append(one)
        return found

    def public_names(self) -> frozenset[str]:
        """Every name that the module binds."""
        bound = frozenset(self.source.bindings) if self.source else frozenset()
        return bound | frozenset(name for name in self.values if not name.startswith("__"))


def scope_of_function(func: FunctionType) -> Scope:
    """The scope in which a function's global names are looked up."""
    values = func.__globals__
    return Scope(values, source_file_of_module(values), source_file_of(func.__code__))


def cells_of(func: FunctionType) -> dict[str, object]:
    """The variables of enclosing functions that a function reads, as they are now; MISSING where they have no value."""
    found: dict[str, object] = {}
    for name, cell in zip(func.__code__.co_freevars, func.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            found[name] = MISSING
    return found


def scope_of_module(module: ModuleType) -> Scope:
    """The scope of a module's own code."""
    return Scope(vars(module), source_file_of_module(vars(module)), None)


def binding_scope(scope: Scope, binding: Binding) -> tuple[str, str | None]:
    """The absolute module name, and the attribute, that an import statement names."""
    if not binding.level:
        return binding.module, binding.attr
    package = scope.values.get("__package__") or ""
    if not package:
        package = scope.name if "__path__" in scope.values else scope.name.rpartition(".")[0]
    parts = str(package).split(".")
    base = ".".join(parts[: len(parts) - binding.level + 1])
    return ".".join(part for part in (base, binding.module) if part), binding.attr


def module_of(name: str) -> ModuleType | None:
    """A module that has been imported."""
    module = sys.modules.get(name)
    return module if isinstance(module, ModuleType) else None


def imported_module(name: str) -> ModuleType | None:
    """A module that code imports when it runs: imported now if it is the user's own; None if it is not."""
    known = module_of(name)
    if known is not None:
        return known
    from importlib.util import find_spec

    top = name.partition(".")[0]
    try:
        spec = find_spec(top)
        if spec is None:
            return None
        folders = list(spec.submodule_search_locations or ())
        place = spec.origin if spec.has_location else (folders[0] + "/" if folders else None)
        if origin(top, place) != USER:
            return None
        with aside:
            return importlib.import_module(name)
    except (Exception, SystemExit):
        # whatever stops the import stops the task too, and says so there
        return None


def imported_by(scope: Scope, read: Read) -> ModuleType | None:
    """The module that an import statement inside a function names, imported now with the submodules it names, if it is
    the user's own."""
    name = binding_scope(scope, Binding("import", (), read.root, None, read.level))[0]
    module = imported_module(name)
    if module is not None and origin_of_module(module) == USER:
        for attr in read.attrs:
            import_under(module, attr)
    return module


def import_under(package: ModuleType, name: str) -> None:
    """Import the module that a name of a package may stand for, so that what is found under the name does not depend on
    whether something imported it already."""
    if name in vars(package) or "__path__" not in vars(package):
        return
    if all(binding.kind == "import" for binding in scope_of_module(package).bindings(name)):
        imported_module(f"{package.__name__}.{name}")


def module_under(module: ModuleType, name: str) -> ModuleType | None:
    """The module that an attribute of a module is."""
    held = vars(module).get(name)
    return held if isinstance(held, ModuleType) else None


def submodule(module: ModuleType, name: str, scope: Scope) -> ModuleType | None:
    """The module that an attribute of a package stands for, if it is nothing else."""
    inner = module_of(f"{scope.name}.{name}")
    if inner is None:
        return None
    bindings = scope.bindings(name)
    held = vars(module).get(name)
    if held is None and bindings:
        return None
    only_imports = all(binding.kind == "import" for binding in bindings)
    return inner if only_imports and (held is inner or held is None) else None


def import_that_holds(
    scope: Scope, name: str, bindings: list[Binding], value: object
) -> tuple[str, str | None]:
    """Of several imports of a name, the one that gave it its value: the last, or the one that did not fail
    (`try: import a … except ImportError: import b`)."""
    imports = [binding_scope(scope, binding) for binding in bindings]
    # what a package imports from itself is a submodule, which the name does not stand for any longer
    others = [one for one in imports if one != (scope.name, name)] or imports
    there = [(one, module) for one in others if (module := module_of(one[0])) is not None]
    for one, module in there:
        if value is (module if one[1] is None else vars(module).get(one[1], MISSING)):
            return one
    return there[0][0] if there else others[0]


def is_immutable(value: object) -> bool:
    """Whether a value is a constant of a built-in immutable type, through and through."""
    if type(value) in _PLAIN:
        return True
    return type(value) in (tuple, frozenset) and all(is_immutable(item) for item in value)  # type: ignore[attr-defined]
