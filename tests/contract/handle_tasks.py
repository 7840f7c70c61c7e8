"""Tasks over a real SQLite file, which processes can import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from headwater import Handle, task

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
