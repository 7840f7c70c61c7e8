"""What goes to another process of this project: with the modules that its tasks, functions and classes are found in."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import FunctionType
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.expression_codec import Flat, Quoted, flatten, load
from headwater.engine.importing import ImportSpec, Spec, import_from_spec, import_spec
from headwater.engine.main_program import MAIN
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task
from headwater.engine.unrecorded import Withheld, holds_unrecorded


class Named:
    """What a pickle names.

    Attributes:
        code: the functions and classes in it.
        parts: the parts of a workflow in it.
    """

    def __init__(self) -> None:
        self._names: set[str | None] = set()
        self._classes: set[type] = set()
        """those whose objects name their class and nothing else"""
        self.code: list[FunctionType | type] = []
        self.parts: list[Sent] = []

    def by(self, part: Any) -> None:
        """Note those of one part of what is pickled, of which there may be very many."""
        cls = part.__class__
        if cls in self._classes:
            return
        self._names.add(getattr(part, "__module__", None))  # also of an object, by its class
        if isinstance(part, Task):
            self._names.add(part.load_module)
        elif isinstance(part, FunctionType | type):
            self.code.append(part)
        elif isinstance(part, Sent):
            self.parts.append(part)
        elif not callable(part):
            self._classes.add(cls)

    def specs(self, without: set[str]) -> list[Spec]:
        """How to import them, but for some that are imported anyway.

        Raises:
            UsageError: no other process has one of them: it was made in a notebook or at a console.
        """
        found = [
            sys.modules[name] for name in self._names & sys.modules.keys() if name and name not in without
        ]
        return sorted(import_spec(module) for module in found if origin_of_module(module) == USER)


class Sent(Quoted):
    """An expression for another process: with the modules to import before it can be read."""

    __slots__ = ("_called", "modules")

    def __init__(self, expression: Any, modules: Sequence[str] | None) -> None:
        super().__init__(expression)
        self.modules = modules
        self._called: set[str] = set()

    def of(self, expression: Any) -> Sent:
        return type(self)(expression, self.modules)

    def __deepcopy__(self, memo: Any) -> Sent:
        return self

    def tasks(self) -> list[Task[Any, Any]]:
        """The tasks that are called in it, once it was pickled."""
        return list(map(get_task_registry().get, sorted(self._called)))

    def __reduce__(self) -> tuple[Any, ...]:
        flat, named = flatten(self.expression), Named()
        payload = flat.payload(seen=named.by)
        wanted, others = self._imports(flat)
        return _received, (
            [*_specs(wanted), *named.specs(wanted)],
            list(_specs(others, where_known=True)),
            payload,
        )

    def _imports(self, flat: Flat) -> tuple[set[str], set[str]]:
        """The modules of its own tasks and those that the user gave; and, where none were given, all others that define
        tasks here: calls that are made later may need them."""
        self._called = {name for kind, name, *_ in flat.entries if kind == "call"}
        wanted = set(map(_module_of, self.tasks())) | set(self.modules or ())
        others = set() if self.modules else set(map(_module_of, get_task_registry())) - wanted
        return wanted, others


class SentUnrecorded(Withheld, Sent):
    """The same where calls in it are not to be recorded."""

    __slots__ = ()
    __reduce__ = Sent.__reduce__


def sent(expression: Any, modules: Sequence[str] | None) -> Sent:
    """An expression, ready to be handed to a run inside."""
    return (SentUnrecorded if holds_unrecorded(expression) else Sent)(expression, modules)


def _received(wanted: Sequence[Spec], others: Sequence[Spec], payload: bytes) -> Sent:
    for spec in wanted:
        import_from_spec(spec)
    for spec in others:
        with suppress(Exception):  # it may not be needed; what needs it says what is missing
            import_from_spec(spec)
    return Sent(load(payload), None)


def _module_of(task: Task[Any, Any]) -> str:
    return task.load_module or MAIN


def _specs(names: set[str], *, where_known: bool = False) -> Iterator[Spec]:
    for name in sorted(names):
        module = sys.modules.get(name)
        if name.startswith("headwater."):
            if not where_known:  # a process does not import all of ours by itself
                yield ImportSpec(name, None, None, None)
        elif module is not None:
            try:
                yield import_spec(module)
            except UsageError:
                if not where_known:
                    raise
        elif not where_known:
            yield ImportSpec(name, None, None, None)
