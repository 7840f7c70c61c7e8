"""What of a project's journals is not in its graph yet, and waiting until it is.

Light on purpose: every command that reads asks, most of the time nothing is pending, and an empty folder says so.

Beside a journal that is being loaded lies `NAME.mark`, where the loader notes how far it is (the graph is the
authority; the mark saves asking it). Beside one that turned out to be damaged lies `NAME.damaged`, which says where.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from headwater.cypher.held import is_held
from headwater.cypher.journal import MAGIC, SUFFIX, apparent_end, execution_id_of
from headwater.cypher.project import Project
from headwater.cypher.targets import (
    loader_environment,
    lock_file,
    own_store,
    read_json,
    state_file,
    target_of,
    write_json,
)

LOG = "loader.log"
MARK = ".mark"
DAMAGED = ".damaged"

_SHORTEST_PAUSE = 0.005
_LONGEST_PAUSE = 0.05
_LOOK_FOR_LOADER = 0.5
_GRACE = 2.0
"""Seconds for which a store may be away before waiting for it is given up."""
_LONGEST_GRACE = 15.0
"""The same where the loader has not told yet how its latest attempt went: it may be starting the store."""
_LOADERS = 3
"""Loaders that may end in an error, having loaded nothing and told nothing, before waiting is given up."""
_KILLED = 10
"""The same of those that are killed: by somebody who starts another, or by a system that has no memory for them."""


@dataclass(frozen=True)
class Backlog:
    """What is left to load, as far as somebody waits for it."""

    journals: int
    bytes: int
    problem: str | None = None
    """what the loader last ran into, while it is still trying"""


@dataclass(frozen=True)
class Damage:
    """A journal whose end cannot be read. Everything before it is in the graph."""

    journal: str
    """the file's name"""
    offset: int
    groups: int
    """how many intact groups lie before the offset"""
    reason: str
    told: bool = field(default=False, compare=False)
    """whether somebody was told of it"""


@dataclass(frozen=True)
class CatchUp:
    """How waiting for the loader ended."""

    complete: bool
    """everything that was waited for is in the graph"""
    waited: float
    """seconds"""
    left: Backlog
    problem: str | None = None
    """why it is not complete: what the store said, or that the time was over"""


def pending(project: Project) -> list[Path]:
    """The journals for our store that are not wholly loaded, oldest first.

    Raises:
        UsageError: the settings name no store.
    """
    try:
        names = os.listdir(project.journals)
    except FileNotFoundError:
        return []
    found = [project.journals / name for name in sorted(names) if name.endswith(SUFFIX)]
    if not found:
        return []
    ours = own_store(project)
    return [path for path in found if target_of(project, path) == ours]


def pending_elsewhere(project: Project) -> dict[str, int]:
    """How many journals wait for other stores than ours, by store."""
    ours = own_store(project)
    targets = (target_of(project, path) for path in project.journals.glob(f"*{SUFFIX}"))
    return dict(Counter(str(target) for target in targets if target != ours))


def damages(project: Project) -> list[Damage]:
    """The damaged journals among those the loader is through with."""
    try:
        names = os.listdir(project.loaded_journals)
    except FileNotFoundError:
        return []
    found = (read_damage(project, name[: -len(DAMAGED)]) for name in sorted(names) if name.endswith(DAMAGED))
    return [damage for damage in found if damage is not None]


def tell_damages(project: Project, execution_id: str | None = None) -> list[Damage]:
    """The damaged journals that nobody was told of, whoever loaded them; from now on they count as told.

    Args:
        execution_id: of this run alone.
    """
    untold = [
        damage
        for damage in damages(project)
        if not damage.told and execution_id in (None, execution_id_of(Path(damage.journal)))
    ]
    for damage in untold:
        content = {"offset": damage.offset, "groups": damage.groups, "reason": damage.reason, "told": True}
        with suppress(OSError):  # who may only read is told each time
            write_json(project.loaded_journals / (damage.journal + DAMAGED), content)
    return untold


def read_damage(project: Project, journal: str) -> Damage | None:
    """What is known of the damage of a loaded journal, by its file's name; None where it is whole."""
    told = read_json(project.loaded_journals / (journal + DAMAGED))
    if told is None:
        return None
    return Damage(
        journal, int(told["offset"]), int(told["groups"]), str(told["reason"]), bool(told.get("told"))
    )


def is_running(project: Project) -> bool:
    """Whether a loader of our store is at work on the project."""
    return is_held(lock_file(project))


def loader_pid(project: Project) -> int | None:
    """The process of the loader that is at work, or None."""
    try:
        return int(lock_file(project).read_text()) if is_running(project) else None
    except (OSError, ValueError):
        return None


