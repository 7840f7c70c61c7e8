"""Using files: reading, writing, copying, here and at URLs."""

from __future__ import annotations

import csv
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headwater import ContentFile, Dir, File, FileSet, UsageError, read_frame


@pytest.fixture(params=["local", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}"


def test_text_and_bytes_are_written_and_read(folder: str) -> None:
    file = File(f"{folder}/new/folder/a.txt")
    file.write("é\n2\n")
    assert file.read() == "é\n2\n"
    assert file.readlines() == ["é\n", "2\n"]
    assert file.read("rb") == "é\n2\n".encode()
    file.write(b"\xff")
    assert file.read("rb") == b"\xff"
    file.write("ü", encoding="latin-1")
    assert file.read(encoding="latin-1") == "ü"


@pytest.mark.parametrize("mode", ["w", "wb", "a", "ab", "r+", "r+b", "w+", "x"])
def test_the_file_is_looked_at_again_when_it_has_been_written_and_closed(folder: str, mode: str) -> None:
    file = ContentFile(f"{folder}/{mode}.txt")
    if mode != "x":
        file.write("before")
    before = file.hash
    with file.open(mode) as handle:
        handle.write(b"now" if "b" in mode else "now")
    assert file.hash != before
    assert file.is_valid()
    assert "now" in file.read()


def test_reading_does_not_look_again(folder: str) -> None:
    file = File(f"{folder}/a.txt")
    file.write("one")
    before = file.hash
    with file.open() as handle:
        assert handle.read(2) == "on"
        handle.seek(0)
        assert handle.read() == "one"
    assert file.hash == before


def test_libraries_take_the_open_file_as_one_of_their_own(folder: str) -> None:
    file = File(f"{folder}/a.csv")
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows([[1, "a\nb"], [2, "c"]])
    with file.open(newline="") as handle:
        assert list(csv.reader(handle)) == [["1", "a\nb"], ["2", "c"]]
    with file.open("w") as handle:
        json.dump({"a": 1}, handle)
    assert json.loads(file.read()) == {"a": 1}
    with file.open("wb") as handle:
        pickle.dump([1, 2], handle)
    with file.open("rb") as handle:
        assert pickle.load(handle) == [1, 2]


def test_tables_and_arrays_are_written_through_the_open_file(folder: str) -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    frame = pandas.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    file = File(f"{folder}/a.csv")
    with file.open("w") as handle:
        frame.to_csv(handle, index=False)
    with file.open() as handle:
        assert pandas.read_csv(handle)["n"].tolist() == [1, 2]
    with file.open("wb") as handle:
        frame.to_parquet(handle)
    with file.open("rb") as handle:
        assert pandas.read_parquet(handle)["n"].tolist() == [1, 2]
    with file.open("wb") as handle:
        numpy.save(handle, numpy.arange(3))
    with file.open("rb") as handle:
        assert numpy.load(handle).tolist() == [0, 1, 2]
    assert file.is_valid()


def test_a_local_file_is_passed_to_programs_and_to_the_builtin_open(tmp_path: Path) -> None:
    file = File(tmp_path / "a.txt")
    with file.open("wb") as handle:
        subprocess.run([sys.executable, "-c", "print('hello')"], stdout=handle, check=True)
    assert file.read() == "hello\n"
    assert file.is_valid()
    with open(file, encoding="utf-8") as plain:
        assert plain.read() == "hello\n"


def test_a_remote_file_is_no_local_path() -> None:
    with pytest.raises(TypeError, match="open"):
        open(File("memory://a/b"))  # type: ignore[call-overload]  # noqa: SIM115


def test_presence_size_and_names(folder: str) -> None:
    file = File(f"{folder}/sub/a.txt")
    assert (file.exists(), file.isfile(), file.isdir()) == (False, False, False)
    file.write("abc")
    assert (file.exists(), file.isfile(), file.isdir()) == (True, True, False)
    assert file.size() == 3
    assert (file.basename(), file.dirname()) == ("a.txt", f"{folder}/sub")
    assert File(f"{folder}/sub").isdir()
    file.remove()
    assert (file.exists(), file.evidence) == (False, "missing")
    file.remove()
    with pytest.raises(FileNotFoundError):
        file.size()
    with pytest.raises(FileNotFoundError):
        file.read()


def test_touching_makes_a_file_and_sets_its_time(folder: str) -> None:
    file = File(f"{folder}/new/a.txt")
    file.touch()
    assert file.read() == ""
    assert file.is_valid()
    file.write("kept")
    file.touch()
    assert file.read() == "kept"


def test_touching_sets_a_given_time(tmp_path: Path) -> None:
    file = File(tmp_path / "a.txt")
    file.touch(1_000_000_000)
    assert (tmp_path / "a.txt").stat().st_mtime == 1_000_000_000
    file.touch((1, 2))
    assert (tmp_path / "a.txt").stat().st_mtime == 2


def test_copies_lead_from_anywhere_to_anywhere(tmp_path: Path) -> None:
    here, there = File(tmp_path / "a.bin"), File(f"memory://{tmp_path.name}/b.bin")
    here.write(bytes(range(256)) * 10_000)
    assert here.copy_to(there) is there
    back = there.copy_to(File(tmp_path / "new" / "c.bin"))
    assert back.read("rb") == here.read("rb")
    assert there.is_valid()
    assert back.is_valid()
    here.write(b"other")
    assert here.copy_to(back, skip_if_exists=True).size() == 2_560_000
    assert here.copy_to(back).size() == 5


def test_binary_modes_take_no_encoding(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="binary"):
        File(tmp_path / "a").open("rb", encoding="utf-8")
    with pytest.raises(TypeError, match="compression"):
        File(tmp_path / "a").open("wb", compression="gzip")


def test_a_remote_file_changes_when_it_is_written_by_somebody_else(tmp_path: Path) -> None:
    mine, theirs = File(f"memory://{tmp_path.name}/a"), File(f"memory://{tmp_path.name}/a")
    assert mine.evidence == "missing"
    theirs.write("one")
    assert not mine.is_valid()
    mine.update_hash()
    assert mine == theirs
    theirs.write("two")
    assert not mine.is_valid()
    assert mine != theirs


def test_equal_files_are_equal_and_work_in_sets(tmp_path: Path) -> None:
    one, two = File(tmp_path / "a"), File(str(tmp_path / "a"))
    assert one == two
    assert len({one, two}) == 1
    assert one != ContentFile(tmp_path / "a")
    assert one != str(tmp_path / "a")
    assert repr(ContentFile("/x")) == "ContentFile('/x')"


def test_an_argument_on_the_command_line_names_a_file(tmp_path: Path) -> None:
    for kind in (File, ContentFile):
        parsed: Any = kind.parse_arg(kind, str(tmp_path / "a"))
        assert type(parsed) is kind
        assert parsed.uri == str(tmp_path / "a")


def test_an_unknown_protocol_is_named() -> None:
    from headwater.cypher.errors import UsageError

    with pytest.raises(UsageError, match="nosuch"):
        File("nosuch://a/b")


@pytest.mark.parametrize("kind", [File, ContentFile, Dir, FileSet])
def test_an_empty_path_is_not_the_working_directory(kind: type) -> None:
    with pytest.raises(ValueError, match="path is empty"):
        kind("")
    assert kind(".").uri == os.getcwd()


# -- what cannot be ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "act", "kind", "next_step"),
    [
        ("missing", lambda path: File(path).read(), FileNotFoundError, "whether what makes it has run"),
        ("folder", lambda path: File(path).read(), IsADirectoryError, "take it as a Dir"),
        ("folder", lambda path: File(path).write("x"), IsADirectoryError, "name a file in it"),
        ("file", lambda path: Dir(path).files(), NotADirectoryError, "it is a file; take it as a File"),
        ("file", lambda path: Dir(path).children(), NotADirectoryError, "choose another folder"),
        ("file", lambda path: Dir(path).mkdir(), FileExistsError, "choose another folder"),
        ("file", lambda path: Dir(path).file("x").write("x"), NotADirectoryError, "choose another folder"),
        ("loop", lambda path: File(path).read(), OSError, "its links lead to each other"),
        ("loop", lambda path: File(path).write("x"), OSError, "its links lead to each other"),
        ("long", File, OSError, "255 bytes for a name"),
        ("deep", lambda path: File(path).exists(), OSError, "4,095 for a path"),
        ("deep", lambda path: Dir(path).hash, OSError, "4,095 for a path"),
        ("a\nb ☃ 😀", lambda path: File(path).read(), FileNotFoundError, "its name is right"),
        ("-rf", lambda path: File(path).read(), FileNotFoundError, "its name is right"),
        ("empty.csv", lambda path: read_frame(File(path)), UsageError, "Has whoever writes it ended well"),
        ("a\0b", File, ValueError, "Take it out"),
    ],
)
def test_what_cannot_be_is_said_with_its_path_and_the_next_step(
    tmp_path: Path, name: str, act: Callable[[Path], object], kind: type[Exception], next_step: str
) -> None:
    name = {"long": "y" * 300, "deep": "/".join(["y" * 200] * 21)}.get(name, name)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "loop").symlink_to("back")
    (tmp_path / "back").symlink_to("loop")
    with pytest.raises(kind, match=next_step) as caught:
        act(tmp_path / name)
    shown = str(caught.value)
    assert str(tmp_path / name) in shown or repr(str(tmp_path / name))[1:-1] in shown
    if isinstance(caught.value, OSError):
        assert (caught.value.filename, caught.value.errno) != (None, None)
