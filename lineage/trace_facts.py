"""What a trace asks the graph: each question for many calls at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from headwater.lineage.moments import moment

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_facts import JobFact

_BATCH = 2000
"""keys a query"""


Wiring = dict[str, list[tuple[str, str]]]
"""consumer to (parameter name, producer)"""


class FileFact(NamedTuple):
    file: str
    path: str
    evidence: str
    digest: str
    size: int | None


class ArgumentFact(NamedTuple):
    name: str
    position: int | None
    value: str
    type: str
    size: int
    preview: str
    files: list[FileFact]


@dataclass(slots=True)
class CallFact:
    call: str
    task: str
    task_hash: str | None
    failed: bool
    recorded_at: datetime | None
    value: str | None
    type: str | None
    preview: str | None
    named: list[str] | None = None
    """the files in its result that were there before it began"""
    gap: bool = False
    """whether calls were made under it that were not recorded (prov=False)"""
    arguments: list[ArgumentFact] = field(default_factory=list)
    result_files: list[FileFact] = field(default_factory=list)
    inside: Wiring = field(default_factory=dict)
    """what fed each of the calls inside it. Under the call itself, the children whose results became its own, as
    "return". The call as a producer stands for its own function"""
    children: list[str] = field(default_factory=list)
    """the calls that it made; these and what follows is asked for by an impact"""
    parents: list[str] | None = None
    """the calls that made it; None where they are too many to come with it"""
    jobs: list[JobFact] | None = None
    """the jobs that made it, or were answered with it, the one that ran it first; None where they are too many"""

    def took(self) -> set[str]:
        """The hashes of the files in its arguments."""
        return {file.file for argument in self.arguments for file in argument.files}


class ParentJob(NamedTuple):
    """The parent of a job; its call is None where it never finished."""

    job: str
    call: str | None


class Facts(Protocol):
    """What the walk needs to know; every method answers for all that it is asked in one round trip or a few."""

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]: ...

    def jobs(self, calls: Iterable[str]) -> dict[str, str]:
        """The job that made each call: the first that ran it, not one that was answered from the cache."""

    def job_parents(self, jobs: Iterable[str]) -> dict[str, ParentJob]:
        """The parent of each job that has one."""

    def call_parents(self, calls: Iterable[str]) -> dict[str, list[str]]:
        """The calls that made each call."""

    def makers(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The calls that returned each file, inside whatever value."""

    def first_made(self, calls: Iterable[str]) -> dict[str, datetime]:
        """When the first job that ran each call came to its end."""


class _ValueFact(NamedTuple):
    value: Any
    type: Any
    size: Any
    preview: Any
    files: list[FileFact]


_NO_VALUE = _ValueFact(None, None, None, None, [])


