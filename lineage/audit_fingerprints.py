"""What findings are known again by, when a workflow was run again: with other ids, other code, or other data.

A fingerprint covers the rule, the message and the nodes. Of ids in the message, nothing counts, but commits do. A
version of a task is known by the task's name, a content of a file by its path, a dataset by its name. A run, a job
and a call are known by the task and by what it was asked for: an argument that is a file by its path, one that is the
whole result of another call by that call, in the same way, some steps back, and any other by its value. So what might
be something else, like a part of a result or a file beside other things, is rather new than known. Paths are seen
from the project's folder: a baseline is kept in its repository.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_BATCH = 2000
_LOOKED_UP = ("execution", "job", "call", "task", "file", "dataset")
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}[0-9a-f-]*(?![0-9A-Za-z])")
_STEPS = 4
"""how many calls back an argument is known by where it came from"""
_MANY = 20
"""calls that gave one argument which are too many to follow"""
_FILES = frozenset(
    f"headwater.{kind}{name}" for kind in ("", "Content", "I") for name in ("File", "Dir", "FileSet")
)
"""types of values that are known by where they lie; a class of a project's own may hold more than that"""


@dataclass
class _Argument:
    name: str
    value: str
    type: str
    paths: list[str]
    givers: list[str]


@dataclass
class _Call:
    task: str
    arguments: list[_Argument] = field(default_factory=list)


def fingerprints(
    store: GraphStore,
    found: Sequence[tuple[str, str, Sequence[str]]],
    root: Path | None = None,
    *,
    paths: Mapping[str, str] | None = None,
) -> list[str]:
    """The fingerprints of findings.

    Args:
        found: (id of the rule, message, nodes as KIND:KEY) of each.
        root: the project's folder.
        paths: of files, by their nodes, as far as they are known: these are not asked for.
    """
    inside = "" if root is None else f"{root}/"
    known_by, further = _known_by(store, {node for *_, nodes in found for node in nodes}, inside, paths or {})
    answer = []
    for rule, message, nodes in found:
        ids = [node.partition(":")[2] for node in nodes] + [
            id for node in nodes for id in further.get(node, ())
        ]
        text = _without(_inside(message, inside), ids)
        parts = (rule, text, *sorted(known_by.get(node, node) for node in nodes))
        answer.append(sha256("\0".join(parts).encode()).hexdigest())
    return answer


def _known_by(
    store: GraphStore, nodes: set[str], inside: str, paths: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """By node, what it is known by, with its kind; and further ids that stand for it in messages."""
    rows: list[tuple[str, str | None, str | None, list[str | None]]] = []
    rows += [(node, None, paths[node], []) for node in nodes & paths.keys()]
    wanted = sorted(nodes - paths.keys())
    for begin in range(0, len(wanted), _BATCH):
        keys: dict[str, list[str]] = {f"{kind}s": [] for kind in _LOOKED_UP}
        for node in wanted[begin : begin + _BATCH]:
            kind, _, key = node.partition(":")
            if kind in _LOOKED_UP:
                keys[f"{kind}s"].append(key)
        rows += [row for (some,) in store.rows("audit_known_by", **keys) for row in some]
    calls = _asked(store, {call for _, call, *_ in rows if call is not None})
    known_by: dict[str, str] = {}
    further: dict[str, list[str]] = {}
    words_of = _Words(calls, inside)
    for node, call, by, ids in rows:
        words = words_of(call, _STEPS) if call in calls else _inside(by or "", inside)
        if words:
            known_by[node] = f"{node.partition(':')[0]}:{words}"
        further[node] = [id for id in ids if id is not None]
    return known_by, further


def _asked(store: GraphStore, wanted: set[str]) -> dict[str, _Call]:
    """Calls with what they were asked for, and those that gave it."""
    found: dict[str, _Call] = {}
    for _ in range(_STEPS):
        keys = sorted(wanted - found.keys())
        wanted = set()
        for begin in range(0, len(keys), _BATCH):
            for key, task, name, value, type_, paths, fed in store.rows(
                "audit_asked", keys=keys[begin : begin + _BATCH], most=_MANY + 1
            ):
                call = found.setdefault(key, _Call(task))
                if name is None:
                    continue
                # Of a part of a result, of several results in one, and of what the function that called put beside
                # it, only the value says what it was.
                is_given = 0 < len(fed) <= _MANY and all(
                    giver != within and gave == [value] for giver, within, gave in fed
                )
                givers = sorted({giver for giver, *_ in fed}) if is_given else []
                call.arguments.append(_Argument(name, value, type_, sorted(set(paths)), givers))
                wanted.update(givers)
    return found


class _Words:
    """What calls are known by."""

    def __init__(self, calls: dict[str, _Call], inside: str) -> None:
        self._calls = calls
        self._inside = inside
        self._known: dict[tuple[str, int], str] = {}

    def __call__(self, key: str, steps: int) -> str:
        """What a call is known by, with what was given to it so many steps back."""
        known = self._known.get((key, steps))
        if known is None:
            call = self._calls[key]
            parts = [call.task]
            for one in sorted(call.arguments, key=lambda one: (one.name, one.value)):
                parts += [one.name, *self._argument(one, steps)]
            known = self._known[key, steps] = sha256("\0".join(parts).encode()).hexdigest()
        return known

    def _argument(self, one: _Argument, steps: int) -> list[str]:
        if one.givers and steps > 1 and all(giver in self._calls for giver in one.givers):
            return ["result", *sorted({self(giver, steps - 1) for giver in one.givers})]
        if one.type in _FILES and one.paths:
            return [one.type, *(_inside(path, self._inside) for path in one.paths)]
        return ["value", one.value]


def _inside(text: str, inside: str) -> str:
    """A text in which paths of the project's files are seen from its folder."""
    return text.replace(inside, "") if inside else text


def _without(message: str, ids: Sequence[str]) -> str:
    """A message without the ids in it, whole or cut."""
    return _ID.sub(lambda match: "…" if any(one.startswith(match[0]) for one in ids) else match[0], message)
