"""The tools that come along: copies and templates as calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from headwater import (
    CallError,
    ContentDir,
    ContentFile,
    Dir,
    File,
    Project,
    Scheduler,
    UsageError,
    copy_dir,
    copy_file,
    copy_files,
    create_project,
    render_template,
    task,
)

headwater_namespace = "tools"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(expression: Any) -> Any:
    return Scheduler(record=False).run(expression)


def test_a_file_is_copied_anywhere(here: Path) -> None:
    (here / "a").write_text("one")
    there = run(copy_file(File("a"), f"memory://{here.name}/a"))
    assert there.read() == "one"
    back = run(copy_file(there, "new/b"))
    assert (back.path, (here / "new" / "b").read_text()) == ("new/b", "one")
    assert type(run(copy_file(ContentFile("a"), "c"))) is ContentFile
    (here / "new" / "b").write_text("kept")
    assert run(copy_file(File("a"), "new/b", skip_if_exists=True)).read() == "kept"
    with pytest.raises(FileNotFoundError, match="nosuch"):
        run(copy_file(File("nosuch"), "d"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (copy_file("a.txt", "b.txt"), r"copy_file: File\('a.txt'\) is needed"),  # type: ignore[arg-type]
        (copy_files(["a.txt"], ["b.txt"]), r"copy_files: File\('a.txt'\) is needed"),  # type: ignore[list-item]
        (copy_dir("a", "b"), r"copy_dir: Dir\('a'\) is needed"),  # type: ignore[arg-type]
        (copy_dir(3, "b"), "copy_dir: a Dir is needed, not 3"),  # type: ignore[arg-type]
    ],
)
def test_a_path_in_the_place_of_a_file_is_refused_with_what_to_write(call: Any, message: str) -> None:
    with pytest.raises(CallError, match=message):
        Scheduler(record=False).run(call)


def test_files_are_copied_each_to_its_place(here: Path) -> None:
    for name in "ab":
        (here / name).write_text(name)
    made = run(copy_files([File("a"), File("b")], ["x/1", "x/2"], copy_options={"limits": ["disk"]}))
    assert [file.read() for file in made] == ["a", "b"]
    with pytest.raises(CallError, match="2 files and 1 paths"):
        run(copy_files([File("a"), File("b")], ["x/1"]))


def test_a_folder_is_copied_file_by_file(here: Path) -> None:
    for name in ("a", "sub/b"):
        (Dir("data") / name).write(name)
    made = run(copy_dir(Dir("data"), "copy"))
    assert {made.rel_path(file): file.read() for file in made} == {"a": "a", "sub/b": "sub/b"}
    assert type(run(copy_dir(ContentDir("data"), f"memory://{here.name}/c"))) is ContentDir
    Dir("empty").mkdir()
    assert run(copy_dir(Dir("empty"), "copied")).exists()
    with pytest.raises(FileNotFoundError, match="nosuch is no folder"):
        run(copy_dir(Dir("nosuch"), "copy"))


@task
def copied(folder: str, to: str) -> Dir:
    return copy_dir(Dir(folder), to)


@pytest.fixture
def project(here: Path, local_project: Project) -> Project:
    return create_project(here)


def test_one_changed_file_of_a_folder_is_one_copy(project: Project) -> None:
    for n in range(3):
        (Dir("data") / str(n)).write(str(n))

    def copies() -> dict[str, int]:
        scheduler = Scheduler(project)
        scheduler.run(copied("data", "copy"))
        scheduler.wait_recorded()
        return scheduler.progress().counts.get("headwater.copy_file", {})

    assert copies() == {"DONE": 3}
    assert copies() == {}
    (Dir("data") / "1").write("other")
    assert copies() == {"DONE": 1, "CACHED": 2}
    assert File("copy/1").read() == "other"
    File("copy/2").write("meddled with")
    assert copies() == {"DONE": 1, "CACHED": 2}
    assert File("copy/2").read() == "2"


def test_templates_are_filled_in(here: Path) -> None:
    pytest.importorskip("jinja2")
    (here / "t").write_text("{% for n in names %}hello {{ n }}\n{% endfor %}")
    made = run(render_template("out/a", File("t"), {"names": ["you", "<me>"]}))
    assert made.read() == "hello you\nhello <me>\n"
    (here / "parts").mkdir()
    (here / "parts" / "base").write_text("[{% block b %}{% endblock %}]\n")
    (here / "t").write_text("{% extends 'base' %}{% block b %}{{ x }}{% endblock %}")
    assert run(render_template("out/b", "t", {"x": 5}, "parts")).read() == "[5]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ nosuch }}", "nosuch"),
        ("{% if %}", "Expected"),
        ("{% include 'gone' %}", "gone"),
        ("{% include '../t' %}", "t"),
    ],
)
def test_a_template_that_does_not_work_is_an_error(here: Path, text: str, message: str) -> None:
    jinja2 = pytest.importorskip("jinja2")
    (here / "t").write_text(text)
    (here / "parts").mkdir()
    with pytest.raises(jinja2.TemplateError, match=message):
        run(render_template("out", File("t"), {}, Dir("parts")))
    assert not (here / "out").exists()


def test_without_jinja_the_line_to_type_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    (here / "t").write_text("")
    with pytest.raises(UsageError, match=r"pip install 'headwater\[templates\]'"):
        run(render_template("out", "t", {}))


def test_no_two_files_are_copied_to_one_path_and_none_to_a_folder(tmp_path: Path) -> None:
    one, two = File(tmp_path / "one"), File(tmp_path / "two")
    one.write("1")
    two.write("2")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CallError, match="one would be lost"):
        Scheduler(record=False).run(copy_files([one, two], [f"{tmp_path}/x", f"{tmp_path}/./x"]))
    with pytest.raises(IsADirectoryError):
        Scheduler(record=False).run(copy_file(one, f"{tmp_path}/folder", skip_if_exists=True))
