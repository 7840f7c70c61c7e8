"""Where two executions, jobs, calls, versions of a task, values or files differ.

Two trees of calls are compared from their roots. A call's hash covers its task, its arguments, its result and all calls
below it, so that equal hashes need no look inside, and the comparison costs what differs. Children are matched by their
task's name, equal ones first, the others in their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.errors import UsageError
from headwater.cypher.inert import one_line
from headwater.lineage.changes import ValueChange, argument_changes, file_changes, result_change
from headwater.lineage.diff_unfinished import Unfinished
from headwater.lineage.diff_views import CallChange, Diff, Fact, Side
from headwater.lineage.previews import differences
from headwater.lineage.trace_facts import CallFact, FileFact, GraphFacts
from headwater.lineage.versions import CodeChange, compare_versions

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found

_EXECUTION = (
    "status", "error", "command", "user", "host", "project", "directory", "headwater_version", "python_version",
    "git_commit", "git_dirty", "environment", "tags",
)  # fmt: skip
_JOB = ("status", "error", "executor", "attempt", "reason")
_FILE = ("path", "evidence", "digest", "size")
_VALUE = ("type", "codec", "size")
_CALLING = ("execution", "job", "call")


def diff(store: GraphStore, before: Found, after: Found) -> Diff:
    """Where two things differ. Executions, jobs and calls may be compared with each other; the rest with its like.

    Raises:
        UsageError: they are of kinds that have nothing in common.
    """
    sides = Side(before.kind, before.id, before.label), Side(after.kind, after.id, after.label)
    if before.kind in _CALLING and after.kind in _CALLING:
        return _diff_calls(store, *sides)
    if before.kind != after.kind:
        raise UsageError(
            f"{one_line(before.label)} ({before.kind}) and {one_line(after.label)} ({after.kind}) "
            "cannot be compared. Runs, jobs and calls can be compared with each other, tasks, values and files "
            "with their like."
        )
    if before.kind == "task":
        code = compare_versions(store, before.id, after.id)
        return Diff(*sides, facts=[], code=[code] if code else [], calls=[], value=None, equal_calls=0)
    if before.kind == "file":
        rows = [store.rows("log_file", file=side.id)[0][1:] for side in sides]
        return Diff(*sides, facts=_facts(_FILE, *rows), code=[], calls=[], value=None, equal_calls=0)
    return _diff_values(store, *sides)


def _diff_values(store: GraphStore, before: Side, after: Side) -> Diff:
    rows = [store.rows("log_value", value=side.id)[0] for side in (before, after)]
    facts = _facts(_VALUE, *((row[1], row[2], row[3]) for row in rows))
    change = None
    if before.id != after.id:
        old, new = (row[4] for row in rows)
        files = [
            [FileFact(*row) for row in store.rows("log_value_files", value=side.id, limit=1000)]
            for side in (before, after)
        ]
        change = ValueChange(
            "value", before.id, after.id, old, new, differences(old, new), file_changes(*files)
        )
    return Diff(before, after, facts=facts, code=[], calls=[], value=change, equal_calls=0)


def _diff_calls(store: GraphStore, before: Side, after: Side) -> Diff:
    found = [_circumstances(store, side) for side in (before, after)]
    (one, old), (other, new) = found
    facts = _facts(tuple(old), old.values(), new.values()) if old.keys() == new.keys() else []
    trees = Trees(store)
    if one is not None and other is not None:
        calls = trees.compare(one, other)
    else:
        calls = Unfinished(store, trees).compare(*(_job(store, side) for side in (before, after)))
    return Diff(
        before,
        after,
        facts=facts,
        code=trees.code(),
        calls=calls,
        value=None,
        equal_calls=trees.equal,
        unfinished=[name for name, call in (("a", one), ("b", other)) if call is None],
    )


def _job(store: GraphStore, side: Side) -> str:
    """The job that is compared; of a run, the one that it began with."""
    if side.kind == "job":
        return side.id
    rows = store.rows("trace_execution", id=side.id) if side.kind == "execution" else []
    if not rows:
        why = "is a call" if side.kind == "call" else "made no call"
        raise UsageError(
            f"the {side.kind} {side.id} {why}, and what it is compared with came to no result, so there is nothing to "
            f"compare. What became of a run: hw log {side.id[:13]}"
        )
    return str(rows[0][0])


def _circumstances(store: GraphStore, side: Side) -> tuple[str | None, dict[str, object]]:
    """The call that a run or job made, and what else is to be compared."""
    if side.kind == "call":
        return side.id, {}
    call, *facts = store.rows(f"diff_{side.kind}", id=side.id)[0]
    return call, dict(zip(_EXECUTION if side.kind == "execution" else _JOB, facts, strict=True))


def _facts(names: Iterable[str], before: Iterable[object], after: Iterable[object]) -> list[Fact]:
    rows = zip(names, before, after, strict=True)
    return [Fact(name, old, new) for name, old, new in rows if old != new]


class _Child(NamedTuple):
    call: str
    task: str


class _Pair(NamedTuple):
    path: str
    before: str | None
    after: str | None


class Trees:
    """Compares two trees of calls, a level at a time."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._facts = GraphFacts(store)
        self._calls: dict[str, CallFact] = {}
        self._versions: dict[tuple[str, str], None] = {}
        self._seen: set[tuple[str | None, str | None]] = set()
        self.equal = 0

    def compare(self, before: str, after: str, path: str | None = None) -> list[CallChange]:
        """The pairs that differ, a call before those below it. `path` is theirs, where they are no roots."""
        if before == after:
            self.equal += 1
            return []
        self._learn([before, after])
        pairs = [_Pair(path or self._calls[after].task, before, after)]
        below: list[list[int]] = []
        begin = 0
        while begin < len(pairs):
            level = pairs[begin:]
            self._learn(call for pair in level for call in pair[1:] if call is not None)
            children = self._children(
                call for pair in level if pair.before and pair.after for call in pair[1:] if call
            )
            begin = len(pairs)
            for pair in level:
                inside = self._pairs(pair, children)
                below.append(list(range(len(pairs), len(pairs) + len(inside))))
                pairs += inside
        return [self._change(pairs[place], bool(below[place])) for place in _in_order(below)]

    def saw_versions(self, before: str, after: str) -> None:
        """These are of a pair, too."""
        self._versions[before, after] = None

    def code(self) -> list[CodeChange]:
        """The versions of tasks that differ in pairs, each once."""
        changes = (compare_versions(self._store, *versions) for versions in sorted(self._versions))
        return [change for change in changes if change is not None]

    def _learn(self, calls: Iterable[str]) -> None:
        missing = {call for call in calls if call not in self._calls}
        if missing:
            self._calls.update(self._facts.calls(missing))

    def _children(self, calls: Iterable[str]) -> dict[str, list[_Child]]:
        found: dict[str, list[_Child]] = {}
        for key, call, task, _ in self._facts.rows("diff_children", calls):
            found.setdefault(key, []).append(_Child(call, task))
        return found

    def _pairs(self, pair: _Pair, children: dict[str, list[_Child]]) -> list[_Pair]:
        """The children that differ, matched. What was met elsewhere in the tree is not taken apart again."""
        if pair.before is None or pair.after is None or pair[1:] in self._seen:
            return []
        self._seen.add((pair.before, pair.after))
        old, new = children.get(pair.before, []), children.get(pair.after, [])
        found = []
        for task in dict.fromkeys(child.task for child in (*new, *old)):
            before = [child.call for child in old if child.task == task]
            after = [child.call for child in new if child.task == task]
            several = max(len(before), len(after)) > 1
            for place, one, other in self._matched(before, after):
                name = f"{task}[{place}]" if several else task
                found.append(_Pair(f"{pair.path}/{name}", one, other))
        return found

    def _matched(self, before: list[str], after: list[str]) -> Iterable[tuple[int, str | None, str | None]]:
        """(place, before, after) of calls of one name that differ: equal ones go together, the rest in order."""
        shared = Counter(before) & Counter(after)
        self.equal += shared.total()
        old, new = _without(before, shared), _without(after, shared)
        for place in range(max(len(old), len(new))):
            one = old[place] if place < len(old) else (None, None)
            other = new[place] if place < len(new) else (None, None)
            where = one[0] if other[0] is None else other[0]
            yield where or 0, one[1], other[1]

    def _change(self, pair: _Pair, below: bool) -> CallChange:
        one, other = (None if call is None else self._calls[call] for call in pair[1:])
        fact = other or one
        assert fact is not None
        if one is None or other is None:
            change = "added" if one is None else "removed"
            return CallChange(pair.path, change, fact.task, pair.before, pair.after, False, [], None, False)
        code = one.task_hash != other.task_hash
        if code and one.task_hash and other.task_hash:
            self.saw_versions(one.task_hash, other.task_hash)
        return CallChange(
            path=pair.path,
            change="changed",
            task=fact.task,
            before=pair.before,
            after=pair.after,
            code=code,
            arguments=argument_changes(one, other),
            result=result_change(one, other),
            below=below,
        )


def _without(calls: list[str], left_out: Counter[str]) -> list[tuple[int | None, str | None]]:
    """(place, call), but for so many of each."""
    left = Counter(left_out)
    found: list[tuple[int | None, str | None]] = []
    for place, call in enumerate(calls):
        if left[call]:
            left[call] -= 1
        else:
            found.append((place, call))
    return found


def _in_order(below: list[list[int]]) -> list[int]:
    """A place before those below it, these in their order. The walk keeps a stack of its own: trees may be deep."""
    ordered = []
    stack = [0]
    while stack:
        place = stack.pop()
        ordered.append(place)
        stack.extend(reversed(below[place]))
    return ordered
