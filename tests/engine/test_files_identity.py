"""What a file is known by: size and time, content, the store's tag, or its absence."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.files import file_hash, identify, still_valid
from headwater.engine.values import describe, hash_value, preview, restore

from headwater import ContentFile, Dir, File, FileSet, IDir, IFile


def test_a_local_file_is_known_by_its_size_and_time_of_change(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    file = File(path)
    assert (file.evidence, file.recorded_size) == ("stat", 3)
    assert file.digest == f"3 {path.stat().st_mtime_ns}"
    assert file.uri == str(path)
    assert file.is_valid()


def test_a_change_of_size_or_time_makes_it_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    file = File(path)
    os.utime(path, ns=(0, 12345))
    assert not file.is_valid()
    assert not still_valid(file.uri, file.evidence, file.digest)
    assert file.get_hash() != file.hash
    file.update_hash()
    assert file.is_valid()
    assert file.get_hash() == file.hash == file.file_hash.hex()


def test_a_content_file_is_known_by_its_bytes_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    files = [ContentFile(path), File(path, evidence="content")]
    os.utime(path, ns=(0, 12345))
    path.write_text("one")
    for file in files:
        assert file.evidence == "content"
        assert file.is_valid()
        assert still_valid(file.uri, file.evidence, file.digest)
    path.write_text("two")
    for file in files:
        assert not file.is_valid()
        assert not still_valid(file.uri, file.evidence, file.digest)


def test_a_missing_file_is_a_value_and_its_appearing_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "later.txt"
    for file in (File(path), ContentFile(path)):
        assert (file.evidence, file.digest, file.recorded_size) == ("missing", "", None)
        assert file.is_valid()
        path.write_text("here")
        assert not file.is_valid()
        assert not still_valid(file.uri, file.evidence, file.digest)
        path.unlink()
        assert still_valid(file.uri, file.evidence, file.digest)


def test_a_file_that_goes_away_is_no_longer_valid(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    file = File(path)
    path.unlink()
    assert not file.is_valid()
    assert not still_valid(file.uri, file.evidence, file.digest)


def test_a_file_is_what_it_was_when_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    file = File(path)
    path.write_text("changed meanwhile")
    assert file.recorded_size == 3
    assert not file.is_valid()


def test_a_file_made_after_it_was_named_is_what_it_is_when_it_is_first_asked(tmp_path: Path) -> None:
    file = File(tmp_path / "made.txt")
    (tmp_path / "made.txt").write_text("by a subprocess")
    assert file.evidence == "stat"
    assert file.is_valid()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert File(tmp_path).evidence == "missing"
    assert ContentFile(tmp_path).evidence == "missing"


def test_the_hash_of_a_file_says_where_it_is_and_what_was_in_it(tmp_path: Path) -> None:
    hashes = {
        file_hash("/a", "stat", "1 2"),
        file_hash("/b", "stat", "1 2"),
        file_hash("/a", "etag", "1 2"),
        file_hash("/a", "stat", "1 3"),
        file_hash("/a1", "stat", " 2"),
    }
    assert len(hashes) == 5
    assert file_hash("/a", "stat", "1 2").hex() == (
        "c5d6e42cd889ff21fb1f06f24766e450592fa2ad1ed48f1cba9fcae754956f32"
    )


def test_relative_paths_are_recorded_absolute_and_hold_in_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("one")
    monkeypatch.chdir(tmp_path)
    file = File("sub/../sub/a.txt")
    assert file.path == "sub/../sub/a.txt"
    assert file.uri == str(tmp_path / "sub" / "a.txt")
    assert hash_value(file) == hash_value(File(tmp_path / "sub" / "a.txt"))
    monkeypatch.chdir("/")
    assert file.is_valid()
    elsewhere = pickle.loads(pickle.dumps(file))
    assert elsewhere.read() == "one"
    assert elsewhere.path == file.uri, "where the relative path means another file, it has the absolute one"
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickle.dumps(file)).path == "sub/../sub/a.txt"


NAMES = [
    "a b.txt",
    "new\nline",
    "☃ 😀.txt",
    "100%25.txt",
    "#?&=.txt",
    "'quoted\"",
    "a::b",
    os.fsdecode(b"\xff\xfe.bin"),
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works(tmp_path: Path, name: str) -> None:
    file = File(tmp_path / name)
    file.write("content")
    described = describe([file])
    (again,) = restore(described.codec, described.type, described.payload)
    assert again == file
    assert again.read() == "content"
    assert again.is_valid()
    assert still_valid(file.uri, file.evidence, file.digest)
    file.uri.encode("utf-8")
    preview(file).encode("utf-8")
    assert os.listdir(tmp_path) == [name]


def test_a_file_url_is_the_local_file(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("one")
    file = File(f"file://{tmp_path}/a%20b.txt")
    assert file.uri == str(tmp_path / "a b.txt")
    assert file.read() == "one"


def test_a_file_of_this_machine_is_one_file_whatever_the_scheme(tmp_path: Path) -> None:
    for scheme in ("", "file://", "local://", "LOCAL://"):
        assert File(f"{scheme}{tmp_path}/a").uri == f"{tmp_path}/a"


@pytest.mark.parametrize(
    ("kind", "ways", "uri"),
    [
        (File, ["memory://q/a", "memory:///q/a"], "memory://q/a"),
        (Dir, ["memory://q", "memory:///q/"], "memory://q"),
        (Dir, ["memory://", "memory:///"], "memory://"),
        (FileSet, ["memory://q/*", "memory:///q/*"], "memory://q/*"),
        (IFile, ["s3://b/a//c", "s3a://b/a//c", "S3://b/a//c"], "s3://b/a//c"),
        (IDir, ["gs://b/a/", "gcs://b/a"], "gs://b/a"),
        (IFile, ["az://c/a.dfs.b", "abfs://c/a.dfs.b", "abfss://c/a.dfs.b"], "az://c/a.dfs.b"),
        (
            IFile,
            ["abfss://c@me.dfs.core.windows.net/a", "az://c@me.blob.core.windows.net/a"],
            "az://c@me.blob.core.windows.net/a",
        ),
        (IFile, ["zip://a::memory:///q.zip", "zip://a::memory://q.zip"], "zip://a::memory://q.zip"),
        (IDir, ["http://h/a/"], "http://h/a/"),
    ],
)
def test_what_is_one_place_is_one_place_however_it_is_written(kind: Any, ways: list[str], uri: str) -> None:
    assert {kind(way).uri for way in ways} == {uri}
    assert len({kind(way).hash for way in ways}) == 1


def test_files_found_and_named_elsewhere_are_the_same() -> None:
    File("memory:///one-place/a").write("x")
    for folder in (Dir("memory:///one-place/"), Dir("memory://one-place")):
        assert folder.files() == [File("memory://one-place/a")] == [folder.file("a")]
        assert [folder.rel_path(file) for file in [*folder, File("memory:///one-place/a")]] == ["a", "a"]
    assert FileSet("memory:///one-place/*").files() == [File("memory://one-place/a")]


def test_the_home_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert File("~/a.txt").uri == str(tmp_path / "a.txt")


SECRETS = {
    "https://user:hunter2@host/data.csv": "https://host/data.csv",
    "https://hunter2@host/data.csv": "https://host/data.csv",
    "https://host/data.csv?page=1&token=hunter2&X-Amz-Signature=hunter2": "https://host/data.csv?page=1",
    "https://host/data.csv?page=%31&q=a+b": "https://host/data.csv?page=%31&q=a+b",
    "sftp://bob:hunter2@host/data.csv": "sftp://bob@host/data.csv",
    "s3://bucket/a@b.csv": "s3://bucket/a@b.csv",
    "abfs://container@account.dfs.core.windows.net/a": "az://container@account.blob.core.windows.net/a",
    "zip://x.csv::https://u:hunter2@host/a.zip": "zip://x.csv::https://host/a.zip",
    "https://host/a?pwd=hunter2&page=1;sig=hunter2;v=2": "https://host/a?page=1;v=2",
    "https://host/a?%74oken=hunter2": "https://host/a",
    "https://host/a?page=1#access_token=hunter2&part=2": "https://host/a?page=1#part=2",
    "https://host/a?monkey=1&keyword=x&author=y#part": "https://host/a?monkey=1&keyword=x&author=y#part",
    "https://host/a?Authorization=hunter2&author=ann": "https://host/a?author=ann",
    "az://container/a?sv=1&sig=hunter2": "az://container/a?sv=1",
    "abfs://c@account.dfs.core.windows.net/a?sig=hunter2": "az://c@account.blob.core.windows.net/a",
    "zip://x.csv::https://host/a.zip?token=hunter2": "zip://x.csv::https://host/a.zip",
    "s3://bucket/what?token=1": "s3://bucket/what?token=1",
}


@pytest.mark.parametrize("url", SECRETS)
def test_credentials_in_a_url_are_not_recorded(url: str) -> None:
    from headwater.engine.files.address import absolute

    assert absolute(url) == SECRETS[url]
    assert "hunter2" not in absolute(url)


def test_credentials_are_in_nothing_that_leaves_the_object() -> None:
    file = File("memory://user:hunter2@host/data.csv")
    for text in (file.path, file.uri, repr(file), str(vars(type(file)).keys()), preview(file)):
        assert "hunter2" not in text
    assert b"hunter2" not in pickle.dumps(file)


def test_what_cannot_be_looked_at_is_not_valid() -> None:
    assert not still_valid("nosuchprotocol://x/y", "etag", "1")
    assert not still_valid("/tmp/\0", "stat", "1 2")


def test_other_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'content'"):
        File(tmp_path, evidence="md5")


def test_a_file_inside_a_value_is_found_and_counts(tmp_path: Path) -> None:
    file = File(tmp_path / "a.txt")
    file.write("one")
    before = describe({"x": [file]})
    assert before.files == (file,)
    file.write("other")
    assert hash_value({"x": [file]}) != before.hash
    assert hash_value(ContentFile(file.path)) != hash_value(File(file.path, evidence="content"))
    assert describe(file).type == "headwater.File"


def test_identity_of_many_local_files_takes_no_fsspec(tmp_path: Path) -> None:
    code = (
        "import sys; from headwater import File; file = File(sys.argv[1]); file.write('x'); file.read();"
        "file.is_valid(); print('fsspec' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x" / "a.txt")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_identify_says_what_is_there_now(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert identify(str(tmp_path / "a")).size == 3
    assert identify(str(tmp_path / "a"), "content").digest.startswith("ba7816bf8f01cfea")
    assert identify(str(tmp_path / "a" / "b")).evidence == "missing"
