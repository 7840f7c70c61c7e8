"""What calls of tasks look like to a type checker: ordinary calls."""

from dataclasses import dataclass
from typing import TypeVar

from typing_extensions import assert_type

from headwater import JobInfo, PartialTask, Scheduler, Task, run, task, wraps_task

T = TypeVar("T")


@task
def bare(x: int, y: str = "a") -> float:
    return float(x)


@task(version="1", namespace="typed", retries=2)
def with_options(x: int, *rest: str, flag: bool = False) -> list[str]:
    return [*rest, str(x), str(flag)]


@task
def pair(x: int) -> tuple[int, str]:
    return x, str(x)


@task
def about(x: int, job: JobInfo = JobInfo()) -> str:
    return str(job.job_id)


@dataclass
class Point:
    x: int
    name: str


@task
def point() -> Point:
    return Point(1, "a")


@task
def same(value: T) -> T:
    return value


# a call is typed as the function's result
assert_type(bare(1), float)
assert_type(bare(1, y="b"), float)
assert_type(bare(x=1), float)
assert_type(with_options(1, "a", "b", flag=True), list[str])
assert_type(about(1), str)

# results go into other calls, and into operators, attributes and items
assert_type(with_options(pair(1)[0]), list[str])
assert_type(bare(1) + bare(2), float)
assert_type(point().name, str)
first, second = pair(1)
assert_type(first, int)
assert_type(second, str)

# a task that gives what it is given
assert_type(same(1), int)
assert_type(same(["a"]), list[str])

# the function itself
assert_type(bare.func(1), float)
assert_type(bare.fullname, str)
assert_type(bare.nout, "int | None")

# with other options, another context, some arguments
assert_type(bare.options(executor="process")(1, "b"), float)
assert_type(bare.export_options(cache=False)(1), float)
assert_type(bare.update_context({"a": 1}, b=2)(1), float)
assert_type(bare.partial(1), PartialTask[float])
assert_type(bare.partial(1)("b"), float)
assert_type(bare.partial(1).partial(y="b").options(cache=False)(), float)

# running infers its result
assert_type(run(bare(1)), float)
assert_type(run([bare(1)], cache=False), list[float])
assert_type(Scheduler().run({"a": pair(1)}), dict[str, tuple[int, str]])


# a task is a value of a type of its own
def takes_task(step: Task[[int], list[str]]) -> list[str]:
    return step(1)


@task
def lines(x: int) -> list[str]:
    return [str(x)]


takes_task(lines)


@wraps_task()
def loud(inner: Task[[int], list[str]]):  # type: ignore[no-untyped-def]
    def do(x: int) -> list[str]:
        return inner.func(x)

    return do


@loud
@task
def spoken(x: int) -> list[str]:
    return [str(x)]


assert_type(spoken(1), list[str])
