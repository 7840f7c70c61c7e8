"""Writing a local file replaces it in one step, or leaves it as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, Any

import pytest

from headwater import Dir, File


def half_of(handle: IO[Any], data: str | bytes) -> None:
    """Write something, and fail before the rest."""
    handle.write(data)
    raise ZeroDivisionError


def test_readers_see_the_old_content_until_the_file_is_closed(tmp_path: Path) -> None:
    file = File(tmp_path / "a")
    file.write("old")
    with file.open("w") as handle:
        handle.write("new")
        handle.flush()
        assert (tmp_path / "a").read_text() == "old"
        assert Dir(tmp_path).files() == [File(tmp_path / "a")], "what is being written is in no listing"
    assert (tmp_path / "a").read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("mode", ["w", "wb", "w+", "w+b"])
def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path, mode: str) -> None:
    file = File(tmp_path / "a")
    file.write("old")
    before = file.hash
    with pytest.raises(ZeroDivisionError), file.open(mode) as handle:
        half_of(handle, "half of" if "b" not in mode else b"half of")
    assert (tmp_path / "a").read_text() == "old"
    assert file.hash == before
    assert os.listdir(tmp_path) == ["a"]


def test_an_error_while_writing_a_new_file_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), File(tmp_path / "a").open("w") as handle:
        half_of(handle, "half of")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_devices_are_written_in_place_and_a_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="space"):
        File("/dev/full").write("x" * 100)
    File("/dev/null").write("x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_permissions_stay_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    File(tmp_path / "link").write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_that_others_get(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    File(tmp_path / "a").write("")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_other_modes_write_in_place(tmp_path: Path) -> None:
    file = File(tmp_path / "a")
    file.write("one")
    inode = (tmp_path / "a").stat().st_ino
    file.write(" two", "a")
    with file.open("r+") as handle:
        handle.write("ONE")
    assert file.read() == "ONE two"
    assert (tmp_path / "a").stat().st_ino == inode
    with pytest.raises(FileExistsError):
        file.open("x")


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        File(tmp_path).write("x")
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"):
        File(tmp_path / "a" / "b").write("x")


def test_a_name_of_any_length_that_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    File(tmp_path / ("n" * 255)).write("x")
    with pytest.raises(OSError, match="too long"):
        File(tmp_path / ("n" * 256))
