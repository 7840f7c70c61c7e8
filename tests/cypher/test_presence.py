"""Who uses the local graph's server, which stays as long as anybody does."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest
from headwater.cypher.local_graph import CLIENTS_LOCK, Presence


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_that_goes_on_uses_nothing(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b"x")
        while True:
            signal.pause()
    try:
        assert os.read(told, 1) == b"x"
        presence.end()
        with open(tmp_path / CLIENTS_LOCK, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as the server does before it leaves
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        os.close(tell)
