"""Journals of a few records, written by hand, and what the graph has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headwater.cypher.journal import SUFFIX, JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    ExecutionEnded,
    ExecutionStarted,
    TaskSeen,
    ValueSeen,
)
from headwater.cypher.store import GraphStore

from tests.runs import EPOCH, digest, run_id


def ask(graph: GraphStore, text: str, **params: Any) -> list[tuple[Any, ...]]:
    return graph.ask(text, params, timeout=30, limit=100_000).rows


def write(project: Project, n: int, *groups: list[AnyRecord]) -> Path:
    path = project.journals / f"{run_id(n)}{SUFFIX}"
    writer = JournalWriter(path, run_id(n))
    for group in groups:
        writer.append(group)
    writer.close()
    return path


def begin(n: int) -> ExecutionStarted:
    return ExecutionStarted(run_id(n), EPOCH, ["hw", "run"], "me", "here", "p", "/p", "0", "3")


TASK = TaskSeen(digest("task", "f"), "f", "ns", None, "def f(): ...", {})
END = ExecutionEnded(EPOCH + 9_000_000, "DONE")


def value(what: object) -> ValueSeen:
    return ValueSeen(digest("value", what), "int", "pickle", 2, str(what), b"xy")


def call(name: str, *, result: object, at: int = 1, children: tuple[str, ...] = (), **more: Any) -> CallMade:
    return CallMade(
        digest("call", name),
        digest("eval", name),
        TASK.task_hash,
        [],
        digest("value", result),
        [digest("call", child) for child in children],
        more.pop("wiring", []),
        more.pop("returns", []),
        EPOCH + at,
        **more,
    )
