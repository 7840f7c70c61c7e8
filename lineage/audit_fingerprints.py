"""What findings are known again by, when a workflow was run again and its runs and jobs have other ids.

A fingerprint covers the rule, the message and the nodes. A run, a job and a call count by the task with its arguments
that they are of, a version of a task by the task's name, a content of a file by its path, a dataset by its name; of ids
in the message, nothing counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_BATCH = 2000
_LOOKED_UP = ("execution", "job", "call", "task", "file", "dataset")
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}[0-9a-f-]*(?![0-9A-Za-z])")


def fingerprints(store: GraphStore, found: Sequence[tuple[str, str, Sequence[str]]]) -> list[str]:
    """The fingerprints of findings.

    Args:
        found: (id of the rule, message, nodes as KIND:KEY) of each.
    """
    known_by, runs = _known_by(store, {node for *_, nodes in found for node in nodes})
    answer = []
    for rule, message, nodes in found:
        ids = [node.partition(":")[2] for node in nodes] + [runs[node] for node in nodes if node in runs]
        parts = (rule, _without(message, ids), *sorted(known_by.get(node, node) for node in nodes))
        answer.append(sha256("\0".join(parts).encode()).hexdigest())
    return answer


def _known_by(store: GraphStore, nodes: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """By node, what it is known by, with its kind; and the run of a job."""
    wanted = sorted(nodes)
    known_by: dict[str, str] = {}
    runs: dict[str, str] = {}
    for begin in range(0, len(wanted), _BATCH):
        keys: dict[str, list[str]] = {f"{kind}s": [] for kind in _LOOKED_UP}
        for node in wanted[begin : begin + _BATCH]:
            kind, _, key = node.partition(":")
            if kind in _LOOKED_UP:
                keys[f"{kind}s"].append(key)
        for node, by, run in (row for (rows,) in store.rows("audit_known_by", **keys) for row in rows):
            if by is not None:
                known_by[node] = f"{node.partition(':')[0]}:{by}"
            if run is not None:
                runs[node] = run
    return known_by, runs


def _without(message: str, ids: Sequence[str]) -> str:
    """A message without the ids in it, whole or cut."""
    return _ID.sub(lambda match: "…" if any(one.startswith(match[0]) for one in ids) else match[0], message)
