"""Handles and tasks that take them: over a real SQLite file, which processes can import, and made up by tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from headwater import Handle, task
from tests.contract.conftest import define

headwater_namespace = "handle_tasks"


class Numbers(Handle):
    def __init__(self, name: str, path: str) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("CREATE TABLE IF NOT EXISTS numbers (place INTEGER PRIMARY KEY, n INTEGER)")
            base.execute("CREATE TABLE IF NOT EXISTS writes (place INTEGER)")


def _put(numbers: Any, place: int, n: int) -> None:
    with closing(sqlite3.connect(numbers.path)) as base, base:
        base.execute("DELETE FROM numbers WHERE place >= ?", (place,))
        base.execute("INSERT INTO numbers VALUES (?, ?)", (place, n))
        base.execute("INSERT INTO writes VALUES (?)", (place,))


def writes(path: Path) -> int:
    """How many steps have run."""
    with closing(sqlite3.connect(path)) as base:
        return int(base.execute("SELECT count(*) FROM writes").fetchone()[0])


@task(version="1")
def first(numbers: Numbers) -> Numbers:
    _put(numbers, 0, 0)
    return numbers


@task(version="1")
def second(numbers: Numbers) -> Numbers:
    _put(numbers, 1, 1)
    return numbers


@task(version="1")
def later(numbers: Numbers, place: int) -> Numbers:
    _put(numbers, place, place)
    return numbers


@task(version="1")
def read(numbers: Numbers) -> list[int]:
    with closing(sqlite3.connect(numbers.path)) as base:
        return [n for (n,) in base.execute("SELECT n FROM numbers ORDER BY place")]


@contextmanager
def changed() -> Iterator[None]:
    """`second` as it might have been."""

    @task(name="second", namespace=headwater_namespace, version="2")
    def other(numbers: Numbers) -> Numbers:
        _put(numbers, 1, 10)
        return numbers

    try:
        yield
    finally:
        task(name="second", namespace=headwater_namespace, version="1")(second.func)


def flow(path: str, executor: str) -> Any:
    from headwater import get_task_registry

    def body(steps: int) -> Any:
        where = {"executor": executor}
        numbers: Any = Numbers("numbers", path)
        numbers = first.options(**where)(numbers)
        numbers = get_task_registry().get("handle_tasks.second").options(**where)(numbers)
        for place in range(2, steps):
            numbers = later.options(**where)(numbers, place)
        return read.options(**where)(numbers)

    return task(name="flow", namespace=headwater_namespace, version=f"{path} {executor}")(body)


# -- made up by tests ------------------------------------------------------------------------------------------------


class Database(Handle):
    def __init__(self, name: str, path: str = ":memory:") -> None:
        self.path = path
        self.instance = sqlite3.connect(path)


def stepper(ran: list[str]) -> Callable[..., Any]:
    """Makes tasks that take a handle and give it back."""

    def make(name: str, version: str = "1", **options: Any) -> Any:
        def step(handle: Any) -> Any:
            ran.append(name)
            return handle

        return define(name, version, step, **options)

    return make


Step = Callable[..., Any]


def pipeline(step: Step, *versions: str) -> Any:
    """A task that passes a new handle through one step after the other; extending it changes its code."""
    steps = [step(f"step{n}", version) for n, version in enumerate(versions, 1)]

    def main() -> Any:
        handle: Any = Database("main")
        for one in steps:
            handle = one(handle)
        return handle

    return define("main", str(len(versions)), main)()
