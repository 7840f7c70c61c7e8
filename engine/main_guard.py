"""What a main program does under its `if __name__ == "__main__":`, of which processes that import it know nothing.

What tasks read and that part may have changed is told to them, so that a call is refused rather than answered with what
stands in the process instead. Whether it has changed is told by comparing values.
"""

from __future__ import annotations

import ast
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from headwater.engine.code import Fingerprint, fingerprint
from headwater.engine.code_bindings import Nodes
from headwater.engine.code_changed import changes_from, changing
from headwater.engine.code_files import source_file_of_module, with_source
from headwater.engine.code_origin import USER, origin, origin_of_class, origin_of_module
from headwater.engine.code_scope import MISSING, Scope, scope_of_module
from headwater.engine.errors import Unrecordable
from headwater.engine.main_program import MAIN
from headwater.engine.sent import Named
from headwater.engine.task import Task, task_function
from headwater.engine.values import hash_value

_OURS = "headwater"
_OF_FUNCTIONS = ("__wrapped__",)


class Seen(NamedTuple):
    """What stood under a name of a module in the main program."""

    module: str
    name: str
    digest: bytes | None
    """None where values of its kind cannot be compared"""
    set_there: bool
    """whether a statement under the guard gives it, or something in it, another value by itself"""


class _Code(NamedTuple):
    """What of that a function or class reads, and the functions of the tasks that it reads."""

    seen: list[Seen]
    tasks: set[Any]


_NO_CODE = _Code([], set())
_prints_apart: dict[Callable[..., Any] | type, Fingerprint] = {}
_hashes_apart: dict[bytes, bytes | None] = {}
"""by the hashes of tasks"""


class MainGuard:
    """What stands under the guard of this process's main program."""

    def __init__(self) -> None:
        self._scope: Scope | None = None
        self._imported: Scope | None = None
        """the main program as others import it"""
        self._lines: list[range] = []
        self._elsewhere: dict[tuple[str, str], bool] = {}
        """names of other modules, and whether they are given other values there"""
        self._known: dict[FunctionType | type, _Code] = {}
        self._seen: dict[tuple[int, str], Seen | None] = {}
        main = sys.modules.get(MAIN)
        if main is None or main.__name__ != MAIN:
            return
        source = source_file_of_module(vars(main))
        if source is not None:
            blocks = [*source.under_guard, *source.beside_guard]
            self._lines = [range(one.first, one.last + 1) for one in blocks]
            self._scope = scope_of_module(main)
            self._imported = Scope(vars(main), source.imported, None)
            if self._lines:
                self._note_other_modules()

    def seen_by(self, task: Task[Any, Any], named: Named) -> tuple[Seen, ...]:
        """What a call reads and the part under the guard may have changed: its task, functions among its arguments,
        and in a part of a workflow the tasks that it calls and those that these read.

        Args:
            named: what is in its arguments.
        """
        if not self._lines:
            return ()
        found: dict[Seen, None] = {}
        for one in (task.func, *named.code):
            found.update(dict.fromkeys(self._code(one).seen))
        inside = [one.func for part in named.parts for one in part.tasks()]
        come_to = set(inside)
        while inside:
            code = self._code(inside.pop())
            found.update(dict.fromkeys(code.seen))
            inside += code.tasks - come_to
            come_to |= code.tasks
        return tuple(found)

    def _code(self, one: object) -> _Code:
        if not isinstance(one, FunctionType | type) or _is_ours(one) or not self._may_read(one):
            return _NO_CODE
        known = self._known.get(one)
        if known is None:
            reads = _print_apart(
                one
            ).reads  # what only the guard's own statements read is not what a task does
            seen = [self._seen_under(values, name) for values, name, _ in reads]
            tasks = {value.func for _, _, value in reads if isinstance(value, Task)}
            known = self._known[one] = _Code([one for one in seen if one is not None], tasks)
        return known

    def _may_read(self, code: FunctionType | type) -> bool:
        if code.__module__ == MAIN:
            return True
        if not self._elsewhere:
            return False
        return (
            origin_of_class(code)
            if isinstance(code, type)
            else origin(code.__module__ or "", code.__code__.co_filename)
        ) == USER

    def _seen_under(self, values: Mapping[str, Any], name: str) -> Seen | None:
        key = id(values), name
        if key not in self._seen:
            self._seen[key] = self._look(values, name)
        return self._seen[key]

    def _look(self, values: Mapping[str, Any], name: str) -> Seen | None:
        assert self._scope is not None
        module = str(values.get("__name__", ""))
        value = values.get(name, MISSING)
        if value is MISSING or isinstance(value, ModuleType) or task_function(value) is not None:
            return None
        if values is not self._scope.values:
            set_there = self._elsewhere.get((module, name))
            return None if set_there is None else Seen(module, name, _digest(value), set_there)
        bound = [one.nodes for one in self._scope.bindings(name) if self._covers(one.nodes)]
        set_there = self._imports(name) or any(not isinstance(nodes[-1], ast.Expr) for nodes in bound)
        if (
            not set_there
            and not bound
            and not any(self._covers(step.nodes) for step in changing(self._scope, name, task_function))
        ):
            return None
        return Seen(MAIN, name, _digest(value), set_there)

    def _imports(self, name: str) -> bool:
        """Whether an import under the guard gives the main program's name what it stands for."""
        assert self._scope is not None
        assert self._imported is not None
        return bool(_imports_of(self._scope, name) - _imports_of(self._imported, name))

    def _note_other_modules(self) -> None:
        """Note what statements under the guard change in modules of the user's own: `helpers.LIMITS["x"] = 5`, and
        objects that have a name there and one here."""
        assert self._scope is not None
        source = self._scope.source
        assert source is not None
        here: dict[int, object] = {}
        for step in source.steps:
            if self._covers(step.nodes):
                for scope, name, binds in changes_from(self._scope, step, task_function):
                    if scope.source is not source:
                        self._elsewhere[scope.name, name] = binds or self._elsewhere.get(
                            (scope.name, name), False
                        )
                    elif name in scope.values and not binds:
                        here[id(scope.values[name])] = scope.values[name]
        for module in list(sys.modules.values()) if here else ():
            if (
                isinstance(module, ModuleType)
                and module.__name__ != MAIN
                and origin_of_module(module) == USER
            ):
                for name, value in list(vars(module).items()):
                    if id(value) in here:
                        self._elsewhere.setdefault((module.__name__, name), False)

    def _covers(self, nodes: Nodes) -> bool:
        return bool(nodes) and any(nodes[-1].lineno in lines for lines in self._lines)  # type: ignore[attr-defined]


