"""Runs, jobs and files by what is known of them, a page at a time.

Jobs are listed by their runs, the newest first, and within a run in the order in which they were made: a total order
along which a page ends and the next begins. Which runs can have any is found through indexes, before their jobs are
looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.cypher.inert import one_line
from headwater.cypher.paths import spellings
from headwater.lineage import log
from headwater.lineage.find_tags import tagged
from headwater.lineage.log_views import Execution, FileLine, Job, ListedExecution
from headwater.lineage.moments import micros

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_T = TypeVar("_T")
_NEVER = 253_402_300_799_000_000
"""microseconds until the last second of the year 9999"""
_COMMIT = re.compile(r"[0-9a-fA-F]+\Z")
_LAST = "~"
"""sorts after every id"""
FEW = 20_000
"""jobs of a task, or calls with a file, that are few enough to begin with; of more, nearly every run has some"""
_ALL = 1_000_000
STATUSES = ("RUNNING", "DONE", "CACHED", "FAILED", "CANCELLED")
_CHUNK, _LARGEST = 1, 256
"""runs whose jobs are looked at with one query: more, the longer there were none"""


@dataclass(frozen=True)
class Wanted:
    """What is looked for: all of this together. What is empty, or None, may be anything."""

    tasks: Sequence[str] = ()
    """full names, in which * and ? stand for any text and any character; one of these"""
    file: str | None = None
    """a path or URL with * and ? in it; without a leading slash it may begin in any folder"""
    type: str | None = None
    """of a value that a call took or gave: its whole name, or the last part"""
    tags: Sequence[str] = ()
    """`key=value`, or `key` for any value; all of these. A job has those of its run, its task and its call, too"""
    user: str | None = None
    host: str | None = None
    commit: str | None = None
    """the beginning of its hash, in hexadecimal digits"""
    statuses: Sequence[str] = ()
    """one of these"""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Page(Generic[_T]):
    """Some of what was found, and the id after which the next page begins; None on the last one."""

    found: Sequence[_T]
    after: str | None


def find_runs(
    store: GraphStore, wanted: Wanted, *, limit: int, after: str | None = None
) -> Page[ListedExecution]:
    """The executions that are so, newest first. A task, a file or a value's type is that of any of its jobs."""
    runs = [id_ for id_ in _run_ids(store, wanted, after or _LAST, of_jobs=False) if id_ != after]
    if wanted.tasks or wanted.file is not None or wanted.type is not None:
        # The status, the tags and the times that are asked for are the runs' own.
        jobs = _Jobs(store, replace(wanted, statuses=(), tags=(), since=None, until=None))
        runs = jobs.runs_with_any(runs, limit + 1)
    rows = store.rows("find_runs", keys=runs[:limit])
    listed = log.listed(store, [Execution(*row) for row in rows])
    return Page(listed, runs[limit - 1] if len(runs) > limit else None)


def find_jobs(store: GraphStore, wanted: Wanted, *, limit: int, after: str | None = None) -> Page[Job]:
    """The jobs that are so, those of the newest run first.

    Raises:
        UsageError: `after` is no job, or no task is called so.
    """
    place = (_LAST, -1) if after is None else _place(store, after)
    runs = _run_ids(store, wanted, place[0], of_jobs=True)
    found = _Jobs(store, wanted).find(runs, place, limit + 1)
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def find_files(
    store: GraphStore, pattern: str, *, tags: Sequence[str] = (), limit: int, after: str | None = None
) -> Page[FileLine]:
    """The recorded contents of files whose path is like a pattern and which have some tags, by path.

    Raises:
        UsageError: `after` is no file.
    """
    place = ("", "")
    if after is not None:
        rows = store.rows("log_file", file=after)
        if not rows:
            raise UsageError(f"--after {after}: the graph has no file of that hash")
        place = (rows[0][1], after)
    prefix, regex = like(pattern)
    having = [set(tag.of("file")) for tag in tagged(store, tags)]
    rows = store.rows(
        "find_files",
        prefix=prefix,
        regex=regex,
        files=sorted(set.intersection(*having)) if having else None,
        after_path=place[0],
        after_file=place[1],
        limit=limit + 1,
    )
    files = [FileLine(*row) for row in rows[:limit]]
    return Page(files, files[-1].file if len(rows) > limit else None)


def like(pattern: str) -> tuple[str, str]:
    """What every path begins with that is like a pattern, and the regular expression of the whole path."""
    written = spellings(pattern) if "://" in pattern else [pattern]
    regex = "|".join(map(_expression, written))
    if pattern.startswith("/") or "://" in pattern:
        begins = (re.split(r"[*?]", one, maxsplit=1)[0] for one in written)
        shared = takewhile(lambda chars: len(set(chars)) == 1, zip(*begins, strict=False))
        return "".join(chars[0] for chars in shared), f"(?s){regex}"
    return "", f"(?s)(.*[/\\\\])?{regex}"


def _expression(pattern: str) -> str:
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)


def _run_ids(store: GraphStore, wanted: Wanted, upto: str, *, of_jobs: bool) -> list[str]:
    """The runs that are so, newest first.

    Args:
        of_jobs: their jobs are wanted: these have a status of their own, and may have begun long after their run.
    """
    ids: list[str] = store.rows(
        "find_run_ids",
        upto=upto,
        statuses=None if of_jobs else list(wanted.statuses) or None,
        user=wanted.user,
        host=wanted.host,
        commit=_commit(wanted.commit),
        since=0 if of_jobs else micros(wanted.since, 0),
        until=micros(wanted.until, _NEVER),
    )[0][0]
    if of_jobs:
        return ids
    having = [set(tag.of("execution")) for tag in tagged(store, wanted.tags)]
    return [id_ for id_ in ids if all(id_ in runs for runs in having)]


