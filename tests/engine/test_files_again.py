"""A file that was named before a run began is looked at again: in one process, too, a changed file is a change."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.loader import catch_up

from headwater import ContentFile, Dir, File, FileSet, Scheduler, Unrecordable, catch, create_project, task

headwater_namespace = "again"

PLACE = Path(os.environ.get("TMPDIR", "/tmp")) / f"headwater-again-{os.getpid()}.txt"
CONSTANT = File(PLACE)


@task
def read(file: File) -> str:
    return str(file.read())


@task
def of_constant() -> Any:
    return read(CONSTANT)


@task
def of_default(file: File = CONSTANT) -> str:
    return str(file.read())


@task
def read_all(files: Any) -> list[str]:
    return sorted(file.read() for file in files)


@task
def named(path: str) -> File:
    return File(path)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    project = create_project(tmp_path_factory.mktemp("again"))
    yield Scheduler(project)
    catch_up(project)
    local_graph.stop(project)


@pytest.mark.parametrize("kind", [File, ContentFile])
def test_a_file_that_changed_between_two_runs_is_read_again(
    scheduler: Scheduler, tmp_path: Path, kind: type[File]
) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    file = kind(path)
    for text in ("one", "one", "another", "another", "third time"):
        path.write_text(text)
        assert scheduler.run(read(file)) == text
        assert scheduler.run(read_all([file])) == [text]
    assert scheduler.progress().counts == {"again.read_all": {"DONE": 1}}
    assert scheduler.run(read_all([file])) == ["third time"]
    assert scheduler.progress().counts == {"again.read_all": {"CACHED": 1}}


def test_constants_and_defaults_are_looked_at_by_every_run(scheduler: Scheduler) -> None:
    try:
        for text in ("one", "another", "another", "third time", "third time"):
            PLACE.write_text(text)
            assert scheduler.run([of_constant(), of_default()]) == [text, text]
        assert scheduler.run(of_constant()) == "third time"
        assert scheduler.progress().counts == {"again.of_constant": {"CACHED": 1}}
    finally:
        PLACE.unlink(missing_ok=True)


def test_folders_patterns_and_results_of_earlier_runs_are_looked_at_again(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    folder, pattern = Dir(tmp_path), FileSet(f"{tmp_path}/*.txt")
    given = scheduler.run(named(str(tmp_path / "a.txt")))
    assert scheduler.run([read_all(folder), read_all(pattern), read(given)]) == [["a"], ["a"], "a"]
    (tmp_path / "a.txt").write_text("changed")
    (tmp_path / "b.txt").write_text("b")
    assert scheduler.run([read_all(folder), read_all(pattern), read(given)]) == [
        ["b", "changed"],
        ["b", "changed"],
        "changed",
    ]


def test_between_runs_a_file_says_what_it_was(scheduler: Scheduler, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    file = File(path)
    scheduler.run(read(file))
    path.write_text("another")
    assert not file.is_valid()
    assert file != File(path)
    scheduler.run(read(file))
    assert file.is_valid()
    assert file == File(path)


def test_a_run_inside_a_run_sees_what_that_one_did(scheduler: Scheduler, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    file = File(path)

    @task(namespace="again", cache=False)
    def inner() -> Any:
        known = file.digest
        Scheduler(record=False).run(read(file))
        return known == file.digest

    assert scheduler.run(inner())


def test_a_run_beside_a_longer_one_looks_at_files_that_were_named_before_it_began(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    file, folder = File(path), Dir(tmp_path)
    begun, over = threading.Event(), threading.Event()

    @task(namespace="again", cache=False)
    def long() -> list[str]:
        begun.set()
        assert over.wait(30)
        return [file.read()]

    assert scheduler.run([read(file), read_all(folder)]) == ["one", ["one"]]
    with ThreadPoolExecutor(1) as beside:
        longer = beside.submit(Scheduler(record=False).run, long())
        assert begun.wait(30)
        for text in ("another", "third time"):
            path.write_text(text)
            for _ in range(2):
                assert scheduler.run(read(file)) == text
                assert scheduler.run(read_all(folder)) == [text]
        over.set()
        assert longer.result() == ["third time"]


def test_a_run_that_begins_beside_another_changes_nothing_for_that(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    file = File(path)

    @task(namespace="again", cache=False)
    def known(file: File) -> str:
        return file.digest

    @task(namespace="again", cache=False)
    def then_beside(first: str) -> list[Any]:
        path.write_text("another")
        with ThreadPoolExecutor(1) as beside:
            beside.submit(Scheduler(record=False).run, 1).result()
        return [first, known(file)]

    @task(namespace="again", cache=False)
    async def awaited(first: str) -> list[Any]:
        path.write_text("third time")
        await asyncio.to_thread(Scheduler(record=False).run, 1)
        return [first, await known(file)]

    for one in (then_beside, awaited):
        first, second = Scheduler(record=False).run(one(known(file)))
        assert first == second


def test_the_files_of_a_folder_that_was_named_before_are_looked_at_again(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one")
    folder = Dir(tmp_path)

    @task(namespace="again", cache=False)
    def of_folder() -> Any:
        return read_all(folder.files())

    assert scheduler.run(of_folder()) == ["one"]
    path.write_text("another")
    assert scheduler.run(of_folder()) == ["another"]


@pytest.mark.parametrize("kind", [Dir, FileSet])
def test_members_that_could_not_be_looked_at_once_are_looked_at_by_the_next_call_of_the_run(
    tmp_path: Path, kind: Any
) -> None:
    (tmp_path / "a").write_text("one")
    members = kind(tmp_path if kind is Dir else tmp_path / "*")
    assert members.hash
    away = tmp_path / "away"
    away.symlink_to("x" * 300)  # longer than a name may be: nothing that holds it can be listed
    (tmp_path / "b").write_text("two")

    @task(namespace="again", cache=False)
    def back(error: Exception) -> Any:
        away.unlink()
        return read_all(members)

    assert Scheduler(record=False).run(catch(read_all(members), Unrecordable, back)) == ["one", "two"]
    assert members.is_valid()


def test_a_file_that_could_not_be_looked_at_after_it_was_written_is_not_known_as_it_was(
    tmp_path: Path,
) -> None:
    folder = Dir(tmp_path)
    file = folder / "a"
    file.write("one")
    before = file.hash, folder.hash
    written = file.open("a")
    written.write(" and more")
    (tmp_path / "a").rename(tmp_path / "kept")
    (tmp_path / "a").symlink_to("x" * 300)
    with pytest.raises(OSError, match="too long"):
        written.close()
    (tmp_path / "kept").rename(tmp_path / "a")
    assert file.is_valid()
    assert folder.is_valid()
    assert before != (file.hash, folder.hash)
