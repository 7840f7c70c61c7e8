"""Whether the graph holds what the journals say, no more and no less, and whether the journals are whole.

Read is what lies in the project's journals: every group's place in the chain, then every record against its node and
that node's edges. In the other direction, runs of this project and jobs of its runs that no journal has are named; in a
local graph, which nobody else writes to, every other node too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.backlog import pending
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import SUFFIX, Group, execution_id_of, is_open, read_groups
from headwater.cypher.load_batch import execution_facts
from headwater.cypher.records import ExecutionEnded, ExecutionStarted, JobEnded, JobStarted, job_id
from headwater.lineage.verify_facts import Fact, actual, differences, expected, moment

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

BATCH = 2000
"""records compared with one round of queries"""
_RANGE = 50_000
_KEYS = {
    "Task": "verify_keys_tasks",
    "File": "verify_keys_files",
    "Value": "verify_keys_values",
    "Evaluation": "verify_keys_evaluations",
    "CallNode": "verify_keys_call_nodes",
}


@dataclass(frozen=True)
class Place:
    """Where a record is."""

    journal: str
    """the file's name"""
    group: int
    offset: int
    """of the group's first byte"""
    record: int
    """index within the group"""


@dataclass(frozen=True)
class Finding:
    """One thing that is off."""

    kind: str
    """damaged: a journal's bytes are not what was written; missing: the graph lacks a record's node; different: it has
    it with another property or edge; unknown: it has what no journal has"""
    label: str
    """Journal, Execution, Job, Task, CallNode, Evaluation, Value or File"""
    key: str
    what: str = ""
    """the property or edge, or what is wrong with the journal"""
    recorded: Any = None
    """what the record says"""
    found: Any = None
    """what the graph has"""
    place: Place | None = None


@dataclass
class Verification:
    """What was looked at and what was found."""

    journals: int = 0
    groups: int = 0
    records: int = 0
    findings: list[Finding] = field(default_factory=list)


_Wanted = dict[str, dict[str, tuple[Fact, Place]]]


def verify(
    project: Project, store: GraphStore, *, progress: Callable[[Verification], None] | None = None
) -> Verification:
    """Compare a project's journals with its graph. Let the loader catch up first.

    Args:
        progress: called after every journal.

    Raises:
        StoreError: the store cannot be read.
    """
    return _Verifier(project, store).run(progress)


