"""Ports for servers that are told theirs before they begin."""

from __future__ import annotations

import random
import socket

_chance = random.SystemRandom()


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens. It is none of those that a system hands out itself: until it is
    used, or while a server is started again, such a one may be given to somebody else."""
    while True:
        port = _chance.randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
