"""Which statements of a module may have changed the object that a name of it stands for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import NamedTuple

from headwater.engine.code_bindings import Binding, Nodes
from headwater.engine.code_changes import SETTING, Change, Path, Step, written
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
Way = tuple[tuple[Scope, Path], ...]
"""functions, each by its name in the module that calls it"""

_FIXED = frozenset(("pathlib", "datetime", "decimal", "fractions", "re", "uuid"))
"""modules whose objects do not change"""
_ASIDE = frozenset(("headwater", "typing"))
"""packages whose functions leave what they are given as it is"""
_LOG = frozenset(("debug", "info", "warning", "error", "critical", "exception", "log"))
_LEAVING = {
    "copy": frozenset(("deepcopy",)),
    "json": frozenset(("dump", "dumps")),
    "logging": _LOG,
    "pprint": frozenset(("pformat", "pp", "pprint")),
}
"""functions and methods, by module, that leave what they are given as it is, and whose result holds nothing of it"""
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


class Statement(NamedTuple):
    """What counts for a name: as in Binding, with the file it stands in."""

    source: SourceFile
    nodes: Nodes


class _Hit(NamedTuple):
    step: Step
    change: Change
    via: Way
    """the functions on the way to the change, by their names in the module that calls them"""


class _Module:
    """What the statements of a module may change of what it binds itself.

    Others are left out: which of them are imported when a task is looked at, and in what order, is chance, and another
    process may have none of them.

    Attributes:
        hits: by name, what may change the object that it stands for.
        others: by name, those that may stand for the same object or hold it.
    """

    def __init__(self, scope: Scope, source: SourceFile) -> None:
        self.source = source
        self.hits: dict[str, list[_Hit]] = {}
        self.others: dict[str, list[str]] = {}
        for step in source.steps:
            for whose, hit in _hits(scope, step):
                if whose.source is source:
                    self.hits.setdefault(hit.change.path[0], []).append(hit)
            if step.mentions:
                self._alias(scope, step)

    def _alias(self, scope: Scope, step: Step) -> None:
        ends = [path[0] for name in written(step) if (path := self._own(scope, (name,))) is not None]
        for mentioned in step.mentions if ends else ():
            path = self._own(scope, mentioned)
            if path is not None:
                self.others.setdefault(path[0], []).extend(end for end in ends if end != path[0])

    def _own(self, scope: Scope, path: Path) -> Path | None:
        """A path as it is read in this module; None where it begins in another."""
        there = _defined(scope, path)
        return None if there is None or there[0].source is not self.source else there[1]


_modules: dict[int, _Module] = {}
"""by the identity of the source; whole before it is put here, as several threads may ask"""


def counting(scope: Scope, name: str, bindings: Sequence[Binding], is_task: IsTask) -> list[Statement]:
    """The statements of a module that bind a name, and those that may have changed what it stands for."""
    source = scope.source_for(name)
    own = [Statement(source, binding.nodes) for binding in bindings]
    bound = {id(binding.nodes[-1]) for binding in bindings if binding.nodes}
    further = [step for step in changing(scope, name, is_task) if id(step.nodes[-1]) not in bound]
    if scope.source is None or not further:
        return own
    found = [*own, *(Statement(scope.source, step.nodes) for step in further)]
    return found if scope.source is not source else sorted(found, key=lambda one: _where(one.nodes))


def changing(scope: Scope, name: str, is_task: IsTask) -> list[Step]:
    """What may have changed the object that a name of a module stands for, in the order of the module."""
    source = scope.source
    if source is None:
        return []
    module = _modules.get(id(source))
    if module is None or module.source is not source:
        module = _modules[id(source)] = _Module(scope, source)
    names, found = [name], {}
    for one in names:
        fixed = one == name and _is_fixed(scope, one, is_task)
        for hit in module.hits.get(one, ()):
            bound = one == name and (hit.change.binds or _sets(hit, scope.values.get(name)))
            if (bound or not fixed) and not _is_left(hit, scope, one, is_task):
                found[id(hit.step)] = hit.step
        for other in () if fixed else module.others.get(one, ()):
            once = other in source.bound_once
            if other not in names and not (once and _is_fixed(scope, other, is_task)):
                names.append(other)
    return sorted(found.values(), key=lambda step: _where(step.nodes))


def changes_from(scope: Scope, step: Step, is_task: IsTask) -> Iterator[tuple[Scope, str, bool]]:
    """The names, of any module of the user's own, whose objects a statement of a module may change; and whether it
    gives them to other ones."""
    for whose, hit in _hits(scope, step):
        name, binds = hit.change.path[0], hit.change.binds
        if (binds or not _is_fixed(whose, name, is_task)) and not _is_left(hit, whose, name, is_task):
            yield whose, name, binds


def _hits(scope: Scope, step: Step) -> Iterator[tuple[Scope, _Hit]]:
    """What a statement of a module may change, by itself and in the functions that it calls, each with the module that
    defines it."""
    found: list[tuple[Scope, Change, Way]] = [(scope, change, ()) for change in step.changes]
    for inner, called, via in _called(scope, step.calls):
        bound = [Change((name,), binds=True) for name in called.binds]
        found += [(inner, change, via) for change in (*called.changes, *bound)]
    for where, change, via in found:
        there = _defined(where, change.path)
        if there is not None:
            whose, path = there
            one = change._replace(path=path, binds=change.binds and len(path) == 1)
            yield whose, _Hit(step, one, via + tuple((where, function) for function in change.via))


def _called(scope: Scope, calls: tuple[Path, ...]) -> Iterator[tuple[Scope, Step, Way]]:
    """The functions of the user's own that calls lead to, with the calls on the way to each."""
    pending: list[tuple[Scope, Path, Way]] = [(scope, path, ()) for path in calls]
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