class _Jobs:
    """The jobs that are so."""

    def __init__(self, store: GraphStore, wanted: Wanted) -> None:
        self._store = store
        self._tasks = _tasks(store, wanted)
        self._of_some_runs = bool(wanted.user or wanted.host or wanted.commit)
        prefix, regex = (None, None) if wanted.file is None else like(wanted.file)
        self._about_call = {"type": wanted.type, "prefix": prefix, "regex": regex}
        self._about_job = {
            "tasks": self._tasks,
            "statuses": list(wanted.statuses) or None,
            "since": micros(wanted.since, 0),
            "until": micros(wanted.until, _NEVER),
            "tags": [tag.of_jobs() for tag in tagged(store, wanted.tags)],
        }
        self._calls = self._few_calls()

    def _few_calls(self) -> set[str] | None:
        """The calls that took or gave such a value and such a file; None where nobody asks, or there are many."""
        asked: list[tuple[str, tuple[str, ...]]] = []
        if self._about_call["type"] is not None:
            asked.append(("find_type_calls", ("type",)))
        if self._about_call["regex"] is not None:
            asked.append(("find_file_calls", ("prefix", "regex")))
        calls: set[str] | None = None
        for query, names in asked:
            parameters = {name: self._about_call[name] for name in names}
            found = set(self._store.rows(query, limit=FEW, **parameters)[0][0])
            if len(found) == FEW:
                return None
            calls = found if calls is None else calls & found
        return calls

    def find(self, runs: Sequence[str], place: tuple[str, int], limit: int) -> list[Job]:
        """Those of some runs (newest first) that come after a place."""
        if self._calls is not None:
            return self._of_calls(self._calls, runs, place, limit)
        found: list[Job] = []
        for some in _chunks(self._narrowed(runs)[0]):
            found += self._of_runs(some, place, limit - len(found))
            if len(found) == limit:
                break
        return found

    def runs_with_any(self, runs: Sequence[str], limit: int) -> list[str]:
        """The first of some runs that have such jobs."""
        if self._calls is not None:
            jobs = self._of_calls(self._calls, runs, (_LAST, -1), _ALL)
            having = {job.execution for job in jobs}
            return [run for run in runs if run in having][:limit]
        may, known = self._narrowed(runs)
        if known and self._about_call["type"] is None and self._about_call["regex"] is None:
            return list(may[:limit])  # nothing but tasks is asked for
        with_any = (run for run in may if self._of_runs([run], (_LAST, -1), 1))
        return [run for run, _ in zip(with_any, range(limit), strict=False)]

    def _narrowed(self, runs: Sequence[str]) -> tuple[Sequence[str], bool]:
        """The runs that may have any, as far as an index knows, and whether it knows which have jobs of the tasks."""
        if self._tasks is None:
            return runs, False
        rows = self._store.rows("find_task_runs", tasks=self._tasks, most=FEW)[0][0]
        if sum(jobs for _, jobs in rows) >= FEW:
            return runs, False
        may = {run for run, _ in rows}
        return [run for run in runs if run in may], True

    def _of_runs(self, runs: Sequence[str], place: tuple[str, int], limit: int) -> list[Job]:
        if self._tasks is not None:
            return self._jobs("find_task_jobs_in_runs", place, limit, runs=list(runs), **self._about_call)
        # What is asked of a moment gone by may have another status now.
        now = self._store.moment is None
        recorded = (self._about_job["statuses"] if now else None) or list(STATUSES)
        return self._jobs(
            "find_jobs_in_runs", place, limit, runs=list(runs), recorded=recorded, **self._about_call
        )

    def _of_calls(
        self, calls: set[str], runs: Sequence[str], place: tuple[str, int], limit: int
    ) -> list[Job]:
        some = list(runs) if self._of_some_runs else None
        return self._jobs("find_jobs_of_calls", place, limit, calls=sorted(calls), runs=some)

    def _jobs(self, query: str, place: tuple[str, int], limit: int, **parameters: Any) -> list[Job]:
        rows = self._store.rows(
            query, after_run=place[0], after_n=place[1], limit=limit, **parameters, **self._about_job
        )
        return [Job.of(row) for row in rows]


def _place(store: GraphStore, job: str) -> tuple[str, int]:
    rows: list[tuple[Any, ...]] = store.rows("log_job", id=job)
    if not rows:
        raise UsageError(f"--after {job}: the graph has no job of that id")
    return rows[0][1], rows[0][3]


def _commit(text: str | None) -> str | None:
    if text is not None and not _COMMIT.match(text):
        raise UsageError(
            f"--commit {one_line(text) or '(empty)'}: a commit is the beginning of its hash, in hexadecimal digits, "
            "like 3f2a9c1. Those of a repository: git log --oneline; a branch's: git rev-parse BRANCH"
        )
    return text and text.lower()


def _tasks(store: GraphStore, wanted: Wanted) -> list[str] | None:
    """The full names that are meant; None for any."""
    if not wanted.tasks:
        return None
    names = [row[0] for row in store.rows("resolve_task_names")]
    found: set[str] = set()
    for pattern in wanted.tasks:
        meant = [name for name in names if fnmatchcase(name, pattern)]
        if not meant:
            near = most_alike(pattern, names, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(f"no recorded task is called {pattern}.{hint}")
        found.update(meant)
    return sorted(found)


def _chunks(runs: Sequence[str]) -> Iterator[Sequence[str]]:
    begin, size = 0, _CHUNK
    while begin < len(runs):
        yield runs[begin : begin + size]
        begin, size = begin + size, min(4 * size, _LARGEST)
