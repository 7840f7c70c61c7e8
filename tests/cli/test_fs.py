"""`hw fs`: files here and elsewhere, in processes of their own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headwater import Dir

HW = [sys.executable, "-c", "import sys; from headwater.cli import main; sys.exit(main())"]


def hw(folder: Path, *words: str, code: int = 0, stdin: bytes = b"") -> str:
    done = subprocess.run(
        [*HW, "fs", *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return (done.stdout if code == 0 else done.stderr).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "a").write_text("one")
    (tmp_path / "data" / "sub" / "b").write_text("four")
    return tmp_path


def test_ls_shows_a_folder_a_file_and_a_pattern(folder: Path) -> None:
    assert [line.split() for line in hw(folder, "ls", "data").splitlines()] == [["3", "B", "a"], ["sub/"]]
    assert [line.split() for line in hw(folder, "ls", "-r", "data").splitlines()] == [
        ["3", "B", "a"],
        ["4", "B", "sub/b"],
    ]
    assert hw(folder, "ls", "data/*").split() == ["3", "B", "data/a"]
    (found,) = json.loads(hw(folder, "ls", "--json", "data/sub"))
    assert (found["name"], found["kind"], found["size"], found["evidence"]) == ("b", "file", 4, "stat")
    assert "is not there" in hw(folder, "ls", "nosuch", code=2)


def test_cp_copies_files_and_folders(folder: Path) -> None:
    hw(folder, "cp", "data/a", "b")
    hw(folder, "cp", "data/a", "into/")
    hw(folder, "cp", "data/a", "data/sub/b", "into")
    hw(folder, "cp", "-r", "data", "copy")
    hw(folder, "cp", "-r", "data", "copy")
    hw(folder, "cp", "-r", "data", "b", "both")
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == [
        *["b", "both/b", "both/data/a", "both/data/sub/b", "copy/a", "copy/sub/b"],
        *["data/a", "data/sub/b", "into/a", "into/b"],
    ]
    assert "hw fs cp -r" in hw(folder, "cp", "data", "x", code=2)
    assert "nosuch is not there. To see what is: hw fs ls ." in hw(folder, "cp", "nosuch", "x", code=2)


def test_cp_goes_on_where_it_stopped(folder: Path) -> None:
    hw(folder, "cp", "-r", "data", "copy")
    (folder / "copy" / "a").write_text("two")
    (folder / "copy" / "sub" / "b").unlink()
    hw(folder, "cp", "-r", "--resume", "data", "copy")
    assert (folder / "copy" / "a").read_text() == "two", "of the same size: left"
    assert (folder / "copy" / "sub" / "b").read_text() == "four"


@pytest.mark.parametrize("far", [False, True])
def test_a_copy_that_was_killed_is_finished(folder: Path, far: bool, request: pytest.FixtureRequest) -> None:
    for n in range(60):
        (folder / "data" / f"{n}").write_bytes(b"%02d" % n * (10_000 if far else 500_000))
    dest = f"s3://{request.getfixturevalue('bucket')}/copy" if far else "copy"
    with subprocess.Popen([*HW, "fs", "cp", "-r", "data", dest], cwd=folder) as process:
        while not len(there := Dir(dest if far else folder / dest).files()):
            time.sleep(0.01)
        process.kill()
    sizes = {path.name: path.stat().st_size for path in (folder / "data").rglob("*")}
    assert all(file.size() == sizes[file.basename()] for file in there), "nothing half-copied is seen"
    hw(folder, "cp", "-r", "--resume", "data", dest)
    now = Dir(there[0].dirname())
    assert len(now) == 62
    assert {file.hash for file in there} <= {file.hash for file in now}, "what was there was left alone"
    for file in now:
        assert file.read("rb") == (folder / "data" / now.rel_path(file)).read_bytes()
    assert far or not list((folder / "copy").glob(".*.hw-partial")), "what lay beside the files is gone"


def test_empty_folders_are_copied(folder: Path, bucket: str) -> None:
    import boto3

    (folder / "data" / "none" / "below").mkdir(parents=True)
    hw(folder, "cp", "-r", "data", "copy")
    assert (folder / "copy" / "none" / "below").is_dir()
    hw(folder, "cp", "-r", "data/none/below", "nothing")
    assert os.listdir(folder / "nothing") == []
    client = boto3.client("s3")
    for key in ("marked/a", "marked/empty/"):
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    hw(folder, "cp", "-r", f"s3://{bucket}/marked", "unmarked")
    assert sorted(os.listdir(folder / "unmarked")) == ["a", "empty"]
    assert os.listdir(folder / "unmarked" / "empty") == []


def test_what_is_no_file_is_told_and_the_rest_is_copied(folder: Path) -> None:
    (folder / "odd").mkdir()
    (folder / "odd" / "file").write_text("x")
    (folder / "odd" / "dead").symlink_to("nowhere")
    (folder / "odd" / "loop").symlink_to(".")
    os.mkfifo(folder / "odd" / "pipe")
    said = hw(folder, "cp", "-r", "odd", "copy", code=1)
    assert "3 in all, odd/dead, odd/loop, odd/pipe. All else was copied" in said
    assert os.listdir(folder / "copy") == ["file"]
    for name in ("dead", "pipe"):
        assert f"odd/{name} is no file" in hw(folder, "cp", f"odd/{name}", "x", code=2)


def test_two_files_are_not_copied_to_one_path(folder: Path) -> None:
    (folder / "a").write_text("another")
    assert "data/a and" in hw(folder, "cp", "data/a", "a", "into", code=2)
    assert not (folder / "into").exists()
    (folder / "more" / "data" / "none").mkdir(parents=True)
    (folder / "more" / "data" / "a").write_text("another")
    assert "data/a and" in hw(folder, "cp", "-r", "more/data", "data", "into", code=2)
    assert not (folder / "into").exists(), "no folder is made of what is refused"


def test_a_terminal_sees_how_far_a_copy_is(folder: Path) -> None:
    for quiet in ([], ["-q"]):
        ours, theirs = os.openpty()
        command = [*HW, "fs", "cp", "-r", *quiet, "data", "copy"]
        done = subprocess.run(command, cwd=folder, stderr=theirs, stdout=subprocess.PIPE, check=True)
        os.set_blocking(ours, False)
        shown = b"" if quiet else os.read(ours, 10_000)
        assert (done.stdout, shown.endswith(b"\r2 of 2 files, 7 B of 7 B\r\n")) == (b"", not quiet)
        if quiet:
            with pytest.raises(BlockingIOError):
                os.read(ours, 1)
        os.close(ours)
        os.close(theirs)


def test_ctrl_c_ends_a_copy_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with (folder / "large").open("wb") as file:
        file.truncate(1 << 26)
    with subprocess.Popen([*HW, "fs", "cp", "large", "pipe"], cwd=folder, stderr=subprocess.PIPE) as process:
        with (folder / "pipe").open("rb", buffering=0) as pipe:
            assert pipe.read(1)
            process.send_signal(signal.SIGINT)
            rest = 0
            while block := pipe.read(1 << 16):
                rest += len(block)
                time.sleep(0.01)
        assert process.wait() == 130
    assert rest < 1 << 25


def test_cp_reads_standard_input_and_writes_standard_output(folder: Path) -> None:
    hw(folder, "cp", "-", "new/c", stdin=b"\xffbytes")
    assert (folder / "new" / "c").read_bytes() == b"\xffbytes"
    assert hw(folder, "cp", "data/a", "-") == "one"
    assert "nosuch" in hw(folder, "cp", "nosuch", "-", code=1)


def test_rm_deletes_files_and_on_request_folders(folder: Path) -> None:
    hw(folder, "rm", "data/a")
    assert "hw fs rm -r" in hw(folder, "rm", "data", code=2)
    hw(folder, "rm", "-r", "data")
    assert "is not there" in hw(folder, "rm", "data", code=2)
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    "words", [("rm", "-r", ""), ("ls", ""), ("cp", "a.txt", ""), ("cp", "", "b"), ("stat", ""), ("hash", "")]
)
def test_an_empty_path_is_not_the_working_directory(folder: Path, words: tuple[str, ...]) -> None:
    before = sorted(folder.rglob("*"))
    assert "it is empty" in hw(folder, *words, code=2)
    assert sorted(folder.rglob("*")) == before


def test_stat_says_what_a_task_depends_on(folder: Path) -> None:
    file = json.loads(hw(folder, "stat", "--json", "data/a"))
    assert (file["kind"], file["evidence"], file["size"]) == ("file", "stat", 3)
    data = json.loads(hw(folder, "stat", "--json", "data"))
    assert (data["kind"], data["evidence"], data["files"], data["size"]) == ("folder", "folder", 2, 7)
    assert "missing" in hw(folder, "stat", "nosuch")


def test_hash_prints_what_sha256sum_reads(folder: Path) -> None:
    digest = hashlib.sha256(b"one").hexdigest()
    assert hw(folder, "hash", "data/a") == f"{digest}  data/a\n"
    assert hw(folder, "hash", "-r", "data").splitlines()[0] == f"{digest}  data/a"
    assert "hw fs hash -r" in hw(folder, "hash", "data", code=2)
    assert "is not there" in hw(folder, "hash", "nosuch", code=2)


def test_names_that_begin_with_a_dash_stand_after_two(folder: Path) -> None:
    hw(folder, "cp", "--", "data/a", "-x")
    assert (folder / "-x").read_text() == "one"
    hw(folder, "rm", "--", "-x")
    assert not (folder / "-x").exists()


def test_an_unknown_protocol_is_named(folder: Path) -> None:
    assert "nosuch" in hw(folder, "ls", "nosuch://x", code=2)


# -- elsewhere ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["s3", "sftp"])
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A URL to write to, and how it is shown."""
    if request.param == "s3":
        url = f"s3://{request.getfixturevalue('bucket')}/in"
        return url, url
    url = f"{request.getfixturevalue('sftp')}/in"
    start, _, host = url.rpartition("@")
    return url, f"{start.rpartition(':')[0]}@{host}"


