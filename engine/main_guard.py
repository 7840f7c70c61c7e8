"""What a main program does under its `if __name__ == "__main__":`, of which processes that import it know nothing.

What tasks read and that part may have changed is told to them, so that a call is refused rather than answered with what
stands in the process instead. Whether it has changed is told by comparing values.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from headwater.engine.code import fingerprint
from headwater.engine.code_bindings import Nodes
from headwater.engine.code_changed import changes_from, changing
from headwater.engine.code_files import source_file_of_module, with_source
from headwater.engine.code_scope import MISSING, Scope, scope_of_module
from headwater.engine.errors import Unrecordable
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task, task_function
from headwater.engine.values import hash_value

_MAIN = "__main__"
_OURS = "headwater"
_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")
_OF_FUNCTIONS = ("__wrapped__",)


class Seen(NamedTuple):
    """What stood under a name of a module in the main program."""

    module: str
    name: str
    digest: bytes | None
    """None where values of its kind cannot be compared"""
    set_there: bool
    """whether a statement under the guard gives it, or something in it, another value by itself"""


class MainGuard:
    """What stands under the guard of this process's main program."""

    def __init__(self) -> None:
        self._scope: Scope | None = None
        self._lines: list[range] = []
        self._elsewhere: dict[tuple[str, str], bool] = {}
        """names of other modules, and whether they are given other values there"""
        main = sys.modules.get(_MAIN)
        if main is None or main.__name__ != _MAIN:
            return
        source = source_file_of_module(vars(main))
        if source is not None:
            self._lines = [range(first, last + 1) for first, _, last in source.blocks_under(_GUARDS)]
            self._scope = scope_of_module(main)
            self._elsewhere = dict(self._in_other_modules()) if self._lines else {}

    def seen_by(self, task: Task[Any, Any]) -> tuple[Seen, ...]:
        """What a task reads and the part under the guard may have changed. Of one of headwater's own, as that of
        `subrun`, which calls others: what any task of the user's reads."""
        if not self._lines:
            return ()
        tasks = get_task_registry() if _is_ours(task) else [task]
        asked = [one for one in tasks if _is_of_main(one) or (self._elsewhere and not _is_ours(one))]
        found: dict[tuple[str, str], Seen] = {}
        with _apart():  # what only the guard's own statements read is not what a task does
            reads = [fingerprint(one.func, is_task=task_function).reads for one in asked if _has_code(one)]
        for values, name, _ in (read for some in reads for read in some):
            seen = self._seen(values, name)
            if seen is not None:
                found[seen.module, name] = seen
        return tuple(found.values())

    def _seen(self, values: Mapping[str, Any], name: str) -> Seen | None:
        assert self._scope is not None
        module = str(values.get("__name__", ""))
        value = values.get(name, MISSING)
        if value is MISSING or isinstance(value, ModuleType) or task_function(value) is not None:
            return None
        if values is not self._scope.values:
            set_there = self._elsewhere.get((module, name))
            return None if set_there is None else Seen(module, name, _digest(value), set_there)
        bound = [one.nodes for one in self._scope.bindings(name) if self._covers(one.nodes)]
        set_there = any(not isinstance(nodes[-1], ast.Expr) for nodes in bound)
        if not bound and not any(
            self._covers(step.nodes) for step in changing(self._scope, name, task_function)
        ):
            return None
        return Seen(_MAIN, name, _digest(value), set_there)

    def _in_other_modules(self) -> Iterator[tuple[tuple[str, str], bool]]:
        """What statements under the guard change in modules of the user's own: `helpers.LIMITS["x"] = 5`."""
        assert self._scope is not None
        source = self._scope.source
        assert source is not None
        for step in source.steps:
            if self._covers(step.nodes):
                for scope, name, binds in changes_from(self._scope, step, task_function):
                    if scope.source is not source:
                        yield (scope.name, name), binds

    def _covers(self, nodes: Nodes) -> bool:
        return bool(nodes) and any(nodes[-1].lineno in lines for lines in self._lines)  # type: ignore[attr-defined]


def hash_apart(task: Task[Any, Any]) -> bytes | None:
    """The hash that a task of the main program would have if nothing stood under its guard, to be compared with that in
    another process; None where nothing does, and for other tasks."""
    if not _is_of_main(task):
        return None
    with _apart() as there_is_some:
        return task.hash_anew() if there_is_some else None


@contextmanager
def _apart() -> Iterator[bool]:
    """In this thread, take the main program to have nothing under its guard; whether it has."""
    main = sys.modules.get(_MAIN)
    source = None if main is None else source_file_of_module(vars(main))
    blocks = [] if source is None else source.blocks_under(_GUARDS)
    if main is None or source is None or not blocks:
        yield False
        return
    with with_source(vars(main), source.without(blocks)):
        yield True


def not_the_same(seen: tuple[Seen, ...]) -> list[str]:
    """The names under which something else stands in this process, or may, of the modules that it has imported."""
    found = []
    for module, name, digest, set_there in seen:
        there = sys.modules.get(module)
        if there is None:
            continue
        value = vars(there).get(name, MISSING)
        if (digest is None and set_there) or (
            digest is not None and (value is MISSING or _digest(value) != digest)
        ):
            found.append(name)
    return found


def _digest(value: object) -> bytes | None:
    """What tells a value from others. Of functions and classes, whose code the task's hash has, what they hold."""
    if isinstance(value, BuiltinFunctionType):
        return None
    if isinstance(value, FunctionType):
        value = {name: held for name, held in vars(value).items() if name not in _OF_FUNCTIONS}
    elif isinstance(value, type):
        return b"".join(_digest_of_attributes(value))
    try:
        return hash_value(value)
    except Unrecordable:
        return None


def _digest_of_attributes(cls: type) -> Iterator[bytes]:
    for name, held in sorted(vars(cls).items()):
        if not name.startswith("__") and not callable(held):
            try:
                yield hash_value([name, held])
            except Unrecordable:
                continue


def _has_code(task: Task[Any, Any]) -> bool:
    return isinstance(task.func, FunctionType | type)


def _is_of_main(task: Task[Any, Any]) -> bool:
    return sys.modules.get(task.load_module or _MAIN) is sys.modules.get(_MAIN)


def _is_ours(task: Task[Any, Any]) -> bool:
    return (task.load_module or "").partition(".")[0] == _OURS
