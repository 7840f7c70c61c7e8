"""How large a recorded value may be: `max_value_size` in the settings."""

from __future__ import annotations

from typing import Any

import pytest
from headwater.cypher.project import Project, open_project

from headwater import Scheduler, TooLarge, Unrecordable, apply_tags, catch, len_, task

headwater_namespace = "sizes"


@task
def text_of(n: int) -> str:
    return "x" * n


@task
def length(text: str) -> int:
    return len(text)


@task
def lengths(n: int) -> Any:
    return catch(length(text_of(n)), Unrecordable, too_large)


@task
def wrapped(n: int) -> Any:
    return [text_of(n)]


@task
def too_large(error: Exception) -> str:
    return str(error)


@task
def length_or_none(n: int) -> Any:
    return catch(length(text_of(n)), TooLarge, none_of)


@task
def length_of_written(n: int) -> Any:
    return catch(length("x" * n), TooLarge, none_of)


@task
def length_of_given(n: int) -> Any:
    return catch(length(text_of(600) + text_of(n - 600)), TooLarge, none_of)


@task
async def length_awaited(n: int) -> Any:
    try:
        return await length("x" * n)  # type: ignore[misc]
    except TooLarge:
        return None


@task
def tagged(n: int) -> Any:
    return catch(len_(apply_tags("x" * n, ["size=large"])), TooLarge, none_of)


@task
def none_of(error: Exception) -> None:
    return None


@task
def last(n: int, results: list[Any]) -> Any:
    return results[-1]


@task
def above(n: int) -> Any:
    return last(n, [length_or_none(n), length_of_written(n)])


def allowing(project: Project, size: str) -> Project:
    """The same project, whose values may have so many bytes."""
    settings = project.folder / "headwater.ini"
    before = settings.read_text().partition("\n[scheduler]")[0]
    settings.write_text(f"{before}\n[scheduler]\nmax_value_size = {size}\n")
    return open_project(project.root)


@pytest.mark.parametrize(
    "measure", [length_or_none, length_of_written, length_of_given, length_awaited, tagged, above]
)
def test_what_was_made_of_a_value_that_was_too_large_is_not_reused(
    local_project: Project, measure: Any
) -> None:
    assert Scheduler(allowing(local_project, "1 kB")).run(measure(1001)) is None
    assert Scheduler(allowing(local_project, "2 kB")).run(measure(1001)) == 1001
    assert Scheduler(allowing(local_project, "1 kB")).run(measure(1001)) == 1001, "that is reused"


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_value_that_is_too_large_fails_its_task_alone(local_project: Project, executor: str) -> None:
    project = allowing(local_project, "1 kB")
    made = text_of.options(executor=executor)
    assert Scheduler(project).run(length(made(1000))) == 1000
    with pytest.raises(
        Unrecordable, match=r"it has 1,001 bytes, and max_value_size in the settings allows 1,000"
    ):
        Scheduler(project).run(made(1001))
    assert "max_value_size" in Scheduler(project).run(lengths(2000))
    with pytest.raises(Unrecordable, match="max_value_size"):
        Scheduler(project).run(wrapped(990))
    assert Scheduler(project).run(made(2000), prov=False) == "x" * 2000, "nothing is recorded"
