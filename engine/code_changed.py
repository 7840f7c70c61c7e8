"""Which statements, of all modules of the user's own, may have changed the object that a name stands for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import NamedTuple

from headwater.engine.code_bindings import Binding, Nodes
from headwater.engine.code_changes import Change, Path, Step, written
from headwater.engine.code_files import words_of_module
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.code_scope import (
    MISSING,
    Scope,
    binding_scope,
    import_that_holds,
    is_immutable,
    module_of,
    scope_of_module,
)
from headwater.engine.code_source import SourceFile

IsTask = Callable[[object], object]
Name = tuple[str, str]
"""A name of a module: (the file, the name)."""

_FIXED = frozenset(("pathlib", "datetime", "decimal", "fractions", "re", "uuid"))
"""modules whose objects do not change"""
_ASIDE = frozenset(("headwater", "typing"))
"""packages whose functions leave what they are given as it is"""
_TELLING = frozenset(
    [
        *("len", "print", "isinstance", "issubclass", "repr", "str", "bool", "hash", "id"),
        *("type", "int", "float", "complex", "callable", "hasattr", "format", "round", "abs"),
        *("sum", "any", "all", "ord", "chr", "bytes"),
    ]
)
"""builtin functions that leave what they are given as it is, and whose result holds nothing of it"""
_COPYING = frozenset(
    [
        *("list", "tuple", "dict", "set", "frozenset", "sorted", "reversed", "zip", "enumerate"),
        *("range", "min", "max"),
    ]
)
"""those whose result holds what was in it"""
_READING = frozenset(
    [
        *("get", "items", "keys", "values", "copy", "index", "count", "union", "intersection"),
        *("difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint"),
    ]
)
"""methods of containers that leave them as they are"""
_CONTAINERS = (dict, list, set, frozenset, tuple)


class Found(NamedTuple):
    """A step that may have changed something, and the globals that it sees."""

    scope: Scope
    step: Step


class Statement(NamedTuple):
    """What counts for a name: as in Binding, with the globals that it sees and the file it stands in."""

    scope: Scope
    source: SourceFile
    nodes: Nodes


class _Hit(NamedTuple):
    found: Found
    change: Change
    via: tuple[tuple[Scope, Path], ...]
    """the functions on the way to the change, by their names in the module that calls them"""


class Changes:
    """What the modules that are imported may have changed; each is looked at once it matters."""

    def __init__(self) -> None:
        self._number = 0
        self._own: list[tuple[str, ModuleType]] = []
        self._scopes: dict[str, Scope] = {}
        self._hits: dict[Name, list[_Hit]] = {}
        self._others: dict[Name, list[tuple[str, Name]]] = {}
        """of a name, those that may stand for the same object or hold it, with the file that says so"""

    def counting(
        self, scope: Scope, name: str, bindings: Sequence[Binding], is_task: IsTask
    ) -> list[Statement]:
        """The statements that bind a name, and those that may have changed what it stands for."""
        source = scope.source_for(name)
        own = [Statement(scope, source, binding.nodes) for binding in bindings]
        bound = {id(binding.nodes[-1]) for binding in bindings if binding.nodes}
        others = []
        for where, step in self.of(scope, name, is_task):
            if where.source is not None and where.source is not source:
                others.append(Statement(where, where.source, step.nodes))
            elif id(step.nodes[-1]) not in bound:
                own.append(Statement(scope, source, step.nodes))
        if len(own) > len(bindings):
            own.sort(key=lambda one: _where(one.nodes))
        return own + others

    def of(self, scope: Scope, name: str, is_task: IsTask) -> list[Found]:
        """What may have changed the object that a name stands for: first in its own module, then in others."""
        if scope.source is None:
            return []
        start = scope.source.name, name
        self._take(scope)
        names, found = [start], []
        for one in names:
            where = self._scopes[one[0]]
            self._look(where, one[1])
            fixed = one == start and _is_fixed(where, one[1], is_task)
            for hit in self._hits.get(one, ()):
                bound = hit.change.binds and one == start
                if not _is_there(hit.found.scope, scope):
                    continue  # of a module that was replaced
                if (bound or not fixed) and not _is_left(hit, where, one[1], is_task):
                    found.append(hit.found)
            for _, other in () if fixed else self._others.get(one, ()):
                beside = self._scopes[other[0]]
                once = beside.source is None or other[1] in beside.source.bound_once
                if other not in names and not (once and _is_fixed(beside, other[1], is_task)):
                    names.append(other)
        alone = {id(one.step): one for one in found}.values()
        return sorted(alone, key=lambda one: (one.scope.source is not scope.source, *_place(one)))

    def _look(self, scope: Scope, name: str) -> None:
        """Take in every module that may change what a name of a module stands for: those that mention one of both."""
        last = scope.name.rpartition(".")[2]
        for module in self._modules():
            if vars(module) is not scope.values:
                words = words_of_module(vars(module))
                if name in words or last in words:
                    self._take(scope_of_module(module))

    def _modules(self) -> list[ModuleType]:
        """The modules of the user's own that are imported."""
        if self._number != len(sys.modules) or any(sys.modules.get(key) is not one for key, one in self._own):
            self._number = len(sys.modules)
            there = [(key, one) for key, one in list(sys.modules.items()) if isinstance(one, ModuleType)]
            self._own = [(key, one) for key, one in there if origin_of_module(one) == USER]
        return [one for _, one in self._own]

    def _take(self, scope: Scope) -> None:
        source = scope.source
        if source is None:
            return
        before = self._scopes.get(source.name)
        self._scopes[source.name] = scope
        if before is not None and before.source is source:
            return
        for hits in self._hits.values():
            hits[:] = [hit for hit in hits if hit.found.scope.source is not (before and before.source)]
        for others in self._others.values():
            others[:] = [other for other in others if other[0] != source.name]
        for step in source.steps:
            for change in step.changes:
                self._add(Found(scope, step), scope, change, ())
            for inner, called, via in _called(scope, step.calls):
                for change in called.changes:
                    self._add(Found(scope, step), inner, change, via)
                for name in called.binds:
                    self._add(Found(scope, step), inner, Change((name,), binds=True), via)
            if step.mentions:
                self._alias(scope, step)

    def _add(self, found: Found, scope: Scope, change: Change, via: tuple[tuple[Scope, Path], ...]) -> None:
        owner = _owner_of(scope, change.path)
        if owner is not None:
            name, path = owner
            one = change._replace(path=path, binds=change.binds and len(path) == 1)
            self._hits.setdefault(name, []).append(
                _Hit(found, one, via + tuple((scope, path) for path in change.via))
            )

    def _alias(self, scope: Scope, step: Step) -> None:
        ends = [owner for name in written(step) if (owner := _owner_of(scope, (name,))) is not None]
        for path in step.mentions if ends else ():
            owner = _owner_of(scope, path)
            for end, _ in ends:
                if owner is not None and owner[0] != end and end[0] in self._scopes:
                    self._others.setdefault(owner[0], []).append((scope.source.name, end))  # type: ignore[union-attr]


