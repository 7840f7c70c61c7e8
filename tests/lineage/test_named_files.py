"""Files that a task names and does not make: they are where its result came from."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace

from headwater import File, task
from tests.lineage.conftest import run

headwater_namespace = "named"


@task
def sources(folder: str) -> list[File]:
    return [File(f"{folder}/one.txt"), File(f"{folder}/two.txt")]


@task
def join(files: list[File]) -> str:
    return "".join(file.read() for file in files)


@task
def joined(folder: str) -> Any:
    return join(sources(folder))


@task
def beside(folder: str) -> Any:
    return [File(f"{folder}/one.txt"), join([File(f"{folder}/two.txt")])]


@task
def make(path: str, text: str) -> File:
    file = File(path)
    file.write(text)
    return file


@task
def copy(source: File, target: str) -> File:
    shutil.copy2(source, target)
    return File(target)


@task
def copied(source: File, target: str) -> Any:
    return copy(source, target)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(name)
    time.sleep(0.2)  # what is there when a run begins is older than the run
    return str(tmp_path)


def sources_of(store: GraphStore, run_id: str) -> set[str]:
    return {os.path.basename(file.path) for file in trace(store, Found("execution", run_id, "")).sources()}


def makers_of(store: GraphStore, run_id: str) -> set[str]:
    traced = trace(store, Found("execution", run_id, ""))
    return {traced.calls[call].task for file in traced.files.values() for call in file.made_by}


@pytest.mark.parametrize("executor", ["default", "process"])
def test_files_that_a_task_only_names_came_from_outside(
    local_project: Project, local_store: GraphStore, folder: str, executor: str
) -> None:
    call = joined.options(executor=executor)(folder)
    assert sources_of(local_store, run(local_project, call)) == {"one.txt", "two.txt"}


def test_files_that_are_named_beside_calls_came_from_outside(
    local_project: Project, local_store: GraphStore, folder: str
) -> None:
    assert sources_of(local_store, run(local_project, beside(folder))) == {"one.txt", "two.txt"}


def test_a_file_that_is_named_leads_to_the_run_that_made_it(
    local_project: Project, local_store: GraphStore, folder: str
) -> None:
    maker = run(local_project, make(f"{folder}/one.txt", "new"))
    time.sleep(0.2)
    user = run(local_project, joined(folder))
    assert sources_of(local_store, user) == {"two.txt"}
    assert makers_of(local_store, user) == {"named.make"}
    found = impact(local_store, Found("execution", maker, ""))
    assert user in {each.id for each in found.runs}


def test_a_copy_that_keeps_the_times_of_its_original_is_made_all_the_same(
    local_project: Project, local_store: GraphStore, folder: str
) -> None:
    made = run(local_project, copied(File(f"{folder}/one.txt"), f"{folder}/copy.txt"))
    assert sources_of(local_store, made) == {"one.txt"}
    traced = trace(local_store, Found("execution", made, ""))
    assert [call.named for call in traced.calls.values()] == [(), ()]
