"""Values that are asked whether they are still valid, and fail to say so."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest
from headwater.cypher.project import Project

from headwater import FileCache, Scheduler, Value, task

headwater_namespace = "validity"


class Failing:
    failing: ClassVar[bool] = False

    def __init__(self, n: int) -> None:
        self.n = n

    def is_valid(self) -> bool:
        if self.failing:
            raise ConnectionError(f"no answer about {self.n}")
        return True


class Asked(Failing, Value):
    pass


class AskedInFile(Failing, FileCache):
    pass


runs: list[int] = []


@task
def asked(n: int) -> Asked:
    runs.append(n)
    return Asked(n)


@task
def asked_in_file(n: int) -> AskedInFile:
    runs.append(n)
    return AskedInFile(n)


@pytest.mark.parametrize(("cls", "make"), [(Asked, asked), (AskedInFile, asked_in_file)])
def test_a_value_that_fails_when_it_is_asked_whether_it_is_valid_is_told_of(
    local_project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    cls: type,
    make: object,
) -> None:
    monkeypatch.setattr(AskedInFile, "base_path", str(local_project.root / "kept"))
    runs.clear()
    call = [make(1), make(2)]  # type: ignore[operator]
    Scheduler(local_project).run(call)
    with caplog.at_level(logging.WARNING, logger="headwater"):
        Scheduler(local_project).run(call)
        assert sorted(runs) == [1, 2]
        assert caplog.messages == []
        monkeypatch.setattr(cls, "failing", True)
        assert [value.n for value in Scheduler(local_project).run(call)] == [1, 2]
    assert sorted(runs) == [1, 1, 2, 2]
    [message] = caplog.messages
    assert (
        f"is_valid of a tests.engine.test_validity.{cls.__name__} raised ConnectionError: no answer about"
        in message
    )
