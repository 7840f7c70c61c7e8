"""A large copy that was broken off goes on where it was, and never gives bytes that its source does not have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from headwater.engine.script_trace import can_trace

from headwater import File

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

MB = 1 << 20
WHOLE = 160 * MB


class Broken(Exception):
    pass


def copied(source: File, dest: File, upto: int = WHOLE) -> list[int]:
    """Copy until so many bytes are there; tell what was counted."""
    counted: list[int] = []

    def count(size: int) -> None:
        counted.append(size)
        if upto <= sum(counted) < WHOLE:
            raise Broken

    if upto < WHOLE:
        with pytest.raises(Broken):
            source.copy_bytes_to(dest, count)
    else:
        source.copy_bytes_to(dest, count)
    return counted


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "source"
    block = os.urandom(MB)
    with path.open("wb") as file:
        for n in range(WHOLE // MB):
            file.write(n.to_bytes(8, "big") + block[8:])
    settle()
    return path


def settle() -> None:
    """Wait until any change of what was written would show, however coarse the disk's times."""
    time.sleep(2.1)


def hidden(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".hw-partial")]


def test_a_copy_goes_on_where_it_was_broken_off(tmp_path: Path, data: Path) -> None:
    tmp_path /= "made"
    source, dest = File(data), File(tmp_path / "dest")
    copied(source, dest, 30 * MB)
    assert not (tmp_path / "dest").exists()
    assert copied(source, dest, 100 * MB)[0] == 30 * MB
    counted = copied(source, dest)
    assert counted[0] == 100 * MB
    assert sum(counted) == WHOLE
    assert (tmp_path / "dest").read_bytes() == data.read_bytes()
    assert dest.is_valid()
    assert dest.recorded_size == WHOLE
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("what", ["source changed", "part changed", "part shorter", "note broken"])
def test_where_that_is_not_sure_it_begins_anew(tmp_path: Path, data: Path, what: str) -> None:
    path = data
    if what == "source changed":
        path = tmp_path / "source"
        path.write_bytes(data.read_bytes())
        settle()
    source, dest = File(path), File(tmp_path / "dest")
    copied(source, dest, 80 * MB)
    part, note = sorted(tmp_path / name for name in hidden(tmp_path))[::-1]
    if note.stat().st_size > part.stat().st_size:
        part, note = note, part
    if what == "source changed":
        mtime = path.stat().st_mtime_ns
        with path.open("r+b") as file:
            file.write(b"another!")
        os.utime(path, ns=(mtime, mtime))  # as something that hides it would
    elif what == "part changed":
        with part.open("r+b") as file:
            file.seek(5 * MB)
            file.write(b"damage")
    elif what == "part shorter":
        os.truncate(part, 3 * MB)
    else:
        note.write_text("[")
    counted = copied(source, dest)
    assert counted[0] == 0
    assert (tmp_path / "dest").read_bytes() == path.read_bytes()
    assert hidden(tmp_path) == []


def test_a_source_of_moments_ago_is_copied_from_the_beginning(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(data.read_bytes())
    source, dest = File(path), File(tmp_path / "dest")
    copied(source, dest, 80 * MB)
    assert os.listdir(tmp_path) == ["source"], "nobody could go on from there"
    settle()
    copied(source, dest, 80 * MB)
    path.write_bytes(data.read_bytes()[::-1])
    assert copied(source, dest)[0] == 0
    assert (tmp_path / "dest").read_bytes() == path.read_bytes()


@pytest.mark.skipif(not can_trace(), reason="needs strace, and leave to use it")
def test_where_files_cannot_be_locked_a_copy_leaves_nothing_hidden(tmp_path: Path, data: Path) -> None:
    refusing = f"strace -f -qq -o {tmp_path}/log -e trace=flock -e inject=flock:error=ENOSYS".split()
    code = "import sys; from headwater import File; File(sys.argv[1]).copy_to(File(sys.argv[2]))"
    subprocess.run([*refusing, sys.executable, "-c", code, data, tmp_path / "to" / "dest"], check=True)
    assert "INJECTED" in (tmp_path / "log").read_text()
    assert (tmp_path / "to" / "dest").read_bytes() == data.read_bytes()
    assert os.listdir(tmp_path / "to") == ["dest"]


def test_a_source_that_changes_while_it_is_copied_is_an_error(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(data.read_bytes())
    dest = File(tmp_path / "dest")
    seen: list[int] = []

    def count(size: int) -> None:
        seen.append(size)
        if len(seen) == 50:
            with path.open("r+b") as file:
                file.write(b"another!")

    with pytest.raises(OSError, match="changes while it is copied"):
        File(path).copy_bytes_to(dest, count)
    assert os.listdir(tmp_path) == ["source"]


def test_a_killed_copy_goes_on(tmp_path: Path, data: Path) -> None:
    code = (
        "import os, sys; from headwater import File; n = []\n"
        "def count(size):\n"
        "    n.append(size)\n"
        "    if sum(n) > 140 << 20: os.kill(os.getpid(), 9)\n"
        "File(sys.argv[1]).copy_bytes_to(File(sys.argv[2]), count)"
    )
    killed = subprocess.run([sys.executable, "-c", code, data, tmp_path / "dest"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert copied(File(data), File(tmp_path / "dest"))[0] == 128 * MB, "so far it was noted"
    assert (tmp_path / "dest").read_bytes() == data.read_bytes()


def test_a_download_goes_on(bucket: str, tmp_path: Path, data: Path) -> None:
    source, dest = File(f"s3://{bucket}/large"), File(tmp_path / "dest")
    File(data).copy_to(source)
    copied(source, dest, 100 * MB)
    assert copied(source, dest)[0] == 100 * MB
    assert (tmp_path / "dest").read_bytes() == data.read_bytes()
    copied(source, File(tmp_path / "other"), 100 * MB)
    with source.open("wb") as file:
        file.write(data.read_bytes()[:-1] + b"x")
    assert copied(File(source.path), File(tmp_path / "other"))[0] == 0
    assert (tmp_path / "other").read_bytes()[-1:] == b"x"


def test_two_copies_to_one_place_do_not_mix(tmp_path: Path, data: Path) -> None:
    other = tmp_path / "source"
    other.write_bytes(data.read_bytes()[::-1])
    dest = tmp_path / "dest"
    code = "import sys; from headwater import File; File(sys.argv[1]).copy_to(File(sys.argv[2]))"
    both = [
        subprocess.Popen([sys.executable, "-c", code, source, dest]) for source in (data, other, data, other)
    ]
    assert [one.wait() for one in both] == [0] * 4
    assert dest.read_bytes() in (data.read_bytes(), other.read_bytes())
    assert hidden(tmp_path) == []
