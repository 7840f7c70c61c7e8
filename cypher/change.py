"""Writing down a change that somebody makes beside the runs: a tag, a dataset, the end of either.

Each has a journal of its own with one record in one group, so that it is there wholly or not at all. Nothing that was
recorded is touched: what counts no more is named by the change that ended it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import socket
from hashlib import sha256
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from headwater.cypher.journal import CHANGE, SUFFIX, JournalWriter
from headwater.cypher.records import ChangeMade
from headwater.cypher.targets import note_target

from headwater._version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwater.cypher.project import Project


def begin_change(project: Project, command: Sequence[str]) -> ChangeMade:
    """A change that is made now by whoever runs this process, with nothing in it yet.

    Args:
        command: what was typed, secrets taken out.
    """
    return ChangeMade(
        new_id(),
        int(time() * 1_000_000),
        user(),
        socket.gethostname(),
        list(command),
        __version__,
        str(project.root),
    )


def write_change(project: Project, change: ChangeMade) -> Path:
    """Write a change into a journal, from where the loader brings it into the graph. Returns the journal's path.

    Raises:
        OSError: it cannot be written.
    """
    project.journals.mkdir(parents=True, exist_ok=True)
    path = project.journals / f"{change.id}{CHANGE}{SUFFIX}"
    note_target(project, path)
    writer = JournalWriter(path, change.id + CHANGE)
    try:
        writer.append([change])
    finally:
        writer.close()
    return path


def part_id(change: str, *parts: str) -> bytes:
    """The key of something that a change adds to the graph."""
    return sha256("\0".join(("change", change, *parts)).encode()).digest()


def new_id() -> str:
    """A version 7 UUID (RFC 9562): sortable by the time it was made."""
    millis = int(time() * 1000)
    value = (millis & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


USER = "HEADWATER_USER"
"""The environment variable with the name of who asks for what is recorded."""


def user() -> str:
    """Who runs this process: the account of the system, and before it the name that `USER` says, if any."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name, as in containers
        account = str(os.getuid())
    said = os.environ.get(USER, account)
    return f"{said} ({account})" if said and said != account else account
