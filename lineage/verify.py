"""Whether the graph holds what the journals say, no more and no less, and whether the journals are whole.

Read is what lies in the project's journals: every group's place in the chain, then every record against its node, that
node's edges, and the bytes in the value store. `verify_unknown` looks in the other direction. Of a run that goes on,
what the graph had when its journal was opened is compared. Memory holds a few thousand records at a time, and of every
node a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.backlog import is_running, pending
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import MAGIC, SUFFIX, Group, execution_id_of, is_open, read_groups
from headwater.cypher.load_batch import execution_facts, fullname
from headwater.cypher.records import (
    AnyRecord,
    ExecutionEnded,
    ExecutionStarted,
    JobEnded,
    JobStarted,
    TaskSeen,
    ValueSeen,
    job_id,
)
from headwater.cypher.targets import own_store, target_of
from headwater.lineage.verify_facts import (
    EXTRA,
    PROPERTIES,
    Fact,
    actual,
    differences,
    expected,
    moment,
)
from headwater.lineage.verify_findings import Finding, Place, Verification
from headwater.lineage.verify_stored import Stored
from headwater.lineage.verify_unknown import Known, unknown

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

BATCH = 2000
"""records compared with one round of queries"""

_GROUPS = 6
"""where verify_execution has the number of loaded groups"""

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
        self._known = Known()
        self._growing: set[str] = set()
        self._stored = Stored(project)

    def run(self, progress: Callable[[Verification], None] | None) -> Verification:
        store = own_store(self._project)
        loaded = sorted(self._project.loaded_journals.glob(f"*{SUFFIX}"))
        journals = [path for path in loaded if target_of(self._project, path) == store] + pending(
            self._project
        )
        for path in journals:
            self._result.journals += 1
            self._journal(path)
            if progress is not None:
                progress(self._result)
        self._settle_doubts(journals)
        findings, self._result.others = unknown(self._project, self._store, self._known, self._growing)
        self._result.findings += findings
        return self._result

    def _journal(self, path: Path) -> None:
        run = execution_id_of(path)
        growing = self._is_growing(path)  # asked before the graph is: what that has then, the journal has
        if growing:
            self._growing.add(run)
        self._known.runs.add(run)
        rows = self._store.rows("verify_execution", id=run, properties=list(PROPERTIES["Execution"]))
        loaded = (rows[0][_GROUPS] if rows else None) or 0
        known = _Run(run, growing=growing)
        wanted: _Wanted = {}
        count = 0
        for group in self._groups(path):
            if growing and group.index >= loaded:
                break
            self._result.groups += 1
            self._result.records += len(group.records)
            known.take(group)
            for index, record in enumerate(group.records):
                place = Place(path.name, group.index, group.offset, index)
                fact = expected(run, record, known.names)
                if fact is not None:
                    label, key, content = fact
                    wanted.setdefault(label, {})[key] = (content, place)
                    count += 1
                if isinstance(record, ValueSeen) and (found := self._stored.finding(record, place)):
                    self._add(found)
            if count >= BATCH:
                self._compare(wanted)
                wanted, count = {}, 0
        self._compare(wanted)
        if known.groups:
            self._execution(path, known, rows)

    def _is_growing(self, path: Path) -> bool:
        """Whether a journal's run goes on, or the loader is not through with it yet."""
        waits = path.parent == self._project.journals and is_running(self._project)
        return is_open(path) or waits

    def _groups(self, path: Path) -> Iterator[Group]:
        if not path.exists():
            path = self._project.loaded_journals / path.name  # the loader has finished it since
        try:
            yield from read_groups(path)
        except JournalDamaged as damage:
            place = Place(path.name, damage.groups, damage.offset, 0)
            self._add(Finding("damaged", "Journal", path.name, damage.reason, place=place))

    def _compare(self, wanted: _Wanted) -> None:
        for label, facts in wanted.items():
            self._known.add(label, facts)
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
        key, place = known.id, Place(path.name, 0, len(MAGIC), 0)
        if not rows:
            self._add(Finding("missing", "Execution", key, place=place))
            return
        facts, started, finished, status, error, head, groups, offset, records, roots, jobs, extra = rows[0]
        pairs: list[tuple[str, Any, Any]] = [
            ("journal_head", known.head.hex(), head),
            ("loaded_groups", known.groups, groups),
            ("loaded_offset", known.end, offset),
            (EXTRA, [], sorted(extra)),
        ]
        if not known.growing:
            pairs.append(("loaded_records", 0, records))
        if known.started is not None:
            wanted = execution_facts(known.started)
            pairs += [(name, wanted[name], facts[name]) for name in wanted]
            pairs.append(("started", moment(known.started.started), started))
        if known.ended is not None:
            end = known.ended
            pairs += [("status", end.status, status), ("finished", moment(end.finished), finished)]
            pairs.append(("error", end.error, error))
        elif not known.growing:
            pairs.append(("status", "FAILED", status))
        elif is_open(path):  # else the loader is about to say, or has just said, that it failed
            pairs.append(("status", "RUNNING", status))
        pairs.append(("STARTED", sorted(job_id(key, n) for n in known.roots), sorted(roots)))
        for name, recorded, found in pairs:
            if recorded != found:
                self._add(Finding("different", "Execution", key, name, recorded, found, place))
        if jobs != len(known.jobs):
            ids = {job_id(key, n) for n in known.jobs}
            self._known.suspects += [
                Finding("unknown", "Job", job, f"of execution {key}")
                for (job,) in self._store.rows("verify_job_ids", id=key)
                if job not in ids
            ]

    def _settle_doubts(self, journals: list[Path]) -> None:
        """A node shared by several runs is as the first of them made it: any one record that agrees clears it."""
        if self._doubts:
            cleared: set[tuple[str, str]] = set()
            for path in journals:
                run, names = execution_id_of(path), dict[bytes, str | None]()
                for group in _intact(path):
                    _learn_names(names, group.records)
                    for label, key, content in (
                        fact
                        for fact in (expected(run, record, names) for record in group.records)
                        if fact is not None
                    ):
                        if (label, key) in self._doubts:
                            found = actual(self._store, label, [key]).get(key)
                            if found is not None and not differences(label, content, found):
                                cleared.add((label, key))
            for doubt, findings in self._doubts.items():
                if doubt not in cleared:
                    for finding in findings:
                        self._add(finding)

    def _add(self, finding: Finding) -> None:
        self._result.findings.append(finding)


class _Run:
    """What a journal says of its run as a whole."""

    def __init__(self, run: str, *, growing: bool) -> None:
        self.id = run
        self.growing = growing
        self.groups = 0
        self.end = 0
        self.head = b""
        self.names: dict[bytes, str | None] = {}
        self.started: ExecutionStarted | None = None
        self.ended: ExecutionEnded | None = None
        self.jobs: set[int] = set()
        self.roots: set[int] = set()

    def take(self, group: Group) -> None:
        self.groups = group.index + 1
        self.end = group.end
        self.head = group.head
        _learn_names(self.names, group.records)
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


def _learn_names(names: dict[bytes, str | None], records: list[AnyRecord]) -> None:
    names.update((record.task_hash, fullname(record)) for record in records if isinstance(record, TaskSeen))


def _intact(path: Path) -> Iterator[Group]:
    try:
        yield from read_groups(path)
    except JournalDamaged:
        return
