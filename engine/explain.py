"""Why a call has to run, found out by asking the graph what was there before.

Nothing here is on the way of an ordinary run: only what would run first, in a dry run, is looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cypher.likeness import Earlier, Given, nearest
from headwater.cypher.records import PROJECT, is_code, project_in
from headwater.engine.errors import Unrecordable
from headwater.engine.feeding import ONLY_BODY
from headwater.engine.job import Job
from headwater.engine.options import CacheScope
from headwater.engine.reasons import (
    READ_OTHERWISE,
    ROLLED_BACK,
    UNREADABLE_EXPRESSION,
    UNREADABLE_RESULT,
    Reason,
    Why,
)
from headwater.engine.through import sources_through
from headwater.engine.validity import still_holds
from headwater.engine.values import describe, preview, type_name

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.engine.task import Task

_RECENT = 200
"""Earlier calls of a task that one is compared with."""
_PREVIEW = 60
_KEYS = 2000


@dataclass(frozen=True)
class _Version:
    """A recorded version of a task."""

    task_hash: str
    version: str | None
    source: str | None
    counted: Sequence[str] | None
    last: datetime | None


class Explainer:
    """Finds out why calls have to run.

    Args:
        store: the graph; None where nothing is recorded.
        use_cache: False where the run is to reuse nothing.
        recorded: False where nothing of the run would be recorded (`prov=False`).
    """

    def __init__(self, store: GraphStore | None, *, use_cache: bool, recorded: bool) -> None:
        self._store = store
        self._use_cache = use_cache
        self._recorded = recorded

    def explain(self, jobs: Sequence[Job]) -> list[Why]:
        """For each call that the cache had no result for, why that is.

        Raises:
            StoreError: the graph cannot be asked.
        """
        if not self._recorded:
            return [Why(Reason.NEVER_CACHED, "the run is not recorded (prov=False)")] * len(jobs)
        if self._store is None:
            return [Why(Reason.NEW_TASK, "nothing is recorded outside a project")] * len(jobs)
        found = {id(job): why for job in jobs if (why := self._by_options(job)) is not None}
        left = [job for job in jobs if id(job) not in found]
        by_key = self._calls_of(self._store, left)
        expressions = self._expressions_of(self._store, left)
        versions = self._versions_of(self._store, left)
        earlier: dict[str, list[Earlier]] = {}
        for job in left:
            task_hash = job.task.hash.hex()
            why = (
                _by_what_was_read(job)
                or _by_files(expressions.get(_key(job), ()))  # else it would be evaluated from there
                or _by_call(by_key.get(_key(job), ()))
                or (Why(Reason.UPSTREAM_CHANGED, "something under it") if _key(job) in by_key else None)
                or _by_code(job.task, versions[job.task.fullname])
            )
            if why is None:
                others = self._others(job, versions[job.task.fullname], earlier)
                why = _by_other_code(job, others) or _by_arguments(job, self._earlier(task_hash, earlier))
            found[id(job)] = why
        return [found[id(job)] for job in jobs]

    def _earlier(self, task_hash: str, known: dict[str, list[Earlier]]) -> list[Earlier]:
        """What the newest calls of a version took, asked for once."""
        if task_hash not in known:
            assert self._store is not None
            known[task_hash] = self._arguments_of(self._store, task_hash)
        return known[task_hash]

    def _others(
        self, job: Job, versions: Sequence[_Version], known: dict[str, list[Earlier]]
    ) -> Iterator[tuple[_Version, list[Earlier]]]:
        """The other versions of a job's task that were called, the newest first, with what their calls took."""
        called = [(v.last, v) for v in versions if v.last is not None and v.task_hash != job.task.hash.hex()]
        left = _RECENT
        for _, version in sorted(called, key=lambda one: one[0], reverse=True):
            taken = self._earlier(version.task_hash, known)
            yield version, taken
            left -= len(taken)
            if left <= 0:
                return

    def _by_options(self, job: Job) -> Why | None:
        if not self._use_cache:
            return Why(Reason.NEVER_CACHED, "the cache is off for this run")
        if job.unrecorded:
            return Why(Reason.NEVER_CACHED, "it is not recorded (prov=False)")
        scope = job.options.get("cache_scope", CacheScope.BACKEND)
        if scope is not CacheScope.BACKEND:
            return Why(Reason.NEVER_CACHED, f"its cache_scope is {scope.value}")
        return None

    # -- questions to the graph ------------------------------------------------------------------------------------

    def _calls_of(self, store: GraphStore, jobs: Sequence[Job]) -> dict[str, list[Any]]:
        calls: dict[str, list[Any]] = {}
        for keys in _batches(jobs):
            [(rows,)] = store.rows("reason_calls_of_keys", keys=keys)
            for key, *rest in rows:
                calls.setdefault(key, []).append(rest)
        return calls

    def _expressions_of(self, store: GraphStore, jobs: Sequence[Job]) -> dict[str, list[Any]]:
        """The files in the expressions that the calls once returned."""
        files: dict[str, list[Any]] = {}
        for keys in _batches(jobs):
            [(rows,)] = store.rows("lookup_evaluations", keys=keys)
            files.update((row[0], row[6]) for row in rows)
        return files

    def _versions_of(self, store: GraphStore, jobs: Sequence[Job]) -> dict[str, list[_Version]]:
        versions: dict[str, list[_Version]] = {job.task.fullname: [] for job in jobs}
        if versions:
            [(rows,)] = store.rows("reason_versions", fullnames=sorted(versions))
            here = {job.task.fullname: job.task.counted_options().get(PROJECT) for job in jobs}
            for fullname, *rest, options in rows:
                if project_in(options) == here[fullname]:
                    versions[fullname].append(_Version(*rest))
        return versions

    def _arguments_of(self, store: GraphStore, task_hash: str) -> list[Earlier]:
        """The newest calls of a version of a task."""
        [(rows,)] = store.rows("reason_arguments", task=task_hash, limit=_RECENT)
        calls: dict[str, tuple[Any, dict[str, Given]]] = {}
        for call, at, name, position, value, text, files, kind in sorted(rows, key=_position):
            _, taken = calls.setdefault(call, (at, {}))
            # Those of *args share a name.
            place = name if name not in taken else f"{name}[{position}]"
            taken[place] = Given(value, kind, text, tuple((file_hash, path) for file_hash, path in files))
        return [Earlier(call, at, True, taken) for call, (at, taken) in calls.items()]


