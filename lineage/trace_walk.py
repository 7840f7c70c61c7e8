"""The walk back through calls and files that `headwater.lineage.trace` makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from headwater.lineage.flow import Flow
from headwater.lineage.trace_facts import CallFact, Facts, FileFact
from headwater.lineage.trace_views import Gap, Trace, TracedArgument, TracedCall, TracedFile


class Place(NamedTuple):
    """A call inside a parent."""

    call: str
    parent: str | None

    @property
    def id(self) -> str:
        return f"{self.call}@{self.parent}" if self.parent else self.call


class Way(NamedTuple):
    """How the walk may leave a parent upwards: by the job that made the parent's call, or by the call itself."""

    kind: str
    id: str


_CLOSED = Way("closed", "")
"""entered from above: never left upwards"""
_TOP = Way("top", "")
"""there is no parent"""


class Visit(NamedTuple):
    place: Place
    result: bool
    """its result counts, not only its arguments"""
    way: Way


@dataclass(slots=True)
class _Node:
    place: Place
    id: str
    result: bool = False
    cut_off: bool = False
    fed: dict[str, dict[str, None]] = field(default_factory=dict)
    mixed: set[str] = field(default_factory=set)
    returned_by: dict[str, None] = field(default_factory=dict)
    given_by: dict[str, None] = field(default_factory=dict)


