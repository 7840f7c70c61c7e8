"""The other direction: what the graph has and no journal says.

What belongs to this project beyond doubt is looked for in every store: its runs, their jobs, and jobs of no run at all.
Everything else can be told only where the graph holds nobody else's runs: a local graph, or a server that no other
project writes to.

Runs may be going on. What they record after their journals were read is not unknown, so before anything is named, the
journals that were still growing are read again: a journal always has a record before the graph has its node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import CHANGE, SUFFIX, execution_id_of, is_of_change
from headwater.cypher.records import JobEnded, JobStarted, job_id
from headwater.lineage.verify_changes import unknown_changes
from headwater.lineage.verify_damage import groups_of
from headwater.lineage.verify_facts import EDGES, EXTRA, expected
from headwater.lineage.verify_findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

LISTED = 1000
"""nodes and edges that are none of headwater's which are named, at most"""
_RANGE = 50_000
_QUERIES = {
    "Task": "verify_keys_tasks",
    "Code": "verify_keys_codes",
    "File": "verify_keys_files",
    "Value": "verify_keys_values",
    "Evaluation": "verify_keys_evaluations",
    "CallNode": "verify_keys_call_nodes",
    "Handle": "verify_keys_handles",
}


class Known:
    """What the journals have, as little of it as tells one thing from another.

    Attributes:
        runs: ids of the executions.
        suspects: things of runs that are known, which their journals did not have when they were read.
    """

    def __init__(self) -> None:
        self.runs: set[str] = set()
        self.suspects: list[Finding] = []
        self._keys: dict[str, set[int]] = {label: set() for label in _QUERIES}

    def add(self, label: str, keys: Collection[str]) -> None:
        """Remember the keys of nodes; labels of which only the runs are kept are passed over."""
        if label in self._keys:
            self._keys[label].update(_short(key) for key in keys)

    def count(self, label: str) -> int:
        return len(self._keys[label])

    def has(self, label: str, key: str) -> bool:
        return _short(key) in self._keys[label]


def unknown(
    project: Project, store: GraphStore, known: Known, growing: Collection[str]
) -> tuple[list[Finding], int]:
    """What no journal has, and the number of other projects' runs in the store.

    Args:
        growing: the runs whose journals may have more by now than `known` was told of.
    """
    suspects = [*known.suspects]
    others = 0
    for run, root in store.rows("verify_executions"):
        if run in known.runs:
            continue
        if store.dialect == "local" or root is None or root == str(project.root):
            suspects.append(Finding("unknown", "Execution", run, "its journal is not there"))
        else:
            others += 1
    suspects += [
        Finding(
            "unknown", "Job", job, f"of execution {run}, which is not there" if run else "of no execution"
        )
        for job, run in store.rows("verify_stray_jobs", limit=LISTED)
    ]
    suspects += unknown_changes(project, store, known.runs)
    if not others:
        suspects += _unknown_nodes(store, known)
        suspects += [
            Finding("unknown", ":".join(sorted(labels)) or "node", str(node), "headwater writes no such node")
            for node, labels in store.rows("verify_foreign_nodes", limit=LISTED)
        ]
        suspects += _foreign_edges(store)
    if suspects:
        later = [path for path in _journals(project) if _is_later(execution_id_of(path), known, growing)]
        explained = _explained(project, {(found.label, found.key) for found in suspects}, later)
        suspects = [found for found in suspects if (found.label, found.key) not in explained]
    return suspects, others


def _foreign_edges(store: GraphStore) -> Iterator[Finding]:
    kinds = [f"{start} {kind} {end}" for start, kind, end, _ in EDGES]
    properties = sorted({f"{kind} {name}" for _, kind, _, names in EDGES for name in names})
    rows = store.rows("verify_foreign_edges", kinds=kinds, properties=properties, limit=LISTED)
    for edge, kind, start, end, extra in rows:
        what = f"from {':'.join(start) or 'a node'} to {':'.join(end) or 'a node'}: headwater writes no such edge"
        if extra:
            what = f"{EXTRA}: {', '.join(sorted(extra))}"
        yield Finding("unknown", str(kind), str(edge), what)


def _journals(project: Project) -> Iterator[Path]:
    """All journals there are now. One that is just being moved may come twice, but is not missed."""
    for folder in (project.journals, project.loaded_journals):
        yield from folder.glob(f"*{SUFFIX}")


def _is_later(run: str, known: Known, growing: Collection[str]) -> bool:
    return run in growing or run not in known.runs


def _unknown_nodes(store: GraphStore, known: Known) -> Iterator[Finding]:
    for label, query in _QUERIES.items():
        count = known.count(label)
        digits = 0 if count < _RANGE else 1 if count < 16 * _RANGE else 2
        starts = ["", *(f"{i:0{digits}x}" for i in range(1, 16**digits))]
        for start, end in zip(starts, [*starts[1:], "g"], strict=True):
            for (key,) in store.rows(query, **{"from": start, "to": end}):
                if not known.has(label, key):
                    yield Finding("unknown", label, key)


def _explained(
    project: Project, suspects: set[tuple[str, str]], later: Collection[Path]
) -> set[tuple[str, str]]:
    """Those of the suspects that are in the journals by now."""
    found: set[tuple[str, str]] = set()
    for path in later:
        run = execution_id_of(path)
        if is_of_change(path):
            found.add(("Change", run.removesuffix(CHANGE)))
            continue
        found.add(("Execution", run))
        try:
            for group in groups_of(project, path):
                for record in group.records:
                    fact = expected(run, record, {})
                    if fact is not None:
                        found.add((fact[0], fact[1]))
                    if isinstance(record, (JobStarted, JobEnded)):
                        numbers = (record.n, record.parent)
                        found.update(("Job", job_id(run, n)) for n in numbers if n is not None)
                found &= suspects
        except (JournalDamaged, FileNotFoundError):
            continue
    return found


def _short(key: str) -> int:
    """Enough of a key to tell it from others; what is no hash at all is told from every hash."""
    try:
        return int(key[:16], 16) if len(key) == 64 else -1
    except ValueError:
        return -1
