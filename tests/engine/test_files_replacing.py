"""Writing a local file replaces it in one step, or leaves it as it was."""

from __future__ import annotations

import os
import resource
import signal
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


def opens_itself(path: Path) -> File:
    """A file of a class that writes through an `open` of its own."""

    class Shouting(File):
        def open(self, mode: str = "r", encoding: str | None = None, **options: Any) -> IO[Any]:
            handle = super().open(mode, encoding, **options)
            if "w" in mode:
                handle.write("LOUD " if "b" not in mode else b"LOUD ")
            return handle

    return Shouting(path)


@pytest.mark.parametrize("data", ["and clear", b"and clear"])
def test_a_class_with_an_open_of_its_own_is_written_through_it(tmp_path: Path, data: str | bytes) -> None:
    opens_itself(tmp_path / "a").write(data)
    assert (tmp_path / "a").read_text() == "LOUD and clear"


@pytest.mark.parametrize("encoding", [None, "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("text", ["", "one\ntwo\r\n", "é" * 70_000])
def test_all_at_once_writes_what_an_open_file_does(tmp_path: Path, text: str, encoding: str | None) -> None:
    at_once, opened = File(tmp_path / "at_once"), File(tmp_path / "opened")
    at_once.write(text, encoding=encoding)
    with opened.open("w", encoding) as handle:
        handle.write(text)
    assert (tmp_path / "at_once").read_bytes() == (tmp_path / "opened").read_bytes()
    assert at_once.read(encoding=encoding) == opened.read(encoding=encoding)
    assert at_once.is_valid()


@pytest.mark.parametrize(("data", "mode", "encoding", "error"), [
    ("x", "wb", None, TypeError),
    (b"x", "w", None, TypeError),
    (b"x", "wb", "utf-8", ValueError),
    ("\udc80", None, None, UnicodeEncodeError),
    ("x", None, "no such", LookupError),
])  # fmt: skip
def test_what_does_not_fit_the_mode_is_refused_and_the_old_content_stays(
    tmp_path: Path, data: str | bytes, mode: str | None, encoding: str | None, error: type[Exception]
) -> None:
    file = File(tmp_path / "a")
    file.write("old")
    with pytest.raises(error):
        file.write(data, mode, encoding)
    assert file.read() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    file = File(tmp_path / "a")
    file.write("old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))
        with pytest.raises(OSError, match="too large"):
            file.write(b"x" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert file.read() == "old"
    assert os.listdir(tmp_path) == ["a"]
