"""Special forms: expressions that choose which of their arguments are evaluated.

A form is a generator. It yields what it wants evaluated next, is sent the value (or has the error thrown into it), and
returns its own value. The scheduler steps it; lineage follows what was yielded last.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from headwater.engine.errors import CallError
from headwater.engine.expression import Special
from headwater.engine.task import task

Steps = Generator[Any, Any, Any]


def cond(condition: Any, then: Any, *rest: Any) -> Any:
    """A lazy if: `cond(a, x)`, `cond(a, x, otherwise)`, `cond(a, x, b, y, otherwise)`.

    Branches stay unevaluated until they are chosen. Without a final otherwise, the value is None when no condition
    holds.
    """
    return Special("cond", (condition, then, *rest))


def catch(expr: Any, *pairs: Any) -> Any:
    """Evaluate an expression; where it fails with an error of a class, the value is what `recover(error)` gives.

    Args:
        expr: what to evaluate.
        *pairs: error class (or tuple of classes) and recover task or function, as often as wanted; the first class
            that matches wins. An error in a recovery is an error of the whole.
    """
    if not pairs or len(pairs) % 2:
        raise CallError("catch(expr, error_class, recover, ...) takes classes and recoveries in pairs")
    for classes in pairs[::2]:
        for cls in classes if isinstance(classes, tuple) else (classes,):
            if not (isinstance(cls, type) and issubclass(cls, BaseException)):
                raise CallError(f"catch(...): {cls!r} is no exception class")
    return Special("catch", (expr, *pairs))


def seq(expressions: Any) -> Any:
    """Evaluate a list of expressions one after the other, and give the list of their values."""
    return Special("seq", tuple(expressions))


@task(namespace="headwater", version="1")
def throw(error: BaseException) -> Any:
    """Raise an error lazily."""
    raise error


def _cond(*args: Any) -> Steps:
    for condition, branch in zip(args[0::2], args[1::2], strict=False):
        if (yield condition):
            return (yield branch)
    return (yield args[-1]) if len(args) % 2 else None


def _catch(expr: Any, *pairs: Any) -> Steps:
    try:
        return (yield expr)
    except Exception as error:
        for classes, recover in zip(pairs[0::2], pairs[1::2], strict=True):
            if isinstance(error, classes):
                return (yield recover(error))
        raise


def _seq(*expressions: Any) -> Steps:
    values = []
    for expression in expressions:
        values.append((yield expression))
    return values


FORMS: dict[str, Callable[..., Steps]] = {"cond": _cond, "catch": _catch, "seq": _seq}
"""The forms by the name that an expression carries."""