class GraphFacts:
    """The facts as a store has them."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._values: dict[str, _ValueFact] = {}
        """of what calls took or returned: the same values come again and again, and are asked for once"""

    def rows(self, query: str, keys: Iterable[str], **parameters: Any) -> Iterator[tuple[Any, ...]]:
        wanted = sorted(set(keys))
        for begin in range(0, len(wanted), _BATCH):
            yield from self._store.rows(query, keys=wanted[begin : begin + _BATCH], **parameters)

    def each(
        self, query: str, keys: Iterable[str], take: Callable[[tuple[Any, ...]], None], **parameters: Any
    ) -> None:
        """Hand over each row of a query as it comes; where something is tried again, all rows anew."""
        wanted = sorted(set(keys))
        for begin in range(0, len(wanted), _BATCH):
            self._store.each(query, take, keys=wanted[begin : begin + _BATCH], **parameters)

    def listed_rows(self, query: str, keys: Iterable[str], **parameters: Any) -> Iterator[list[Any]]:
        """The rows of a query that gives them as lists."""
        for row in self.rows(query, keys, **parameters):
            yield from row[0]

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]:
        found: dict[str, CallFact] = {}
        flows: dict[str, Wiring] = {}
        without_values: list[Sequence[Any]] = []

        def take(row: tuple[Any, ...]) -> None:
            some, values, flowed = row
            self._note_values(values)
            if values:
                self._note_calls(some, found)
            else:
                without_values.extend(some)
            note_flows(flowed, flows)

        self.each("trace_calls", calls, take)
        self._learn_values(
            {key for row in without_values for key in (row[5], *(one[2] for one in row[8])) if key}
        )
        self._note_calls(without_values, found)
        return self._whole(found, flows)

    def _note_calls(self, rows: Iterable[Sequence[Any]], found: dict[str, CallFact]) -> None:
        for call, task, task_hash, failed, at, value, named, gap, took in rows:
            if call in found:
                continue
            result = self._values.get(value, _NO_VALUE)
            found[call] = CallFact(
                *(call, task, task_hash, failed, moment(at), value),
                *(result.type, result.preview, named, gap),
                self._arguments(took),
                result.files,
            )

    def _whole(self, found: dict[str, CallFact], flows: Mapping[str, Wiring]) -> dict[str, CallFact]:
        """Calls with what flowed inside them, as they were at the store's moment."""
        for call, inside in flows.items():
            found[call].inside = inside
        self._as_made_then(found)
        return found

    def _as_made_then(self, calls: Mapping[str, CallFact]) -> None:
        """As of an earlier time, a call was recorded when it had been made last by then."""
        if self._store.moment is not None:
            for call, at in self.rows("made_last", calls):
                calls[call].recorded_at = at

    def _arguments(self, took: Iterable[tuple[str, int | None, str]]) -> list[ArgumentFact]:
        """What a call took: name, position and hash of each value."""
        known = self._values
        arguments = [
            ArgumentFact(name, position, *known.get(value, _NO_VALUE)) for name, position, value in took
        ]
        if len(arguments) > 1:
            arguments.sort(key=lambda one: (one.position is None, one.position or 0, one.name))
            if any(one[:2] == other[:2] for one, other in pairwise(arguments)):
                arguments = list({one[:2]: one for one in reversed(arguments)}.values())[::-1]
        return arguments

    def _learn_values(self, values: Iterable[str]) -> None:
        """Ask for those of some values that did not come with the calls."""
        missing = [value for value in values if value not in self._values]
        if missing:
            self._note_values(self.listed_rows("trace_values", missing))

    def _note_values(self, rows: Iterable[Sequence[Any]]) -> None:
        for value, type_, size, preview, files in rows:
            if value not in self._values:
                self._values[value] = _ValueFact(value, type_, size, preview, file_facts(files))

    def jobs(self, calls: Iterable[str]) -> dict[str, str]:
        return dict(self.rows("trace_jobs", calls))

    def job_parents(self, jobs: Iterable[str]) -> dict[str, ParentJob]:
        return {job: ParentJob(parent, call) for job, parent, call in self.rows("trace_job_parents", jobs)}

    def call_parents(self, calls: Iterable[str]) -> dict[str, list[str]]:
        return grouped(self.listed_rows("trace_call_parents", calls))

    def first_made(self, calls: Iterable[str]) -> dict[str, datetime]:
        rows = self.listed_rows("trace_first_made", calls)
        return {call: moment(at) for call, at in rows if at is not None}

    def makers(self, files: Iterable[str]) -> dict[str, list[str]]:
        return grouped(self.listed_rows("trace_file_makers", files))


def note_flows(rows: Iterable[tuple[str, Iterable[Sequence[str]]]], found: dict[str, Wiring]) -> None:
    """Note what fed each call inside parents, of rows of parent and (consumer, parameter name, producer). All that fed
    one comes in one row."""
    for parent, flowed in rows:
        inside: Wiring = {}
        for consumer, name, producer in flowed:
            wires = inside.get(consumer)
            if wires is None:
                inside[consumer] = [(name, producer)]
            else:
                wires.append((name, producer))
        for consumer, wires in inside.items():
            if len(wires) > 1:
                inside[consumer] = sorted(set(wires))
        found.setdefault(parent, {}).update(inside)


def grouped(rows: Iterable[Sequence[Any]]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for key, one in rows:
        found.setdefault(key, set()).add(one)
    return {key: sorted(ones) for key, ones in found.items()}


def file_facts(rows: Sequence[Sequence[Any]]) -> list[FileFact]:
    """Files, each once, by path."""
    if not rows:
        return []
    return sorted({FileFact(*row) for row in rows}, key=lambda file: (file.path, file.file))


def value_makers(store: GraphStore, value: str, limit: int) -> tuple[Sequence[str], int]:
    """Calls that returned a value without having it from a child, and how many more there are. One that took an equal
    value made it all the same, if only by handing it on; the trace says from whom it had that."""
    calls = [row[0] for row in store.rows("trace_value_makers", value=value, limit=limit + 1)]
    total = store.rows("trace_value_makers_count", value=value)[0][0] if len(calls) > limit else len(calls)
    return calls[:limit], total - len(calls[:limit])
