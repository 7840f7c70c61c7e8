"""TCP proxies between us and a store: one breaks connections where it hurts, when the answer to a COMMIT is on its way
back; one keeps answers back, for a while or for good."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's COMMIT message, as one chunk"""


class Brake:
    """Stands before a Bolt server, and lets its answers through late, or not while it is held. It takes connections
    all the time.

    Args:
        target: (host, port) of the server.

    Attributes:
        delay: seconds by which each answer is late.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.delay = 0.0
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Let no answer through from now on."""
        self._open.clear()

    def release(self) -> None:
        """Let all answers through, and first those that were kept back."""
        self._open.set()

    def close(self) -> None:
        """Take no more connections."""
        self.release()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                server.sendall(data)
        _end(server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                time.sleep(self.delay)
                self._open.wait()
                client.sendall(data)
        _end(client)


class CommitCutter:
    """Stands before a Bolt server; of the commits that pass, some lose their answer and their connection.

    Args:
        target: (host, port) of the server.
        cut: which commits (0 is the first) lose their answer.
        deliver: whether such a commit reaches the server; if not, it is lost on its way there.
    """

    def __init__(self, target: tuple[str, int], cut: set[int], *, deliver: bool = True) -> None:
        self.commits = 0
        self._target = target
        self._cut = cut
        self._deliver = deliver
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                mute = threading.Event()
                threading.Thread(target=self._forth, args=(client, server, mute), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client, mute), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if data.endswith(COMMIT) and self._is_cut():
                    mute.set()
                    if self._deliver:
                        server.sendall(data)
                        return  # _back ends the connection when the server has answered
                    break
                server.sendall(data)
        _end(server)

    def _back(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if mute.is_set():
                    break
                client.sendall(data)
        _end(client)
        _end(server)

    def _is_cut(self) -> bool:
        with self._lock:
            number, self.commits = self.commits, self.commits + 1
        return number in self._cut


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
