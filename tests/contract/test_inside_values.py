"""What stands inside a recorded value can be asked for where it has a state of its own: on both stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.find import Wanted, find_jobs
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace

from headwater import ContentFile, File, Project, Value, task
from tests.contract.conftest import Run

headwater_namespace = "inside"


class Plate(Value):
    """Is asked whether it still holds."""

    def __init__(self, name: str) -> None:
        self.name = name

    def is_valid(self) -> bool:
        return True


class Sample(Value):
    """Names its file by no more than `iter_subvalues`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def get_hash(self) -> str:
        return self.path

    def iter_subvalues(self) -> list[File]:
        return [File(self.path)]


@dataclass
class Box:
    content: Any


@task
def make(name: str, path: str) -> dict[str, Any]:
    return {"deep": [Box((Plate(name), Sample(path)))]}


@task
def use(made: dict[str, Any]) -> int:
    return len(made)


@task
def main(name: str, path: str) -> Any:
    return use(make(name, path))


@task
def other(name: str) -> Any:
    return use({"deep": [Box((Plate(name), 1))]})


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


def tasks(store: GraphStore, path: str) -> list[str]:
    return sorted(job.task for job in find_jobs(store, Wanted(file=path), limit=100).found)


def test_objects_and_files_inside_a_value_are_found_and_join_no_strangers(
    run: Run, store: GraphStore, tmp_path: Path
) -> None:
    path = tmp_path / "sample.txt"
    path.write_text("blood")
    time.sleep(0.1)  # it was there before
    run(main("a", str(path)))
    run(other("a"))
    assert tasks(store, "class:*:Sample") == ["inside.make", "inside.use"]
    assert tasks(store, str(path)) == ["inside.make", "inside.use"]
    assert tasks(store, "value:*Plate") == ["inside.make", "inside.use", "inside.use"]

    rows = store.ask(
        "MATCH (f:File) WHERE f.path = $path RETURN f.file_hash AS h",
        {"path": str(path)},
        timeout=30,
        limit=5,
    ).rows
    [(file,)] = [tuple(row) for row in rows]
    reached = impact(store, Found("file", file, "a file"))
    assert {call.task for call in reached.calls} == {"inside.main", "inside.make", "inside.use"}

    rows = store.ask(
        "MATCH (j:Job {task_name: 'inside.other'}) RETURN j.id AS id", {}, timeout=30, limit=5
    ).rows
    [(job,)] = [tuple(row) for row in rows]
    traced = trace(store, Found("job", job, "a job"))
    assert {call.task for call in traced.calls.values()} == {"inside.other", "inside.use"}, "an equal plate"


class Note(Value):
    """Its state is its path; what is there, only its subvalue says."""

    def __init__(self, path: str) -> None:
        self.path = path

    def iter_subvalues(self) -> list[Any]:
        return [[ContentFile(self.path)], Plate("a"), "no file"]


class Titled(Note):
    def get_hash(self) -> str:
        return "always the same"


@task
def content(note: Note) -> str:
    return Path(note.path).read_text()


@task
def note_of(path: str) -> Note:
    return Titled(path)


@task
def contents(path: str) -> list[Any]:
    return [content(Note(path)), content(Titled(path)), content(note_of(path))]


def test_files_that_a_value_only_names_count_whatever_they_go_to_and_back(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    for text in ["one", "two", "two", "one", "two", "three"]:
        path.write_text(text)
        assert run(contents(str(path))) == [text] * 3
    run(contents(str(path)))
    assert run.counts == {"inside.contents": {"CACHED": 1}}  # type: ignore[attr-defined]
