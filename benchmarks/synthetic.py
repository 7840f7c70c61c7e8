"""Journals of runs that never happened: what W1 (`total([inc(0), inc(1), …])`) would record, made in a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from headwater.cypher.change import new_id
from headwater.cypher.journal import SUFFIX, JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    CallMade,
    ExecutionEnded,
    ExecutionStarted,
    JobEnded,
    JobStarted,
    Record,
    TaskSeen,
    ValueSeen,
)
from headwater.cypher.targets import note_target

GROUP = 1000
"""Calls in a group of the journal, about what the recorder writes at once."""


def write_fan_out(project: Project, calls: int, *, salt: str = "") -> Path:
    """Write the journal of a root call with `calls` children `inc(i)`, as a finished run. Returns its path.

    Args:
        salt: runs of different salts share nothing in the graph.
    """
    run = new_id()
    path = project.journals / f"{run}{SUFFIX}"
    with_salt = f"{salt} {calls}"
    writer = JournalWriter(path, run)
    note_target(project, path)
    for group in fan_out(run, calls, with_salt):
        writer.append(group)
    writer.close()
    return path


def fan_out(run: str, calls: int, salt: str) -> Iterator[list[Record]]:
    """The records of that run, in groups."""

    def digest(kind: str, i: int) -> bytes:
        return sha256(f"{kind} {salt} {i}".encode()).digest()

    def value(i: int) -> ValueSeen:
        return ValueSeen(digest("value", i), "int", "pickle", 8, str(i), b"\x80\x05K\x01.....")

    now = time.time_ns() // 1000
    inc, root = digest("task", 0), digest("task", 1)
    group: list[Record] = [
        ExecutionStarted(run, now, ["hw", "run", "w1.py"], "user", "host", "w1", "/w1", "0", "3"),
        TaskSeen(inc, "inc", "bench", None, "def inc(i):\n    return i + 1\n", {}),
        TaskSeen(root, "main", "bench", None, "def main(n):\n    return [inc(i) for i in range(n)]\n", {}),
        JobStarted(0, None, root, digest("eval", -1), now, "thread"),
        value(0),
    ]
    for i in range(calls):
        group += (
            value(i + 1),
            CallMade(
                digest("call", i),
                digest("eval", i),
                inc,
                (("i", 0, digest("value", i)),),
                digest("value", i + 1),
                (),
                (),
                (),
                now + i,
            ),
            JobEnded(
                i + 1, 0, inc, digest("eval", i), "DONE", now + i, now + i + 5, "thread", digest("call", i)
            ),
        )
        if i % GROUP == GROUP - 1:
            yield group
            group = []
    children = [digest("call", i) for i in range(calls)]
    last = now + calls
    result = ValueSeen(digest("list", 0), "list", "pickle", 9 * calls, "[1, 2, …]", None, "ab/cd")
    yield [
        *group,
        result,
        CallMade(
            digest("call", -1),
            digest("eval", -1),
            root,
            (("n", 0, digest("value", 1)),),
            result.value_hash,
            tuple(children),
            (),
            tuple(range(calls)),
            last,
        ),
        JobEnded(0, None, root, digest("eval", -1), "DONE", now, last, "thread", digest("call", -1)),
        ExecutionEnded(last, "DONE"),
    ]
