"""Pickles of values nested too deep for `pickle.dumps`, which recurses; `pickle.loads` reads them at any depth.

The pickle is written with a stack of our own: containers and objects as opcodes, what holds nothing else as a
complete small pickle inside the large one.
"""

from __future__ import annotations

import copyreg
import pickle
from itertools import chain, islice
from struct import pack
from types import BuiltinFunctionType, FunctionType
from typing import Any

from headwater.engine.values.by_name import as_written
from headwater.engine.values.scalars import SCALARS

_NEWOBJ: Any = copyreg.__newobj__  # type: ignore[attr-defined]
_NEWOBJ_EX: Any = copyreg.__newobj_ex__  # type: ignore[attr-defined]

_LOADS = b"cheadwater.engine.values.by_name\nunpickled\n"
_PUT, _GET = b"r", b"j"
_NAMED = (type, FunctionType, BuiltinFunctionType)


class _Op(bytes):
    """Opcodes among the values on the stack."""


class _Remember:
    """Marks the end of an object: from here on it can be referred to."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _DeepPickler:
    def __init__(self) -> None:
        self._out = [pickle.PROTO + b"\x05"]
        self._memo: dict[int, int | None] = {}
        self._kept: list[Any] = []
        self._todo: list[Any] = []

    def dumps(self, value: Any) -> bytes:
        self._todo.append(value)
        while self._todo:
            item = self._todo.pop()
            kind = type(item)
            if kind is _Op:
                self._out.append(item)
            elif kind is _Remember:
                self._remember(item.value)
            elif kind in SCALARS or (isinstance(item, _NAMED) and as_written(item) is NotImplemented):
                self._leaf(item)
            else:
                self._container(item)
        return b"".join([*self._out, pickle.STOP])

    def _leaf(self, value: Any) -> None:
        data = pickle.dumps(value, 5)
        self._out.append(
            _LOADS + pickle.BINBYTES8 + pack("<Q", len(data)) + data + pickle.TUPLE1 + pickle.REDUCE
        )

    def _remember(self, value: Any) -> None:
        number = len(self._kept)
        self._kept.append(value)
        self._memo[id(value)] = number
        self._out.append(_PUT + pack("<I", number))

    def _container(self, value: Any) -> None:
        key, kind = id(value), type(value)
        if key in self._memo:
            number = self._memo[key]
            if number is None:
                raise RecursionError("it contains itself through an object that is made from it")
            self._out.append(_GET + pack("<I", number))
            return
        if kind is list:
            self._empty(value, pickle.EMPTY_LIST, list(value), pickle.APPENDS)
        elif kind is set:
            self._empty(value, pickle.EMPTY_SET, list(value), pickle.ADDITEMS)
        elif kind is dict:
            self._empty(value, pickle.EMPTY_DICT, list(chain.from_iterable(value.items())), pickle.SETITEMS)
        elif kind is tuple:
            self._made_from(value, [_Op(pickle.MARK), *value, _Op(pickle.TUPLE)])
        elif kind is frozenset:
            self._made_from(value, [_Op(pickle.MARK), *value, _Op(pickle.FROZENSET)])
        else:
            self._object(value)

    def _empty(self, value: Any, empty: bytes, items: list[Any], fill: bytes) -> None:
        """A container that exists before its items, so that they may refer to it."""
        self._out.append(empty)
        self._remember(value)
        if items:
            self._out.append(pickle.MARK)
            self._todo.append(_Op(fill))
            self._todo.extend(reversed(items))

    def _made_from(self, value: Any, steps: list[Any], then: list[Any] | None = None) -> None:
        self._memo[id(value)] = None
        self._kept.append(value)
        self._todo.extend(reversed([*steps, _Remember(value), *(then or [])]))

    def _object(self, value: Any) -> None:
        reduced = as_written(value)
        if reduced is NotImplemented:
            reducer = copyreg.dispatch_table.get(type(value))
            reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
        if isinstance(reduced, str):
            self._leaf(value)
            return
        func, args, state, listed, keyed, setter = [*reduced, None, None, None, None][:6]
        self._kept.append(reduced)
        if setter is not None:
            raise RecursionError(f"{type(value).__name__} sets its state in a way of its own")
        if func is _NEWOBJ:
            steps = [args[0], tuple(args[1:]), _Op(pickle.NEWOBJ)]
        elif func is _NEWOBJ_EX:
            steps = [*args, _Op(pickle.NEWOBJ_EX)]
        else:
            steps = [func, args, _Op(pickle.REDUCE)]
        then: list[Any] = []
        if listed is not None:
            then += [_Op(pickle.MARK), *listed, _Op(pickle.APPENDS)]
        if keyed is not None:
            then += [_Op(pickle.MARK), *chain.from_iterable(keyed), _Op(pickle.SETITEMS)]
        if state is not None:
            then += [state, _Op(pickle.BUILD)]
        self._kept.extend(islice(chain(steps, then), None))
        self._made_from(value, steps, then)


def deep_dumps(value: Any) -> bytes:
    """A pickle of a value of any depth.

    Raises:
        RecursionError: an object contains itself where only an object that exists before its parts could.
        Exception: whatever pickling one of its parts raises.
    """
    return _DeepPickler().dumps(value)
