"""What a graph holds, in a form that can be compared with `==`: sorted rows, with what differs by nature left out.

Two graphs with the same `facts` are isomorphic as far as content goes: tasks, calls, values, files, reductions and each
edge between them. `runs` adds executions and jobs, which are told apart by their order and their number instead of ids.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from headwater.cypher.store import GraphStore

Rows = list[tuple[Any, ...]]

LIMIT = 10_000_000
SECONDS = 120.0

_NODES = {
    "Task": "n.task_hash, n.name, n.namespace, n.fullname, n.version, n.source, n.options, n.counted, n.uncounted",
    "Code": "n.code_hash, n.name, n.kind, n.digest, n.source",
    "Value": "n.value_hash, n.type, n.codec, n.size, n.preview, n.bytes, n.location",
    "File": "n.file_hash, n.path, n.evidence, n.digest, n.size",
    "Evaluation": "n.eval_hash, n.task_hash",
    "Handle": "n.state, n.kind, n.key, n.name, n.type, n.origin",
    "CallNode": "n.call_hash, n.eval_hash, n.args_hash, n.task_name, n.cacheable, n.failed",
}
_EDGES = {
    "READS": ("a.task_hash", "b.code_hash", "null AS first, null AS second"),
    "OF": ("a.call_hash", "b.task_hash", "null AS first, null AS second"),
    "TOOK": ("a.call_hash", "b.value_hash", "r.name, r.position"),
    "RETURNED": ("a.call_hash", "b.value_hash", "null AS first, null AS second"),
    "CALLED": ("a.call_hash", "b.call_hash", "r.order, null AS second"),
    "FED_BY": ("a.call_hash", "b.call_hash", "r.name, r.within"),
    "REDUCED_TO": ("a.eval_hash", "b.value_hash", "null AS first, null AS second"),
    "CAME_FROM": ("a.state", "b.state", "null AS first, null AS second"),
    "REFERS_TO": ("a.value_hash", "b.file_hash", "null AS first, null AS second"),
}
_EXECUTION = (
    "n.id, n.status, n.command, n.user, n.host, n.project, n.directory, n.project_root, n.headwater_version, "
    "n.python_version, n.git_commit, n.git_dirty, n.environment, n.error, n.tags"
)
_JOB = (
    "n.id, n.execution_id, n.n, n.status, n.task_name, n.task_hash, n.eval_hash, n.executor, n.attempt, n.error, "
    "n.traceback, n.reason"
)


def facts(store: GraphStore) -> dict[str, Rows]:
    """Content-addressed nodes, by label, and the edges between them, by type. Times are left out."""
    found = {
        label: _sorted(_ask(store, f"MATCH (n:{label}) RETURN {what}")) for label, what in _NODES.items()
    }
    for kind, (source, target, more) in _EDGES.items():
        found[kind] = _sorted(_ask(store, f"MATCH (a)-[r:{kind}]->(b) RETURN {source}, {target}, {more}"))
    return found


def runs(store: GraphStore) -> dict[str, Rows]:
    """Executions and jobs with the edges that they have. Times are left out; whether there is one, is told."""
    executions = sorted(
        _ask(store, f"MATCH (n:Execution) RETURN {_EXECUTION}, n.started IS NULL, n.finished IS NULL"),
        key=repr,
    )
    order = {row[0]: index for index, row in enumerate(executions)}
    jobs = _ask(store, f"MATCH (n:Job) RETURN {_JOB}, n.started IS NULL, n.finished IS NULL")
    known = {row[0]: (order.get(row[1], row[1]), row[2]) for row in jobs}
    made = _ask(store, "MATCH (a:Job)-[:MADE]->(b:CallNode) RETURN a.id, b.call_hash")
    given = _ask(store, "MATCH (a:Job)-[g:GIVEN]->(b:Value) RETURN a.id, g.name, g.position, b.value_hash")
    spawned = _ask(store, "MATCH (a:Job)-[:SPAWNED]->(b:Job) RETURN a.id, b.id")
    started = _ask(store, "MATCH (a:Execution)-[:STARTED]->(b:Job) RETURN a.id, b.id")
    return {
        "Execution": [(order[row[0]], *row[1:]) for row in executions],
        "Job": _sorted([(*known[row[0]], *row[3:]) for row in jobs]),
        "MADE": _sorted([(*known[job], call) for job, call in made]),
        "GIVEN": _sorted([(*known[job], *argument) for job, *argument in given]),
        "SPAWNED": _sorted([(*known[parent], *known[child]) for parent, child in spawned]),
        "STARTED": _sorted([(order[run], *known[job]) for run, job in started]),
    }


def dump(store: GraphStore) -> dict[str, Rows]:
    """All of it: `facts` and `runs`."""
    return {**facts(store), **runs(store)}


def duplicates(rows: dict[str, Rows]) -> dict[str, Rows]:
    """Rows that occur more than once, by label or type: there should be none."""
    found = {
        name: [row for row, n in Counter(map(repr, some)).items() if n > 1] for name, some in rows.items()
    }
    return {name: [(row,) for row in some] for name, some in found.items() if some}


def _ask(store: GraphStore, text: str) -> Rows:
    return store.ask(text, {}, timeout=SECONDS, limit=LIMIT).rows


def _sorted(rows: Rows) -> Rows:
    return sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
