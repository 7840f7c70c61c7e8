"""What a call was given in comparison with an earlier call of the same task, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from headwater.lineage.changes import FileChange, argument_changes, by_name, file_changes
from headwater.lineage.flow import Flow
from headwater.lineage.trace_facts import ArgumentFact, CallFact, GraphFacts
from headwater.lineage.why_views import ArgumentChange, JobLine

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.why_facts import JobFact, WhyFacts


LISTED = 20
"""jobs that fed an argument which are named"""


class Arguments:
    """Compares arguments and results of calls."""

    def __init__(self, store: GraphStore, facts: WhyFacts) -> None:
        self._facts = facts
        self._flow = Flow(GraphFacts(store))

    def nearest(self, job: JobFact, earlier: Sequence[JobLine]) -> JobLine:
        """Of earlier calls the one whose arguments differ least: one of the same code where no other is equal in all
        of them, and the newest of those that are alike."""
        wanted = {line.call for line in earlier if line.call is not None}
        self._flow.learn_calls(wanted | ({job.call} if job.call else set()))
        now = self._flow.calls.get(job.call or "")

        def rank(line: JobLine) -> tuple[bool, bool, float]:
            then = self._flow.calls.get(line.call or "")
            alike = likeness(now, then) if now is not None and then is not None else 0.0
            return alike == 1.0, line.task_hash == job.task_hash, alike

        return max(earlier, key=rank)

    def changes(self, job: JobFact, earlier: JobLine) -> list[ArgumentChange]:
        """The arguments that differ, in their order."""
        now, then = self._flow.calls.get(job.call or ""), self._flow.calls.get(earlier.call or "")
        if now is None or then is None:
            return []
        parameters = {label: argument.name for label, argument in by_name(now).items()}
        found = []
        for change in argument_changes(then, now):
            fed, from_parent = self._fed_by(job, parameters.get(change.name, change.name))
            found.append(ArgumentChange(**vars(change), fed_by=fed, from_parent=from_parent))
        return found

    def result_files(self, before: str | None, after: str | None) -> list[FileChange]:
        """The files in two calls' results that differ."""
        self._flow.learn_calls({call for call in (before, after) if call is not None})
        one, other = (self._flow.calls.get(call or "") for call in (before, after))
        return file_changes(one.result_files if one else (), other.result_files if other else ())

    def _fed_by(self, job: JobFact, name: str) -> tuple[list[JobLine], bool]:
        """The jobs of this run whose results flowed into an argument, those that ran first; and whether the parent's
        body put something there."""
        if job.call is None or job.parent is None or job.parent_call is None:
            return [], True
        self._flow.learn_wiring({job.parent_call})
        producers = {producer for one, producer in self._flow.fed(job.call, job.parent_call) if one == name}
        lines = [line for line in self._facts.children(job.parent) if line.call in producers]
        if not any(map(self._facts.is_anew, lines)):
            lines = [self._facts.shared(self._facts.job(line.id)) or line for line in lines[:LISTED]]
        ran_first = sorted(lines, key=lambda line: not self._facts.is_anew(line))[:LISTED]
        return ran_first, not producers or name in self._flow.mixed(job.call, job.parent_call)


def likeness(now: CallFact, then: CallFact) -> float:
    """How much of what two calls took is the same, from 0 to 1. Another content of the same file is nearly the same."""
    new, old = by_name(now), by_name(then)
    names = {*new, *old}
    if not names:
        return 1.0
    return sum(_alike(new.get(name), old.get(name)) for name in names) / len(names)


def _alike(one: ArgumentFact | None, other: ArgumentFact | None) -> float:
    if one is None or other is None:
        return 0.0
    if one.value == other.value:
        return 1.0
    paths = [{file.path for file in argument.files} for argument in (one, other)]
    if paths[0] and paths[0] == paths[1]:
        return 0.9
    matcher = SequenceMatcher(None, one.preview, other.preview, autojunk=False)
    return 0.5 * matcher.quick_ratio() if one.type == other.type else 0.0
