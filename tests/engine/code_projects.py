"""Versions of a user's project, and the fingerprints of functions in them."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType

from headwater.engine.code import Fingerprint, fingerprint

Load = Callable[..., ModuleType]


class Step:
    """Stands for a task: an object that holds a function and is not called by the code that is looked at."""

    def __init__(self, func: FunctionType) -> None:
        self.func = func

    def __call__(self, *args: object) -> None:
        raise AssertionError("lazy")


def function_of(value: object) -> FunctionType | None:
    return value.func if isinstance(value, Step) else None


def fp(func: object) -> Fingerprint:
    return fingerprint(func.func if isinstance(func, Step) else func, is_task=function_of)  # type: ignore[arg-type]


def same(load: Load, one: dict[str, str], other: dict[str, str], name: str = "step") -> bool:
    first = fp(getattr(load(**one), name))
    second = fp(getattr(load(**other), name))
    return first.digest == second.digest
