"""What stands under the names of a main program that its `if __name__ == "__main__":` may have changed.

Processes that import the program for its tasks do not run that part. Whether it changed what a task reads is told by
comparing the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from headwater.engine.code_scope import MAIN, MISSING
from headwater.engine.errors import Unrecordable
from headwater.engine.task import Task
from headwater.engine.values import hash_value

Seen = tuple[tuple[str, bytes], ...]
"""Names, and what tells their values from others; nothing for what has no identity of that kind."""


def seen_in_main(task: Task[Any, Any]) -> Seen:
    """Of what a task reads of the main program, what that may have changed since its top level was run."""
    values = task.func.__globals__
    if values.get("__name__") != MAIN or task.version is not None:
        return ()
    return seen_under(values, task.fingerprint.main_names)


def seen_under(values: Mapping[str, Any], names: Sequence[str]) -> Seen:
    """What stands under names of a module."""
    return tuple((name, _seen(values.get(name, MISSING))) for name in names)


def differing(main: Seen, here: Seen) -> list[str]:
    """The names whose values are not the same in two processes, as far as that can be known."""
    own = dict(here)
    return [name for name, seen in main if seen and own[name] and seen != own[name]]


def _seen(value: object) -> bytes:
    if value is MISSING:
        return b"missing"
    if isinstance(value, (type, FunctionType, BuiltinFunctionType, ModuleType, Task)):
        return b""  # code: that counts in the task's hash
    try:
        return hash_value(value)
    except Unrecordable:
        return b""
