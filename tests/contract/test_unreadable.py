"""Recorded results that cannot be read any more: the calls run again, once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from headwater.engine.recorder import Recorder

from headwater import Project, Scheduler, Undecodable, task

headwater_namespace = "unreadable"
Run = Callable[[Any], Any]

ran: list[str] = []


class Made:
    """What a task returns; the name that it is recorded under may lead nowhere later."""

    def __init__(self, n: int) -> None:
        self.n = n


HERE = SimpleNamespace(cls=Made)


@task(version="1")
def large(n: int) -> list[int]:
    ran.append("large")
    return list(range(n))


@task(version="1")
def middle(n: int) -> Any:
    ran.append("middle")
    return large(n)


@task(version="1")
def main(n: int) -> Any:
    ran.append("main")
    return middle(n)


@task(version="1")
def size(values: list[int]) -> int:
    ran.append("size")
    return len(values)


@task(version="1")
def measured(n: int) -> Any:
    return [size(middle(n)), middle(n)]


@task(version="1")
def made() -> Any:
    ran.append("made")
    return HERE.cls(5)


@task(version="1")
def handed_on() -> Any:
    return made()


@pytest.fixture
def run(project: Project) -> Run:
    def evaluate(expression: Any) -> Any:
        ran.clear()
        scheduler = Scheduler(project)
        value = scheduler.run(expression)
        scheduler.wait_recorded()
        return value

    return evaluate


def test_a_value_whose_bytes_are_gone_is_made_anew(run: Run, project: Project) -> None:
    assert run(main(5000)) == list(range(5000))
    shutil.rmtree(project.values)
    assert run(main(5000)) == list(range(5000))
    assert sorted(ran) == ["large", "main", "middle"]
    assert run(main(5000)) == list(range(5000))
    assert ran == []


def test_whoever_shares_a_value_whose_bytes_are_gone_gets_the_new_one(run: Run, project: Project) -> None:
    assert run(measured(5000))[0] == 5000
    shutil.rmtree(project.values)

    def counted(values: list[int]) -> int:
        return sum(1 for _ in values)

    task(version="2", namespace="unreadable", name="size")(counted)
    try:
        assert run(measured(5000)) == [5000, list(range(5000))]
        assert ran.count("large") == 1
    finally:
        task(version="1", namespace="unreadable", name="size")(size.func)


@task(version="1")
def further(values: list[int], more: Any, k: int) -> int:
    return len(values) + len(more) + k


@task(version="1")
def taken_twice(n: int, k: int) -> Any:
    return [further(large(n), [middle(n)], k), further(large(n), [middle(n), 1], k + 1), large(n)[k]]


def test_all_who_take_a_value_whose_bytes_are_gone_get_the_new_one(run: Run, project: Project) -> None:
    assert run(taken_twice(5000, 1)) == [5002, 5004, 1]
    shutil.rmtree(project.values)
    ran.clear()
    assert run(taken_twice(5000, 7)) == [5008, 5010, 7]
    assert ran.count("large") == 1


def test_a_value_whose_class_is_gone_is_made_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(handed_on()).n == 5

    class Renamed(Made):
        pass

    monkeypatch.setattr(HERE, "cls", Renamed)
    monkeypatch.setitem(globals(), "Renamed", Renamed)
    Renamed.__qualname__ = "Renamed"
    monkeypatch.delitem(globals(), "Made")
    assert type(run(handed_on())) is Renamed
    assert ran == ["made"]


def test_a_value_that_cannot_be_read_where_it_was_just_made_fails_its_call(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> Any:
        raise Undecodable("not today")

    monkeypatch.setattr(Recorder, "fetch", unreadable)
    with pytest.raises(Undecodable, match="not today"):
        run(size(large.options(executor="process")(6000)))
