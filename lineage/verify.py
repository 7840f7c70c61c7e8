"""Whether the graph holds what the journals say, no more and no less, and whether the journals are whole, and sealed.

Read is what lies in the project's journals: every group's place in the chain, then every record against its node, that
node's edges, and the bytes in the value store. `verify_unknown` looks in the other direction, `seals.verify` at the
seals. Of a run that goes on, what the graph had when its journal was opened is compared. Memory holds a few thousand
records at a time, and of every node a number.

Journals are read newest first: of a call that several runs made, the graph has the newest time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.backlog import is_running, pending
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.held import is_held
from headwater.cypher.journal import MAGIC, SUFFIX, Group, execution_id_of, is_of_change
from headwater.cypher.load_batch import execution_facts
from headwater.cypher.load_journal import GONE
from headwater.cypher.records import (
    ChangeMade,
    ExecutionEnded,
    ExecutionStarted,
    JobEnded,
    JobStarted,
    TagsGiven,
    ValueSeen,
    job_id,
    tag_texts,
)
from headwater.cypher.targets import own_store, target_of
from headwater.lineage.moments import moment
from headwater.lineage.seals.verify import verify_seals
from headwater.lineage.verify_changes import change_findings
from headwater.lineage.verify_damage import groups_of, rest_of
from headwater.lineage.verify_doubts import Doubts, learn_names
from headwater.lineage.verify_downstream import downstream
from headwater.lineage.verify_facts import (
    EXTRA,
    PROPERTIES,
    Fact,
    actual,
    differences,
    expected,
    open_job,
    same,
)
from headwater.lineage.verify_findings import Finding, Place, Verification
from headwater.lineage.verify_handles import HandleFacts, joined
from headwater.lineage.verify_stored import Stored
from headwater.lineage.verify_tags import ValueTags
from headwater.lineage.verify_unknown import Known, unknown

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore
    from headwater.lineage.seals.files import Statement

BATCH = 2000
"""records compared with one round of queries"""

_GROUPS = 7
"""where verify_execution has the number of loaded groups"""

_Wanted = dict[str, dict[str, tuple[Fact, Place]]]


def verify(
    project: Project,
    store: GraphStore,
    *,
    kept: Collection[Statement] = (),
    seal_prefixes: Collection[str] = (),
    public_keys: Collection[bytes] = (),
    progress: Callable[[Verification], None] | None = None,
) -> Verification:
    """Compare a project's journals with its graph and with their seals. Let the loader catch up first.

    Args:
        kept: seals as they were kept elsewhere, which must be among the project's.
        seal_prefixes: beginnings of ids of seals, which must be among the project's.
        public_keys: those that may have signed, 32 bytes each; none for whichever a seal names.
        progress: called after every journal.

    Raises:
        StoreError: the store cannot be read.
    """
    verifier = _Verifier(project, store)
    result = verifier.run(progress)
    seals = verify_seals(
        project,
        store,
        runs=verifier.known.runs,
        kept=kept,
        prefixes=seal_prefixes,
        public_keys=public_keys,
    )
    result.seals, result.sealed, result.keys = seals.seals, seals.sealed, seals.keys
    result.findings += seals.findings
    first = result.first()
    if first is not None:
        result.downstream = downstream(project, store, first)
    return result


class _Verifier:
    def __init__(self, project: Project, store: GraphStore) -> None:
        self.known = Known()
        self._store = store
        self._project = project
        self._result = Verification()
        self._doubts = Doubts(project)
        self._handles = HandleFacts()
        self._tags = ValueTags()
        self._growing: set[str] = set()
        self._damaged: set[str] = set()
        self._stored = Stored(project)

    def run(self, progress: Callable[[Verification], None] | None) -> Verification:
        for path in reversed(self._journals()):
            self._result.journals += 1
            if is_of_change(path):
                self._change(path)
            else:
                self._journal(path)
            if progress is not None:
                progress(self._result)
        found, self._result.others = unknown(self._project, self._store, self.known, self._growing)
        shared = self._result.others > 0
        self._result.findings += self._doubts.settle(self._store, self._journals, shared=shared)
        self._result.findings += self._tags.settle(self._store, shared=shared or bool(self._growing))
        self._result.findings += self._handles.settle(
            self.known.runs, self._growing, self._journals, shared=shared
        )
        self._result.findings.sort(key=lambda finding: finding.place.journal if finding.place else "")
        self._result.findings += found
        return self._result

    def _journals(self) -> list[Path]:
        store = own_store(self._project)
        found = {path.name: path for path in pending(self._project)}
        for path in self._project.loaded_journals.glob(f"*{SUFFIX}"):
            if target_of(self._project, path) == store:
                found[path.name] = path  # what was pending a moment ago, too
        return [found[name] for name in sorted(found)]

    def _change(self, path: Path) -> None:
        """A journal of a tag or a dataset. One that is being written is there wholly, or not at all."""
        name, growing = execution_id_of(path), self._is_growing(path)
        self.known.runs.add(name)
        for group in self._groups(path, 0):
            self._result.groups += 1
            self._result.records += len(group.records)
            place = Place(path.name, group.index, group.offset, 0)
            for change in (record for record in group.records if isinstance(record, ChangeMade)):
                for finding in change_findings(self._store, change, group.head, place):
                    if finding.kind != "missing" or not growing:
                        self._add(finding)

    def _journal(self, path: Path) -> None:
        run = execution_id_of(path)
        growing = self._is_growing(path)  # asked before the graph is: what that has then, the journal has
        if growing:
            self._growing.add(run)
        self.known.runs.add(run)
        rows = self._store.rows("verify_execution", id=run, properties=list(PROPERTIES["Execution"]))
        told = rows[0][_GROUPS] if rows else 0
        loaded = told if isinstance(told, int) else 0
        known = _Run(run, growing=growing)
        wanted: _Wanted = {}
        count = 0
        for group in self._groups(path, loaded):
            if growing and group.index >= loaded:
                break
            self._result.groups += 1
            self._result.records += len(group.records)
            known.take(group, path.name)
            for index, record in enumerate(group.records):
                place = Place(path.name, group.index, group.offset, index)
                fact = expected(run, record, known.names)
                if fact is not None:
                    label, key, content = fact
                    known_facts = wanted.setdefault(label, {})
                    if label == "Handle":
                        content = joined(known_facts.get(key, (None, place))[0], content)
                    known_facts[key] = (content, place)
                    count += 1
                if isinstance(record, TagsGiven):
                    self._tags.take(record, place)
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
        return is_held(path) or waits

    def _groups(self, path: Path, loaded: int) -> Iterator[Group]:
        """The groups of a journal; of a damaged one also what the graph was given before it was damaged."""
        source = groups_of(self._project, path)
        while True:
            try:
                yield from source
                return
            except JournalDamaged as damage:
                self._damaged.add(path.name)
                place = Place(path.name, damage.groups, damage.offset, 0)
                self._add(Finding("damaged", "Journal", path.name, damage.reason, place=place))
                if damage.groups >= loaded:
                    return
                source = rest_of(self._project, path, damage)

    def _compare(self, wanted: _Wanted) -> None:
        for label, facts in wanted.items():
            self.known.add(label, facts)
            keys = sorted(facts)
            for start in range(0, len(keys), BATCH):
                piece = keys[start : start + BATCH]
                found = actual(self._store, label, piece)
                for key in piece:
                    fact, place = facts[key]
                    there = found.get(key)
                    if there is None:
                        self._add(Finding("missing", label, key, place=place))
                    elif label == "Job":
                        for name, recorded, other in differences(label, fact, there):
                            self._add(Finding("different", label, key, name, recorded, other, place))
                    elif label == "Handle":
                        for finding in self._handles.look(key, fact, there, place):
                            self._add(finding)
                    else:
                        self._doubts.look(label, key, fact, there, place)

    def _execution(self, path: Path, known: _Run, rows: list[tuple[Any, ...]]) -> None:
        key, place = known.id, Place(path.name, 0, len(MAGIC), 0)
        if not rows:
            self._add(Finding("missing", "Execution", key, place=place))
            return
        (
            facts,
            tags_at,
            started,
            finished,
            status,
            error,
            head,
            groups,
            offset,
            records,
            roots,
            jobs,
            extra,
        ) = rows[0]
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
            began = moment(known.started.started)
            times = {**known.tags, **dict.fromkeys(wanted["tags"], 0)}
            wanted["tags"] = [*dict.fromkeys([*wanted["tags"], *known.tags])]
            pairs += [(name, wanted[name], facts[name]) for name in wanted]
            pairs.append(("started", began, started))
            if tags_at is not None or any(times.values()):
                at = [moment(times[tag]) if times[tag] else began for tag in wanted["tags"]]
                pairs.append(("tags_at", at, tags_at))
        if known.ended is not None:
            end = known.ended
            pairs += [("status", end.status, status), ("finished", moment(end.finished), finished)]
            pairs.append(("error", end.error, error))
        elif not known.growing:
            pairs.append(("status", "FAILED", status))
            if path.name not in self._damaged:
                pairs.append(("error", GONE, error))
        elif is_held(path):  # else the loader is about to say, or has just said, that it failed
            pairs.append(("status", "RUNNING", status))
        pairs.append(("STARTED", sorted(job_id(key, n) for n in known.roots), sorted(roots, key=repr)))
        for name, recorded, found in pairs:
            if not same(recorded, found):
                self._add(Finding("different", "Execution", key, name, recorded, found, place))
        if not known.growing and path.name not in self._damaged:
            self._open_jobs(known, finished, place)
        if jobs != len(known.jobs):
            ids = {job_id(key, n) for n in known.jobs}
            self.known.suspects += [
                Finding("unknown", "Job", job, f"of execution {key}")
                for (job,) in self._store.rows("verify_job_ids", id=key)
                if job not in ids
            ]

    def _open_jobs(self, known: _Run, finished: Any, place: Place) -> None:
        """Jobs that the run's journal says no end of: the run went away while they were running."""
        wanted: dict[str, tuple[Fact, Place]] = {}
        for n in known.jobs - known.closed:
            record, where = known.begun.get(n, (None, place))
            gone = known.ended is None
            fact = open_job(known.id, n, record, known.names, gone=gone, finished=finished if gone else None)
            wanted[job_id(known.id, n)] = (fact, where)
        self._compare({"Job": wanted})

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
        self.closed: set[int] = set()
        """jobs of which the journal has the end"""
        self.begun: dict[int, tuple[JobStarted, Place]] = {}
        """those of the others of which it has the beginning"""
        self.roots: set[int] = set()
        self.tags: dict[str, int] = {}
        """those that it gave itself, with when"""

    def take(self, group: Group, journal: str) -> None:
        self.groups = group.index + 1
        self.end = group.end
        self.head = group.head
        learn_names(self.names, group.records)
        for index, record in enumerate(group.records):
            if isinstance(record, (JobEnded, JobStarted)):
                self.jobs.add(record.n)
                if record.parent is None:
                    self.roots.add(record.n)
                else:
                    self.jobs.add(record.parent)
                if isinstance(record, JobEnded):
                    self.closed.add(record.n)
                    self.begun.pop(record.n, None)
                elif record.n not in self.closed:
                    self.begun[record.n] = record, Place(journal, group.index, group.offset, index)
            elif isinstance(record, TagsGiven):
                if record.value is None:
                    for tag in tag_texts(record.tags) or ():
                        self.tags.setdefault(tag, record.at)
            elif isinstance(record, ExecutionStarted):
                self.started = record
            elif isinstance(record, ExecutionEnded):
                self.ended = record
