"""What earlier runs found out: look-ups in the graph, in batches, and what still holds of the answers.

A recorded call is reused when nothing under it changed: every task in its subtree is what it was, every file in its
values is what it was, and nothing in it is marked never to be reused. Where something changed, only the changed calls
and those above them are expanded; the rest is reused unopened. Where a change was taken back, what was recorded before
it is reused.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import StoreError
from headwater.cypher.records import CODE, marked_file, marked_task
from headwater.engine.answers import Answer, Miss, OneStep
from headwater.engine.context import HERE, Context, read_hash
from headwater.engine.current_tasks import CurrentTasks
from headwater.engine.files.far_checks import are_far, still_valid_far
from headwater.engine.handle import CALL
from headwater.engine.handle_states import HandleStates
from headwater.engine.job import Job
from headwater.engine.options import CacheResult
from headwater.engine.reasons import READ_OTHERWISE, ROLLED_BACK
from headwater.engine.recorded_calls import RecordedCall, is_for_all, recorded_call, stored_value
from headwater.engine.traceback import error_text
from headwater.engine.validity import still_holds

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.engine.task import Task

_log = logging.getLogger("headwater")

_BATCH = 5000
"""Keys in one query."""

_KNOWN = 200_000
"""So many cache keys of one task are kept; of a task with more, the graph is asked for each call."""

_EARLIER = 10
"""So many of the newest calls with one key are looked at where the newest does not hold."""

NEVER_RUN = "never run with these arguments and this code"
_UNDER_IT = "something under it changed"


class GraphCache:
    """Answers from the graph. When the store cannot be reached, it says so once and everything is a miss.

    Args:
        can_run: see `CurrentTasks`.
    """

    def __init__(
        self, store: GraphStore, context: Context, can_run: Callable[[Task[Any, Any]], bool]
    ) -> None:
        self.states = HandleStates()
        self._store = store
        self._context = context
        self._tasks = CurrentTasks(can_run)
        self._known_tasks: dict[str, bool] = {}
        self._known_keys: dict[bytes, set[str] | None] = {}
        """the beginnings of a task's recorded cache keys; None where there are too many"""
        self._rows: dict[str, RecordedCall] = {}
        self._otherwise: dict[str, list[str]] = {}
        """by cache keys whose calls read something else, what the newest of them did"""
        self._dirty: dict[str, bool] = {}
        """recorded calls that are not what they were, and whether what they are now may have been recorded before"""
        self._valid: dict[str, bool] = {}
        self._told: set[str] = set()
        """classes whose values could not say whether they are valid"""
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
        task_hash = job.task.hash
        if task_hash not in self._known_keys:
            try:
                self._known_keys[task_hash] = self._keys_of(task_hash.hex())
            except StoreError:
                return True  # `find` will say that the store is away
        keys = self._known_keys[task_hash]
        return keys is None or (bool(keys) and _key(job)[:16] in keys)

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
        named = [(_key(job), job) for job in jobs]
        # Equal calls whose contexts differ may have answers that differ: the second of them is asked for later.
        later = [job for key, job in named if keys.setdefault(key, job) is not job]
        rows = self._look_up(keys)
        clean = self._check_subtrees([(row, keys[key]) for key, row in rows.items()])
        self._ask_of_far(file for key, row in rows.items() if clean[row.call_hash] for file in row.files)
        answers: dict[str, Answer] = {}
        stale: dict[str, str] = {}
        for key, job in keys.items():
            row = rows.get(key)
            if row is None:
                read = self._otherwise.pop(key, None)
                stale[key] = NEVER_RUN if read is None else _other_reads(read)
            elif not _may_be(CacheResult.ULTIMATE, job) and (
                row.has_children or row.gap or not _may_be(CacheResult.SINGLE, job)
            ):  # (What a function gave that called nothing is its single reduction and its final result.)
                stale[key] = "final results are not allowed by allowed_cache_results"
            elif row.states and not self._hold(row.states):
                stale[key] = ROLLED_BACK
            elif not clean[row.call_hash]:
                stale[key] = _UNDER_IT
            elif not self._all_valid(row.files):
                stale[key] = self._changed_in("its result", row.files)
            else:
                answers[key] = row.result()
        self._expand([row.call_hash for key, row in rows.items() if key in stale and row.has_children])
        answers.update(self._single_steps(stale, keys, rows))
        answers.update(self._earlier(answers, keys, rows))
        if not later:
            return [answers[key] for key in keys]
        others = iter(self._find(later))
        return [answers[key] if keys[key] is job else next(others) for key, job in named]

    # -- finding calls ---------------------------------------------------------------------------------------------

    def _look_up(self, keys: dict[str, Job]) -> dict[str, RecordedCall]:
        rows = {key: self._rows[key] for key in keys if key in self._rows}
        ask = [key for key in keys if key not in rows and self._may_know(keys[key])]
        for batch in _batches(ask):
            for key, *found in self._listed("lookup_calls", keys=batch, newest=1):
                row = recorded_call(found)
                if key in rows:
                    continue
                otherwise = self._reads_otherwise(row, keys[key])
                if otherwise:
                    self._otherwise.setdefault(key, otherwise)
                else:
                    rows[key] = row
        return rows

    def _earlier(
        self, answers: Mapping[str, Answer], keys: Mapping[str, Job], rows: Mapping[str, RecordedCall]
    ) -> dict[str, Answer]:
        """Answers from calls before the newest, where a change was taken back, of those that would have to run.

        (What a plain task's function returned is there as a single reduction. What an async body, or a call with
        unrecorded ones under it, came to is in its call alone.)
        """
        ask = [
            key
            for key, row in rows.items()
            if (row.gap or self._dirty.get(row.call_hash)) and answers[key] == Miss(_UNDER_IT)
        ]
        found: list[tuple[str, RecordedCall]] = []
        for batch in _batches(ask):
            for key, *columns in self._listed("lookup_calls", keys=batch, newest=_EARLIER):
                row = recorded_call(columns)
                if row.call_hash != rows[key].call_hash and not self._reads_otherwise(row, keys[key]):
                    found.append((key, row))
        clean = self._check_subtrees([(row, keys[key]) for key, row in found], opening=False)
        earlier: dict[str, Answer] = {}
        for key, row in found:
            if key not in earlier and clean[row.call_hash] and self._all_valid(row.files):
                earlier[key] = row.result()
        return earlier

    def _reads_otherwise(self, row: RecordedCall, job: Job) -> list[str]:
        """Where a job would find in its context something else than a recorded call found in its own."""
        if row.reads is None:
            return []
        context = self._context if job.context is None else job.context
        return [path for path, digest in row.reads.items() if read_hash(context, path) != digest]

    def _listed(self, query: str, **params: list[str] | int) -> list[Any]:
        """The rows of a query that gives them as one list."""
        [(rows,)] = self._store.rows(query, **params)
        return list(rows)

    def _may_know(self, job: Job) -> bool:
        """Whether the graph has this version of the task at all: a new one needs no look-ups."""
        task_hash = job.task.hash.hex()
        if task_hash not in self._known_tasks:
            self._ask_of_versions({task_hash})
        return self._known_tasks[task_hash]

    def _ask_of_versions(self, task_hashes: Set[str]) -> None:
        ask = [task_hash for task_hash in task_hashes if task_hash not in self._known_tasks]
        for batch in _batches(ask):
            known = {row[0] for row in self._store.rows("known_tasks", task_hashes=batch)}
            self._known_tasks.update((task_hash, task_hash in known) for task_hash in batch)

    # -- what still holds ------------------------------------------------------------------------------------------

    def _check_subtrees(
        self, rows: Iterable[tuple[RecordedCall, Job]], *, opening: bool = True
    ) -> dict[str, bool]:
        """For each recorded call, whether nothing below it changed.

        Args:
            rows: recorded calls, each with the job that asks.
            opening: those that are not clean are opened next, so which of the calls under them are not is asked, too.
        """
        clean: dict[str, bool] = {}
        ask: dict[str, bool] = {}
        for row, job in rows:
            full = job.checks_all
            dirty = row.call_hash in self._dirty
            if dirty and full:
                clean[row.call_hash] = False
            elif row.states and not self._hold(row.states):
                clean[row.call_hash] = False
                self._dirty[row.call_hash] = False
            elif not dirty and (row.judged == self._moment or not (row.has_children or row.gap)):
                clean[row.call_hash] = True
            else:  # what changed under one that is looked at for its tasks alone may be files
                if not row.has_children:
                    clean[row.call_hash] = not self._broken(row.gap, full=full)
                    continue
                ask[row.call_hash] = ask.get(row.call_hash, False) or full
        for batch in _batches(list(ask)):
            for call_hash, *facts in self._store.rows("subtree_facts", call_hashes=batch):
                clean[call_hash] = self._unchanged(call_hash, facts, full=ask[call_hash], opening=opening)
        for call_hash in ask:
            clean.setdefault(call_hash, False)
        return clean

    def _unchanged(
        self,
        call_hash: str,
        facts: Sequence[Any],
        *,
        full: bool,
        opening: bool,
    ) -> bool:
        tasks, files, uncacheable, gaps, states = facts
        self._ask_of_far(files)
        changed_tasks = self._tasks.outdated(tasks)
        changed_files = [file[0] for file in files if not self._is_valid(file)]
        marks = self._broken({mark for gap in gaps for mark in gap}, full=full)
        stale = self._stale({state for some in states for state in some})
        unchanged = not changed_tasks and not uncacheable and not marks and not stale
        if unchanged and not (full and changed_files):
            return True
        if not opening:
            return False
        back = bool(changed_tasks or changed_files or marks) and self._known_now(tasks)
        dirty = self._store.rows(
            "dirty_calls",
            root=call_hash,
            task_hashes=changed_tasks,
            file_hashes=changed_files,
            uncacheable=bool(uncacheable),
            marks=marks,
            states=stale,
        )
        self._dirty.update((row[0], back) for row in dirty)
        self._dirty[call_hash] = back
        return False

    def _known_now(self, tasks: Iterable[Any]) -> bool:
        """Whether the graph has every recorded task as it is now: a new version was in no earlier call."""
        versions = self._tasks.versions(tasks)
        self._ask_of_versions(versions)
        return all(self._known_tasks[version] for version in versions)

    def _broken(self, marks: Iterable[str], *, full: bool) -> list[str]:
        """What of that which was not recorded (`records.CallMade.gap`) is not what it was."""
        versions = {mark: marked_task(mark) for mark in marks}
        gone = self._tasks.gone({version for version in versions.values() if version is not None})
        return [
            mark
            for mark, version in versions.items()
            if (version in gone if version is not None else full and not self._is_valid(marked_file(mark)))
        ]

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
            valid = self._valid[file_hash] = still_holds(path, evidence, digest, self._tell)
        return valid

    def _tell(self, type_name: str, error: Exception) -> None:
        if type_name not in self._told:
            self._told.add(type_name)
            _log.warning(
                "is_valid of a %s raised %s. It is taken not to be valid any more: the calls that took or gave it are "
                "not reused, and run again",
                type_name,
                error_text(error),
            )

    def _changed_in(self, what: str, files: Iterable[Any]) -> str:
        """Why a result or an expression is of no use: a file in it is another, or nothing but code that it holds."""
        code = set()
        for file in files:
            _, path, evidence, _ = file
            if not self._is_valid(file):
                if evidence not in CODE:
                    return f"a file in {what} changed"
                code.add(path)
        return f"code in {what} changed: {', '.join(sorted(code))}"

    # -- expanding what does not -----------------------------------------------------------------------------------

    def _expand(self, call_hashes: list[str]) -> None:
        """Learn the children of dirty calls, so that the clean ones are found without asking for each."""
        for batch in _batches([call for call in call_hashes if call in self._dirty]):
            for row in self._listed("expand_calls", call_hashes=batch):
                _, _, child, key, *rest = row
                found = recorded_call([child, *rest])
                found.judged = self._moment
                if is_for_all(found):  # else whether it may be reused depends on who asks
                    self._rows.setdefault(key, found)

    def _single_steps(
        self, stale: dict[str, str], keys: dict[str, Job], rows: dict[str, RecordedCall]
    ) -> dict[str, Answer]:
        misses = {reason: Miss(reason) for reason in set(stale.values())}
        answers: dict[str, Answer] = {key: misses[reason] for key, reason in stale.items()}
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
                    answers[key] = OneStep(stored_value(type_name, codec, payload, location), stale[key])
                else:
                    answers[key] = Miss(self._changed_in("the expression it returned", files))
        return answers

    def _gave(self, job: Job, row: RecordedCall | None) -> bool:
        """Whether what a call's function did to the handles that it took has not been rolled back."""
        states = (
            [*_given_by(job), *(row.states if row is not None else ())] if job.traits.taken or row else ()
        )
        return not states or self._hold(states)

    def _may_step(self, job: Job) -> bool:
        return self._may_know(job) and _may_be(CacheResult.SINGLE, job)


def _other_reads(paths: Iterable[str]) -> str:
    """Why a call has to run that was made where its context had something else."""
    named = ("the working directory" if path == HERE else f"context {path}" for path in sorted(paths))
    return READ_OTHERWISE + ", ".join(named)


def _may_be(kind: CacheResult, job: Job) -> bool:
    """Whether a job's options let it have its result from there."""
    allowed = job.options.get("allowed_cache_results")
    return allowed is None or kind in allowed


def _given_by(job: Job) -> Iterable[str]:
    """The states that a call gives of the handles that it takes."""
    return [handle.stepped(CALL, _key(job)).state_hash for handle in (job.traits.taken or {}).values()]


def _key(job: Job) -> str:
    assert job.eval_hash is not None
    return job.eval_hash.hex()


def _batches(items: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
