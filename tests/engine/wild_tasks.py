"""The tasks that random workflows of `wild` are made of, and the world that they read beside their arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater import File, JobInfo, Promise, get_context, scheduler_task, task, wraps_task
from tests.engine.workflows import Box, Pair

headwater_namespace = "wild"

FILES = 3


class Unlucky(Exception):
    """Raised by `checked`, and by the first attempt of `flaky`."""


@dataclass
class World:
    """What results depend on beside the description."""

    folder: Path = field(default_factory=Path)
    shift: int = 0
    rate: int = 0
    tried: set[int] = field(default_factory=set)
    ran: list[tuple[Any, ...]] = field(default_factory=list)
    """what ran: the task and all that it depends on"""

    def file(self, number: int) -> Path:
        return self.folder / f"in-{number}.txt"

    def written(self, value: int) -> Path:
        return self.folder / f"out-{value}.txt"


WORLD = World()


@task
def total(values: Any) -> int:
    WORLD.ran.append(("total", str(values)))
    if isinstance(values, dict):
        values = values.values()
    return values if isinstance(values, int) else int(sum(values))


@scheduler_task(namespace="wild")
def promised(scheduler: Any, parent_job: Any, sexpr: Any, *values: Any) -> Any:
    asked = [scheduler.evaluate(value, parent_job=parent_job) for value in values]
    return Promise.all(asked).then(lambda found: scheduler.evaluate(total(found), parent_job=parent_job))


@task
def checked(a: int) -> int:
    WORLD.ran.append(("checked", a))
    if a % 3 == 0:
        raise Unlucky(f"{a} is a multiple of three")
    return a


@task(retries=1, retry_backoff=0)
def flaky(a: int) -> int:
    WORLD.ran.append(("flaky", a))
    if a not in WORLD.tried:
        WORLD.tried.add(a)
        raise Unlucky("the first time")
    return a + 1


@task
def read(file: File) -> int:
    WORLD.ran.append(("read", file.hash))
    return int(str(file.read()))


@task
def write(value: int, folder: str) -> File:
    file = File(f"{folder}/out-{value}.txt")
    file.write(str(value))
    return file


@task
def rated(a: int) -> Any:
    rate = get_context("rate", 0)
    return with_rate(a, rate)


@task
def with_rate(a: int, rate: int) -> int:
    WORLD.ran.append(("with_rate", a, rate))
    return a + rate


@task
def minus(a: int, b: int = 0) -> int:
    WORLD.ran.append(("minus", a, b))
    return a - b


@task
def both(a: int, b: int) -> list[int]:
    WORLD.ran.append(("both", a, b))
    return [a, b]


@task
def twice(a: int) -> list[int]:
    WORLD.ran.append(("twice", a))
    return [a, a]


@task
def by_default(a: int, rate: int = get_context("rate", 0), more: Any = twice(1)) -> int:  # noqa: B008  lazy, too
    WORLD.ran.append(("by_default", a, rate))
    return a + rate + sum(more)


@task(config_args=["threads"])
def tuned(a: int, threads: int, info: JobInfo = JobInfo()) -> int:
    WORLD.ran.append(("tuned", a))
    assert info.args_hash
    return a


@task
def spread(a: int, *others: int, sign: int = 1, **named: int) -> int:
    WORLD.ran.append(("spread", a, others, sign, tuple(named.items())))
    return a + sign * (sum(others) + sum(named.values()))


@task
def keys(values: dict[int, int]) -> int:
    WORLD.ran.append(("keys", str(values)))
    return sum(values)


@task
def members(values: set[int]) -> int:
    WORLD.ran.append(("members", tuple(sorted(values))))
    return sum(values)


@task
def boxed(a: int, b: int) -> Box:
    WORLD.ran.append(("boxed", a, b))
    return Box(Pair(minus(a, 0), [b]))


@task
def opened(box: Box) -> int:
    WORLD.ran.append(("opened", str(box)))
    pair = box.content
    return int(pair.left - sum(pair.right))


@task
def counted(n: int, found: int) -> Any:
    """A task that calls itself."""
    WORLD.ran.append(("counted", n, found))
    return counted(n - 1, found) if n else found


@task
def as_number(text: str) -> int:
    WORLD.ran.append(("as_number", text))
    return int(text)


@scheduler_task(namespace="wild")
def stepped(*values: Any) -> Any:
    found = 0
    for value in values:
        try:
            found += yield value
        except Unlucky as error:
            found += yield rescued(error)
    return total([found])


def plus_one(a: int) -> int:
    WORLD.ran.append(("plus_one", a))
    return a + 1


@wraps_task()
def _raised(inner: Any) -> Any:
    def do(a: int) -> Any:
        return minus(inner(a), -10)

    return do


@wraps_task()
def _doubled(inner: Any) -> Any:
    def do(a: int) -> Any:
        return 2 * inner.func(a)

    return do


@_raised
@_doubled
@task
def wrapped(a: int) -> int:
    WORLD.ran.append(("wrapped", a))
    return a + 1


@task
def settled(values: Any) -> int:
    WORLD.ran.append(("settled", str(values)))
    return sum(-1 if isinstance(value, Exception) else value for value in values)


@task
def rescued(error: Exception) -> int:
    WORLD.ran.append(("rescued", str(error)))
    return -1


@task
def both_of(pair: tuple[int, int]) -> Any:
    return both(*pair)


@task
def twice_total(a: int) -> Any:
    return total(twice(a))
