"""Folders, sets of files and scripts in the graph: what is reused, what runs again, and what lineage sees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import open_store
from headwater.engine.script_log import log_path

from headwater import (
    ContentDir,
    Dir,
    File,
    FileSet,
    IDir,
    Project,
    Scheduler,
    ScriptError,
    Task,
    script,
    task,
)

headwater_namespace = "files"

Run = Callable[..., Any]


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def run(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run an expression with a scheduler of its own inside a project, and wait until the graph has it."""
    (tmp_path / "work").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "work")

    def evaluate(expression: Any) -> Any:
        scheduler = Scheduler(project)
        try:
            return scheduler.run(expression)
        finally:
            scheduler.wait_recorded()
            evaluate.counts = scheduler.progress().counts  # type: ignore[attr-defined]
            evaluate.id = scheduler.execution_id  # type: ignore[attr-defined]

    return evaluate


def define(name: str, function: Callable[..., Any], **options: Any) -> Task[Any, Any]:
    return task(name=name, namespace="files", version="1", **options)(function)


def sizes(ran: list[str]) -> Task[Any, Any]:
    def total(files: Any) -> int:
        ran.append("total")
        return sum(file.size() for file in files)

    return define("total", total)


@pytest.mark.parametrize("kind", [Dir, ContentDir, FileSet])
def test_a_folder_as_an_argument_reacts_and_is_reused(
    run: Run, ran: list[str], tmp_path: Path, kind: type[Dir]
) -> None:
    total = sizes(ran)
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "a").write_text("one")
    path = tmp_path / "data" / "**" if kind is FileSet else tmp_path / "data"
    main = define("main", lambda: total(kind(path)))
    assert run(main()) == 3
    assert run(main()) == 3
    assert ran == ["total"]
    (tmp_path / "data" / "sub" / "b").write_text("four")
    assert run(main()) == 7
    (tmp_path / "data" / "a").write_text("seven..")
    assert run(main()) == 11
    (tmp_path / "data" / "a").unlink()
    assert run(main()) == 4
    assert ran == ["total"] * 4
    assert run(main()) == 4
    assert ran == ["total"] * 4


def test_a_folder_as_a_result_is_made_again_when_it_is_not_what_it_was(run: Run, ran: list[str]) -> None:
    def make() -> Dir:
        ran.append("make")
        made = Dir("made")
        for n in range(3):
            (made / f"{n}.txt").write(str(n))
        return made

    made = define("make", make)

    def call() -> Dir:
        return made()  # type: ignore[no-any-return]

    main = define("main", call)
    assert len(run(main())) == 3
    assert len(run(main())) == 3
    assert ran == ["make"]
    os.remove("made/1.txt")
    assert len(run(main())) == 3
    assert ran == ["make"] * 2
    Path("made/extra").write_text("")
    run(main())
    assert ran == ["make"] * 3


def test_what_never_changes_is_not_looked_at(run: Run, ran: list[str], tmp_path: Path) -> None:
    total = sizes(ran)
    (tmp_path / "data").mkdir()
    assert run(total(IDir(tmp_path / "data"))) == 0
    (tmp_path / "data" / "a").write_text("one")
    assert run(total(IDir(tmp_path / "data"))) == 0
    assert ran == ["total"]


def test_members_are_file_nodes_of_the_value(run: Run, project: Project, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("one")
    file, folder = File(tmp_path / "data" / "a"), Dir(tmp_path / "data")
    run(sizes([])(folder))
    store = open_store(project)
    try:
        for path in (file, folder):
            ((found,),) = [row[:1] for row in store.rows("log_file", file=path.hash)]
            assert found == path.hash
            assert len(store.rows("log_file_took", file=path.hash, limit=10)) == 1
    finally:
        store.close()


def test_a_script_runs_once_while_inputs_and_outputs_are_what_they_were(run: Run) -> None:
    Path("in").write_text("b\na\n")

    def sort() -> Any:
        return script("echo ran >> ../count; sort in > out", inputs=File("in"), outputs=File("out"))

    main = define("main", sort)

    def count() -> int:
        return len(Path("../count").read_text().split())

    assert run(main()).read() == "a\nb\n"
    assert run(main()).read() == "a\nb\n"
    assert count() == 1
    Path("out").unlink()
    assert run(main()).read() == "a\nb\n"
    assert count() == 2, "an output went away"
    Path("out").write_text("meddled with")
    assert run(main()).read() == "a\nb\n"
    assert count() == 3, "an output changed"
    Path("in").write_text("c\n")
    assert run(main()).read() == "c\n"
    assert count() == 4, "an input changed"
    run(main())
    assert count() == 4


def test_a_staged_input_counts_by_what_is_in_it_at_home(run: Run, tmp_path: Path) -> None:
    home = File(tmp_path / "home")
    home.write("one")

    def main() -> Any:
        return script("cat here", inputs=File(tmp_path / "home").stage("here"), tempdir=True)

    main_ = define("main", main)
    assert run(main_()) == "one"
    assert run(main_()) == "one"
    assert run.counts == {"files.main": {"CACHED": 1}}  # type: ignore[attr-defined]
    home.write("two")
    assert run(main_()) == "two"


def test_a_failed_script_runs_again(run: Run) -> None:
    def main() -> Any:
        return script("echo ran >> count; [ -e ready ]")

    main_ = define("main", main)
    for _ in range(2):
        with pytest.raises(ScriptError):
            run(main_())
    Path("ready").write_text("")
    assert run(main_()) == ""
    assert Path("count").read_text() == "ran\n" * 3


def test_text_interpreter_inputs_and_outputs_of_a_script_are_recorded(run: Run, project: Project) -> None:
    Path("in").write_text("x")
    run(script("cat in > out", inputs=[File("in")], outputs=[File("out")]))
    store = open_store(project)
    try:
        for path in ("in", "out"):
            file = File(path)
            assert len(store.rows("log_file", file=file.hash)) == 1
        # The root of a run whose expression is no plain call takes it too: it holds the expression.
        took = {row[1] for row in store.rows("log_file_took", file=File("in").hash, limit=10)}
        assert took == {"headwater.script", "headwater.root_task"}
        returned = store.rows("log_file_returned", file=File("out").hash, limit=10)
        assert any("headwater.script" in map(str, row) for row in returned)
    finally:
        store.close()


def test_a_script_has_a_log_without_secrets(
    run: Run, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PASSWORD", "hunter2-and-more")
    with pytest.raises(ScriptError) as caught:
        run(script('echo to stdout; echo "$MY_PASSWORD" >&2; exit 3'))
    assert caught.value.log is not None
    log = Path(caught.value.log)
    assert log == Path(log_path(str(project.folder), log.stem))
    assert log.stat().st_mode & 0o77 == 0
    text = log.read_text()
    assert "to stdout\n" in text
    assert "bash" in text.splitlines()[0]
    assert text.splitlines()[-1].startswith("# exit status 3 after ")
    assert "***" in text
    everything = b"".join(path.read_bytes() for path in project.folder.rglob("*") if path.is_file())
    assert b"hunter2" not in everything
