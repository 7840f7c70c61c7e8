"""The statements of classes that no name of a module stands for: those inside functions, and of a notebook."""

from __future__ import annotations

import ast
from types import FunctionType, ModuleType
from typing import NamedTuple

from headwater.engine.code_files import source_file_of
from headwater.engine.code_held import functions_in
from headwater.engine.code_scope import Scope, module_of, scope_of_function, scope_of_module
from headwater.engine.code_source import SourceFile


class Stated(NamedTuple):
    """Where a class is written."""

    scope: Scope
    source: SourceFile
    nodes: list[ast.ClassDef]
    """more than one where several branches have it"""


def statements_of(cls: type) -> Stated | None:
    """The statements for a class, found by its qualified name; None where there are none."""
    method = next((one for member in list(vars(cls).values()) for one in _written_in(cls, member)), None)
    module = module_of(cls.__module__)
    if method is not None:
        scope, source = scope_of_function(method), source_file_of(method.__code__)
    elif module is not None:
        scope = scope_of_module(module)
        source = scope.source
    else:
        return None
    nodes = source.classes(cls.__qualname__) if source is not None else []
    return Stated(scope, source, nodes) if source is not None and nodes else None


def stands_in(module: ModuleType, cls: type) -> bool:
    """Whether a class inside another is what the module has under its qualified name."""
    held: object = module
    for name in cls.__qualname__.split("."):
        held = vars(held).get(name) if isinstance(held, ModuleType | type) else None
    return held is cls


def _written_in(cls: type, member: object) -> list[FunctionType]:
    """The methods among what a member of a class holds that stand in the class's statement."""
    inside = f"{cls.__qualname__}."
    return [
        one
        for one in functions_in(member)
        if one.__module__ == cls.__module__
        and one.__qualname__.startswith(inside)
        and not one.__code__.co_filename.startswith("<string>")
    ]
