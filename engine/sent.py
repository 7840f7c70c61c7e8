"""Expressions for other processes, with the modules that their tasks are defined in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.engine.expression_codec import Quoted, flatten, load
from headwater.engine.importing import import_from_spec, import_spec
from headwater.engine.registry import get_task_registry


class Sent(Quoted):
    """An expression for another process: with the modules to import before it can be read."""

    __slots__ = ("modules",)

    def __init__(self, expression: Any, modules: Sequence[str] | None) -> None:
        super().__init__(expression)
        self.modules = modules

    def __deepcopy__(self, memo: Any) -> Sent:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (_specs(self.expression, self.modules), flatten(self.expression).payload())


def _received(specs: Sequence[Any], payload: bytes) -> Sent:
    for spec in specs:
        import_from_spec(spec)
    return Sent(load(payload), None)


def _specs(expression: Any, modules: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """How to import the modules of tasks: those named, or else those of every task that is defined here."""
    needed = {name: None for kind, name, *_ in flatten(expression).entries if kind == "call"}
    tasks = [get_task_registry().get(name) for name in needed]
    wanted = {task.load_module or "__main__" for task in tasks} | set(modules or ())
    others = set() if modules else {task.load_module or "__main__" for task in get_task_registry()} - wanted
    found: list[tuple[Any, ...]] = []
    for name in sorted(wanted | others):
        module = sys.modules.get(name)
        if name.startswith("headwater."):
            continue
        if module is None:
            found.append((name, None, None, None))
            continue
        try:
            found.append(tuple(import_spec(module)))
        except UsageError:
            if name in wanted:
                raise
    return found