def _position(row: Sequence[Any]) -> int:
    return -1 if row[3] is None else int(row[3])


def _key(job: Job) -> str:
    assert job.eval_hash is not None
    return job.eval_hash.hex()


def _batches(jobs: Sequence[Job]) -> Iterator[list[str]]:
    keys = list(dict.fromkeys(map(_key, jobs)))
    return (keys[start : start + _KEYS] for start in range(0, len(keys), _KEYS))


def _by_what_was_read(job: Job) -> Why | None:
    """Whether there was a record, and its bytes could not be turned into a value, its handle has moved on, or it had
    read something else from outside."""
    reason = job.reason or ""
    if reason.startswith(READ_OTHERWISE):
        return Why(Reason.ARGUMENT_CHANGED, reason.removeprefix(READ_OTHERWISE))
    if reason == ROLLED_BACK:
        return Why(Reason.UPSTREAM_CHANGED, reason)
    if reason.startswith(UNREADABLE_RESULT):
        return Why(Reason.NEVER_CACHED, reason)
    return Why(Reason.CODE_CHANGED, reason) if reason.startswith(UNREADABLE_EXPRESSION) else None


def _by_call(calls: Sequence[Any]) -> Why | None:
    """Why the recorded calls with these arguments and this code are of no use, as far as they tell it."""
    for failed, cacheable, _, files in calls:
        if cacheable and not failed:
            return _by_files(files)
    for failed, _, text, _ in calls:
        if not failed:
            return Why(Reason.NEVER_CACHED, "its earlier result was not kept for reuse")
        return Why(Reason.EARLIER_FAILURE, text)
    return None


def _by_files(files: Iterable[Any]) -> Why | None:
    """Which of some recorded files are not what they were."""
    changed = {path for _, path, evidence, digest in files if not still_holds(path, evidence, digest)}
    return _changed(changed) if changed else None


def _changed(paths: set[str]) -> Why:
    """Of files, and code that values hold, which are not what they were: files, where there are any."""
    code = set(filter(is_code, paths))
    if paths - code:
        return Why(Reason.FILE_CHANGED, ", ".join(sorted(paths - code)))
    return Why(Reason.CODE_CHANGED, ", ".join(sorted(code)))


