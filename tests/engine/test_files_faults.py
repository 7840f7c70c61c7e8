"""Files when things go wrong: an error or a right result, never half of a file or a digest that no bytes have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headwater import ContentFile, Dir, File

WRITE = """
import sys, time
from headwater import File
with File(sys.argv[1]).open("w") as file:
    file.write("half of it")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_writer_that_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    before = Dir(tmp_path).hash
    command = [sys.executable, "-c", WRITE, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / "a").read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2, "what it had written lies beside it"
    assert Dir(tmp_path).hash == before, "and is in no listing"
    File(tmp_path / "a").write("new")
    assert (tmp_path / "a").read_text() == "new"


REWRITE = """
import sys
from headwater import File
for _ in range(100):
    File(sys.argv[1]).write(sys.argv[2] * 100_000)
"""


def test_of_two_writers_of_one_path_each_reader_sees_one(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("0" * 100_000)
    writers = [subprocess.Popen([sys.executable, "-c", REWRITE, str(file), letter]) for letter in "xy"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        text = file.read_text()
        assert (len(text), len(set(text))) == (100_000, 1)
        seen.add(text[0])
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen & set("xy")
    assert os.listdir(tmp_path) == ["a"]


class Broken(BaseHTTPRequestHandler):
    """A server that promises more than it sends, or that has a fault."""

    status = 200
    promised = 1000

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"only a part")

    def do_HEAD(self) -> None:
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(self.promised))
        self.send_header("ETag", '"1"')
        self.send_header("Accept-Ranges", "none")
        self.end_headers()

    def do_PUT(self) -> None:
        self.do_HEAD()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def broken() -> Iterator[tuple[str, type[Broken]]]:
    class Mine(Broken):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Mine
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_download_that_is_cut_off_is_an_error_and_leaves_nothing(
    broken: tuple[str, type[Broken]], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp")
    url, _ = broken
    (tmp_path / "a").write_text("old")
    with pytest.raises(Exception, match=r"(?i)payload|incomplete|content|length"):
        File(f"{url}/a").copy_to(File(tmp_path / "a"))
    assert (tmp_path / "a").read_text() == "old"
    with pytest.raises(Exception, match=r"(?i)payload|incomplete|content|length"):
        ContentFile(f"{url}/a")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_store_that_refuses_or_fails_is_an_error(
    broken: tuple[str, type[Broken]], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    s3fs = pytest.importorskip("s3fs")
    s3fs.S3FileSystem.clear_instance_cache()  # it would go on with the address of another test's server
    url, answers = broken
    answers.status, answers.promised = status, 0
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "hunter2-and-much-more",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OSError) as caught:  # noqa: PT011
        File(f"s3://bucket-{status}/a")
    assert "hunter2" not in str(caught.value)
