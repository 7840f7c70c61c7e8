"""Files when things go wrong: an error or a right result, never half of a file or a digest that no bytes have."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.files import still_valid
from headwater.engine.values import ValueStore

from headwater import ContentFile, Dir, File, FileSet, IFile, Scheduler, ScriptError, script
from tests.engine.commands import hw, jobs

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
    with File(tmp_path / "b").open("w") as other:
        other.write("half of it")
        Scheduler(record=False).run(None)
        assert sorted(os.listdir(tmp_path))[1:] == ["a"], (
            "the next run has removed it, but not what is being written"
        )
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


REWRITE = """
import os, sys
from headwater import File
_, file, letter, enough = sys.argv
written = 0
while written < 100 or not os.path.exists(enough):
    File(file).write(letter * 100_000)
    written += 1
"""


def test_of_two_writers_of_one_path_each_reader_sees_one(tmp_path: Path) -> None:
    file, enough = tmp_path / "folder" / "a", tmp_path / "enough"
    file.parent.mkdir()
    file.write_text("0" * 100_000)
    writers = [
        subprocess.Popen([sys.executable, "-c", REWRITE, str(file), letter, str(enough)]) for letter in "xy"
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        text = file.read_text()
        assert (len(text), len(set(text))) == (100_000, 1)
        seen.add(text[0])
        if seen >= set("xy") or any(writer.poll() for writer in writers):
            enough.touch()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert os.listdir(file.parent) == ["a"]


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


ASKED: dict[str, Callable[[str], Any]] = {
    "File": File,
    "read": lambda url: IFile(url).read(),
    "exists": lambda url: IFile(url).exists(),
    "isfile": lambda url: IFile(url).isfile(),
    "isdir": lambda url: IFile(url).isdir(),
    "size": lambda url: IFile(url).size(),
    "files": lambda url: Dir(url).files(),
    "children": lambda url: Dir(url).children(),
    "pattern": lambda url: FileSet(f"{url}/*").files(),
    "copy": lambda url: IFile("here").copy_to(IFile(url), skip_if_exists=True),
    "script": lambda url: Scheduler(record=False).run(script("true", IFile(url).stage("x"), tempdir=True)),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("scheme", ["s3", "http", "sftp", "ftp"])
def test_a_store_that_is_down_has_not_said_that_nothing_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    for package in ("s3fs", "aiohttp", "paramiko"):
        pytest.importorskip(package)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.chdir(tmp_path)
    Path("here").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # nobody listens there from now on
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "hunter2-and-much-more",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    url = f"s3://bucket-{port}/x" if scheme == "s3" else f"{scheme}://somebody@127.0.0.1:{port}/x"
    shown = url.replace("somebody@", "") if scheme == "http" else url
    for what, ask in ASKED.items():
        with pytest.raises(OSError) as caught:  # noqa: PT011
            ask(url)
        assert not isinstance(caught.value, (FileNotFoundError, ScriptError)), what
        assert shown in str(caught.value), what
    for _ in range(2):
        assert not still_valid(url, "etag", "x")
    assert [shown in record.getMessage() for record in caplog.records].count(True) == 1


# -- full disks and closed doors ------------------------------------------------------------------------------------


FULL = """
import os, resource, sys
from headwater import File
from headwater.engine.files import still_valid
from headwater.engine.values import ValueStore

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for what in (
    lambda: File("old").write("x" * 200_000),
    lambda: File("new").write("x" * 200_000),
    lambda: ValueStore("values").put(b"x" * 200_000),
    lambda: File("source").copy_to(File("copy")),
):
    try:
        what()
    except OSError as error:
        print(type(error).__name__, error.strerror)
assert ValueStore("values").get(ValueStore("values").put(b"small")) == b"small"
"""


def test_a_disk_that_is_full_leaves_the_old_content_and_no_half(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "source").write_text("x" * 200_000)
    done = subprocess.run(
        [sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert [line.partition(";")[0] for line in said] == ["OSError File too large"] * 4
    assert (tmp_path / "old").read_text() == "old"
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["old", "source", "values"]
    stored = [path for path in (tmp_path / "values").rglob("*") if path.is_file() and path.name != ".lock"]
    assert [path.read_bytes() for path in stored] == [b"small"]


@contextmanager
def somebody_else() -> Iterator[None]:
    """As a user who owns nothing: the rights of files do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_what_may_not_be_read_is_an_error_and_not_a_missing_or_empty_file(open_folder: Path) -> None:
    tmp_path = open_folder
    (tmp_path / "closed.txt").write_text("secret")
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a").write_text("secret")
    (tmp_path / "closed.txt").chmod(0)
    (tmp_path / "closed").chmod(0)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept").chmod(0o555)
    try:
        with somebody_else():
            assert File(tmp_path / "closed.txt").evidence == "stat"
            for act in (
                lambda: File(tmp_path / "closed.txt").read(),
                lambda: ContentFile(tmp_path / "closed.txt"),
                lambda: File(tmp_path / "closed" / "a"),
                lambda: Dir(tmp_path / "closed").hash,
                lambda: FileSet(tmp_path / "closed" / "*").hash,
                lambda: File(tmp_path / "kept" / "new").write("x"),
                lambda: ValueStore(tmp_path / "kept").put(b"x"),
            ):
                with pytest.raises(PermissionError, match=r"(see ls -l of it|value store).*(closed|kept)"):
                    act()
    finally:
        for name in ("closed.txt", "closed", "kept"):
            (tmp_path / name).chmod(0o755)


