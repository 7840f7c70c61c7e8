"""What `headwater.lineage.trace` answers with: the calls and files that something came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from headwater.cypher.html import Shown, table


class TracedFile(NamedTuple):
    """One content of one file."""

    file: str
    path: str
    evidence: str
    digest: str
    size: int | None
    made_by: tuple[str, ...]
    """ids of the traced calls that returned it; none where it came from outside"""


class TracedArgument(NamedTuple):
    """A value that a call took, and where it came from: the results of other calls, or what its parent did itself."""

    name: str
    position: int | None
    value: str
    type: str
    size: int
    preview: str
    files: tuple[str, ...]
    """file hashes inside the value"""
    fed_by: tuple[str, ...]
    """ids of the calls whose results flowed into it"""
    from_parent: bool
    """whether the parent's own body made it, or put something beside those results; of a call that is cut off, unknown
    producers count as the body"""


class TracedCall(NamedTuple):
    """A call inside one parent. The same call in another parent is another one here: others may have fed it there."""

    id: str
    call: str
    parent: str | None
    """call hash of the parent; None for the first call of a run, or where no parent was recorded"""
    task: str
    task_hash: str | None
    failed: bool
    value: str | None
    type: str | None
    preview: str | None
    arguments: tuple[TracedArgument, ...]
    returned_by: tuple[str, ...]
    """ids of the calls whose results became its own; none where its own body made the result"""
    named: tuple[str, ...]
    """hashes of the files in its result that its own body named: they were there before it began"""
    given_by: tuple[str, ...]
    """ids of its parents, where what they put into its arguments themselves came from their own"""
    used: str
    """"result", or "arguments" where only what it was given matters"""
    cut_off: bool
    """the trace was stopped here by its depth, or because it was recorded too long ago"""


@dataclass(frozen=True)
class Gap:
    """A call under which calls were made that were not recorded (`prov=False`)."""

    call: str
    task: str


@dataclass(frozen=True)
class Author:
    """Somebody who ran calls that had a part in it."""

    user: str
    calls: int
    runs: tuple[str, ...]
    """ids of the executions"""


@dataclass(frozen=True)
class Trace(Shown):
    """Everything that something came from. `calls` and `files` are in the order in which they were met."""

    kind: str
    """of what was asked for: execution, job, call, value or file"""
    id: str
    start: tuple[str, ...]
    """ids of the calls that made it; none where it came from outside"""
    calls: Mapping[str, TracedCall]
    files: Mapping[str, TracedFile]
    gaps: tuple[Gap, ...] = ()
    """where calls that may have had a part in it were not recorded"""
    more_makers: int = 0
    """how many further calls that made an equal value were left out"""

    def tasks(self) -> list[tuple[str, str | None]]:
        """The full name and hash of every task whose code had a part in it, sorted."""
        return sorted({(call.task, call.task_hash) for call in self.calls.values()}, key=str)

    def sources(self) -> list[TracedFile]:
        """The files that came from outside, by path."""
        return sorted((file for file in self.files.values() if not file.made_by), key=lambda file: file.path)

    def _repr_html_(self) -> str:
        names = {id_: f"{call.task} {id_[:8]}" for id_, call in self.calls.items()}
        rows = [(names[id_], call.preview, self._origins(call, names)) for id_, call in self.calls.items()]
        title = f"{self.kind} {self.id} came from {len(self.calls)} calls"
        files = table(
            ("file from outside", "evidence"), [(file.path, file.evidence) for file in self.sources()]
        )
        return table(("call", "gave", "from"), rows, title=title) + files

    def _origins(self, call: TracedCall, names: Mapping[str, str]) -> str:
        """Where a call's result and arguments came from, a line each."""
        lines = [f"result: {names[id_]}" for id_ in call.returned_by if id_ in names]
        for taken in call.arguments:
            fed = [names[id_] for id_ in taken.fed_by if id_ in names]
            lines.append(f"{taken.name}: {taken.preview}" + (f" from {', '.join(fed)}" if fed else ""))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The shape that `hw trace --json` prints."""
        return {
            "kind": self.kind,
            "id": self.id,
            "start": list(self.start),
            "calls": [_plain(call) for call in self.calls.values()],
            "files": [_plain(file) for file in self.files.values()],
            "tasks": [{"task": name, "task_hash": digest} for name, digest in self.tasks()],
            "sources": [file.file for file in self.sources()],
            "gaps": [_plain(gap) for gap in self.gaps],
            "more_makers": self.more_makers,
        }


def _plain(part: Any) -> Any:
    if isinstance(part, Gap):
        return vars(part)
    if isinstance(part, (TracedArgument, TracedCall, TracedFile)):
        return {name: _plain(value) for name, value in part._asdict().items()}
    return [_plain(item) for item in part] if isinstance(part, tuple) else part
