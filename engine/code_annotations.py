"""What annotations name. They decide what code does where something goes by them: a pydantic model checks what its
attributes are annotated with, and makes the classes named there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType

from headwater.engine.code_bindings import blocks
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.code_scope import MISSING, Scope, import_that_holds, is_immutable, module_of
from headwater.engine.code_source import Definition

Path = tuple[str, ...]
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


def own_names(scope: Scope, annotation: ast.expr, is_task: Callable[[object], object]) -> Iterator[Path]:
    """The dotted names in an annotation that stand for something of the user's own: classes, aliases, constants,
    functions. What is there for type checkers alone, and tasks, are left out."""
    for path in _dotted_names(annotation):
        value = scope.values.get(path[0], MISSING)
        module = None
        for attr in path[1:]:
            if isinstance(value, ModuleType):
                module, value = value, vars(value).get(attr, MISSING)
        if value is MISSING or isinstance(value, ModuleType) or is_task(value) is not None:
            continue
        own_class = isinstance(value, type) and _is_users(module_of(value.__module__))
        if own_class or (_is_bound(scope, path[0], value) if module is None else _is_users(module)):
            yield path


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


def _dotted_names(annotation: ast.expr) -> Iterator[Path]:
    """The dotted names in an annotation, in a quoted one too."""
    pending: list[ast.AST] = [annotation]
    while pending:
        node = pending.pop()
        attrs: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            attrs.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield (inner.id, *reversed(attrs))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                pending.append(ast.parse(node.value, mode="eval").body)
            except (SyntaxError, ValueError):
                continue
        else:
            pending.extend(ast.iter_child_nodes(node))
