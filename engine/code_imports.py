"""What code finds under a name of a module of the user's own, whatever was imported before.

A package has a submodule as an attribute from when anything has imported it. So what the code names is imported here:
else the hash of the code would hang on what other code happens to have imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType

from headwater.engine.code_bindings import Binding
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.code_scope import (
    MISSING,
    MODULE_FACTS,
    Scope,
    binding_scope,
    import_under,
    imported_module,
    module_of,
    scope_of_module,
)

Path = tuple[str, ...]
Made = tuple[ModuleType, Path]
"""A module, and a path from it whose first name it gives by its `__getattr__`."""


def is_made(module: ModuleType, name: str, scope: Scope) -> bool:
    """Whether a module gives a name by its `__getattr__`: no statement of it binds the name."""
    return "__getattr__" in vars(module) and not scope.bindings(name) and not scope.star_imports(name)


def value_under(module: ModuleType, name: str) -> object:
    """What a name of a module stands for when the code reads it: what the module has, or makes by its `__getattr__`, or
    the submodule, which is imported now. MISSING where there is none."""
    held = vars(module)
    if name not in held and is_made(module, name, scope_of_module(module)):
        with suppress(Exception):  # whatever stops it stops the task too, and says so there
            return getattr(module, name)
    import_under(module, name)
    return held.get(name, MISSING)


def import_beside(scope: Scope, name: str) -> None:
    """Import the submodule that a global name of a package's own code may stand for."""
    if "__path__" in scope.values and name not in scope.builtins:
        here = module_of(scope.name)
        if here is not None and vars(here) is scope.values:
            import_under(here, name)


def import_along(module: ModuleType, path: Path) -> Made | None:
    """Import the submodules that a dotted name leads over, as far as they are the user's own. Returns the first name on
    the way that a module makes when it is asked."""
    made = None
    for place, name in enumerate(path):
        if origin_of_module(module) != USER:
            break
        if made is None and name not in MODULE_FACTS and is_made(module, name, scope_of_module(module)):
            made = module, path[place:]
        value = value_under(module, name)
        if not isinstance(value, ModuleType):
            break
        module = value
    return made


def import_from_locals(scope: Scope, node: ast.AST) -> list[Made]:
    """Import what a function names by a path from a module that it imports itself: `import pkg`, `pkg.models.M()`.
    Returns what modules on such paths make when they are asked, which are no names that they bind."""
    imports: dict[str, list[Binding]] = {}
    for one in ast.walk(node):
        if isinstance(one, ast.Import | ast.ImportFrom):
            for name, binding in _bound_by(one):
                imports.setdefault(name, []).append(binding)
    found: list[Made] = []
    for path in dotted_names(node) if imports else ():
        for binding in imports.get(path[0], ()):
            name, attr = binding_scope(scope, binding)
            module = imported_module(name)
            if module is not None:
                made = import_along(module, path[1:] if attr is None else (attr, *path[1:]))
                if made is not None and made not in found:
                    found.append(made)
    return found


def _bound_by(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Binding]]:
    """The names that an import statement binds."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, Binding("import", (), node.module or "", alias.name, node.level)
        else:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, Binding("import", (), alias.name if alias.asname else top)


def dotted_names(node: ast.AST) -> Iterator[Path]:
    """The paths of attributes of a name that stand in a piece of code, each in full: of `a.b.c`, not `a.b`."""
    pending = [node]
    while pending:
        one = pending.pop()
        path = dotted(one)
        if path is None:
            pending.extend(ast.iter_child_nodes(one))
        elif len(path) > 1:
            yield path


def dotted(node: ast.AST) -> Path | None:
    """The path that an expression is, if it is a name or attributes of one."""
    attrs: list[str] = []
    while isinstance(node, ast.Attribute):
        attrs.append(node.attr)
        node = node.value
    return (node.id, *reversed(attrs)) if isinstance(node, ast.Name) else None
