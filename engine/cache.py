"""What earlier runs found out: look-ups in the graph, in batches, and what still holds of the answers.

A recorded call is reused when nothing under it changed: every task in its subtree is what it was, every file in its
values is what it was, and nothing in it is marked never to be reused. Where something changed, only the changed calls
and those above them are expanded; the rest is reused unopened.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headwater.cypher.errors import StoreError
from headwater.cypher.records import marked_file, marked_task
from headwater.engine.context import HERE, Context, Reads, read_hash
from headwater.engine.files.far_checks import are_far, still_valid_far
from headwater.engine.handle import CALL
from headwater.engine.handle_states import HandleStates
from headwater.engine.job import Job, Stored
from headwater.engine.options import CacheResult, CheckValid
from headwater.engine.reasons import ROLLED_BACK
from headwater.engine.registry import get_task_registry
from headwater.engine.validity import still_holds

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_log = logging.getLogger("headwater")

_BATCH = 5000
"""Keys in one query."""

_KNOWN = 200_000
"""So many cache keys of one task are kept; of a task with more, the graph is asked for each call."""

NEVER_RUN = "never run with these arguments and this code"


@dataclass(frozen=True)
class Result:
    """A call's final result, good to be reused."""

    value: Stored
    value_hash: bytes
    call_hash: bytes
    reason: str
    reads: Reads | None = None
    """what of the context it depends on"""


@dataclass(frozen=True)
class OneStep:
    """What a call's function returned: an expression that is to be reduced again."""

    value: Stored
    reason: str


@dataclass(frozen=True)
class Miss:
    """Nothing to reuse, and why."""

    reason: str


Answer = Result | OneStep | Miss


class Cache(Protocol):
    """Answers for calls; one instance serves one run.

    Attributes:
        states: what the run knows of the states of handles.
    """

    states: HandleStates

    def find(self, jobs: Sequence[Job]) -> list[Answer]:
        """An answer for each job, in order."""

    def may_find(self, job: Job) -> bool:
        """Whether there may be an answer for a job, without a question for each."""

    def something_ran(self) -> None:
        """A task's function has run, and may have written files: what was seen of files before is to be seen anew."""


class NoCache:
    """For runs outside a project."""

    def __init__(self) -> None:
        self.states = HandleStates()

    def find(self, jobs: Sequence[Job]) -> list[Answer]:
        return [Miss("runs outside a project are not recorded")] * len(jobs)

    def may_find(self, job: Job) -> bool:
        return False

    def something_ran(self) -> None:
        return


@dataclass
class _Row:
    """A recorded call as a look-up gives it."""

    call_hash: str
    value_hash: str
    value: Stored
    has_children: bool
    files: list[Any]
    reads: Reads | None = None
    gap: Sequence[str] = ()
    """what it depends on that was not recorded (`records.CallMade.gap`)"""
    states: Sequence[str] = ()
    """the states of handles that it gave, or would have given (`records.CallMade.states`)"""
    judged: int | None = None
    """the moment (`GraphCache._moment`) at which it was found clean below a call that was expanded"""


