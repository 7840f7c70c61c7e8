"""What annotations name. They decide what code does where something goes by them: a pydantic model checks what its
attributes are annotated with, and makes the classes named there."""

from __future__ import annotations

import ast
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any

from headwater.engine.code_bindings import blocks
from headwater.engine.code_imports import dotted, import_beside, is_made, value_under
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.code_scope import (
    MISSING,
    MODULE_FACTS,
    Scope,
    import_that_holds,
    is_immutable,
    module_of,
    scope_of_module,
)
from headwater.engine.code_source import Definition
from headwater.engine.parsing import parsed_expression

Path = tuple[str, ...]
Look = Callable[[Mapping[str, Any], str], object]
"""Gives what a namespace has under a name."""
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def annotations_of(node: Definition) -> Iterator[ast.expr]:
    """Those of a function's parameters, or of a class's attributes."""
    if isinstance(node, ast.ClassDef):
        pending: list[ast.stmt] = list(node.body)
        while pending:
            one = pending.pop()
            if isinstance(one, ast.AnnAssign):
                yield one.annotation
            elif not isinstance(one, _SCOPES):
                pending.extend(below for _, block in blocks(one) for below in block)
        return
    given = node.args
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if argument is not None and argument.annotation is not None:
            yield argument.annotation


def own_names(
    scope: Scope, annotation: ast.expr, look: Look, is_task: Callable[[object], object]
) -> Iterator[Path]:
    """The dotted names in an annotation that stand for something of the user's own: classes, aliases, constants,
    functions. What is there for type checkers alone, and tasks, are left out.

    Args:
        look: gives what stands under a name; is asked for what is not there (yet) as well, which may come.
    """
    for path in _dotted_names(scope, annotation):
        module, value = _found(scope, path, look)
        if value is MISSING or isinstance(value, ModuleType) or is_task(value) is not None:
            continue
        own_class = isinstance(value, type) and _is_users(module_of(value.__module__))
        if module is not None or own_class or _is_bound(scope, path[0], value):
            yield path


def _found(scope: Scope, path: Path, look: Look) -> tuple[ModuleType | None, object]:
    """What a dotted name leads to: the last module of the user's own on the way, if it goes through any, and what that
    has under the next name. Modules on the way are imported; what a library's has is not looked at."""
    import_beside(scope, path[0])
    module, value = None, look(scope.values, path[0])
    for attr in path[1:]:
        if not isinstance(value, ModuleType):
            break
        if not _is_users(value):
            return None, MISSING
        module = value
        value = value_under(module, attr)
        look(vars(module), attr)
        if is_made(module, attr, scope_of_module(module)) and not isinstance(value, ModuleType):
            return module, MISSING  # whether it has been made already must not matter
    return module, value


def _is_users(module: ModuleType | None) -> bool:
    return module is not None and origin_of_module(module) == USER


def _is_bound(scope: Scope, name: str, value: object) -> bool:
    """Whether the user's own code gave a name its value."""
    bindings = scope.bindings(name)
    imports = [one for one in bindings if one.kind == "import"] + scope.star_imports(name)
    if len(imports) < len(bindings):
        return True
    if imports:
        return _is_users(module_of(import_that_holds(scope, name, imports, value)[0]))
    return name not in scope.builtins and (is_immutable(value) or isinstance(value, FunctionType))


def _dotted_names(scope: Scope, annotation: ast.expr) -> Iterator[Path]:
    """The dotted names in an annotation, in a quoted one too. Other text is none: the values of a `Literal`, what is
    given to a call, or to `Annotated` beside the type."""
    pending: list[tuple[ast.AST, bool]] = [(annotation, True)]
    while pending:
        node, names = pending.pop()  # names: whether text is the name of a type
        path = dotted(node)
        if path is not None:
            if path[0] not in MODULE_FACTS:
                yield path
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if names:
                with suppress(SyntaxError, ValueError):
                    pending.append((parsed_expression(node.value).body, True))
        elif isinstance(node, ast.Subscript) and _stands_for(scope, node.value, "Literal"):
            continue
        elif isinstance(node, ast.Subscript) and _stands_for(scope, node.value, "Annotated"):
            given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            pending.extend((one, names and not at) for at, one in enumerate(given))
        else:
            names = names and not isinstance(node, ast.Call)
            pending.extend((one, names) for one in ast.iter_child_nodes(node))


def _stands_for(scope: Scope, node: ast.expr, form: str) -> bool:
    """Whether an expression is a form of `typing`; by its name, where it is there for type checkers alone."""
    path = dotted(node)
    if path is None:
        return False
    value = scope.values.get(path[0], MISSING)
    for attr in path[1:]:
        value = vars(value).get(attr, MISSING) if isinstance(value, ModuleType) else MISSING
    return path[-1] == form if value is MISSING else value is getattr(typing, form)
