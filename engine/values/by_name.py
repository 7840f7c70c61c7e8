"""Classes, functions and whatever else pickles hold by name: of the main program by the name that others import it by
(`main_program`).
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Iterable
from importlib import import_module
from operator import attrgetter
from types import FunctionType
from typing import Any

from headwater.engine.aside import aside
from headwater.engine.main_program import has_a_name, is_main, module_here, recorded_module
from headwater.engine.values.names import find
from headwater.engine.values.own import as_spoken

_REDUCE: Any = object.__reduce__
_REDUCE_EX: Any = object.__reduce_ex__
"""an object whose class has these has no name to be written as"""
_NAMED = (type, FunctionType)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(module_here(module), name)


def unpickled(data: bytes | bytearray | memoryview, buffers: Iterable[Any] | None = None) -> Any:
    """What a pickle of a user's value holds.

    Args:
        buffers: what `pickled` put aside.

    Raises:
        Exception: whatever making one of its parts raises.
    """
    with aside:
        if not has_a_name():
            return pickle.loads(data, buffers=buffers)
        return _Unpickler(io.BytesIO(data), buffers=buffers).load()


def of_module(module: str, name: str) -> Any:
    """What a module has under a name, as pickles ask for it that were made in a main program.

    Raises:
        Exception: it has nothing there, or cannot be imported.
    """
    return attrgetter(name)(import_module(module_here(module)))


def may_name_main(data: bytes) -> bool:
    """Whether a pickle may hold a name in the main program that is another in the record."""
    return b"_main__" in data and has_a_name()


def as_written(value: Any) -> Any:
    """How pickle is to write a value of a foreign class with a proxy that says so, and what it would write as a name in
    the main program: as `__reduce__` would answer. NotImplemented for any other."""
    spoken = as_spoken(value)
    if spoken is not NotImplemented:
        return spoken
    cls, named = type(value), isinstance(value, _NAMED)
    if not named and cls.__reduce_ex__ is _REDUCE_EX and cls.__reduce__ is _REDUCE:
        return NotImplemented
    module = getattr(value, "__module__", None)
    if not isinstance(module, str) or not is_main(module) or not has_a_name():
        return NotImplemented
    if named:
        name = value.__qualname__
    else:
        reducer = copyreg.dispatch_table.get(cls)
        name = reducer(value) if reducer is not None else value.__reduce_ex__(5)
        if not isinstance(name, str):
            return name
    if find(module, name) is not value:
        return NotImplemented  # pickle says so
    return of_module, (recorded_module(module), name)