class GraphCache:
    """Answers from the graph. When the store cannot be reached, it says so once and everything is a miss."""

    def __init__(self, store: GraphStore, context: Context) -> None:
        self.states = HandleStates()
        self._store = store
        self._context = context
        self._known_tasks: dict[str, bool] = {}
        self._known_keys: dict[str, set[str] | None] = {}
        """the beginnings of a task's recorded cache keys; None where there are too many"""
        self._rows: dict[str, _Row] = {}
        self._dirty: set[str] = set()
        self._current_tasks: set[str] | None = None
        self._valid: dict[str, bool] = {}
        self._away = False
        self._moment = 0
        """how many tasks have run so far: what was seen of files holds until the next has"""

    def something_ran(self) -> None:
        self._moment += 1

    def find(self, jobs: Sequence[Job]) -> list[Answer]:
        if self._away:
            return [Miss("the store is away")] * len(jobs)
        try:
            return self._find(jobs)
        except StoreError as error:
            _log.warning("the graph cannot be asked for earlier results, so nothing is reused: %s", error)
            self._away = True
            return [Miss("the store is away")] * len(jobs)

    def may_find(self, job: Job) -> bool:
        if self._away:
            return False
        task_hash = job.task.hash.hex()
        if task_hash not in self._known_keys:
            try:
                self._known_keys[task_hash] = self._keys_of(task_hash)
            except StoreError:
                return True  # `find` will say that the store is away
        keys = self._known_keys[task_hash]
        return keys is None or _key(job)[:16] in keys

    def _keys_of(self, task_hash: str) -> set[str] | None:
        keys: set[str] = set()
        for query in ("known_calls", "known_evaluations"):
            [(found,)] = self._store.rows(query, task_hash=task_hash, limit=_KNOWN)
            if len(found) == _KNOWN:
                return None
            keys.update(found)
        return keys

    def _find(self, jobs: Sequence[Job]) -> list[Answer]:
        self._valid = {}
        keys: dict[str, Job] = {}
        # Equal calls whose contexts differ may have answers that differ: the second of them is asked for later.
        later = [job for job in jobs if keys.setdefault(_key(job), job) is not job]
        rows = self._look_up(keys)
        clean = self._check_subtrees(rows, keys)
        self._ask_of_far(file for key, row in rows.items() if clean[row.call_hash] for file in row.files)
        answers: dict[str, Answer] = {}
        stale: dict[str, str] = {}
        for key, job in keys.items():
            row = rows.get(key)
            allowed = job.options.get("allowed_cache_results")
            if row is None:
                stale[key] = NEVER_RUN
            elif allowed is not None and CacheResult.ULTIMATE not in allowed:
                stale[key] = "final results are not allowed by allowed_cache_results"
            elif row.states and not self._hold(row.states):
                stale[key] = ROLLED_BACK
            elif not clean[row.call_hash]:
                stale[key] = "something under it changed"
            elif not self._all_valid(row.files):
                stale[key] = "a file in its result changed"
            else:
                answers[key] = Result(
                    row.value,
                    bytes.fromhex(row.value_hash),
                    bytes.fromhex(row.call_hash),
                    "recorded result reused",
                    row.reads,
                )
        self._expand([row.call_hash for key, row in rows.items() if key in stale and row.has_children])
        answers.update(self._single_steps(stale, keys, rows))
        others = iter(self._find(later) if later else [])
        return [answers[_key(job)] if keys[_key(job)] is job else next(others) for job in jobs]

    # -- finding calls ---------------------------------------------------------------------------------------------

    def _look_up(self, keys: dict[str, Job]) -> dict[str, _Row]:
        rows = {key: self._rows[key] for key in keys if key in self._rows}
        ask = [key for key in keys if key not in rows and self._may_know(keys[key])]
        for batch in _batches(ask):
            for key, *found in self._listed("lookup_calls", keys=batch):
                row = _row(found)
                if key not in rows and self._reads_the_same(row, keys[key]):
                    rows[key] = row
        return rows

    def _reads_the_same(self, row: _Row, job: Job) -> bool:
        """Whether a job would find in its context what a recorded call found in its own."""
        if row.reads is None:
            return True
        context = self._context if job.context is None else job.context
        return all(read_hash(context, path) == digest for path, digest in row.reads.items())

    def _listed(self, query: str, **params: list[str]) -> list[Any]:
        """The rows of a query that gives them as one list."""
        [(rows,)] = self._store.rows(query, **params)
        return list(rows)

    def _may_know(self, job: Job) -> bool:
        """Whether the graph has this version of the task at all: a new one needs no look-ups."""
        task_hash = job.task.hash.hex()
        known = self._known_tasks.get(task_hash)
        if known is None:
            known = bool(self._store.rows("known_tasks", task_hashes=[task_hash]))
            self._known_tasks[task_hash] = known
        return known

    # -- what still holds ------------------------------------------------------------------------------------------

    def _check_subtrees(self, rows: dict[str, _Row], keys: dict[str, Job]) -> dict[str, bool]:
        """For each recorded call, whether nothing below it changed."""
        clean: dict[str, bool] = {}
        ask: dict[str, bool] = {}
        for key, row in rows.items():
            if row.call_hash in self._dirty:
                clean[row.call_hash] = False
            elif row.states and not self._hold(row.states):
                clean[row.call_hash] = False
                self._dirty.add(row.call_hash)
            elif row.judged == self._moment or not (row.has_children or row.gap):
                clean[row.call_hash] = True
            else:
                full = keys[key].options.get("check_valid", CheckValid.FULL) is CheckValid.FULL
                if not row.has_children:
                    clean[row.call_hash] = all(self._holds(mark, full=full) for mark in row.gap)
                    continue
                ask[row.call_hash] = ask.get(row.call_hash, False) or full
        for batch in _batches(list(ask)):
            for call_hash, *facts in self._store.rows("subtree_facts", call_hashes=batch):
                clean[call_hash] = self._unchanged(call_hash, facts, full=ask[call_hash])
        for call_hash in ask:
            clean.setdefault(call_hash, False)
        return clean

    def _unchanged(
        self,
        call_hash: str,
        facts: Sequence[Any],
        *,
        full: bool,
    ) -> bool:
        tasks, files, uncacheable, gaps, states = facts
        self._ask_of_far(files)
        changed_tasks = [task_hash for fullname, task_hash in tasks if not _is_current(fullname, task_hash)]
        changed_files = [file[0] for file in files if not self._is_valid(file)]
        marks = [mark for mark in {mark for gap in gaps for mark in gap} if not self._holds(mark, full=full)]
        stale = self._stale({state for some in states for state in some})
        unchanged = not changed_tasks and not uncacheable and not marks and not stale
        if unchanged and not (full and changed_files):
            return True
        dirty = self._store.rows(
            "dirty_calls",
            root=call_hash,
            task_hashes=changed_tasks,
            file_hashes=changed_files,
            uncacheable=bool(uncacheable),
            marks=marks,
            states=stale,
        )
        self._dirty.update(row[0] for row in dirty)
        self._dirty.add(call_hash)
        return False

    def _holds(self, mark: str, *, full: bool) -> bool:
        """Whether something that was not recorded (`records.CallMade.gap`) is what it was."""
        task_hash = marked_task(mark)
        if task_hash is not None:
            if self._current_tasks is None:
                self._current_tasks = set(_current_hashes())
            return task_hash in self._current_tasks
        return not full or self._is_valid(marked_file(mark))

    def _ask_of_far(self, files: Iterable[Any]) -> None:
        """Ask of files at URLs together what `_is_valid` would ask one by one."""
        far = {file[0]: file[1:] for file in files if file[0] not in self._valid and are_far(*file[1:3])}
        if len(far) > 1:
            self._valid.update(zip(far, still_valid_far([tuple(one) for one in far.values()]), strict=True))

    def _hold(self, states: Iterable[str]) -> bool:
        """Whether states of handles were not rolled back past."""
        return not self._stale(states)

    def _stale(self, states: Iterable[str]) -> list[str]:
        return self.states.stale_of(states, self._handle_states)

    def _handle_states(self, states: list[str]) -> list[Any]:
        return [row for batch in _batches(states) for row in self._listed("handle_states", states=batch)]

    def _all_valid(self, files: Iterable[Any]) -> bool:
        return all(self._is_valid(file) for file in files)

    def _is_valid(self, file: Any) -> bool:
        """Whether a recorded file (hash, path, evidence, digest) is what it was; looked at once a batch of look-ups,
        because the tasks that run between two batches may write it."""
        file_hash, path, evidence, digest = file
        valid = self._valid.get(file_hash)
        if valid is None:
            valid = self._valid[file_hash] = still_holds(path, evidence, digest)
        return valid

    # -- expanding what does not -----------------------------------------------------------------------------------

    def _expand(self, call_hashes: list[str]) -> None:
        """Learn the children of dirty calls, so that the clean ones are found without asking for each."""
        for batch in _batches([call for call in call_hashes if call in self._dirty]):
            for row in self._listed("expand_calls", call_hashes=batch):
                _, _, child, key, *rest = row
                found = _row([child, *rest])
                found.judged = self._moment
                if _is_for_all(found):  # else whether it may be reused depends on who asks
                    self._rows.setdefault(key, found)

    def _single_steps(
        self, stale: dict[str, str], keys: dict[str, Job], rows: dict[str, _Row]
    ) -> dict[str, Answer]:
        answers: dict[str, Answer] = {key: Miss(reason) for key, reason in stale.items()}
        ask = [
            key
            for key in stale
            if (key not in rows or rows[key].has_children)
            and self._may_step(keys[key])
            and self._gave(keys[key], rows.get(key))
        ]
        for batch in _batches(ask):
            for key, _, type_name, codec, payload, location, files, directory in self._listed(
                "lookup_evaluations", keys=batch
            ):
                if directory not in (None, os.getcwd()):
                    answers[key] = Miss("it names files relative to the working directory, which is another")
                elif self._all_valid(files):
                    answers[key] = OneStep(_stored(type_name, codec, payload, location), stale[key])
                else:
                    answers[key] = Miss("a file in the expression it returned changed")
        return answers

    def _gave(self, job: Job, row: _Row | None) -> bool:
        """Whether what a call's function did to the handles that it took has not been rolled back."""
        states = [*_given_by(job), *(row.states if row is not None else ())]
        return not states or self._hold(states)

    def _may_step(self, job: Job) -> bool:
        allowed = job.options.get("allowed_cache_results")
        return self._may_know(job) and (allowed is None or CacheResult.SINGLE in allowed)


