"""Finds, starts and stops the local graph: one server process for a project's folder, shared by all its commands.

In the folder `.headwater/graph`:

    server.json    port, pid and password of the server that is up; only its owner may read it
    server.lock    held by the server process as long as it lives: the one proof that it does
    next.lock      held by the process that is to be the next server, until it has server.lock
    clients.lock   held, shared, by everybody who uses the server: it leaves when nobody has for a while
    start.lock     held by whoever is starting the server, so that sixteen who need it start one
    server.log     what the server process printed; log/ is the engine's own
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import StoreUnavailable, UsageError
from headwater.cypher.held import is_held

if TYPE_CHECKING:
    from headwater.cypher.project import Project

USER = "root"
DATABASE = "headwater"
IDLE_SECONDS = 600.0
"""How long the server stays when nobody uses it, unless [store] idle_seconds says otherwise."""
_DURABLE = "-Darcadedb.txWalFlush=2"
"""A commit is on the disk when it is answered (docs/decisions/002). As a setting of the server it has no effect."""
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_AGAIN = 1.0
"""A server that has not left after so many seconds is told again."""

SERVER_FILE = "server.json"
SERVER_LOCK = "server.lock"
NEXT_LOCK = "next.lock"
CLIENTS_LOCK = "clients.lock"
START_LOCK = "start.lock"
LOG_FILE = "server.log"


@dataclass(frozen=True)
class Server:
    """A server that is up."""

    pid: int
    bolt_port: int
    password: str = field(repr=False)


class Presence:
    """Keeps the server from leaving: a shared lock, held from making this until `end`.

    A server that is just leaving holds the lock alone; making this waits until it has gone.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: int | None = os.open(folder / CLIENTS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        os.utime(self._file)
        _present.add(self)

    def end(self) -> None:
        """Let the server leave, as far as this one is concerned. Calling it again does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.utime(file)
            os.close(file)


_present: weakref.WeakSet[Presence] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child shares its parent's lock: were it to outlive the parent, the server would stay as long as it."""
    for one in list(_present):
        file, one._file = one._file, None
        if file is not None:
            os.close(file)


os.register_at_fork(after_in_child=_let_go_in_child)


def ensure(project: Project) -> Server:
    """The project's server, started when it is not up.

    Raises:
        StoreUnavailable: it did not start; the message holds the end of its log.
    """
    folder = project.graph
    server = find(folder)
    if server is not None:
        return server
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder / START_LOCK):
        return find(folder) or _spawn(folder, idle_seconds(project))


def start_ahead(project: Project) -> None:
    """Let the project's server start, where it is not up, while this process gets ready to use it.

    Nothing is waited for, and nothing raised: whoever then uses the store finds it up, waits for it, or learns why not.
    """

    def begin() -> None:
        with suppress(StoreUnavailable, OSError):
            ensure(project)

    with suppress(UsageError):
        if project.store_settings().is_local and find(project.graph) is None:
            idle_seconds(project)
            threading.Thread(target=begin, name="headwater-start-server", daemon=True).start()


def find(folder: Path) -> Server | None:
    """The server of a folder, if one is up."""
    server = _told(folder)
    if server is None or not is_held(folder / SERVER_LOCK):
        return None
    # The lock may be the next server's by now, and the file that of one which was killed: its process is another's.
    return server if _told(folder) == server else None