class _Verifier:
    def __init__(self, project: Project, store: GraphStore) -> None:
        self._store = store
        self._project = project
        self._result = Verification()
        self._doubts: dict[tuple[str, str], list[Finding]] = {}
        self._keys: dict[str, set[int]] = {label: set() for label in _KEYS}
        self._runs: set[str] = set()

    def run(self, progress: Callable[[Verification], None] | None) -> Verification:
        journals = [*sorted(self._project.loaded_journals.glob(f"*{SUFFIX}")), *pending(self._project)]
        for path in journals:
            self._result.journals += 1
            self._journal(path)
            if progress is not None:
                progress(self._result)
        self._settle_doubts(journals)
        self._unknown_runs()
        if self._store.dialect == "local":
            self._unknown_nodes()
        return self._result

    def _journal(self, path: Path) -> None:
        run = execution_id_of(path)
        self._runs.add(run)
        wanted: _Wanted = {}
        count = 0
        known = _Run(run)
        rows = self._store.rows("verify_execution", id=run)
        loaded = rows[0][6] if rows else None
        for group in self._groups(path):
            if is_open(path) and group.index >= (loaded or 0):
                return
            self._result.groups += 1
            self._result.records += len(group.records)
            known.take(group)
            for index, record in enumerate(group.records):
                fact = expected(run, record)
                if fact is not None:
                    label, key, content = fact
                    place = Place(path.name, group.index, group.offset, index)
                    wanted.setdefault(label, {})[key] = (content, place)
                    count += 1
            if count >= BATCH:
                self._compare(wanted)
                wanted, count = {}, 0
        self._compare(wanted)
        if known.groups:
            self._execution(path, known, rows)

    def _groups(self, path: Path) -> Iterator[Group]:
        try:
            yield from read_groups(path)
        except JournalDamaged as damage:
            place = Place(path.name, damage.groups, damage.offset, 0)
            self._add(Finding("damaged", "Journal", path.name, damage.reason, place=place))

    def _compare(self, wanted: _Wanted) -> None:
        for label, facts in wanted.items():
            if label in self._keys:
                self._keys[label].update(int(key[:16], 16) for key in facts)
            keys = sorted(facts)
            for start in range(0, len(keys), BATCH):
                piece = keys[start : start + BATCH]
                found = actual(self._store, label, piece)
                for key in piece:
                    fact, place = facts[key]
                    for finding in _findings(label, key, fact, found.get(key), place):
                        if label == "Job" or finding.kind == "missing":
                            self._add(finding)
                        else:
                            self._doubts.setdefault((label, key), []).append(finding)

    def _execution(self, path: Path, known: _Run, rows: list[tuple[Any, ...]]) -> None:
        begun = known.started
        key = known.id
        if not rows:
            self._add(Finding("missing", "Execution", key, place=Place(path.name, 0, 8, 0)))
            return
        facts, started, finished, status, error, head, groups, roots, jobs = rows[0]
        pairs: list[tuple[str, Any, Any]] = [
            ("journal_head", known.head.hex(), head),
            ("groups", known.groups, groups),
        ]
        if begun is not None:
            wanted = execution_facts(begun)
            pairs += [(name, wanted[name], facts[name]) for name in wanted]
            pairs.append(("started", moment(begun.started), started))
        if known.ended is not None:
            end = known.ended
            pairs += [("status", end.status, status), ("finished", moment(end.finished), finished)]
            pairs.append(("error", end.error, error))
        else:
            pairs.append(("status", "FAILED", status))
        pairs.append(("STARTED", sorted(job_id(key, n) for n in known.roots), sorted(roots)))
        for name, recorded, found in pairs:
            if recorded != found:
                self._add(
                    Finding("different", "Execution", key, name, recorded, found, Place(path.name, 0, 8, 0))
                )
        if jobs != len(known.jobs):
            ids = {job_id(key, n) for n in known.jobs}
            for (job,) in self._store.rows("verify_job_ids", id=key):
                if job not in ids:
                    self._add(Finding("unknown", "Job", job, f"of execution {key}"))

    def _settle_doubts(self, journals: list[Path]) -> None:
        """A node shared by several runs is as the first of them made it: any one record that agrees clears it."""
        if self._doubts:
            cleared: set[tuple[str, str]] = set()
            for path in journals:
                run = execution_id_of(path)
                for group in _intact(path):
                    facts = [
                        fact
                        for fact in (expected(run, record) for record in group.records)
                        if fact is not None
                    ]
                    for label, key, content in facts:
                        if (label, key) in self._doubts:
                            found = actual(self._store, label, [key]).get(key)
                            if found is not None and not differences(label, content, found):
                                cleared.add((label, key))
            for doubt, findings in self._doubts.items():
                if doubt not in cleared:
                    for finding in findings:
                        self._add(finding)

    def _unknown_runs(self) -> None:
        for (run,) in self._store.rows("verify_executions", directory=str(self._project.root)):
            if run not in self._runs:
                self._add(Finding("unknown", "Execution", run, "its journal is not there"))

    def _unknown_nodes(self) -> None:
        for label, query in _KEYS.items():
            known = self._keys[label]
            digits = 0 if len(known) < _RANGE else 1 if len(known) < 16 * _RANGE else 2
            starts = [f"{i:0{digits}x}" for i in range(16**digits)] if digits else [""]
            for start, end in zip(starts, [*starts[1:], "g"], strict=True):
                for (key,) in self._store.rows(query, **{"from": start, "to": end}):
                    if _short(key) not in known:
                        self._add(Finding("unknown", label, key))

    def _add(self, finding: Finding) -> None:
        self._result.findings.append(finding)


class _Run:
    """What a journal says of its run as a whole."""

    def __init__(self, run: str) -> None:
        self.id = run
        self.groups = 0
        self.head = b""
        self.started: ExecutionStarted | None = None
        self.ended: ExecutionEnded | None = None
        self.jobs: set[int] = set()
        self.roots: set[int] = set()

    def take(self, group: Group) -> None:
        self.groups = group.index + 1
        self.head = group.head
        for record in group.records:
            if isinstance(record, (JobEnded, JobStarted)):
                self.jobs.add(record.n)
                if record.parent is None:
                    self.roots.add(record.n)
                else:
                    self.jobs.add(record.parent)
            elif isinstance(record, ExecutionStarted):
                self.started = record
            elif isinstance(record, ExecutionEnded):
                self.ended = record


def _findings(label: str, key: str, wanted: Fact, found: Fact | None, place: Place) -> list[Finding]:
    if found is None:
        return [Finding("missing", label, key, place=place)]
    return [
        Finding("different", label, key, name, recorded, there, place)
        for name, recorded, there in differences(label, wanted, found)
    ]


def _intact(path: Path) -> Iterator[Group]:
    try:
        yield from read_groups(path)
    except JournalDamaged:
        return


def _short(key: str) -> int:
    """Enough of a key to tell it from others; what is no hash at all is told from every hash."""
    try:
        return int(key[:16], 16) if len(key) == 64 else -1
    except ValueError:
        return -1