def test_all_of_it_works_elsewhere(folder: Path, place: tuple[str, str]) -> None:
    url, shown = place
    hw(folder, "cp", "-r", "data", url)
    (folder / "data" / "sub" / "b").write_text("half")
    (folder / "data" / "c").write_text("later")
    hw(folder, "cp", "-r", "--resume", "data", url)
    assert hw(folder, "ls", url).split() == ["3", "B", "a", "5", "B", "c", "sub/"]
    assert hw(folder, "ls", "-r", url).split()[-3:] == ["4", "B", "sub/b"]
    assert hw(folder, "ls", f"{url}/*").split() == ["3", "B", f"{shown}/a", "5", "B", f"{shown}/c"]
    hw(folder, "cp", f"{url}/sub/b", f"{url}/a", "back")
    assert (folder / "back" / "b").read_text() == "four", "of the same size: left where it was"
    hw(folder, "cp", "-r", url, "all")
    assert {p.name: p.read_text() for p in (folder / "all").rglob("*") if p.is_file()} == {
        "a": "one",
        "b": "four",
        "c": "later",
    }
    hw(folder, "cp", "-", f"{url}/typed", stdin=b"typed")
    assert hw(folder, "cp", f"{url}/typed", "-") == "typed"
    facts = json.loads(hw(folder, "stat", "--json", url))
    assert (facts["path"], facts["kind"], facts["files"], facts["size"]) == (shown, "folder", 4, 17)
    assert json.loads(hw(folder, "stat", "--json", f"{url}/no"))["kind"] == "missing"
    lines = hw(folder, "hash", "-r", url).splitlines()
    assert lines[0] == f"{hashlib.sha256(b'one').hexdigest()}  {shown}/a"
    assert "hw fs rm -r" in hw(folder, "rm", url, code=2)
    hw(folder, "rm", f"{url}/a")
    for words in (("rm", f"{url}/a"), ("hash", f"{url}/a"), ("cp", f"{url}/a", "x"), ("ls", f"{url}/a")):
        assert f"{shown}/a is not there" in hw(folder, *words, code=2)
    hw(folder, "rm", "-r", url)
    assert "is not there" in hw(folder, "ls", url, code=2)


def test_a_whole_bucket_is_not_deleted(folder: Path, bucket: str) -> None:
    hw(folder, "cp", "data/a", f"s3://{bucket}/a")
    for url in (f"s3://{bucket}", f"s3://{bucket}/"):
        assert "whole bucket" in hw(folder, "rm", "-r", url, code=2)
    assert "a" in hw(folder, "ls", f"s3://{bucket}")
    assert "s3://no-such-bucket-here/x cannot be" in hw(
        folder, "cp", "data/a", "s3://no-such-bucket-here/x", code=1
    )


@pytest.mark.parametrize("words", [("ls",), ("stat",), ("hash",), ("rm",), ("cp",)])
def test_a_server_that_is_away_is_said_to_be(folder: Path, words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a?token=hunter2"
    told = hw(folder, *words, url, *(["x"] if words == ("cp",) else []), code=1)
    assert "cannot be looked at: no answer" in told
    assert "hunter2" not in told
