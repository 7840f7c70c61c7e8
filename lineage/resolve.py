"""What a person means by the WHAT of a command: the beginning of an id, a path, a task's name, or the last run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.cypher.inert import encodable, one_line
from headwater.cypher.paths import recorded, spellings
from headwater.cypher.records import project_in

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

StillValid = Callable[[str, str, str], bool]
"""(path, evidence, digest) to whether the file is now as it was recorded"""

TASK = "task:"
_HEX = re.compile(r"[0-9a-f]+\Z")
_DASHED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]*\Z")
_BACK = re.compile(r"~(\d+)\Z")
_LISTED = 10
_DASHES = (8, 12, 16, 20)
"""where the dashes of an execution's id stand, counted in digits"""


@dataclass(frozen=True)
class Found:
    """One node of the graph.

    Attributes:
        kind: "execution", "job", "task", "call", "value" or "file".
        id: its whole key.
        label: what it is, for people: a command, a task's name, a value's preview, a path.
        at: when it was recorded; of a file, when a call last took or returned it.
    """

    kind: str
    id: str
    label: str
    at: datetime | None = None


def resolve(store: GraphStore, what: str, *, still_valid: StillValid | None = None) -> Found:
    """The node that a person means.

    In this order: `-` (the last execution) and `~N` (the N-th before it), `task:NAME` (a task's newest version), a URL
    or a path with a slash, the beginning of an id or hash of any kind, the full name of a task, the beginning of an
    `eval_hash` (its newest call), a path.

    Args:
        still_valid: tells whether a recorded file is what is on disk now; that content is preferred to later ones.

    Raises:
        UsageError: nothing, or more than one thing, is meant; the message lists what there is.
    """
    if not what.removeprefix(TASK).strip():
        name = f"there is no name after {TASK}" if what.startswith(TASK) else "WHAT is empty"
        raise UsageError(
            f"{name}: give the beginning of an id or hash, a task's name, a file's path, or - for the last run. "
            "Runs and their ids: hw log"
        )
    if what == "-" or _BACK.match(what):
        return _execution(store, 0 if what == "-" else int(what[1:]))
    if what.startswith(TASK):
        task = _task(store, what.removeprefix(TASK))
        if task is not None:
            return task
        raise UsageError(_unknown(store, what.removeprefix(TASK)))
    if "://" in what or "/" in what or os.sep in what:
        file = _file(store, what, still_valid)
        if file is not None:
            return file
        raise UsageError(_no_file(store, what))
    candidates = _by_prefix(store, what.lower())
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UsageError(_ambiguous(what, candidates))
    found = _task(store, what) or _by_eval_hash(store, what.lower()) or _file(store, what, still_valid)
    if found is None:
        raise UsageError(_unknown(store, what))
    return found


def versions_meant(store: GraphStore, task: Found) -> list[str] | None:
    """The hashes of the versions that a task has in its project; None where tasks of its name are of one project."""
    rows = store.rows("task_versions_named", name=task.label)
    projects = {version: project_in(options) for version, options in rows}
    if len(set(projects.values())) < 2:
        return None
    meant = projects.get(task.id)
    return [version for version, project in projects.items() if project == meant]


def _task(store: GraphStore, name: str) -> Found | None:
    """The newest version of a task: of this project where it has one of that name, else of the project that has."""
    newest: dict[str | None, Found] = {}
    for *row, options in store.rows("resolve_task", name=encodable(name)):
        newest.setdefault(project_in(options), Found("task", *row))
    if None in newest or len(newest) < 2:
        return newest.get(None) or next(iter(newest.values()), None)
    length = _distinct([found.id for found in newest.values()])
    lines = [f"  {found.id[:length]}  {one_line(str(project))}" for project, found in newest.items()]
    head = (
        f"more than one other project has a task {one_line(name)}. Type the version of the one that you mean:"
    )
    raise UsageError("\n".join([head, *lines]))


