"""Expressions for other processes, with the modules that their tasks are defined in."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.engine.expression_codec import Quoted, flatten, load
from headwater.engine.importing import import_from_spec, import_spec
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task
from headwater.engine.unrecorded import Withheld, holds_unrecorded

Spec = tuple[str, str | None, str | None, str | None]


class Sent(Quoted):
    """An expression for another process: with the modules to import before it can be read."""

    __slots__ = ("modules",)

    def __init__(self, expression: Any, modules: Sequence[str] | None) -> None:
        super().__init__(expression)
        self.modules = modules

    def __deepcopy__(self, memo: Any) -> Sent:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (*self._imports(), flatten(self.expression).payload())

    def _imports(self) -> tuple[list[Spec], list[Spec]]:
        """How to import the modules of its own tasks and those that were named; and, where none were, of all others
        that define tasks here: calls that are made later may need them."""
        needed = {name for kind, name, *_ in flatten(self.expression).entries if kind == "call"}
        wanted = {_module_of(get_task_registry().get(name)) for name in needed} | set(self.modules or ())
        others = set() if self.modules else set(map(_module_of, get_task_registry())) - wanted
        return list(_specs(wanted)), list(_specs(others, where_known=True))


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
    return task.load_module or "__main__"


def _specs(names: set[str], *, where_known: bool = False) -> Iterator[Spec]:
    for name in sorted(names):
        module = sys.modules.get(name)
        if name.startswith("headwater."):
            if not where_known:  # a process does not import all of ours by itself
                yield name, None, None, None
        elif module is not None:
            try:
                yield import_spec(module)
            except UsageError:
                if not where_known:
                    raise
        elif not where_known:
            yield name, None, None, None
