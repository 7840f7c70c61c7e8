"""Folders and sets of files as values: what makes them another one, and what does not."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from headwater.engine.files import still_valid
from headwater.engine.values import describe, hash_value, restore

from headwater import ContentDir, ContentFile, ContentFileSet, Dir, File, FileSet, IDir, IFile, IFileSet


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "data", a="one", sub__b="two")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a member changed": lambda folder: (folder / "sub" / "b").write_text("other"),
    "a member was added": lambda folder: (folder / "sub" / "c").write_text(""),
    "a member went away": lambda folder: (folder / "a").unlink(),
    "a member was renamed": lambda folder: (folder / "a").rename(folder / "z"),
    "a folder took a member's place": lambda folder: ((folder / "a").unlink(), (folder / "a").mkdir()),
    "a link took a member's place": lambda folder: (
        (folder / "a").unlink(),
        (folder / "a").symlink_to("nowhere"),
    ),
    "an empty folder was added": lambda folder: (folder / "new").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [Dir, ContentDir])
def test_a_folder_is_another_one_when(folder: Path, kind: type[Dir], change: str) -> None:
    value = kind(folder)
    before = hash_value(value)
    assert value.is_valid()
    assert still_valid(value.uri, value.evidence, value.digest)
    CHANGES[change](folder)
    assert not value.is_valid()
    assert not still_valid(value.uri, value.evidence, value.digest)
    assert hash_value(value) == before, "what was seen stays"
    assert hash_value(kind(folder)) != before


@pytest.mark.parametrize("change", list(CHANGES)[:6])
@pytest.mark.parametrize("kind", [FileSet, ContentFileSet])
def test_a_set_of_files_is_another_one_when(folder: Path, kind: type[FileSet], change: str) -> None:
    value = kind(folder / "**")
    assert [file.basename() for file in value] == ["a", "b"]
    CHANGES[change](folder)
    assert not value.is_valid()
    assert not still_valid(value.uri, value.evidence, value.digest)


def test_a_file_that_does_not_match_is_no_change(folder: Path) -> None:
    value = FileSet(folder / "*")
    assert [file.basename() for file in value] == ["a"]
    (folder / "sub" / "b").write_text("other")
    assert value.is_valid()


def test_a_folder_of_content_is_the_same_when_its_files_are_written_again(folder: Path) -> None:
    by_content, by_time = ContentDir(folder), Dir(folder)
    assert by_content.files() == [ContentFile(folder / "a"), ContentFile(folder / "sub" / "b")]
    assert by_time.is_valid()
    os.utime(folder / "a", ns=(0, 1))
    assert by_content.is_valid()
    assert not by_time.is_valid()


def test_a_folder_that_is_missing_is_a_value_and_a_file_is_no_folder(tmp_path: Path) -> None:
    for kind in (Dir, ContentDir):
        value = kind(tmp_path / kind.__name__)
        assert (value.files(), value.recorded_size, value.exists()) == ([], None, False)
        (tmp_path / kind.__name__).write_text("a file")
        assert value.is_valid(), "there is still no folder"
        (tmp_path / kind.__name__).unlink()
        (tmp_path / kind.__name__).mkdir()
        assert not value.is_valid()


@pytest.mark.parametrize("kind", [IFile, IDir, IFileSet])
def test_what_never_changes_is_known_by_its_path_alone(tmp_path: Path, kind: type[IFile]) -> None:
    value = kind(tmp_path / "x")
    assert (value.evidence, value.digest, value.recorded_size) == ("path", "", None)
    before = hash_value(value)
    write(tmp_path, x="anything")
    assert value.is_valid()
    assert still_valid(value.uri, value.evidence, value.digest)
    assert hash_value(kind(tmp_path / "x")) == before
    assert hash_value(kind(tmp_path / "y")) != before


def test_members_are_of_the_folders_own_kind(folder: Path) -> None:
    for kind, member in [(Dir, File), (ContentDir, ContentFile), (IDir, IFile)]:
        assert [type(file) for file in kind(folder)] == [member, member]
        assert type(kind(folder) / "a") is member
    assert [type(file) for file in IFileSet(folder / "*")] == [IFile]


def test_members_are_recorded_beside_the_folder(folder: Path) -> None:
    value = Dir(folder)
    records = {record.path: record for record in value.__members__()}
    assert set(records) == {str(folder / "a"), str(folder / "sub" / "b")}
    file = File(folder / "a")
    found = records[file.uri]
    assert (found.file_hash, found.evidence, found.digest, found.size) == (
        file.file_hash,
        file.evidence,
        file.digest,
        3,
    )
    assert [getattr(item, "uri", None) or item.path for item in describe([value]).files] == [
        str(folder),
        *records,
    ]


def test_a_folder_that_changed_since_it_was_recorded_has_no_members_of_then(folder: Path) -> None:
    described = describe(Dir(folder))
    (folder / "new").write_text("")
    again = restore(described.codec, described.type, described.payload)
    assert again.__members__() == []
    assert hash_value(again) == described.hash


def test_paths_are_joined_below_the_folder_only(folder: Path) -> None:
    value = Dir(folder)
    assert (value / "sub/b").read() == "two"
    assert (value / "sub/").files() == [File(folder / "sub" / "b")]
    assert value.file("./sub/../a").uri == str(folder / "a")
    assert value.rel_path(folder / "sub" / "b") == "sub/b"
    assert value.rel_path(File(folder / "a")) == "a"
    for name in ("../x", "sub/../../x", "/etc/passwd", "..", "", ".", "memory://x/y"):
        with pytest.raises(ValueError, match="not below"):
            value / name  # type: ignore[operator]
    with pytest.raises(ValueError, match="not below"):
        value.rel_path("/etc/passwd")


def test_paths_below_a_relative_folder_stay_relative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    value = Dir("data")
    assert (value / "a").path == "data/a"
    assert [file.path for file in value] == ["data/a", "data/sub/b"]
    assert [file.path for file in FileSet("data/*")] == ["data/a"]
    assert value.uri == str(folder)


def test_what_is_written_through_a_folder_is_seen_by_it(folder: Path) -> None:
    value = Dir(folder)
    before = value.hash
    (value / "new/file").write("x")
    assert value.hash != before
    assert value.is_valid()
    (value / "new/file").remove()
    (folder / "new").rmdir()
    assert value.hash == before


def test_folders_are_made_and_removed(tmp_path: Path) -> None:
    value = Dir(tmp_path / "a" / "b")
    value.mkdir()
    value.mkdir()
    assert value.exists()
    (value / "file").write("x")
    with pytest.raises(OSError, match="empty"):
        value.rmdir()
    value.rmdir(recursive=True)
    value.rmdir()
    assert not value.exists()


@pytest.mark.parametrize("place", ["local", "memory"])
def test_folders_are_copied_from_anywhere_to_anywhere(folder: Path, tmp_path: Path, place: str) -> None:
    (folder / "empty").mkdir()
    there = Dir(str(tmp_path / "copy") if place == "local" else f"memory://{tmp_path.name}/copy")
    assert Dir(folder).copy_to(there) is there
    assert {there.rel_path(file): file.read() for file in there} == {"a": "one", "sub/b": "two"}
    (there / "a").write("mine")
    Dir(folder).copy_to(there, skip_if_exists=True)
    assert (there / "a").read() == "mine"
    back = there.copy_to(Dir(tmp_path / "back"))
    assert (tmp_path / "back" / "a").read_text() == "mine"
    assert back.is_valid()
    with pytest.raises(FileNotFoundError, match="nosuch is no folder"):
        Dir(tmp_path / "nosuch").copy_to(there)


def test_a_folder_elsewhere_reacts(tmp_path: Path) -> None:
    value = Dir(f"memory://{tmp_path.name}/data")
    assert value.files() == []
    assert value.is_valid()
    (value / "sub/a").write("one")
    assert [file.read() for file in value] == ["one"]
    assert [value.rel_path(file) for file in value] == ["sub/a"]
    assert value.is_valid()
    matching = FileSet(f"memory://{tmp_path.name}/data/*/a")
    assert [file.read() for file in matching] == ["one"]
    File(f"memory://{tmp_path.name}/data/sub/a").write("two")
    assert not value.is_valid()
    assert not matching.is_valid()
    assert not still_valid(matching.uri, matching.evidence, matching.digest)


def test_restored_folders_are_what_they_were_and_work(folder: Path) -> None:
    for value in (Dir(folder), ContentDir(folder), FileSet(folder / "*"), IDir(folder)):
        described = describe([value])
        (again,) = restore(described.codec, described.type, described.payload)
        assert again == value
        assert hash_value([again]) == described.hash
        assert [file.uri for file in again] == [file.uri for file in value]
        assert again.is_valid()
        assert pickle.loads(pickle.dumps(value)) == value


def test_loops_of_links_end(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to("..")
    (folder / "self").symlink_to("self")
    (folder / "other").symlink_to("sub")
    names = [Dir(folder).rel_path(file) for file in Dir(folder)]
    assert names == ["a", "other/b", "sub/b"]
    assert [file.basename() for file in FileSet(folder / "**" / "b")] == ["b", "b"]
    value = Dir(folder)
    assert value.is_valid()
    (folder / "self").unlink()
    assert not value.is_valid()
    assert File(folder / "nosuch").evidence == "missing"
    (folder / "self").symlink_to("self")
    assert File(folder / "self").evidence == "missing"


NAMES = ["new\nline", "☃ 😀", "-rf", "a b", "[x]", "*", os.fsdecode(b"\xff\xfe"), "n" * 255]


def test_members_of_any_name_work(tmp_path: Path) -> None:
    folder = Dir(tmp_path / "data")
    for name in NAMES:
        (folder / name).write(f"in {name!r}")
    assert {file.basename() for file in folder} == set(NAMES)
    described = describe(folder)
    for record in folder.__members__():
        record.path.encode("utf-8")
        assert still_valid(record.path, record.evidence, record.digest)
    assert restore(described.codec, described.type, described.payload).is_valid()
    assert folder.copy_to(Dir(tmp_path / "copy")).is_valid()


def test_patterns_match_as_in_a_shell(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"a.txt": "", ".hidden.txt": "", "s__b.txt": "", "s__t__c.txt": "", ".h__d.txt": "", "x1": ""},
    )

    def names(pattern: str) -> list[str]:
        return [os.path.relpath(file.uri, tmp_path) for file in FileSet(f"{tmp_path}/{pattern}")]

    assert names("*.txt") == ["a.txt"]
    assert names(".*.txt") == [".hidden.txt"]
    assert names("**/*.txt") == ["a.txt", "s/b.txt", "s/t/c.txt"]
    assert names("*/*.txt") == ["s/b.txt"]
    assert names("x[0-9]") == ["x1"]
    assert names("?.txt") == ["a.txt"]
    assert names("nosuch/*") == []
    assert names("a.txt") == ["a.txt"]


def test_what_cannot_be_looked_into_is_an_error_that_names_it(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may look into everything")
    (folder / "sub").chmod(0)
    try:
        with pytest.raises(PermissionError, match="sub"):
            Dir(folder).files()
    finally:
        (folder / "sub").chmod(0o700)


def test_a_pipe_is_no_file_and_does_not_block(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for kind in (Dir, ContentDir):
        assert [file.basename() for file in kind(folder)] == ["a", "b"]
    with pytest.raises(OSError, match="no regular file"):
        ContentFile(folder / "pipe")


def test_two_dots_behind_a_link_lead_where_every_program_finds_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("x", "d/x", "far/x", "d/in/x"):
        File(name).write(name)
    (tmp_path / "far/sub").mkdir()
    (tmp_path / "d/out").symlink_to("../far/sub")
    (tmp_path / "d/loop").symlink_to("loop")
    for name in ("d/out/../x", "d/in/../x", "d/out/../../x", "./d/../d/x"):
        file = File(name)
        assert file.read() == Path(name).read_text()
        assert file.uri == os.path.realpath(name)
    folder = Dir("d")
    assert (folder / "in/../x").read() == "d/x"
    for name in ("out/../x", "out/../../d/x", "in/../../x"):
        with pytest.raises(ValueError, match="without \\.\\."):
            folder / name
    assert not File("d/loop/../x").uri.startswith("d/loop")
    assert not File("d/loop/x").exists()
    assert File("d/loop/x").evidence == "missing"


@pytest.mark.parametrize("name", ["pr[o]j", "all*", "what?", "[!x]"])
def test_the_name_of_the_working_directory_is_no_pattern(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path / name, tmp_path / "pro j", tmp_path / "allx"):
        folder.mkdir()
        (folder / "a.txt").write_text("a")
    monkeypatch.chdir(tmp_path / name)
    files = FileSet("*.txt")
    assert [file.uri for file in files] == [str(tmp_path / name / "a.txt")]
    assert files.pattern == "*.txt"
    assert [file.uri for file in FileSet(files.uri)] == [str(tmp_path / name / "a.txt")]
    assert FileSet(files.uri).digest == files.digest


def test_a_name_may_look_like_a_chain_of_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Dir("pages")
    (folder / "threads::shared.3").write("x")
    for found in (folder, Dir(".") / "pages/", Dir(tmp_path / "pages")):
        assert [file.basename() for file in found] == ["threads::shared.3"]
        assert found.file("threads::shared.3").read() == "x"
    copied = folder.copy_to(Dir("copied"))
    assert [file.read() for file in copied] == ["x"]
    monkeypatch.chdir("pages")
    assert [file.read() for file in Dir(".")] == ["x"]
    with pytest.raises(ValueError, match="is not below"):
        folder.file("s3://bucket/key")


def test_a_copy_tells_of_what_is_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "odd" / "empty").mkdir(parents=True)
    (tmp_path / "odd" / "file").write_text("x")
    (tmp_path / "odd" / "dead").symlink_to("nowhere")
    os.mkfifo(tmp_path / "odd" / "pipe")
    copy = Dir(tmp_path / "odd").copy_to(Dir(tmp_path / "copy"))
    assert [file.basename() for file in copy] == ["file"]
    (record,) = caplog.records
    assert "was not copied: dead, pipe" in record.getMessage()
