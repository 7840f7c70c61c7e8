"""Tasks around tasks: decorators that give a task another way of running, and keep its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar

from headwater.engine.errors import TaskDefinitionError
from headwater.engine.options import check_definition, check_options
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task

Wrapper = Callable[[Task[Any, Any]], Callable[..., Any]]
T = TypeVar("T", bound=Task[Any, Any])


def wraps_task(
    wrapper_name: str | None = None,
    *,
    wrapper_hash_includes: Sequence[Any] = (),
    use_wrapper_signature: bool = False,
    **options: Any,
) -> Callable[[Wrapper], Callable[[T], T]]:
    """Make a function that takes a task and gives a function a decorator of tasks.

    The decorated task keeps its name, namespace and signature, but runs what the wrapper gives; that may call the task
    it was given lazily (`inner(...)`) or run its function at once (`inner.func(...)`). The inner task moves to the
    hidden namespace `NAMESPACE.WRAPPER`. A change of either's code counts as one of the visible task.

    Args:
        wrapper_name: the last part of the hidden namespace; default: the wrapper's name without leading underscores.
        wrapper_hash_includes: what else counts in the visible task's hash.
        use_wrapper_signature: the visible task has the wrapper's signature instead of the inner task's.
        **options: options of the visible task; what is not given is as the inner task has it.

    Raises:
        TaskDefinitionError: an unknown option, what is decorated is no task, or the wrapper gives no function.
    """
    if wrapper_name is not None and not isinstance(wrapper_name, str):
        raise TaskDefinitionError(
            f"wraps_task is called before it decorates: @wraps_task(), not {wrapper_name!r}"
        )
    check_definition("wraps_task(...)", hash_includes=wrapper_hash_includes)
    own = check_options(options)

    def define(wrapper: Wrapper) -> Callable[[T], T]:
        hidden = wrapper_name or wrapper.__name__.lstrip("_")

        def decorate(inner: T) -> T:
            if not isinstance(inner, Task):
                raise TaskDefinitionError(
                    f"@{hidden} is for tasks, not for {inner!r}: put @task under it, next to the function"
                )
            name, namespace = inner.name, inner.namespace
            _hide(inner, hidden)
            function = wrapper(inner)
            if not isinstance(function, FunctionType):
                raise TaskDefinitionError(
                    f"@{hidden}: the function that it was made of has to return the one that is to run in place of "
                    f"{inner.name}, not {function!r}"
                )
            if not use_wrapper_signature:
                _look_like(function, inner.func)
            outer = Task(
                function,
                name=name,
                namespace=namespace,
                config_args=inner.config_args if not use_wrapper_signature else (),
                load_module=inner.load_module,
                hash_includes=[inner, *wrapper_hash_includes],
                options={**inner.definition, **own},
            )
            if outer.nout is None:
                outer.nout = inner.nout
            outer.wrapped_task = inner
            get_task_registry().add(outer)
            return outer  # type: ignore[return-value]

        return decorate

    return define


def _hide(inner: Task[Any, Any], wrapper: str) -> None:
    """Move a task, and those that it wraps itself, one hidden namespace deeper."""
    registry = get_task_registry()
    below = inner.wrapped_task
    registry.remove(inner)
    inner.rename(f"{inner.namespace}.{wrapper}" if inner.namespace else wrapper)
    registry.add(inner)
    while below is not None:
        registry.remove(below)
        below.rename(f"{inner.namespace}.{below.namespace.rpartition('.')[2]}")
        registry.add(below)
        inner, below = below, below.wrapped_task


def _look_like(function: Callable[..., Any], original: Callable[..., Any]) -> None:
    """Give a function the signature and the words of another; its code stays its own."""
    try:
        signature = inspect.signature(original, eval_str=True)
    except Exception:  # an annotation that only a type checker can read
        signature = inspect.signature(original)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__doc__ = original.__doc__