def ensure_loader(project: Project) -> list[int]:
    """Start a loader for our store, detached from this process, unless one is at work.

    Returns:
        How those ended that were started here and have ended in an error since this was asked last: exit codes, minus
        the number of a signal.
    """
    failed = _reap(project)
    if is_running(project):
        return failed
    import subprocess

    forget_problem(project)
    with open(project.folder / LOG, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "headwater.cypher.loader", str(project.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=loader_environment(project),
            # `-m` looks for modules here first: a folder of the user's might hold a queue.py
            cwd=project.folder,
        )
    _started[process.pid] = project.root
    process.returncode = 0  # it outlives us: nobody is to be warned that it still runs; _reap collects it
    return failed


def catch_up(
    project: Project,
    *,
    execution_id: str | None = None,
    timeout: float | None = None,
    progress: Callable[[Backlog], None] | None = None,
) -> CatchUp:
    """Wait until what the journals hold now is in the graph, starting a loader when none is at work.

    Of a run that is still going on, only what its journal holds at this moment is waited for. A store that is away or
    refuses us ends the waiting; what is left stays pending.

    Args:
        execution_id: wait for this run alone.
        timeout: seconds to wait at most.
        progress: called now and then while waiting.
    """
    began = time.monotonic()
    waiting: dict[Path, int | None] = {}
    for path in pending(project):
        if execution_id is None or execution_id_of(path) == execution_id:
            with suppress(FileNotFoundError):  # it is in the graph since we looked
                waiting[path] = apparent_end(path) if is_held(path) else None
    if not waiting:
        return CatchUp(complete=True, waited=0.0, left=Backlog(0, 0))
    names = [path.name for path in waiting]
    ensure_loader(project)
    _nudge(project)
    nudged = last_nudge(project)
    looked, pause = time.monotonic(), _SHORTEST_PAUSE
    problem: str | None = None
    failed: list[int] = []
    least = sys.maxsize
    while True:
        left = _measure(waiting)
        if left.bytes < least:
            failed, least = [], left.bytes
        now = time.monotonic()
        if left.journals == 0 or problem is not None:
            break
        grace = _GRACE if _told_since(project, nudged) else _LONGEST_GRACE
        trouble, over = _problem_of(project, names, patient=now - began < grace)
        left = Backlog(left.journals, left.bytes, trouble)
        if over:
            problem = trouble
        elif timeout is not None and now - began > timeout:
            problem = f"not everything was loaded within {timeout:g} seconds"
        elif now - looked > _LOOK_FOR_LOADER:
            looked = now
            failed += ensure_loader(project)
            if sum(code > 0 for code in failed) >= _LOADERS or len(failed) >= _KILLED:
                problem = _without_a_word(project, failed[-1])
        if progress is not None:
            progress(left)
        if problem is None:
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    return CatchUp(
        complete=left.journals == 0,
        waited=time.monotonic() - began,
        left=left,
        problem=problem if left.journals else None,
    )


def _nudge(project: Project) -> None:
    """Have a loader that is waiting for a store to come back look now: somebody wants to read."""
    with suppress(OSError):
        os.utime(lock_file(project))


def last_nudge(project: Project) -> int:
    """When somebody last asked the loader to look, in nanoseconds of the file system's clock."""
    try:
        return os.stat(lock_file(project)).st_mtime_ns
    except OSError:
        return 0


def _measure(waiting: dict[Path, int | None]) -> Backlog:
    """What is left of what is waited for; what is done is taken out."""
    total = 0
    for path, goal in list(waiting.items()):
        mark = read_json(mark_of(path))
        at = len(MAGIC) if mark is None else int(mark["offset"])
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            del waiting[path]
            continue
        left = (size if goal is None else goal) - at
        if goal is not None and left <= 0:
            del waiting[path]
        else:
            total += max(left, 0)
    return Backlog(len(waiting), total)


def mark_of(journal: Path) -> Path:
    """Where the loader notes how far it is with a journal."""
    return journal.with_name(journal.name + MARK)


def forget_problem(project: Project) -> None:
    """Take away what an earlier loader, or this one, has said of its troubles."""
    with suppress(FileNotFoundError):
        os.unlink(state_file(project))


def _told_since(project: Project, moment: int) -> bool:
    """Whether the loader has spoken of a problem since a moment (nanoseconds of the file system's clock)."""
    try:
        return os.stat(state_file(project)).st_mtime_ns > moment
    except OSError:
        return False


def _problem_of(project: Project, names: list[str], *, patient: bool) -> tuple[str | None, bool]:
    """What stops the loader from loading these journals, and whether to give up waiting."""
    state = read_json(state_file(project))
    if state is None or (state["journals"] and not set(names) & set(state["journals"])):
        return None, False
    return str(state["text"]), bool(state["final"]) or not patient


def _without_a_word(project: Project, code: int) -> str:
    """What to say of loaders that end in an error and could not write down which; the last of them so."""
    if code < 0:
        return (
            f"the loader is killed each time it is started (signal {-code}). Is there too little memory for it? "
            f"See: {project.folder / LOG}"
        )
    room = os.statvfs(project.folder)
    if room.f_bavail == 0:
        return f"no room is left on the disk of {project.folder}"
    return f"the loader ends in an error each time it is started. See: {project.folder / LOG}"


_started: dict[int, Path] = {}
"""the loaders of this process, and the roots of their projects"""


def _reap(project: Project) -> list[int]:
    """Collect the loaders that were started here and have ended; returns how those of the project ended that ended in
    an error."""
    failed = []
    for pid, root in list(_started.items()):
        with suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            if root == project.root and status:
                failed.append(os.waitstatus_to_exitcode(status))
        _started.pop(pid, None)
    return failed
