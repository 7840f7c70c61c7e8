"""Stores to test against: real servers, reached as a user would reach them, by the environment."""

from __future__ import annotations

import asyncio
import fcntl
import json
import queue
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty bucket, reached as a user would: by the environment."""
    import boto3
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # it would go on with the address of another test's server
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "hunter2-and-much-more",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = "".join(c for c in tmp_path.name.lower() if c.isalnum())[-40:]
    boto3.client("s3").create_bucket(Bucket=name)
    return name


# -- Azure -------------------------------------------------------------------------------------------------------------

_AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""the one that every Azurite has"""


def _azurite() -> str:
    """The emulator's program: an installed one, else one that npm brings into .build."""
    found = shutil.which("azurite-blob")
    if found is not None:
        return found
    home = Path(__file__).parent.parent / ".build" / "azurite"
    program = home / "node_modules" / ".bin" / "azurite-blob"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            if shutil.which("npm") is None:
                pytest.skip("AZURE IS NOT TESTED: install azurite, or npm")
            command = [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--prefix",
                str(home),
                "azurite@3",
            ]
            if subprocess.run(command, check=False, capture_output=True, timeout=240).returncode:
                pytest.skip("AZURE IS NOT TESTED: npm cannot install azurite")
    return str(program)


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of a running Azurite."""
    pytest.importorskip("adlfs")
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--skipApiVersionCheck"]
    place = tmp_path_factory.mktemp("azurite")
    process = subprocess.Popen([_azurite(), *options, "--location", str(place)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield (
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_AZURE_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
        )
    finally:
        process.kill()  # asked politely, it waits for connections that are kept open
        process.wait(20)


@pytest.fixture
def container(azure_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty container, reached as a user would: by the environment."""
    import adlfs
    from azure.storage.blob import BlobServiceClient

    adlfs.AzureBlobFileSystem.clear_instance_cache()
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_server)
    name = _bucket_name(tmp_path)
    with BlobServiceClient.from_connection_string(azure_server) as client:
        client.create_container(name)
    return name


# -- Google ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def google_server() -> Iterator[str]:
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    pytest.importorskip("gcsfs")
    lock = threading.Lock()

    def alone(do: Callable[[Any], None]) -> Callable[[Any], None]:
        def work(handler: Any) -> None:
            with lock:
                do(handler)

        return work

    # Its own server has one thread, which waits without end for a connection that a forked process has a copy of.
    theirs = emulator.RequestHandler
    doing = {name: alone(getattr(theirs, name)) for name in dir(theirs) if name.startswith("do_")}
    handler = partial(type("Handler", (theirs,), doing), emulator.Storage(use_memory_fs=True))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def google_bucket(google_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty bucket, reached as a user would: by the environment."""
    import gcsfs

    gcsfs.GCSFileSystem.clear_instance_cache()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google_server)
    monkeypatch.setenv(
        "NO_GCE_CHECK", "true"
    )  # else the client asks for the metadata of a machine that this is not
    name = _bucket_name(tmp_path)
    request = urllib.request.Request(
        f"{google_server}/storage/v1/b?project=test",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):
        return name


# -- SFTP --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[str]:
    """The URL of a server that serves `tmp_path/served`, with a password in it."""
    asyncssh = pytest.importorskip("asyncssh")
    pytest.importorskip("paramiko")
    served = tmp_path / "served"
    served.mkdir()

    class Somebody(asyncssh.SSHServer):  # type: ignore[misc,name-defined]
        def connection_made(self, conn: Any) -> None:
            connections.append(conn)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("somebody", "hunter2")

    class Served(asyncssh.SFTPServer):  # type: ignore[misc,name-defined]
        def __init__(self, channel: object) -> None:
            super().__init__(channel, chroot=str(served))

    async def serve() -> None:
        server = await asyncssh.create_server(
            Somebody,
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            sftp_factory=Served,
        )
        ports.put(server.get_port())
        await asyncio.get_running_loop().run_in_executor(None, stop.wait)
        server.close()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()

    connections: list[Any] = []
    ports: queue.Queue[int] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield f"sftp://somebody:hunter2@127.0.0.1:{ports.get(timeout=60)}"
    stop.set()
    thread.join(20)


def _bucket_name(folder: Path) -> str:
    return "".join(c for c in folder.name.lower() if c.isalnum())[-40:].rjust(3, "x")


def _wait_for(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