def _sets(hit: _Hit, value: object) -> bool:
    """Whether a step puts an attribute on a function: what else takes one leaves it as it is."""
    return hit.change.method == SETTING and len(hit.change.path) == 1 and isinstance(value, FunctionType)


def _is_left(hit: _Hit, scope: Scope, name: str, is_task: IsTask) -> bool:
    """Whether it is known that a step leaves the object as it is."""
    whole = len(hit.change.path) == 1
    if any(_is_aside(where, path, is_task, whole=whole) for where, path in hit.via):
        return True
    value = scope.values.get(name, MISSING)
    if hit.change.method in _LOG and isinstance(value, logging.Logger):
        return True
    if hit.change.method:
        return hit.change.method in _READING and len(hit.change.path) == 1 and type(value) in _CONTAINERS
    handed = hit.via[-len(hit.change.via) :] if hit.change.via else ()
    return bool(handed) and type(value) in _CONTAINERS and all(path[0] in _COPYING for _, path in handed)


def _is_aside(scope: Scope, path: Path, is_task: IsTask, *, whole: bool) -> bool:
    """Whether a function neither changes what it is given nor gives it on: a task, which gets a copy of its own, and
    some of others.

    Args:
        whole: whether it is given the object itself, and none of its methods to call.
    """
    value = scope.values.get(path[0], MISSING)
    if value is MISSING:
        return len(path) == 1 and path[0] in _TELLING
    for attr in (*path[1:], ""):
        if is_task(value) is not None:
            return True
        if attr and isinstance(value, (ModuleType, type)):
            value = vars(value).get(attr, MISSING)
    held = value if isinstance(value, (FunctionType, type)) else type(value)
    package = str(held.__module__).partition(".")[0]
    name = value.__name__ if isinstance(value, FunctionType) else path[-1]
    return package in _ASIDE or (whole and name in _LEAVING.get(package, ()))


def _where(nodes: Nodes) -> tuple[int, int]:
    return nodes[-1].lineno, nodes[-1].col_offset  # type: ignore[attr-defined]