class Walk:
    """One walk back through the facts, level by level."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._flow = Flow(facts)
        self._nodes: dict[Place, _Node] = {}
        self._files: dict[str, FileFact] = {}
        self._makers: dict[str, list[str]] = {}
        self._made_by: dict[str, dict[str, None]] = {}
        self._foreseen: set[tuple[Place, bool]] = set()
        self._visited: set[Visit] = set()
        self._pending: dict[Visit, None] = {}
        self._start: list[str] = []
        self.more_makers = 0

    # -- starting ----------------------------------------------------------------------------------------------

    def start_at_jobs(self, made: Iterable[tuple[str, str]]) -> None:
        """Begin at the results of calls, where jobs made them.

        Args:
            made: (job, call).
        """
        for place, way in self._places_of_jobs((call, job) for job, call in made).values():
            self._start.append(self._visit(place, True, way))

    def start_at_calls(self, calls: Iterable[str]) -> None:
        """Begin at the results of calls, in the parents of the jobs that ran them."""
        places = self._places(calls)
        for call in places:
            for place, way in places[call]:
                self._start.append(self._visit(place, True, way))

    def start_at_files(self, files: Iterable[FileFact]) -> None:
        """Begin at the calls that made files."""
        began = {file.file: file for file in files}
        self._files.update(began)
        self._join({(file, None) for file in began})
        self._start.extend(call for file in began for call in self._made_by.get(file, ()))

    # -- walking -----------------------------------------------------------------------------------------------

    def run(self, depth: int | None = None, since: datetime | None = None) -> None:
        """Walk to the ends, or `depth` steps far, and not beyond calls that were recorded before `since`."""
        while self._pending:
            visits = list(self._pending)
            self._pending = {}
            if since is not None or (depth is not None and depth <= 0):
                self._flow.learn_calls({visit.place.call for visit in visits})
                visits = [visit for visit in visits if not self._cut_off(visit, depth, since)]
            self._foresee(visits, far=depth is None, deep=depth is None and since is None)
            self._level(visits)
            if depth is not None:
                depth -= 1

    def _cut_off(self, visit: Visit, depth: int | None, since: datetime | None) -> bool:
        """Whether the walk goes no further here."""
        at = self._flow.calls[visit.place.call].recorded_at
        is_early = since is not None and at is not None and at < since
        if is_early or (depth is not None and depth <= 0):
            self._nodes[visit.place].cut_off = True
            return True
        return False

    def _visit(self, place: Place, result: bool, way: Way) -> str:
        visit = Visit(place, result, way)
        node = self._nodes.get(place)
        if node is None:
            node = self._nodes[place] = _Node(place, place.id)
        node.result = node.result or result
        if visit not in self._visited:
            self._visited.add(visit)
            self._pending[visit] = None
        return node.id

    def _foresee(self, visits: Iterable[Visit], *, far: bool, deep: bool) -> None:
        """Ask for what the next level needs. `far`: for all that is fed to it inside its parents, however long the
        chains are, in one go; `deep`: for all that its results came from below it, too, a level of calls at a time."""
        new = {(visit.place, visit.result) for visit in visits} - self._foreseen
        seen = set(new)
        while new:
            self._flow.learn_wiring({call for place, _ in new for call in place if call is not None})
            below: set[tuple[Place, bool]] = set()
            pending = list(new)
            while pending:
                (call, parent), result = pending.pop()
                for _, producer in self._flow.fed(call, parent) if far and parent is not None else ():
                    ahead = (Place(producer, parent), True)
                    if ahead not in seen:
                        seen.add(ahead)
                        below.add(ahead)
                        pending.append(ahead)
                if deep and result and self._flow.has_wiring(call):
                    for child in self._flow.returned_by(call):
                        ahead = (Place(child, call), True)
                        if ahead not in seen:
                            seen.add(ahead)
                            below.add(ahead)
                            pending.append(ahead)
            new = below
        calls = {call for place, _ in seen for call in place if call is not None}
        makers = {place.call for place, result in seen if result}
        self._flow.learn_calls(calls | {child for call in makers for child in self._flow.returned_by(call)})
        self._foreseen |= seen

    def _level(self, visits: list[Visit]) -> None:
        upwards: dict[tuple[str, Way], list[_Node]] = {}
        joins: set[tuple[str, str | None]] = set()
        for visit in visits:
            place, result, way = visit
            node = self._nodes[place]
            call, parent = place
            if parent is not None:
                for name, producer in self._flow.fed(call, parent):
                    fed = node.fed.setdefault(name, {})
                    fed[self._visit(Place(producer, parent), True, way)] = None
                node.mixed.update(self._flow.mixed(call, parent))
            if result:
                for child in self._flow.returned_by(call):
                    node.returned_by[self._visit(Place(child, call), True, _CLOSED)] = None
                self._follow_named(call, joins)
            self._follow_arguments(node, way, upwards, joins)
        self._go_up(upwards)
        self._join(joins)

    def _follow_arguments(
        self,
        node: _Node,
        way: Way,
        upwards: dict[tuple[str, Way], list[_Node]],
        joins: set[tuple[str, str | None]],
    ) -> None:
        """What was made in the parent's body: on to the parent's arguments, and to whoever made the files."""
        call, parent = node.place
        is_taking = False
        for argument in self._flow.calls[call].arguments:
            for file in argument.files:
                is_taking = True
                self._files.setdefault(file.file, file)
        if is_taking:
            joins.update([(file, call) for file in self._flow.new_files(call, parent)])
        if parent is not None and way.kind in ("job", "call") and self._flow.leads_up(call, parent):
            upwards.setdefault((parent, way), []).append(node)

    def _follow_named(self, call: str, joins: set[tuple[str, str | None]]) -> None:
        """A file that a call's body named in its result comes from wherever it was made, as if it had been taken."""
        if not self._flow.calls[call].named:
            return
        self._flow.learn_makers([call])
        for file in self._flow.named_files(call):
            self._files.setdefault(file.file, file)
            joins.add((file.file, call))

    def _go_up(self, upwards: dict[tuple[str, Way], list[_Node]]) -> None:
        """From parents to their own parents, where only their arguments matter."""
        by_job = self._places_of_jobs((parent, way.id) for parent, way in upwards if way.kind == "job")
        by_call = self._places(parent for parent, way in upwards if way.kind == "call")
        for (parent, way), nodes in upwards.items():
            for place, onward in [by_job[parent, way.id]] if way.kind == "job" else by_call[parent]:
                above = self._visit(place, False, onward)
                for node in nodes:
                    node.given_by[above] = None

    def _join(self, joins: set[tuple[str, str | None]]) -> None:
        """From files, each with the call that took it, to the calls that had returned them by then."""
        new = {file for file, _ in joins if file not in self._makers}
        if new:
            self._learn_makers(new)
        self._flow.learn_times((maker, taker) for file, taker in joins for maker in self._makers[file])
        chosen = {
            (file, maker): None
            for file, taker in sorted(joins, key=str)
            for maker in self._makers[file]
            if self._flow.is_earlier(maker, taker)
        }
        places = self._places(maker for _, maker in chosen)
        for file, maker in chosen:
            for place, way in places[maker]:
                self._made_by.setdefault(file, {})[self._visit(place, True, way)] = None

    def _learn_makers(self, files: set[str]) -> None:
        found = self._facts.makers(files)
        self._flow.learn_makers({call for makers in found.values() for call in makers})
        for file in files:
            self._makers[file] = [
                call for call in found.get(file, ()) if self._flow.is_first_maker(call, file)
            ]

    # -- parents -----------------------------------------------------------------------------------------------

    def _places(self, calls: Iterable[str]) -> dict[str, list[tuple[Place, Way]]]:
        """Where calls sit: in the parent of the job that ran them; without a job, in every parent on record."""
        wanted = list(dict.fromkeys(calls))
        jobs = self._facts.jobs(wanted) if wanted else {}
        places = {call: [place] for (call, _), place in self._places_of_jobs(jobs.items()).items()}
        rest = [call for call in wanted if call not in jobs]
        parents = self._facts.call_parents(rest) if rest else {}
        for call in rest:
            above = parents.get(call)
            places[call] = [(Place(call, parent), Way("call", parent)) for parent in above or ()]
            places[call] = places[call] or [(Place(call, None), _TOP)]
        return {call: places[call] for call in wanted}

    def _places_of_jobs(self, made: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Place, Way]]:
        """Where the call of each (call, job) sits: in the call of the job's parent, if that came to an end."""
        wanted = list(made)
        parents = self._facts.job_parents(job for _, job in wanted) if wanted else {}
        places = {}
        for call, job in wanted:
            parent = parents.get(job)
            if parent is None or parent.call is None:
                places[call, job] = Place(call, None), _TOP
            else:
                places[call, job] = Place(call, parent.call), Way("job", parent.job)
        return places

    # -- answering ---------------------------------------------------------------------------------------------

    @property
    def visits(self) -> Collection[Visit]:
        """Where the walk came, each place as often as there were ways to it."""
        return self._visited

    @property
    def calls(self) -> dict[str, CallFact]:
        """The calls that it came to."""
        return {place.call: self._flow.calls[place.call] for place in self._nodes}

    def answer(self, kind: str, id_: str) -> Trace:
        """What the walk found."""
        made_by = {file: dict(self._made_by.get(file, ())) for file in self._files}
        for place, node in self._nodes.items():
            for file in self._flow.calls[place.call].result_files if node.result else ():
                if file.file in made_by and self._flow.is_first_maker(place.call, file.file):
                    made_by[file.file][place.id] = None
        calls = {call.id: call for call in map(self._traced, self._nodes.values())}
        gaps = _may_have_gaps(calls.values())
        self._flow.learn_calls(gaps)  # a walk that was cut off has not come to all of them
        return Trace(
            kind,
            id_,
            start=tuple(dict.fromkeys(self._start)),
            calls=calls,
            files={
                file: TracedFile(*fact, made_by=tuple(made_by[file])) for file, fact in self._files.items()
            },
            gaps=tuple(
                Gap(call, self._flow.calls[call].task) for call in sorted(gaps) if self._flow.calls[call].gap
            ),
            more_makers=self.more_makers,
        )

    def _traced(self, node: _Node) -> TracedCall:
        call, fed, mixed = node.place.call, node.fed, node.mixed
        fact = self._flow.calls[call]
        arguments = tuple(
            [
                TracedArgument(
                    *(one.name, one.position, one.value, one.type, one.size, one.preview),
                    tuple([file.file for file in one.files]) if one.files else (),
                    tuple(fed[one.name]) if one.name in fed else (),
                    one.name not in fed or one.name in mixed,
                )
                for one in fact.arguments
            ]
        )
        named = self._flow.named_files(call) if node.result and fact.named else ()
        return TracedCall(
            *(node.id, call, node.place.parent, fact.task, fact.task_hash, fact.failed),
            *(fact.value, fact.type, fact.preview, arguments),
            tuple(node.returned_by),
            tuple([file.file for file in named]),
            tuple(node.given_by),
            "result" if node.result else "arguments",
            node.cut_off,
        )


def _may_have_gaps(calls: Iterable[TracedCall]) -> set[str]:
    """The calls in whose place calls that were not recorded may have had a part: those whose results count, and those
    whose own functions put something into arguments."""
    found: set[str] = set()
    for call in calls:
        if call.used == "result":
            found.add(call.call)
        if call.parent is not None and any(argument.from_parent for argument in call.arguments):
            found.add(call.parent)
    return found