def _by_code(task: Task[Any, Any], versions: Sequence[_Version]) -> Why | None:
    """Whether the task's code is what was not there before."""
    task_hash = task.hash.hex()
    called = [version for version in versions if version.last is not None]
    if any(version.task_hash == task_hash for version in called):
        return None
    if not called:
        return Why(Reason.NEW_TASK, task.fullname)
    newest = max(called, key=lambda version: version.last or datetime.min)
    return Why(Reason.CODE_CHANGED, ", ".join(_changed_code(task, newest)) or task.fullname)


def _by_other_code(job: Job, others: Iterable[tuple[_Version, list[Earlier]]]) -> Why | None:
    """Whether the code was changed back, or to what it was before: another version was given just this."""
    now = _given(job)
    for version, calls in others:
        for call in calls:
            if {name: one.value for name, one in call.given.items()} == {
                name: key for name, (key, _) in now.items()
            }:
                return Why(
                    Reason.CODE_CHANGED, ", ".join(_changed_code(job.task, version)) or job.task.fullname
                )
    return None


def _changed_code(task: Task[Any, Any], before: _Version) -> list[str]:
    """The functions and constants of a task that are not what they were, the task's own first."""
    if task.version is not None or before.version is not None:
        return [f"{task.fullname}, version {before.version} → {task.version}"]
    changed = [task.fullname] if task.source != before.source else []
    now = {f"{part.kind} {part.name} {part.digest_hex}": part.name for part in task.fingerprint.counted}
    then = {text: text.split(" ", 1)[1].rsplit(" ", 1)[0] for text in before.counted or ()}
    names = {name for text, name in now.items() if text not in then}
    names |= {name for text, name in then.items() if text not in now}
    return changed + sorted(names)


def _by_arguments(job: Job, earlier: Sequence[Earlier]) -> Why:
    """What is not as it was in the earlier call that is nearest."""
    now = _given(job)
    if not earlier:
        return Why(Reason.NEW_TASK, f"no call of this {job.task.fullname} has ended")
    then = nearest({name: _compared(key, value) for name, (key, value) in now.items()}, earlier).given
    fed = _fed(job)
    files: list[str] = []
    arguments: list[str] = []
    for name, (key, value) in now.items():
        before = then.get(name)
        if before is not None and before.value == key:
            continue
        if name.partition("[")[0] in fed:
            return Why(Reason.UPSTREAM_CHANGED, f"what {name} comes from")
        changed = _changed_files(value, before) if before is not None else []
        if changed:
            files += changed
        else:
            old = "" if before is None else f"{before.preview[:_PREVIEW]} → "
            arguments.append(f"{name}: {old}{preview(value, _PREVIEW)}")
    if files and not arguments:
        return _changed(set(files))
    arguments += [f"{name}: no longer given" for name in then if name not in now]
    return Why(Reason.ARGUMENT_CHANGED, "; ".join(arguments) or "none is what it was")


def _given(job: Job) -> dict[str, tuple[str, Any]]:
    """The arguments that count: their hashes and values by name, those of *args each by its place."""
    now: dict[str, tuple[str, Any]] = {}
    for index, (name, digest) in enumerate(zip(job.names, job.hashes or (), strict=False)):
        if digest is not None:
            place = name if name not in now else f"{name}[{index}]"
            now[place] = digest.hex(), (job.values or [])[index]
    return now


def _compared(key: str, value: Any) -> Given:
    """An argument as it would be recorded."""
    from headwater.engine.prepare import apart, file_record

    try:
        described = describe(value)
    except Unrecordable:  # an error, for which something else is recorded
        return Given(key, type_name(type(value)), preview(value), ())
    records = [file_record(file) for file in apart(described.files)[0]]
    return Given(key, described.type, described.preview, tuple((r.file_hash.hex(), r.path) for r in records))


def _fed(job: Job) -> set[str]:
    """The parameters of a job into which results of other calls flowed."""
    owner = job.owner
    if owner is None or owner.below is None:
        return set()
    through = sources_through(owner)
    return {
        name
        for consumer, name, source in owner.below.wiring
        if consumer == job.index and (through is None or through.of(source) != ONLY_BODY)
    }


def _changed_files(value: Any, before: Given) -> list[str]:
    """The files in a value that were in the earlier one with another content."""
    from headwater.engine.prepare import apart, file_record

    then = {path: file_hash for file_hash, path in before.files}
    records = [file_record(file) for file in apart(describe(value).files)[0]]
    return [r.path for r in records if then.get(r.path, r.file_hash.hex()) != r.file_hash.hex()]