def _called(
    scope: Scope, calls: tuple[Path, ...]
) -> Iterator[tuple[Scope, Step, tuple[tuple[Scope, Path], ...]]]:
    """The functions of the user's own that calls lead to, with the calls on the way to each."""
    pending: list[tuple[Scope, Path, tuple[tuple[Scope, Path], ...]]] = [(scope, path, ()) for path in calls]
    seen = set()
    while pending:
        where, call, via = pending.pop()
        there = _defined(where, call)
        if there is None or there[0].source is None:
            continue
        inner, (name, *attrs) = there
        step = None if attrs else inner.source.changed_by(name)  # type: ignore[union-attr]
        if step is not None and id(step) not in seen:
            seen.add(id(step))
            way = (*via, (where, call))
            yield inner, step, way
            pending += [(inner, further, way) for further in step.calls]


def _owner_of(scope: Scope, path: Path) -> tuple[Name, Path] | None:
    """Where the first name of a path is bound, and the path as it is read there; None outside the user's own code."""
    there = _defined(scope, path)
    return (
        None if there is None or there[0].source is None else ((there[0].source.name, there[1][0]), there[1])
    )


def _defined(scope: Scope, path: Path) -> tuple[Scope, Path] | None:
    for _ in range(20):
        name = path[0]
        if scope.source is None or name in scope.source.rebound:
            return scope, path
        imports = [one for one in scope.bindings(name) if one.kind == "import"] + scope.star_imports(name)
        if not imports:
            return scope, path
        imported, attr = import_that_holds(scope, name, imports, scope.values.get(name, MISSING))
        module = module_of(imported)
        rest = path[1:] if attr is None else (attr, *path[1:])
        while module is not None and rest and isinstance(vars(module).get(rest[0]), ModuleType):
            module, rest = vars(module)[rest[0]], rest[1:]
        if module is None or not rest or origin_of_module(module) != USER:
            return None
        if binding_scope(scope, imports[0]) == (scope.name, name):
            return None
        scope, path = scope_of_module(module), rest
    return None


def _is_fixed(scope: Scope, name: str, is_task: IsTask) -> bool:
    """Whether what a name stands for cannot be changed, whatever it is given to."""
    value = scope.values.get(name, MISSING)
    if value is MISSING or (scope.source is not None and name in scope.source.globals_declared):
        return False
    plain = is_immutable(value) or isinstance(value, (FunctionType, BuiltinFunctionType, ModuleType))
    return plain or type(value).__module__.partition(".")[0] in _FIXED or is_task(value) is not None


def _is_left(hit: _Hit, scope: Scope, name: str, is_task: IsTask) -> bool:
    """Whether it is known that a step leaves the object as it is."""
    if any(_is_aside(where, path, is_task) for where, path in hit.via):
        return True
    value = scope.values.get(name, MISSING)
    if hit.change.method:
        return hit.change.method in _READING and len(hit.change.path) == 1 and type(value) in _CONTAINERS
    handed = hit.via[-len(hit.change.via) :] if hit.change.via else ()
    return bool(handed) and type(value) in _CONTAINERS and all(path[0] in _COPYING for _, path in handed)


def _is_aside(scope: Scope, path: Path, is_task: IsTask) -> bool:
    """Whether a function neither changes what it is given nor gives it on: a task, which gets a copy of its own, and
    some of others."""
    value = scope.values.get(path[0], MISSING)
    if value is MISSING:
        return len(path) == 1 and path[0] in _TELLING
    for attr in (*path[1:], ""):
        if is_task(value) is not None:
            return True
        if attr and isinstance(value, (ModuleType, type)):
            value = vars(value).get(attr, MISSING)
    held = value if isinstance(value, (FunctionType, type)) else type(value)
    return str(held.__module__).partition(".")[0] in _ASIDE


def _is_there(scope: Scope, asked: Scope) -> bool:
    module = sys.modules.get(scope.name)
    return scope.source is asked.source or (module is not None and vars(module) is scope.values)


def _place(found: Found) -> tuple[str, tuple[int, int]]:
    name = found.scope.source.name if found.scope.source is not None else ""
    return os.path.basename(name), _where(found.step.nodes)


def _where(nodes: Nodes) -> tuple[int, int]:
    return nodes[-1].lineno, nodes[-1].col_offset  # type: ignore[attr-defined]


CHANGES = Changes()
"""Of this process."""
