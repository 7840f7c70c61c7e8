"""Files named relative to the working directory: another directory, other files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headwater import File, Project, Scheduler, task

headwater_namespace = "relative"
Run = Callable[[str, Any], Any]

ran: list[str] = []


@task
def content(file: File) -> str:
    ran.append("content")
    return str(file.read())


@task
def named() -> File:
    ran.append("named")
    return File("a.txt")


@task
def read() -> Any:
    ran.append("read")
    return content(File("a.txt"))


@task
def through() -> Any:
    ran.append("through")
    return content(named())


@pytest.fixture
def run(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)

    def evaluate(folder: str, expression: Any) -> Any:
        ran.clear()
        monkeypatch.chdir(tmp_path / folder)
        scheduler = Scheduler(project)
        value = scheduler.run(expression)
        scheduler.wait_recorded()
        return value

    return evaluate


@pytest.mark.parametrize("make", [read, through])
def test_a_run_elsewhere_reads_the_files_that_are_there(run: Run, make: Any) -> None:
    assert run("here", make()) == "here"
    assert run("here", make()) == "here"
    assert ran == []
    assert run("there", make()) == "there"
    assert "content" in ran
    for folder in ("here", "there"):
        assert run(folder, make()) == folder
        assert "content" not in ran


def test_what_names_no_file_is_reused_everywhere(run: Run, tmp_path: Path) -> None:
    file = File(tmp_path / "here" / "a.txt")
    assert run("here", content(file)) == "here"
    assert run("there", content(file)) == "here"
    assert ran == []