def _told(folder: Path) -> Server | None:
    """What the server's file tells, of whichever server it is."""
    try:
        told = json.loads((folder / SERVER_FILE).read_text(encoding="utf-8"))
        return Server(int(told["pid"]), int(told["bolt_port"]), str(told["password"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start(project: Project) -> None:
    """Start the project's server and bring its schema up to date; nothing where it is up.

    Raises:
        UsageError: the project's store is not the local graph.
        StoreUnavailable: it did not start.
    """
    _must_be_local(project, "started")
    from headwater.cypher.store import open_store

    open_store(project).close()


def stop(project: Project) -> bool:
    """Stop the project's server and wait until it has gone. Returns whether one was up.

    A loader that is at work is stopped first, or it would start the server again; what it has not loaded stays pending.

    Raises:
        UsageError: the project's store is not the local graph.
        StoreUnavailable: it did not go.
    """
    _must_be_local(project, "stopped")
    server = find(project.graph)
    if server is None:
        return False
    from headwater.cypher.backlog import loader_pid

    deadline = time.monotonic() + STOP_SECONDS
    while (loader := loader_pid(project)) is not None and time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.kill(loader, signal.SIGTERM)
        time.sleep(0.01)
    told = -_AGAIN
    # In this order: the next one lets go of the one lock when it has the other.
    while is_held(project.graph / NEXT_LOCK) or is_held(project.graph / SERVER_LOCK):
        now = time.monotonic()
        if now > deadline:
            raise StoreUnavailable(
                f"process {server.pid}, the local graph's server, did not stop within {STOP_SECONDS:g} seconds. "
                f"Its log: {project.graph / LOG_FILE}"
            )
        if now > told + _AGAIN:
            # Another may have waited for this one to leave, and serve now.
            told, server = now, find(project.graph) or server
            with suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.01)
    return True


def status(project: Project) -> dict[str, Any]:
    """What is known of the project's store without starting it.

    Returns:
        kind ("local" or "neo4j"), address, running (bool), and where they are known pid, port, folder, log, problem
        (text: why it cannot be used).
    """
    settings = project.store_settings()
    if settings.is_local:
        server = find(project.graph)
        told: dict[str, Any] = {
            "kind": "local",
            "address": f"the local graph in {project.graph}",
            "running": server is not None,
            "folder": str(project.graph),
            "log": str(project.graph / LOG_FILE),
        }
        if server is not None:
            told.update(pid=server.pid, port=server.bolt_port)
        return told
    from headwater.cypher.errors import StoreError
    from headwater.cypher.store import open_store

    told = {"kind": "neo4j", "address": settings.uri, "running": True}
    try:
        open_store(project, migrate=False).close()
    except StoreError as error:
        told.update(running=not isinstance(error, StoreUnavailable), problem=str(error))
    return told


def idle_seconds(project: Project) -> float:
    """How long the project's server stays when nobody uses it.

    Raises:
        UsageError: the setting is not a number.
    """
    text = project.settings.get("store", "idle_seconds", fallback=str(IDLE_SECONDS))
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"[store] idle_seconds = {text}: not a number of seconds, like 600") from None


def _spawn(folder: Path, idle: float) -> Server:
    """Start the server process and wait until it serves. It tells so through a pipe, which ends if it dies first."""
    log = folder / LOG_FILE
    if not is_held(folder / SERVER_LOCK):  # else one is leaving
        (folder / SERVER_FILE).unlink(missing_ok=True)  # of one that was killed: before the next has the lock
    hear, tell = os.pipe()
    try:
        with open(log, "wb") as output:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "headwater.cypher.local_server", str(folder), str(idle), str(tell)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[tell],
                cwd="/",
                env=_engine_environment(folder),
            )
        os.close(tell)
        tell = -1
        launcher.wait()
        ready, _, _ = select.select([hear], [], [], START_SECONDS)
        said = os.read(hear, 16) if ready else b""
    finally:
        os.close(hear)
        if tell >= 0:
            os.close(tell)
    server = find(folder) if said else None
    if server is None:
        why = "went away while it started" if ready else f"did not serve within {START_SECONDS:g} seconds"
        raise StoreUnavailable(f"the local graph's server {why}. The end of {log}:\n{_tail(log)}")
    return server


def _engine_environment(folder: Path) -> dict[str, str]:
    """What the engine reads from the environment when it is loaded, in both its builds (native, on a JVM)."""
    env = {**os.environ, "ARCADEDB_LOG_DIR": str(folder / "log"), "ARCADEDB_LOG_CONSOLE": "0"}
    for name in ("ARCADEDB_NATIVE_ISOLATE_ARGS", "ARCADEDB_JVM_ARGS"):
        env[name] = f"{env.get(name, '')} {_DURABLE}".strip()
    return env


def _tail(path: Path, lines: int = 12) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return str(error)
    return "\n".join(text.splitlines()[-lines:])


def _must_be_local(project: Project, done: str) -> None:
    settings = project.store_settings()
    if not settings.is_local:
        raise UsageError(
            f"the project's store is {settings.uri}, a server that is {done} by its own means. "
            "For one on this machine: docker/neo4j-local start|stop"
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
