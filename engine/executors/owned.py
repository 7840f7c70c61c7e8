"""The arguments of a call as its own: what a function does to them in place, no other call sees.

In a process of its own a call has copies anyway. On threads of one process the values of a run are shared among all
calls that take them, so that each call gets copies of what can be changed. That costs less than hashing them did.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import sys
import types
import uuid
from collections.abc import Sequence
from copy import deepcopy
from pathlib import PosixPath, PurePosixPath
from typing import Any

from headwater.engine.expression import Call, Operation, Special
from headwater.engine.expression_codec import Quoted
from headwater.engine.nested import ATOMS
from headwater.engine.partial import PartialTask
from headwater.engine.signature import JobInfo
from headwater.engine.task import Task

_KEPT = ATOMS | {
    *(Call, Operation, Special, Quoted, Task, PartialTask, JobInfo),
    *(types.FunctionType, types.BuiltinFunctionType, type, range),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID, PosixPath, PurePosixPath),
}
"""Classes whose instances nobody changes in place."""
_IMMUTABLE = "pyarrow.lib"
"""The module whose classes are so, too."""
_CONTAINERS = frozenset({list, dict, tuple})


def own(values: Sequence[Any], again: bool = False) -> Sequence[Any]:
    """The resolved arguments of a call, with copies in the place of what can be changed.

    One object that is passed twice is still one. Errors are passed as they are: copies would have no traceback. So is
    what cannot be copied, because its class refuses it or it is nested deeper than the interpreter goes. An array that
    nothing but `values` refers to is the call's own already.

    Args:
        values: the arguments; a list is the call's, and anything else the expression's, which others may evaluate.
        again: whether another attempt may be made with the same.
    """
    if _KEPT.issuperset(map(type, values)):
        return values
    mine = _given_away(values) if isinstance(values, list) and not again else ()
    memo: dict[int, Any] = {}
    return [
        value if value.__class__ in _KEPT or i in mine else _tried(value, memo)
        for i, value in enumerate(values)
    ]


def _given_away(values: list[Any]) -> frozenset[int]:
    """Which of these are arrays that the list alone holds: large results are dropped once their last taker has them
    (`Traits.spare`), and a copy would double what those take."""
    # (Where another thread is just importing numpy, the class is not there yet, and there are no arrays.)
    array = getattr(sys.modules.get("numpy"), "ndarray", None)
    if array is None:
        return frozenset()
    return frozenset([i for i in range(len(values)) if values[i].__class__ is array and _is_alone(values, i)])


def _references(values: list[Any], index: int) -> int:
    return sys.getrefcount(values[index])


_ALONE = _references([object()], 0)
"""What the interpreter counts of an object in nothing but a list."""


def _is_alone(values: list[Any], index: int) -> bool:
    if _references(values, index) > _ALONE:
        return False
    array = values[index]
    # A view's memory is another's, and so are the objects in an array of them.
    return array.base is None and array.flags.owndata and not array.dtype.hasobject


def _tried(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return _copy(value, memo)
    except Exception:  # whatever a class does about being copied
        return value


def _copy(value: Any, memo: dict[int, Any]) -> Any:
    cls = value.__class__
    if cls in _KEPT or cls.__module__ == _IMMUTABLE or isinstance(value, BaseException):
        return value
    if cls in _CONTAINERS:
        known = memo.get(id(value))
        return _container(value, cls, memo) if known is None else known
    return deepcopy(value, memo)


def _container(value: Any, cls: type, memo: dict[int, Any]) -> Any:
    copied: Any
    if cls is dict:
        copied = memo[id(value)] = value.copy()
        if not _KEPT.issuperset(map(type, value.values())):
            for key, item in value.items():
                copied[key] = _copy(item, memo)
    elif cls is list:
        copied = memo[id(value)] = value.copy()
        if not _KEPT.issuperset(map(type, value)):
            copied[:] = [_copy(item, memo) for item in value]
    else:
        items = tuple([_copy(item, memo) for item in value])
        # Through a list inside it, it may have come to itself meanwhile.
        copied = memo.setdefault(id(value), items)
    return copied