def _execution(store: GraphStore, back: int) -> Found:
    rows = store.rows("resolve_executions", limit=back + 1)
    if not rows:
        raise UsageError("nothing was run here yet. Type: hw run FILE TASK")
    if len(rows) <= back:
        runs = f"are only {len(rows):,} runs" if len(rows) > 1 else "is only 1 run"
        raise UsageError(f"there {runs}: ~{len(rows) - 1} is the first. All of them: hw log")
    return Found("execution", *rows[back])


def _by_prefix(store: GraphStore, prefix: str) -> list[Found]:
    if not (_HEX.match(prefix) or _DASHED.match(prefix)):
        return []
    digits = prefix.replace("-", "")
    dashed = digits
    for place in reversed(_DASHES):
        if len(digits) > place:
            dashed = f"{dashed[:place]}-{dashed[place:]}"
    if "-" in prefix:
        digits = prefix  # only executions' ids have dashes
    return [
        Found(*row) for row in store.rows("resolve_prefix", prefix=digits, dashed=dashed, limit=_LISTED + 1)
    ]


def _by_eval_hash(store: GraphStore, prefix: str) -> Found | None:
    """The newest call of a task with its arguments, by their hash; None where several begin so."""
    rows = store.rows("resolve_eval_hash", prefix=prefix, limit=_LISTED) if _HEX.match(prefix) else []
    if len({eval_hash for eval_hash, *_ in rows}) != 1:
        return None
    return Found("call", *rows[0][1:])


def _file(store: GraphStore, what: str, still_valid: StillValid | None) -> Found | None:
    paths = spellings(what) if "://" in what else [recorded(os.path.expanduser(what)), what]
    rows = store.rows("resolve_file", paths=list(map(encodable, paths)))
    current = [row for row in rows if still_valid is not None and still_valid(row[1], row[2], row[3])]
    for file_hash, path, _, _, at in current or rows:
        return Found("file", file_hash, path, at)
    return None


def _ambiguous(what: str, candidates: list[Found]) -> str:
    shown = candidates[:_LISTED]
    length = _distinct([found.id for found in shown])
    lines = [
        f"  {found.id[:length]}  {found.kind:9}  {one_line(found.label[:80])}"
        + (f"  {found.at:%Y-%m-%d %H:%M:%S}" if found.at is not None else "")
        for found in shown
    ]
    more = ["  …"] if len(candidates) > _LISTED else []
    head = f"{one_line(what)} is the beginning of more than one id. Type more of the one that you mean:"
    return "\n".join([head, *lines, *more])


def _distinct(ids: list[str]) -> int:
    """How many characters tell all of them apart: at least 8."""
    length = 8
    while length < max(map(len, ids)) and len({id_[:length] for id_ in ids}) < len(ids):
        length += 1
    return length


def _unknown(store: GraphStore, what: str) -> str:
    names = [row[0] for row in store.rows("resolve_task_names")]
    near = most_alike(what, names, n=3, cutoff=0.5)
    hint = f" Did you mean {one_line(' or '.join(near))}?" if near else _near_files(store, what)
    return f"nothing recorded is called {one_line(what)}.{hint} Runs and their ids: hw log"


def _no_file(store: GraphStore, what: str) -> str:
    return f"no recorded call took or returned the file {one_line(what)}.{_near_files(store, what)}"


def _near_files(store: GraphStore, what: str) -> str:
    """Recorded files of a like name."""
    name = encodable(os.path.basename(what))
    paths = [row[0] for row in store.rows("resolve_near_files", name=name, limit=2000)]
    by_name = {os.path.basename(path): path for path in paths}
    same = [path for path in paths if os.path.basename(path) == name]
    near = same or [by_name[one] for one in most_alike(name, by_name, n=3, cutoff=0.6)]
    return f" Did you mean {one_line(' or '.join(near[:3]))}?" if near else ""
