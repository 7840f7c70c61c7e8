"""Staging: the two places of a file or folder, and the ways between them."""

from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import pytest
from headwater.engine.values import hash_value

from headwater import (
    ContentDir,
    ContentFile,
    ContentStagingDir,
    ContentStagingFile,
    Dir,
    File,
    IDir,
    IFile,
    IStagingDir,
    IStagingFile,
    StagingDir,
    StagingFile,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_kind_has_its_staging_form() -> None:
    forms = {
        File: StagingFile,
        ContentFile: ContentStagingFile,
        IFile: IStagingFile,
        Dir: StagingDir,
        ContentDir: ContentStagingDir,
        IDir: IStagingDir,
    }
    for kind, form in forms.items():
        staging = kind("home/x").stage("local/x")  # type: ignore[attr-defined]
        assert type(staging) is form
        assert type(staging.local) is type(staging.remote) is kind


def test_the_local_name_is_the_files_own_unless_it_is_given() -> None:
    assert File("memory://x/a.txt").stage().local.path == "a.txt"
    assert File("memory://x/a.txt").stage("in/").local.path == "in/a.txt"
    assert File("memory://x/a.txt").stage("b.txt").local.path == "b.txt"
    assert Dir("memory://x/data/").stage().local.path == "data"


def test_files_go_there_and_back(tmp_path: Path) -> None:
    home = File(f"memory://{tmp_path.name}/a.txt")
    home.write("one")
    staging = home.stage("in/a.txt")
    assert staging.stage().read() == "one"
    (tmp_path / "in" / "a.txt").write_text("two")
    back = staging.unstage()
    assert back.uri == home.uri
    assert back.read() == "two"
    assert back.is_valid()


def test_folders_go_there_and_back(tmp_path: Path) -> None:
    home = Dir(f"memory://{tmp_path.name}/data")
    (home / "sub/a").write("one")
    staging = home.stage()
    assert staging.stage().is_valid()
    assert (tmp_path / "data" / "sub" / "a").read_text() == "one"
    (tmp_path / "data" / "b").write_text("two")
    assert [home.rel_path(file) for file in staging.unstage()] == ["b", "sub/a"]


def test_what_is_missing_is_named_with_where_it_was_to_go(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"home is no file \(it is not there\).*staged as here"):
        File("home").stage("here").stage()
    (tmp_path / "here").mkdir()
    with pytest.raises(
        FileNotFoundError, match=r"here is no file \(a folder has that name\).*unstaged to home"
    ):
        File("home").stage("here").unstage()
    with pytest.raises(FileNotFoundError, match="home is no folder"):
        Dir("home").stage("here").stage()


def test_a_staging_value_is_its_two_paths_and_not_what_is_there() -> None:
    before = hash_value(File("home").stage("here"))
    File("home").write("x")
    assert hash_value(File("home").stage("here")) == before
    assert File("home").stage("here") == File("home").stage("here") != File("home").stage("there")
    assert hash_value(File("home").stage("there")) != before
    assert pickle.loads(pickle.dumps(File("home").stage("here"))) == File("home").stage("here")
    assert repr(File("home").stage("here")) == "StagingFile('here', 'home')"


def test_the_commands_for_a_shell_do_the_same(tmp_path: Path) -> None:
    name = "-it's a 'name'\n"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / name).write_text("one")
    file = File(tmp_path / "home" / name).stage(f"in/{name}")
    subprocess.run(file.render_stage(), shell=True, check=True)
    assert (tmp_path / "in" / name).read_text() == "one"
    folder = Dir("home").stage("local/copy")
    for _ in range(2):  # a folder that is there already is filled, not nested
        subprocess.run(folder.render_stage(), shell=True, check=True)
    assert [folder.local.rel_path(found) for found in folder.local] == [name]
    (tmp_path / "local" / "copy" / name).write_text("two")
    subprocess.run(folder.render_unstage(), shell=True, check=True)
    assert (tmp_path / "home" / name).read_text() == "two"


def test_commands_for_places_elsewhere_call_headwater() -> None:
    assert IFile("s3://bucket/a b").stage("x").render_stage() == "hw fs cp -- 's3://bucket/a b' x"
    assert Dir("s3://bucket/d").stage("x").render_unstage() == "hw fs cp -r -- x s3://bucket/d"
    assert File("same").stage("same").render_stage() == ""
    assert Dir("same").stage("same").render_unstage() == ""


def test_staging_to_the_place_itself_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    before = (tmp_path / "a").stat()
    assert File("a").stage("a").stage().read() == "one"
    assert (tmp_path / "a").stat() == before
