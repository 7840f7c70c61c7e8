"""Forms of the user's own: functions that the scheduler steps, and that decide what is evaluated, and when."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from headwater.engine.came import Brought, Came, Had, Wish
from headwater.engine.errors import TaskDefinitionError
from headwater.engine.expression import Special, begin_era
from headwater.engine.namespace import check_name
from headwater.engine.nested import find_expressions
from headwater.engine.promise import Promise
from headwater.engine.promised import PARAMETERS, promised_steps
from headwater.engine.signature import Plan
from headwater.engine.special import Give, Steps, form
from headwater.engine.task import namespace_of

_NO_OPTIONS = (
    "which makes no job. Give options to the tasks that it calls, or to all under it: "
    "with_export_options({}(...), {{...}})"
)
_OF_TASKS = {
    "partial": "which gets its arguments unevaluated. Use functools.partial({}, ...), or another one that calls it",
    "options": _NO_OPTIONS,
    "export_options": _NO_OPTIONS,
    "update_context": "which makes no job. Give the context to the tasks that it calls: task.update_context(...)(...)",
}
"""what tasks have, and scheduler tasks have not; why, and what to write instead"""

P = ParamSpec("P")
R = TypeVar("R")


class _Define(Protocol):
    """What `@scheduler_task(…)` is: the decorator of a function."""

    @overload
    def __call__(self, func: Callable[P, Generator[Any, Any, R]], /) -> SchedulerTask[P, R]: ...
    @overload
    def __call__(
        self, func: Callable[Concatenate[Any, Any, Any, P], Promise[R]], /
    ) -> SchedulerTask[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> SchedulerTask[P, R]: ...


class SchedulerTask(Generic[P, R]):
    """A function under `@scheduler_task`: a call of it is lazy, and makes no job.

    Attributes:
        func: the function.
        fullname: its name with its namespace.
    """

    def __init__(self, func: Callable[..., Any], name: str | None, namespace: str | None) -> None:
        if not callable(func) or inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func):
            raise TaskDefinitionError(
                f"@scheduler_task is for functions and generator functions, not for {func!r}. An `async def` is a "
                "task: put @task on it"
            )
        self.func = func
        functools.update_wrapper(
            self, func
        )  # by `__wrapped__`, its code counts in whatever calls it or takes it
        self.name = name if name is not None else func.__name__
        check_name(self.name)
        self.namespace = namespace_of(func, namespace)
        self.fullname = f"{self.namespace}.{self.name}" if self.namespace else self.name
        self._promises = tuple(inspect.signature(func).parameters)[: len(PARAMETERS)] == PARAMETERS
        self._plan = Plan(partial(func, *PARAMETERS) if self._promises else func)
        form(self._form)(self._steps)

    @property
    def _form(self) -> str:
        return f"scheduler_task {self.fullname}"

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        self._plan.check(self.fullname, args, kwargs)
        return cast(R, Special(self._form, (args, kwargs)))

    def _steps(self, give: Give, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps:
        if self._promises:
            sexpr = Special(self._form, (args, kwargs))
            return (yield from promised_steps(give, self.func, sexpr, args, kwargs))
        had = give.had()
        brought, came = had.brought, had.came
        brought.begun = begin_era()
        value = self.func(*args, **kwargs)
        if inspect.isgenerator(value):
            value, came = yield from _watched(value, brought, came)
        if not find_expressions(value):
            give.returns_plain((args, kwargs))
            return value
        return (yield Special("wish", (value, Wish(Had(brought, came)))))

    if not TYPE_CHECKING:  # else a type checker would take any attribute for one of it

        def __getattr__(self, name: str) -> Any:
            instead = _OF_TASKS.get(name)
            if instead is None:
                raise AttributeError(f"a scheduler task has no attribute {name!r}")
            called = self.__dict__.get("fullname", "it")
            raise AttributeError(
                f"{called}.{name}(...): {called} is a scheduler task, {instead.format(called)}"
            )

    def __reduce__(self) -> str:
        return self.func.__qualname__  # as a value, it is what its module has under its name

    def __repr__(self) -> str:
        return f"SchedulerTask({self.fullname})"


def _watched(made: Generator[Any, Any, Any], brought: Brought, came: Came) -> Steps:
    """The steps of a generator, each of which asks for what it yields, with a note of what it had got before.

    Returns:
        Its value, and from what it had got until then.
    """
    send = made.send
    got: Any = None
    while True:
        try:
            wanted = send(got)
        except StopIteration as stop:
            return stop.value, came
        wish = Wish(Had(brought, came))
        try:
            got, send = (yield Special("wish", (wanted, wish))), made.send
        except GeneratorExit:
            made.close()
            raise
        except BaseException as error:
            got, send = error, made.throw
        came = wish.came.after(came)


@overload
def scheduler_task(func: Callable[P, Generator[Any, Any, R]], /) -> SchedulerTask[P, R]: ...
@overload
def scheduler_task(func: Callable[Concatenate[Any, Any, Any, P], Promise[R]], /) -> SchedulerTask[P, R]: ...
@overload
def scheduler_task(func: Callable[P, R], /) -> SchedulerTask[P, R]: ...
@overload
def scheduler_task(*, name: str | None = None, namespace: str | None = None) -> _Define: ...


def scheduler_task(
    func: Callable[..., Any] | None = None, /, *, name: str | None = None, namespace: str | None = None
) -> Any:
    """Make a function a scheduler task: it gets its arguments unevaluated, and runs on the scheduler's own thread.

    A generator function yields what it wants evaluated next (an expression, or a nested value), is sent the value or
    has the error thrown into it, and returns the value of the whole, or what is to be evaluated for it. An ordinary
    function returns what is to be evaluated in its place. One whose first parameters are `scheduler, parent_job, sexpr`
    asks for expressions with `scheduler.evaluate(expression, parent_job=parent_job)`, and returns a `Promise`.

    It makes no job and is not cached itself; its code counts in the tasks that call it. It must not wait or work for
    long: everything else waits meanwhile.

    Args:
        name, namespace: as of a task.

    Raises:
        TaskDefinitionError: a name that cannot be, or an `async def`.
    """

    def define(function: Callable[..., Any]) -> SchedulerTask[..., Any]:
        return SchedulerTask(function, name, namespace)

    return define if func is None else define(func)