# -- several at once ---------------------------------------------------------------------------------------------------

WORKFLOW = """
import time
from headwater import File, task

headwater_namespace = "race"


@task
def write(letter: str) -> File:
    file = File("out.txt")
    with file.open("w") as handle:
        for _ in range(50):
            handle.write(letter * 10_000)
            time.sleep(0.002)
    return file


@task
def main(letter: str) -> File:
    return write(letter)


@task
def read(file: File) -> str:
    with file.open() as handle:
        first = handle.read(10)
        time.sleep(1)
        return first + handle.read()


@task
def reading(path: str = "in.txt") -> str:
    return read(File(path))
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "race.py").write_text(WORKFLOW)
    hw(tmp_path, "init")
    yield tmp_path
    hw(tmp_path, "store", "stop")


def test_of_two_workflows_that_write_one_path_the_last_wins_whole_and_the_other_runs_again(
    project: Path,
) -> None:
    threads = [
        threading.Thread(target=hw, args=(project, "run", "race.py", "main", "--letter", letter))
        for letter in "xy"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (project / "out.txt").read_text()
    assert (len(text), len(set(text))) == (500_000, 1)
    winner, loser = text[0], "y" if text[0] == "x" else "x"
    hw(project, "run", "race.py", "main", "--letter", winner)
    assert jobs(hw(project, "log", "-", "--json"), "DONE") == 0
    hw(project, "run", "race.py", "main", "--letter", loser)
    assert jobs(hw(project, "log", "-", "--json"), "DONE") >= 1
    assert set((project / "out.txt").read_text()) == {loser}
    assert [path.name for path in project.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize("kind", [File, ContentFile])
def test_a_file_is_what_was_written_though_another_took_its_place_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[File]
) -> None:
    file = kind(str(tmp_path / "out.txt"))
    replace = os.replace

    def overtaken(source: str, target: str) -> None:
        replace(source, target)
        Path(target).write_text("theirs")

    monkeypatch.setattr(os, "replace", overtaken)
    file.write("mine")
    monkeypatch.undo()
    assert not file.is_valid()
    assert kind(file.path) != file
    file.write("mine")
    assert file.is_valid()
    assert kind(file.path) == file


def test_files_of_one_size_written_at_once_differ(tmp_path: Path) -> None:
    file = File(str(tmp_path / "out.txt"))
    seen = set()
    for number in range(200):
        file.write(f"{number:03}")
        seen.add(file.digest)
    assert len(seen) == 200
    assert file.is_valid()


def test_a_file_that_is_replaced_while_it_is_read_spoils_no_later_run(project: Path) -> None:
    (project / "in.txt").write_text("a" * 20)
    thread = threading.Thread(target=hw, args=(project, "run", "race.py", "reading", "--no-cache"))
    thread.start()
    stopped = threading.Event()

    def replace() -> None:
        while not stopped.wait(0.1):
            (project / "other").write_text("b" * 20)
            os.replace(project / "other", project / "in.txt")

    replacing = threading.Thread(target=replace)
    replacing.start()
    thread.join()
    stopped.set()
    replacing.join()
    (project / "in.txt").write_text("a" * 20)
    assert f"result: '{'a' * 20}'" in hw(project, "run", "race.py", "reading")
    (project / "in.txt").write_text("c" * 20)
    assert f"result: '{'c' * 20}'" in hw(project, "run", "race.py", "reading")


# -- uploads -----------------------------------------------------------------------------------------------------------


class Cutting(threading.Thread):
    """A proxy before a server that cuts every connection once so many bytes went up it."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__(daemon=True)
        self._target, self.after = port, after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            threading.Thread(target=self._copy, args=(server, client, 1 << 40), daemon=True).start()
            self._copy(client, server, self.after)

    def _copy(self, source: socket.socket, target: socket.socket, limit: int) -> None:
        with suppress(OSError):
            while limit > 0 and (data := source.recv(min(1 << 16, limit))):
                target.sendall(data)
                limit -= len(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("size", [1 << 20, 12 << 20])
def test_a_connection_that_is_cut_in_the_middle_of_an_upload_leaves_the_old_object(
    bucket: str, s3_server: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    import s3fs

    File(f"s3://{bucket}/a").write("the old one")
    proxy = Cutting(int(s3_server.rpartition(":")[2]), after=300_000)
    proxy.start()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(OSError, match=rf"s3://{bucket}/a|[Cc]onnect|closed"):
        File(f"s3://{bucket}/a").write(b"x" * size)
    proxy.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    s3fs.S3FileSystem.clear_instance_cache()
    assert File(f"s3://{bucket}/a").read() == "the old one"
    File(f"s3://{bucket}/a").write("the new one")
    assert File(f"s3://{bucket}/a").read() == "the new one"