def hash_apart(task: Task[Any, Any]) -> bytes | None:
    """The hash that a task of the main program would have if nothing stood under its guard, to be compared with that in
    another process; None where nothing does, and for other tasks."""
    if not _is_of_main(task):
        return None
    if task.hash not in _hashes_apart:
        with _apart() as there_is_some:
            _hashes_apart[task.hash] = task.hash_anew(_print_apart) if there_is_some else None
    return _hashes_apart[task.hash]


def _print_apart(code: Callable[..., Any] | type) -> Fingerprint:
    """The fingerprint that code would have if nothing stood under the main program's guard."""
    known = _prints_apart.get(code)
    if known is None or not known.still_holds():
        with _apart():
            known = _prints_apart[code] = fingerprint(code, is_task=task_function)
    return known


@contextmanager
def _apart() -> Iterator[bool]:
    """In this thread, take the main program to have nothing under its guard; whether it has."""
    main = sys.modules.get(MAIN)
    source = None if main is None else source_file_of_module(vars(main))
    rest = None if source is None else source.imported
    if main is None or rest is None or rest is source:
        yield False
        return
    with with_source(vars(main), rest):
        yield True


def is_the_same(one: Seen) -> bool:
    """Whether the same stands under a name in this process, where it has imported the module."""
    there = sys.modules.get(one.module)
    if there is None:
        return True
    if one.digest is None:
        return not one.set_there
    value = vars(there).get(one.name, MISSING)
    return value is not MISSING and _digest(value) == one.digest


def _digest(value: object) -> bytes | None:
    """What tells a value from others. Of functions and classes, whose code the task's hash has, what they hold."""
    if isinstance(value, BuiltinFunctionType):
        return None
    if isinstance(value, FunctionType):
        held = {name: one for name, one in vars(value).items() if name not in _OF_FUNCTIONS}
        value = [held, value.__defaults__, value.__kwdefaults__]
    elif isinstance(value, type):
        return b"".join(_digest_of_attributes(value))
    elif isinstance(value, logging.Logger):  # whose handlers and level are no matter of what a task gives
        own = vars(logging.Logger(value.name))
        value = [value, {name: one for name, one in vars(value).items() if name not in own}]
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


def _imports_of(scope: Scope, name: str) -> set[tuple[str, str | None, int]]:
    """The imports that may give a name what it stands for."""
    ways = [*scope.bindings(name), *scope.star_imports(name)]
    return {(one.module, one.attr, one.level) for one in ways if one.kind == "import"}


def _is_of_main(task: Task[Any, Any]) -> bool:
    return sys.modules.get(task.load_module or MAIN) is sys.modules.get(MAIN)


def _is_ours(code: FunctionType | type) -> bool:
    return code.__module__.partition(".")[0] == _OURS
