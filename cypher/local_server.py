"""The process that hosts the local graph: `python -m headwater.cypher.local_server FOLDER [IDLE_SECONDS [READY_FD]]`.

It detaches, serves Bolt on a loopback port of its own under a random password, tells both in `server.json`, and leaves
when nobody has used it for a while, when it is told to (SIGTERM), or when its folder is gone. `local_graph` describes
the files.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from headwater.cypher.local_graph import (
    CLIENTS_LOCK,
    DATABASE,
    IDLE_SECONDS,
    NEXT_LOCK,
    SERVER_FILE,
    SERVER_LOCK,
    STOP_SECONDS,
    USER,
)

_LOOK_EVERY = 1.0
"""Seconds between looks whether anybody uses the server."""


def main(folder: Path, idle: float, ready: int | None) -> None:
    """Serve a folder's graph until it is time to leave."""
    _hold(folder)
    (folder / SERVER_FILE).unlink(missing_ok=True)  # of one that was killed: it would be taken for ours
    # A handler interrupts whatever runs, and so must take no lock: signals write into a pipe, on which we wait.
    leaving, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    password = secrets.token_urlsafe(24)
    engine, port, http_port = _serve(folder, password)
    _publish(folder, {"pid": os.getpid(), "bolt_port": port, "password": password})
    if ready is not None:
        with suppress(BrokenPipeError):  # whoever started this may have been killed meanwhile
            os.write(ready, b"ready")
        os.close(ready)
    _tell_errors(http_port, password)
    clients = os.open(folder / CLIENTS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    _wait(folder, clients, idle, leaving)
    (folder / SERVER_FILE).unlink(missing_ok=True)
    engine.stop()


def _hold(folder: Path) -> None:
    """Be the folder's only server. One that is leaving is waited for."""
    coming = os.open(folder / NEXT_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(coming, fcntl.LOCK_EX)
    file = os.open(folder / SERVER_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit(f"another process serves {folder}")
            time.sleep(0.01)
        else:
            os.close(coming)
            return


def _serve(folder: Path, password: str) -> tuple[Any, int, int]:
    """The engine, serving, and its ports for Bolt and HTTP."""
    # The engine keeps its users from one start to the next; ours is new each time.
    shutil.rmtree(folder / "config", ignore_errors=True)
    for old in (folder / "log").glob("server-event-log-*"):
        old.unlink(missing_ok=True)
    arcadedb = _engine()
    for attempt in range(5):
        bolt_port, http_port = _free_port(), _free_port()
        settings = _settings(bolt_port, http_port)
        engine = arcadedb.create_server(str(folder), root_password=password, config=settings)
        try:
            engine.start()
        except arcadedb.ArcadeDBError:
            if attempt == 4:
                raise
            continue  # somebody else took a port in between
        break
    engine.create_database(DATABASE)
    return engine, bolt_port, http_port


def _tell_errors(port: int, password: str) -> None:
    """Have errors come with their text, which production mode conceals from clients: ours have the password, and own
    the data. Changed by the engine's own command once it is up: started in another mode, it would serve web pages."""
    from http.client import HTTPConnection, HTTPException

    told = base64.b64encode(f"{USER}:{password}".encode()).decode()
    command = json.dumps({"command": "set server setting arcadedb.server.mode test"})
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, HTTPException):  # without it, errors come with their codes alone
        headers = {"Authorization": f"Basic {told}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/server", command, headers)
        connection.getresponse().read()
    connection.close()


def _engine() -> Any:
    """The engine's module: the native one, or the one on a JVM where that has no wheel (Python 3.10).

    On import the native one imports numpy where that is installed (a third of the server's start), for values that are
    handed over in the process itself. Here all comes by Bolt, so it is told that numpy is not there.
    """
    if sys.version_info < (3, 11):
        return import_module("arcadedb_embedded")
    sys.modules.setdefault("numpy", None)
    return import_module("arcadedb")


def _settings(bolt_port: int, http_port: int) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "mode": "production",
        "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "bolt_host": "127.0.0.1",
        "bolt_port": bolt_port,
        "bolt_defaultDatabase": DATABASE,
        # The engine cannot do without HTTP; it listens on loopback only, behind the same random password.
        "http_port": http_port,
        "studio_enabled": False,
        "serverMetrics": False,
        "backup_enabled": False,
        "opencypher_loadCsv_allowFileUrls": False,
        "opencypher_loadCsv_allowRemoteUrls": False,
        # The password is 24 random bytes, new at each start: stretching it protects nothing and costs every connection.
        "server_saltIterations": 1,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _publish(folder: Path, told: dict[str, Any]) -> None:
    draft = folder / f"{SERVER_FILE}.{os.getpid()}"
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        json.dump(told, stream)
    os.replace(draft, folder / SERVER_FILE)


def _wait(folder: Path, clients: int, idle: float, leaving: int) -> None:
    """Until it is time to leave, or `leaving` can be read from.

    Who leaves because nobody came does so with the clients' lock in hand: somebody who comes just then waits for the
    lock, finds no server, and starts one.
    """
    used = time.time()
    while not select.select([leaving], [], [], min(_LOOK_EVERY, idle))[0]:
        if not (folder / SERVER_FILE).exists():
            return
        try:
            fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            used = time.time()
            continue
        if time.time() - max(used, os.fstat(clients).st_mtime) >= idle:
            return
        fcntl.flock(clients, fcntl.LOCK_UN)


if __name__ == "__main__":
    if os.fork():  # whoever started this waits for the first process only, and has no child left over
        os._exit(0)
    _folder, *_rest = sys.argv[1:]
    main(
        Path(_folder),
        float(_rest[0]) if _rest else IDLE_SECONDS,
        int(_rest[1]) if len(_rest) > 1 else None,
    )
