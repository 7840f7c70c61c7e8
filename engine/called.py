"""What forms are handed to call: tasks, functions, and lazy values that turn out to be such."""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinFunctionType, MethodDescriptorType
from typing import Any, get_origin

from headwater.engine.errors import CallError
from headwater.engine.expression import Call
from headwater.engine.task import Task
from headwater.engine.values import preview, type_name

_NEVER_CALLED = frozenset(
    ["None", "bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"]
)
"""Classes whose values cannot be called, as annotations name them."""


def check_called(name: str, /, *functions: Any) -> None:
    """Refuse what cannot be called, in the place of a task or a function.

    Raises:
        CallError: with the nearest that can be.
    """
    for function in functions:
        if not callable(function):
            raise CallError(f"{name}(...): a task or a function is needed, not {function!r}")
        if isinstance(function, Call):
            given = _annotated(function._task)
            if given.partition("[")[0] in _NEVER_CALLED and "|" not in given:
                raise CallError(
                    f"{name}(...): a task or a function is needed, and {function!r} gives {given}. "
                    f"{instead_of(function)}"
                )


def refuse_value(lazy: Any, value: Any) -> None:
    """Refuse to call what a lazy value has turned out to be, where it cannot be called.

    Raises:
        CallError: with what to write instead, where it was a call of a task.
    """
    if not callable(value):
        advice = f". {instead_of(lazy)}" if isinstance(lazy, Call) else ""
        what = f"{preview(value, 60)}, of the class {type_name(type(value))}"
        raise CallError(f"{lazy!r} gave {what}, which cannot be called{advice}")


def instead_of(call: Call) -> str:
    """What to write where a task is to be called by others, and was called."""
    name = call._task.name
    return (
        f"If it is {name} that is to be called, write {name}, without brackets, or {name}.partial(...) with the "
        "arguments that it is to have already"
    )


def call_now(name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call what a form was handed, with values that are lazy still.

    Raises:
        CallError: it is none of ours, nor written in Python, and needs them at once.
    """
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        is_bare = isinstance(function, BuiltinFunctionType | MethodDescriptorType)
        if not is_bare and not (isinstance(function, type) and isinstance(error, CallError)):
            raise
        written = function.__qualname__
        raise CallError(
            f"{name}(...): {written} is called before the values are there, and cannot do without them. Make it a "
            f"task, which is called once they are: as_task({written})"
        ) from error


def _annotated(task: Task[Any, Any]) -> str:
    """What a task says that it gives, as it is written; nothing where it does not say."""
    given = getattr(task.func, "__annotations__", {}).get("return", "")
    if isinstance(given, str):
        return given
    return "None" if given is None else str(getattr(get_origin(given) or given, "__name__", ""))
