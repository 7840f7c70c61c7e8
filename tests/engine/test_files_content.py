"""The SHA-256 of files: right always, computed once, and not believed where a change could hide."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.files import content, still_valid
from headwater.engine.files.content import cache_folder, digest_file, digest_files, stamp

from headwater import ContentDir, ContentFile, File


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "digests.sqlite"


def rows(cache: Path) -> list[str]:
    with sqlite3.connect(cache) as base:
        return [os.fsdecode(path) for (path,) in base.execute("SELECT path FROM digests")]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that changed some seconds ago."""
    folder = tmp_path_factory.mktemp("old")
    for name in ("read once", "changed", "changed, time put back", "replaced", "many/a", "many/b", "many/c"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode() * 100_000)
    time.sleep(2.2)
    return folder


def bytes_read() -> int:
    """How much this process has read until now, from wherever."""
    return int(Path("/proc/self/io").read_text().split()[1])


reads_are_counted = pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="needs /proc")


def test_digests_are_those_of_the_bytes_in_order(tmp_path: Path) -> None:
    sizes = [0, 1, 100, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000, *range(200)]
    paths = [tmp_path / str(n) for n in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(os.urandom(size))
    expected = [(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size) for path in paths]
    assert digest_files([(str(path), stamp(path.stat())) for path in paths]) == expected


@reads_are_counted
def test_a_file_is_read_once_for_as_long_as_it_is_what_it_was(old: Path, cache: Path) -> None:
    path = old / "read once"
    size = path.stat().st_size
    before = bytes_read()
    first = ContentFile(path)
    assert bytes_read() - before >= size
    assert rows(cache) == [str(path)]
    before = bytes_read()
    assert ContentFile(path) == first
    assert still_valid(first.uri, first.evidence, first.digest)
    assert bytes_read() - before < size // 10


@reads_are_counted
def test_an_unchanged_folder_is_checked_without_being_read(old: Path) -> None:
    folder = ContentDir(old / "many")
    assert len(folder) == 3
    before = bytes_read()
    assert folder.is_valid()
    assert still_valid(folder.uri, folder.evidence, folder.digest)
    assert bytes_read() - before < 100_000


@pytest.mark.parametrize("name", ["changed", "changed, time put back"])
def test_a_change_of_the_same_size_is_seen(old: Path, name: str) -> None:
    path = old / name
    before = path.stat()
    digest_file(str(path))
    data = path.read_bytes().swapcase()
    path.write_bytes(data)
    if name != "changed":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest_file(str(path))[0] == hashlib.sha256(data).hexdigest()


def test_a_file_of_the_same_size_and_time_in_its_place_is_seen(old: Path, tmp_path: Path) -> None:
    path = old / "replaced"
    digest_file(str(path))
    data = path.read_bytes().swapcase()
    (tmp_path / "other").write_bytes(data)
    os.utime(tmp_path / "other", ns=(0, path.stat().st_mtime_ns))
    os.replace(tmp_path / "other", path)
    assert digest_file(str(path))[0] == hashlib.sha256(data).hexdigest()


def test_what_changed_moments_ago_is_not_kept(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a").write_text("one")
    digest_file(str(tmp_path / "a"))
    assert rows(cache) == []


def test_what_seems_to_come_from_the_future_is_not_kept(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a").write_text("one")
    os.utime(tmp_path / "a", ns=(0, 4 * 10**18))
    digest_file(str(tmp_path / "a"))
    assert rows(cache) == []


@pytest.mark.parametrize("damage", ["not a database", "a folder", "read-only"])
def test_a_cache_that_cannot_be_used_is_done_without(tmp_path: Path, cache: Path, damage: str) -> None:
    if damage == "a folder":
        cache.mkdir(parents=True)
    elif damage == "read-only":
        cache.parent.write_text("")
    else:
        cache.parent.mkdir()
        cache.write_bytes(b"\0" * 5000)
    (tmp_path / "a").write_text("one")
    assert digest_file(str(tmp_path / "a"))[0] == hashlib.sha256(b"one").hexdigest()


def test_a_file_that_never_stops_changing_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    digest_stream, reads = content.digest_stream, []

    def changing(file: Any) -> tuple[str, int]:
        reads.append(1)
        os.utime(path, ns=(len(reads), len(reads)))
        return digest_stream(file)

    monkeypatch.setattr(content, "digest_stream", changing)
    with pytest.raises(OSError, match="changes while it is read"):
        digest_file(str(path))
    assert len(reads) > 1, "it is tried again"


def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    code = (
        "import resource, sys; from headwater import ContentFile; before = resource.getrusage(0).ru_maxrss;"
        "file = ContentFile(sys.argv[1]); print(file.recorded_size, resource.getrusage(0).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    size, kilobytes = map(int, done.stdout.split())
    assert size == 300_000_000
    assert kilobytes < 50_000


def test_a_file_beyond_four_gigabytes_is_known_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate((4 << 30) + 5)
    file_ = File(tmp_path / "sparse")
    assert file_.recorded_size == file_.size() == (4 << 30) + 5


def test_an_empty_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADWATER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "")
    assert os.path.isabs(cache_folder())
