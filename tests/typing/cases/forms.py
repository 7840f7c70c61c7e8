"""Forms of a user's own keep their signatures, in each of the ways in which they can be written."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from typing_extensions import assert_type

from headwater import Promise, run, scheduler_task, task


@task
def inc(n: int) -> int:
    return n + 1


@scheduler_task
def first(*values: int) -> Generator[Any, Any, int]:
    for value in values:
        found: int = yield value
        if found:
            return found
    return 0


@scheduler_task(namespace="typed")
def named(value: int, *, plus: int = 1) -> Generator[Any, Any, str]:
    found = yield value
    return str(found + plus)


@scheduler_task(namespace="typed")
def half(scheduler: Any, parent_job: Any, sexpr: Any, value: int, *, by: int = 2) -> Promise[float]:
    asked: Promise[int] = scheduler.evaluate(value, parent_job=parent_job)
    return asked.then(lambda found: found / by)


@scheduler_task
def in_place(value: int) -> list[int]:
    return [value, value]


@scheduler_task
def loose(value: int, other: int) -> Any:
    return [value, other]


assert_type(first(inc(1), 2), int)
assert_type(inc(first(inc(1))), int)
assert_type(run(first(inc(1))), int)
assert_type(named(inc(1), plus=3), str)
inc(half(inc(1)).__trunc__())
assert_type(in_place(1), list[int])
inc(loose(inc(1), 2))
inc(named(1))  # error
first("x")  # error
named(1, minus=2)  # error
in_place()  # error
