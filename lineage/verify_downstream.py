"""What comes from a record that is off: the calls, files and runs that the graph says it reached.

Where the graph has lost the node itself, the journals say which calls had to do with it, and the walk begins at these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.cypher.errors import StoreError, StoreUnavailable
from headwater.cypher.journal import CHANGE, SUFFIX, execution_id_of
from headwater.cypher.records import CallMade, JobEnded, job_id
from headwater.lineage.impact import impact, impact_of_calls
from headwater.lineage.resolve import Found
from headwater.lineage.verify_damage import readable
from headwater.lineage.verify_facts import actual
from headwater.lineage.verify_findings import Downstream, Finding

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_views import Impact

LISTED = 20
"""calls that are named, at most"""
_KINDS = {
    "Execution": "execution",
    "Job": "job",
    "Task": "task",
    "CallNode": "call",
    "Value": "value",
    "File": "file",
}


def downstream(project: Project, store: GraphStore, finding: Finding) -> Downstream | None:
    """What a finding reached. None for what no call has to do with, and where the graph is so far from what was
    recorded that nobody can walk through it.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    label, key = finding.label, finding.key
    run = None
    if finding.place is not None and not finding.place.journal.endswith(CHANGE + SUFFIX):
        run = finding.place.journal.removesuffix(SUFFIX)
    if label == "Journal" and run is not None:
        label, key = "Execution", run
    if label not in _KINDS and label != "Evaluation":
        return None
    try:
        found = _impact(project, store, label, key)
    except StoreUnavailable:
        raise
    except (StoreError, LookupError, TypeError, ValueError):
        return None  # edges that no run writes, properties of a type that no run writes
    counts = found.counts()
    counted = {name: count for name, count in counts.items() if name in Downstream.__annotations__}
    return Downstream(run, **counted, listed=tuple(found.calls[:LISTED]))


def _impact(project: Project, store: GraphStore, label: str, key: str) -> Impact:
    if label == "Execution":
        calls = {call for (call,) in store.rows("impact_execution_calls", id=key)}
    elif label in _KINDS and (there := actual(store, label, [key])):
        name = there[key].get("fullname") if label == "Task" else key
        return impact(store, Found(_KINDS[label], key, str(name)))
    else:
        calls = set()
    calls = calls or set(_mentioned(project, label, key))
    return impact_of_calls(
        store, Found(_KINDS.get(label, "call"), key, key), set(actual(store, "CallNode", sorted(calls)))
    )


def _mentioned(project: Project, label: str, key: str) -> Iterator[str]:
    """The calls that took something, made it, or were fed by it, as the journals say."""
    digest = bytes.fromhex(key) if label not in {"Execution", "Job"} else b""
    for folder in (project.journals, project.loaded_journals):
        for path in folder.glob(f"*{SUFFIX}"):
            run = execution_id_of(path)
            for group in readable(project, path):
                for record in group.records:
                    if isinstance(record, JobEnded) and label == "Job" and job_id(run, record.n) == key:
                        yield from () if record.call_hash is None else (record.call_hash.hex(),)
                    elif isinstance(record, CallMade):
                        if label == "Execution" and run == key:
                            yield record.call_hash.hex()
                        elif digest:
                            yield from _touched(record, digest)


def _touched(call: CallMade, digest: bytes) -> Iterator[str]:
    arguments = [value for _, _, value in call.args]
    if digest in (call.call_hash, call.eval_hash, call.task_hash, call.result, *arguments, *call.children):
        yield call.call_hash.hex()
    for consumer, _, producer in call.wiring:
        if producer >= 0 and call.children[producer] == digest:
            yield call.children[consumer].hex()
