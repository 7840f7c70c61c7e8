"""Files elsewhere, on real servers: what they are known by, and what is said when they cannot be had."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from headwater.engine.files import still_valid
from headwater.engine.files.address import EXTRAS
from headwater.engine.traceback import message_of

from headwater import ContentDir, ContentFile, Dir, File, FileSet, IFile
from tests.ports import free_port

# -- S3 --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
class TestS3:
    def test_a_file_is_known_by_its_etag(self, bucket: str) -> None:
        file = File(f"s3://{bucket}/sub/a.txt")
        assert (file.evidence, file.exists()) == ("missing", False)
        file.write("one")
        assert (file.evidence, file.recorded_size, file.read()) == ("etag", 3, "one")
        before = file.digest
        assert still_valid(file.uri, file.evidence, file.digest)
        other = File(file.uri)
        other.write("two")
        assert not file.is_valid()
        other.write("one")
        assert file.is_valid(), "the same content has the same tag"
        assert other.digest == before
        file.remove()
        assert not still_valid(other.uri, other.evidence, other.digest)

    def test_a_file_of_many_parts_is_known_by_its_etag(self, bucket: str) -> None:
        file = File(f"s3://{bucket}/large")
        with file.open("wb", block_size=5 << 20) as handle:
            for _ in range(3):
                handle.write(b"x" * (5 << 20))
        assert file.digest.strip('"').endswith("-3")
        assert file.is_valid()
        assert ContentFile(file.uri).recorded_size == 15 << 20
        with file.open("rb") as handle:
            handle.seek(-1, os.SEEK_END)
            assert handle.read() == b"x"

    def test_a_version_of_a_file_is_another_content(self, bucket: str) -> None:
        import boto3

        client = boto3.client("s3")
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        file = File(f"s3://{bucket}/a")
        file.write("one")
        File(file.uri).write("two")
        assert not file.is_valid()
        client.delete_object(Bucket=bucket, Key="a")
        assert File(file.uri).evidence == "missing"

    def test_folders_and_patterns_react(self, bucket: str, tmp_path: Path) -> None:
        folder = Dir(f"s3://{bucket}/data")
        for name in ("a.csv", "sub/b.csv", "c.txt"):
            (folder / name).write(name)
        assert [folder.rel_path(file) for file in folder] == ["a.csv", "c.txt", "sub/b.csv"]
        assert [file.evidence for file in folder] == ["etag"] * 3
        matching = FileSet(f"s3://{bucket}/data/*.csv")
        assert [file.basename() for file in matching] == ["a.csv"]
        File(f"s3://{bucket}/data/d.csv").write("new")
        assert not folder.is_valid()
        assert not matching.is_valid()
        local = Dir(tmp_path / "copy")
        Dir(folder.uri).copy_to(local)
        assert (tmp_path / "copy" / "sub" / "b.csv").read_text() == "sub/b.csv"
        assert [file.evidence for file in ContentDir(folder.uri)] == ["content"] * 4
        folder.rmdir(recursive=True)
        assert not Dir(folder.uri).exists()

    def test_names_that_are_hard_to_write_work(self, bucket: str) -> None:
        for name in ("a b.txt", "☃ 😀", "100%25", "+&=;", "-rf"):
            file = File(f"s3://{bucket}/{name}")
            file.write(name)
            assert File(file.uri).read() == name
            assert still_valid(file.uri, file.evidence, file.digest)

    def test_a_bucket_that_is_not_there_is_named(self, bucket: str) -> None:
        with pytest.raises(OSError, match=r"(?i)bucket"):
            File("s3://no-such-bucket-at-all/a").write("x")
        assert not Dir("s3://no-such-bucket-at-all").exists(), "writing does not make one"


# -- HTTP ------------------------------------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    """Serves one body, with the headers and the status that a test wants."""

    body = b"one"
    headers_: ClassVar[dict[str, str]] = {}
    status = 200

    def do_GET(self) -> None:
        self._head()
        self.wfile.write(self.body)

    def do_HEAD(self) -> None:
        self._head()

    def _head(self) -> None:
        self.send_response(type(self).status)
        for name, value in type(self).headers_.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def web() -> Iterator[tuple[str, type[Answers]]]:
    pytest.importorskip("aiohttp")

    class Mine(Answers):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a", Mine
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestHttp:
    @pytest.mark.parametrize(
        ("headers", "evidence"),
        [
            ({"ETag": '"abc"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, "etag"),
            ({"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, "stat"),
            ({}, "content"),
        ],
    )
    def test_a_file_is_known_by_the_best_that_the_server_says(
        self, web: tuple[str, type[Answers]], headers: dict[str, str], evidence: str
    ) -> None:
        url, answers = web
        answers.headers_ = headers
        file = File(url)
        assert (file.evidence, file.read()) == (evidence, "one")
        assert file.is_valid()
        answers.body, answers.headers_ = b"other", {name: f"{value}x" for name, value in headers.items()}
        assert not file.is_valid()

    def test_what_is_gone_is_missing_and_what_is_refused_is_an_error(
        self, web: tuple[str, type[Answers]]
    ) -> None:
        url, answers = web
        file = File(url)
        answers.status = 404
        assert File(url).evidence == "missing"
        assert not file.is_valid()
        for status in (403, 500):
            answers.status = status
            with pytest.raises(OSError, match=rf"cannot be looked at: {status}"):
                File(url)
            assert not still_valid(file.uri, file.evidence, file.digest)

    def test_a_server_that_is_away_is_an_error(self, web: tuple[str, type[Answers]]) -> None:
        with pytest.raises(OSError, match="cannot be looked at"):
            File(f"http://127.0.0.1:{free_port()}/a")

    @pytest.mark.parametrize("status", [403, 404, 500])
    def test_no_error_tells_the_secrets_of_an_address(
        self, web: tuple[str, type[Answers]], tmp_path: Path, status: int
    ) -> None:
        url, answers = web
        answers.status = status
        file = IFile(f"{url}?pwd=hunter2&page=1#token=hunter2")
        assert file.uri == f"{url}?page=1"
        for ask in (file.read, file.size, lambda: file.copy_to(File(tmp_path / "x"))):
            with pytest.raises(OSError) as caught:  # noqa: PT011
                ask()
            assert "hunter2" not in str(caught.value)
            assert isinstance(caught.value, FileNotFoundError) == (status == 404)
        raw = OSError(f"{status} for {url}?pwd=hunter2&page=1 (of https://somebody:hunter2@host/)")
        assert message_of(raw) == f"{status} for {url}?page=1 (of https://host/)"

    def test_a_real_server_of_files_works(self, tmp_path: Path) -> None:
        pytest.importorskip("aiohttp")
        (tmp_path / "a.txt").write_text("one")

        class Folder(SimpleHTTPRequestHandler):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args, directory=str(tmp_path))

            def log_message(self, format: str, *args: Any) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", 0), Folder) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                file = File(f"http://127.0.0.1:{server.server_port}/a.txt")
                assert file.copy_to(File(tmp_path / "b.txt")).read() == "one"
                os.utime(tmp_path / "a.txt", (1, 1))
                assert not file.is_valid()
            finally:
                server.shutdown()
                thread.join()


# -- archives, and stores with marks of folders ----------------------------------------------------------------------


def pack(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".csv", text)
    return data.getvalue()


@pytest.mark.parametrize("where", ["", "here", "s3"])
def test_a_file_in_an_archive_is_a_file(
    where: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = {"": "", "here": f"{tmp_path}/", "s3": f"s3://{bucket}/"}[where]
    whole = f"{base}data.zip" if where == "s3" else f"{tmp_path}/data.zip"
    archive = File(f"{base}data.zip")
    assert File(f"zip://a.csv::{base}data.zip").evidence == "missing"
    folder, pattern = Dir(f"zip://in::{base}data.zip"), FileSet(f"zip://**/*.csv::{base}data.zip")
    assert (folder.isdir(), list(folder), list(pattern)) == (False, [], [])
    archive.write(pack(a="1", in__b="2", in__c="3"))
    assert not any(one.is_valid() for one in (folder, pattern)), "they knew that there was nothing"
    file = File(f"zip://in/b.csv::{base}data.zip")
    assert (file.read(), file.basename(), file.dirname()) == ("2", "b.csv", f"zip://in::{base}data.zip")
    assert file.uri == f"zip://in/b.csv::{whole}"
    assert file.is_relative == (where == "")
    assert File(f"zip://no.csv::{base}data.zip").evidence == "missing"
    folder = Dir(f"zip://in::{base}data.zip")
    assert [folder.rel_path(member) for member in folder] == ["b.csv", "c.csv"]
    assert ((folder / "c.csv").read(), [one.basename() for one in folder.children()]) == (
        "3",
        ["b.csv", "c.csv"],
    )
    assert [one.read() for one in FileSet(f"zip://**/*.csv::{base}data.zip")] == ["1", "2", "3"]
    assert [one.read() for one in folder.copy_to(Dir("copy"))] == ["2", "3"]
    assert file.stage().local.path == "b.csv"
    archive.write(pack(a="other", in__b="2", in__c="3"))
    assert file.is_valid()
    archive.write(pack(in__b="two"))
    assert not file.is_valid()
    assert not folder.is_valid()
    assert file.read() == "two"


def test_marks_of_folders_in_a_store_are_no_files(bucket: str, tmp_path: Path) -> None:
    import boto3

    store = boto3.client("s3")
    for key in ("d/a", "d/sub/b"):
        store.put_object(Bucket=bucket, Key=key, Body=b"x")
    plain = Dir(f"s3://{bucket}/d").hash
    for key in ("d/", "d/sub/"):
        store.put_object(Bucket=bucket, Key=key, Body=b"")
    folder = Dir(f"s3://{bucket}/d")
    assert folder.hash == plain, "the folders were there already"
    store.put_object(Bucket=bucket, Key="d/sub/empty/", Body=b"")
    assert not folder.is_valid(), "this one was not"
    folder.update_hash()
    assert [folder.rel_path(file) for file in folder] == ["a", "sub/b"]
    assert [file.basename() for file in FileSet(f"s3://{bucket}/d/**")] == ["a", "b"]
    copied = folder.copy_to(Dir(tmp_path / "d"))
    assert [copied.rel_path(file) for file in copied] == ["a", "sub/b"]
    assert (tmp_path / "d" / "sub" / "empty").is_dir()
    assert len(ContentDir(folder.path)) == len(ContentDir(copied.path)) == 2
    assert not Dir(f"s3://{bucket}/d/sub/empty").files()


# -- FTP and SFTP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[str]:
    authorizers = pytest.importorskip("pyftpdlib.authorizers")
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    (tmp_path / "served").mkdir()
    authorizer = authorizers.DummyAuthorizer()
    authorizer.add_user("somebody", "hunter2", str(tmp_path / "served"), perm="elradfmwMT")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer})
    server = FTPServer(("127.0.0.1", 0), handler)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"ftp://somebody:hunter2@127.0.0.1:{server.address[1]}"
    stop.set()
    thread.join()
    server.close_all()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_files_on_an_ftp_server_work_and_hide_the_password(ftp: str, tmp_path: Path) -> None:
    (tmp_path / "served" / "a.txt").write_text("one")
    file = File(f"{ftp}/a.txt")
    assert file.read() == "one"
    assert file.evidence == "stat"
    assert "hunter2" not in file.uri + repr(file)
    (tmp_path / "served" / "a.txt").write_text("three")
    assert not file.is_valid()
    file.write("four")
    assert (tmp_path / "served" / "a.txt").read_text() == "four"
    assert [found.basename() for found in Dir(f"{ftp}/")] == ["a.txt"]


# -- what is not installed ------------------------------------------------------------------------------------------


PACKAGES = ("adlfs", "aiohttp", "gcsfs", "paramiko", "s3fs")


@pytest.mark.parametrize("scheme", sorted(EXTRAS))
def test_a_missing_package_is_answered_with_the_line_to_type(scheme: str) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({PACKAGES}));"
        f"from headwater import File; File('{scheme}://somewhere/a')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert f"UsageError: {scheme}://somewhere/a cannot be opened" in last
    assert last.endswith(f"Type: pip install 'headwater[{EXTRAS[scheme]}]'")
