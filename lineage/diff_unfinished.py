"""Where two jobs differ of which one or both came to no result: by the jobs below them, as far as these came.

A job without a result has no call in the graph: what it was called with is known by its `eval_hash` alone. The jobs
below are matched by their tasks' names: equal ones first, then those that were called alike, the rest in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.lineage.diff_views import CallChange

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.diff import Trees


class _Job(NamedTuple):
    id: str
    task: str
    task_hash: str | None
    status: str
    call: str | None
    eval_hash: str | None


class _Pair(NamedTuple):
    path: str
    before: _Job
    after: _Job


class Unfinished:
    """Compares trees of jobs; what came to a result is left to `trees`."""

    def __init__(self, store: GraphStore, trees: Trees) -> None:
        self._store = store
        self._trees = trees

    def compare(self, before: str, after: str) -> list[CallChange]:
        """The places that differ, a job before those below it.

        Args:
            before: id of a job.
            after: id of another.
        """
        one, other = (_job(self._store.rows("why_jobs", keys=[id_])[0]) for id_ in (before, after))
        stack: list[_Pair | CallChange] = [_Pair(other.task, one, other)]
        found: list[CallChange] = []
        while stack:
            place = stack.pop()
            if isinstance(place, CallChange):
                found.append(place)
            elif place.before.call is not None and place.after.call is not None:
                found += self._trees.compare(place.before.call, place.after.call, place.path)
            else:
                inside = list(self._inside(place))
                found += self._change(place)
                stack += reversed(inside)
        return found

    def _change(self, pair: _Pair) -> Iterator[CallChange]:
        """The change of two jobs themselves, where there is one to tell."""
        path, one, other = pair
        code = one.task_hash != other.task_hash
        if code and one.task_hash and other.task_hash:
            self._trees.saw_versions(one.task_hash, other.task_hash)
        called = one.eval_hash != other.eval_hash
        if called or one.status != other.status or (one.call is None) != (other.call is None):
            yield CallChange(
                path,
                "unfinished",
                other.task,
                one.call,
                other.call,
                code=code,
                arguments=[],
                result=None,
                below=False,
                called_alike=not called,
                ended=(one.status, other.status),
            )

    def _inside(self, pair: _Pair) -> Iterator[_Pair | CallChange]:
        old, new = self._children(pair.before.id), self._children(pair.after.id)
        for task in dict.fromkeys(job.task for job in (*new, *old)):
            before = [job for job in old if job.task == task]
            after = [job for job in new if job.task == task]
            several = max(len(before), len(after)) > 1
            for place, one, other in _matched(before, after):
                path = f"{pair.path}/{task}[{place}]" if several else f"{pair.path}/{task}"
                if one is not None and other is not None:
                    yield _Pair(path, one, other)
                    continue
                only = one or other
                assert only is not None
                change = "added" if one is None else "removed"
                calls = one and one.call, other and other.call
                yield CallChange(path, change, task, *calls, False, [], None, False)

    def _children(self, job: str) -> list[_Job]:
        return [_job(row) for row in self._store.rows("why_children", keys=[job])]


def _job(row: Sequence[Any]) -> _Job:
    """A row of why_jobs, or of why_children."""
    return _Job(row[0], row[2] or "", row[3], row[4], row[6], row[9])


def _matched(before: Sequence[_Job], after: Sequence[_Job]) -> Iterator[tuple[int, _Job | None, _Job | None]]:
    """(place, before, after) of jobs of one task."""
    partners: dict[int, _Job] = {}
    left = dict(enumerate(before))
    for field in ("call", "eval_hash"):
        by_key: dict[str, list[int]] = {}
        for n, job in left.items():
            by_key.setdefault(getattr(job, field) or "", []).append(n)
        for n, job in enumerate(after):
            places = by_key.get(getattr(job, field) or "none") if n not in partners else None
            if places:
                partners[n] = left.pop(places.pop(0))
    rest = iter(list(left.items()))
    for n, job in enumerate(after):
        yield n, partners.get(n) or next(rest, (0, None))[1], job
    for n, job in rest:
        yield n, job, None
