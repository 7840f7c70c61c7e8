"""What a reason asks the graph: a job, its children, equal calls, and earlier calls of the same task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.cypher.errors import UsageError
from headwater.cypher.records import project_in
from headwater.lineage.moments import micros
from headwater.lineage.why_views import JobLine

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_COMPARED = 200
"""the newest earlier calls among which the nearest is looked for"""
_FEW = 2000
"""jobs of a task that are few enough to look at all of them"""
_AT_ONCE = 2000
"""keys in one question"""
BORDER = "headwater.federated_task"
"""the task that calls those of other projects"""
SINGLE = "single reduction reused"
"""how the scheduler's note begins where the expression that a function returned before was evaluated again"""


class JobFact(NamedTuple):
    id: str
    execution: str
    task: str
    task_hash: str
    status: str
    started: datetime | None
    call: str | None
    parent: str | None
    parent_call: str | None
    eval_hash: str | None
    reason: str | None
    error: str | None

    def line(self) -> JobLine:
        return JobLine(*self[:7])

    def before(self) -> int:
        """When it began, in microseconds."""
        return micros(self.started, 0)


class EarlierJob(NamedTuple):
    """A job of an equal call."""

    line: JobLine
    failed: bool
    cacheable: bool
    error: str | None


class WhyFacts:
    """The facts as a store has them."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._jobs: dict[str, JobFact] = {}
        self._children: dict[str, list[JobLine]] = {}
        self._anew: set[str] = set()

    def job(self, id_: str) -> JobFact:
        """One job.

        Raises:
            UsageError: there is none of that id.
        """
        if id_ not in self._jobs:
            rows = self._store.rows("why_jobs", keys=[id_])
            if not rows:
                raise UsageError(f"the graph has no job {id_}")
            self._jobs[id_] = JobFact(*rows[0])
        return self._jobs[id_]

    def children(self, id_: str) -> list[JobLine]:
        """The jobs that a job made, in their order."""
        self.learn_children([id_])
        return self._children[id_]

    def learn_children(self, ids: Sequence[str]) -> None:
        """Ask for the children of several jobs together."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._children]
        self._children.update((id_, []) for id_ in wanted)
        for begin in range(0, len(wanted), _AT_ONCE):
            for row in self._store.rows("why_children", keys=wanted[begin : begin + _AT_ONCE]):
                self._children[row[10]].append(self._line(row))

    def is_anew(self, line: JobLine) -> bool:
        """Whether a job that `children` or `shared` gave was evaluated anew: its function ran, or what that had
        returned before was put together again."""
        return line.id in self._anew

    def _line(self, row: Sequence[Any]) -> JobLine:
        line, reason = JobLine(*row[:7]), row[7] or ""
        if line.status in ("DONE", "FAILED") or reason.startswith(SINGLE):
            self._anew.add(line.id)
        return line

    def equal(self, job: JobFact) -> EarlierJob | None:
        """The newest job before this one that called the same task with the same arguments."""
        if job.eval_hash is None:
            return None
        rows = self._store.rows("why_equal", eval_hash=job.eval_hash, before=job.before())
        if not rows:
            return None
        [row] = rows
        return EarlierJob(JobLine(*row[:7]), bool(row[7]), bool(row[8]), row[9])

    def made(self, job: JobFact) -> JobLine | None:
        """The job that made the call which this one was answered with: the newest before it, however many were answered
        with it in between."""
        if job.call is None:
            return None
        rows = self._store.rows("why_made", call=job.call, before=job.before())
        return JobLine(*rows[0]) if rows else None

    def gaps(self, calls: Sequence[str]) -> dict[str, set[str]]:
        """What some calls depend on that was not recorded (`records.CallMade.gap`), of those that do."""
        return {call: set(gap) for call, gap in self._store.rows("why_gaps", keys=list(calls))}

    def earlier(self, job: JobFact) -> list[JobLine]:
        """The newest calls of the task, in whatever version, that other runs made before, newest first."""
        found: dict[str | None, JobLine] = {}
        for runs in self._runs_before(job):
            rows = self._store.rows(
                "why_earlier", task=job.task, runs=runs, before=job.before(), limit=_COMPARED
            )
            for line in self._of_its_project(job, [JobLine(*row) for row in rows]):
                found.setdefault(line.call, line)
            if len(found) >= _COMPARED:
                break
        return list(found.values())[:_COMPARED]

    def _of_its_project(self, job: JobFact, lines: list[JobLine]) -> list[JobLine]:
        """Those of the task of a job that is meant: another project may have one of that name."""
        hashes = {job.task_hash, *(line.task_hash for line in lines)}
        if len(hashes) == 1:
            return lines
        rows = self._store.rows("task_options", keys=sorted(one for one in hashes if one))
        projects = {task_hash: project_in(options) for task_hash, options in rows}
        return [line for line in lines if projects.get(line.task_hash or "") == projects.get(job.task_hash)]

    def _runs_before(self, job: JobFact) -> Iterator[list[str]]:
        """Other runs that began before a job: those that called its task where it has few jobs, else the newest first,
        some at a time, for then nearly every run called it."""
        rows = self._store.rows("find_task_runs", tasks=[job.task], most=_FEW)[0][0]
        if sum(jobs for _, jobs in rows) < _FEW:
            yield sorted(run for run, _ in rows if run != job.execution)
            return
        begin, size = 0, 4
        while True:
            runs = [
                row[0] for row in self._store.rows("why_runs", before=job.before(), skip=begin, limit=size)
            ]
            yield [run for run in runs if run != job.execution]
            if len(runs) < size:
                return
            begin, size = begin + size, min(4 * size, 4096)

    def shared(self, job: JobFact) -> JobLine | None:
        """The job of the same run that gave an equal call's result."""
        rows = self._store.rows("why_shared", execution=job.execution, eval_hash=job.eval_hash, id=job.id)
        return self._line(rows[0]) if rows else None
