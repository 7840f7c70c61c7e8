"""What a call was given in comparison with an earlier call of the same task, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwater.cypher.likeness import Earlier, Given, nearest
from headwater.lineage.changes import FileChange, argument_changes, by_name, file_changes
from headwater.lineage.flow import Flow
from headwater.lineage.trace_facts import CallFact, GraphFacts
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
        """Of earlier calls the one whose arguments differ least."""
        by_call = {line.call or "": line for line in earlier}
        self._flow.learn_calls({call for call in (*by_call, job.call) if call})
        known = [(call, line, self._flow.calls.get(call)) for call, line in by_call.items()]
        found = nearest(
            _given(self._flow.calls.get(job.call or "")),
            [
                Earlier(
                    call,
                    None if then is None else then.recorded_at,
                    line.task_hash == job.task_hash,
                    _given(then),
                )
                for call, line, then in known
            ],
        )
        return by_call[found.call]

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

    def made(self, call: str | None) -> list[str]:
        """The paths of the files in a call's result."""
        self._flow.learn_calls({call} if call is not None else set())
        found = self._flow.calls.get(call or "")
        return [] if found is None else sorted({file.path for file in found.result_files})

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


def _given(call: CallFact | None) -> dict[str, Given]:
    arguments = {} if call is None else by_name(call)
    return {
        name: Given(one.value, one.type, one.preview, tuple((file.file, file.path) for file in one.files))
        for name, one in arguments.items()
    }