def _given_by(job: Job) -> Iterable[str]:
    """The states that a call gives of the handles that it takes."""
    return [handle.stepped(CALL, _key(job)).state_hash for handle in (job.taken or {}).values()]


def _is_for_all(row: _Row) -> bool:
    """Whether whoever asks for a recorded call would find what it found in its context."""
    return row.reads is None or (row.reads.keys() == {HERE} and row.reads[HERE] == read_hash({}, HERE))


def _key(job: Job) -> str:
    assert job.eval_hash is not None
    return job.eval_hash.hex()


def _row(columns: Sequence[Any]) -> _Row:
    call_hash, value_hash, type_name, codec, payload, location, has_children, files, context, gap, states = (
        columns
    )
    stored = _stored(type_name, codec, payload, location)
    return _Row(
        call_hash,
        value_hash,
        stored,
        has_children,
        files,
        _reads(context) if context else None,
        gap or (),
        states or (),
    )


def _reads(context: Sequence[str]) -> Reads:
    """What a recorded call read of its context (`records.CallMade.context`, as the graph has it)."""
    pairs = (text.rpartition("=") for text in context)
    return {path: bytes.fromhex(digest) for path, _, digest in pairs}


def _stored(type_name: str, codec: str, payload: Any, location: str | None) -> Stored:
    return Stored(type_name, codec, None if payload is None else bytes(payload), location)


def _is_current(fullname: str, task_hash: str) -> bool:
    task = get_task_registry().find(fullname)
    return task is not None and task.hash.hex() == task_hash


def _current_hashes() -> Iterable[str]:
    """The versions of all tasks that there are now; of one that cannot be called, there is none."""
    for task in get_task_registry():
        with suppress(Exception):
            yield task.hash.hex()


def _batches(items: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
