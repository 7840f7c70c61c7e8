"""The value store: content-addressed, written once, whole or not at all, checked when read."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from headwater.engine.errors import Undecodable
from headwater.engine.values import ValueStore


@pytest.fixture(params=["folder", "file URL", "memory URL"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ValueStore:
    addresses = {
        "folder": str(tmp_path / "values"),
        "file URL": f"file://{tmp_path}/with%20space",
        "memory URL": f"memory://{tmp_path.name}/values",
    }
    return ValueStore(addresses[request.param])


def test_bytes_come_back_from_the_place_their_digest_names(store: ValueStore) -> None:
    location = store.put(b"large" * 1000)
    digest = sha256(b"large" * 1000).hexdigest()
    assert location == f"{digest[:2]}/{digest[2:]}"
    assert bytes(store.get(location)) == b"large" * 1000
    assert store.has(location)
    store.sync()


def test_pieces_are_stored_as_one(store: ValueStore) -> None:
    pieces = [b"a", memoryview(b"bc"), bytearray(b"d"), b""]
    assert store.put(pieces) == store.put(b"abcd")
    assert bytes(store.get(store.put(b"abcd"))) == b"abcd"


def test_nothing_is_a_value_too(store: ValueStore) -> None:
    assert bytes(store.get(store.put(b""))) == b""


def test_what_is_not_there_is_undecodable(store: ValueStore) -> None:
    location = store.put(b"once")
    missing = location[:-1] + ("0" if location[-1] != "0" else "1")
    with pytest.raises(Undecodable, match="no longer has"):
        store.get(missing)
    assert not store.has(missing)


@pytest.mark.parametrize("location", ["", "../../etc/passwd", "ab/" + "g" * 62, "/" * 65, "a" * 65])
def test_what_is_no_location_is_never_opened(store: ValueStore, location: str) -> None:
    with pytest.raises(Undecodable, match="not a location"):
        store.get(location)


def test_a_store_that_cannot_take_a_value_says_which_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "values"
    store = ValueStore(folder)
    location = store.put(b"x" * 10_000)
    store = ValueStore(tmp_path / "in" / "its" / "way")
    (tmp_path / "in").write_text("a file where a folder would have to be")
    with pytest.raises(
        NotADirectoryError, match=f"the value store {tmp_path}/in/its/way had 10,000 bytes to write"
    ):
        store.put(b"x" * 10_000)
    assert bytes(ValueStore(folder).get(location)) == b"x" * 10_000


def test_a_value_is_written_once(tmp_path: Path) -> None:
    store = ValueStore(tmp_path)
    path = tmp_path / store.put(b"x" * 10_000)
    before = path.stat()
    store.put(b"x" * 10_000)
    assert path.stat().st_ino == before.st_ino
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("damage", [b"", b"x" * 9_999, b"x" * 9_999 + b"y", b"x" * 10_001])
def test_damage_is_noticed_put_aside_and_healed_by_the_next_writer(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = ValueStore(tmp_path)
    location = store.put(b"x" * 10_000)
    (tmp_path / location).write_bytes(damage)
    with pytest.raises(Undecodable, match="damaged"):
        store.get(location)
    for _ in range(2):
        (tmp_path / location).write_bytes(damage)
        with pytest.raises(Undecodable, match="damaged"):
            store.get(location)
    [warning] = caplog.records
    assert location in warning.getMessage()
    assert (tmp_path / f"{location}.damaged").read_bytes() == damage
    assert store.put(b"x" * 10_000) == location
    assert store.get(location) == b"x" * 10_000


def test_a_file_cut_short_by_a_power_failure_is_written_again(tmp_path: Path) -> None:
    store = ValueStore(tmp_path)
    location = store.put(b"x" * 10_000)
    (tmp_path / location).write_bytes(b"")
    ValueStore(tmp_path).put(b"x" * 10_000)
    assert store.get(location) == b"x" * 10_000


def test_many_writers_of_one_value_do_not_disturb_each_other(tmp_path: Path) -> None:
    payload = os.urandom(200_000)
    errors: list[BaseException] = []

    def write() -> None:
        try:
            store = ValueStore(tmp_path)
            for _ in range(10):
                assert store.get(store.put(payload)) == payload
            store.sync()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in tmp_path.rglob("*.partial")] == []


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ValueStore(tmp_path)
    location = store.put(b"value")
    folder = (tmp_path / location).parent
    (tmp_path / location).unlink()
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(OSError, match=str(folder)):
        store.put(b"value")
    folder.unlink()
    assert store.get(store.put(b"value")) == b"value"
    assert list(tmp_path.rglob("*.partial")) == []
