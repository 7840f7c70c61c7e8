"""The walk back through calls and files that `headwater.lineage.trace` makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from headwater.lineage.flow import Flow
from headwater.lineage.trace_facts import CallFact, Facts, FileFact
from headwater.lineage.trace_views import Gap, Trace, TracedArgument, TracedCall, TracedFile


class Place(NamedTuple):
    """A call inside a parent."""

    call: str
    parent: str | None


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


_Seen = tuple[str, "str | None", bool]
"""a call, its parent, and whether its result counts"""
_NOT_FED: Mapping[str, list[str]] = {}


class _Node:
    """A place that the walk came to.

    Attributes:
        visits: how it was come to: whether its result counted, and the way on.
        fed: ids of the places that fed it, by parameter.
        returned_by: ids of the places whose results became its own.
        given_by: ids of its parents, where what they put into its arguments came from their own.
    """

    __slots__ = ("call", "cut_off", "fed", "given_by", "id", "parent", "result", "returned_by", "visits")

    def __init__(self, call: str, parent: str | None) -> None:
        self.call = call
        self.parent = parent
        self.id = f"{call}@{parent}" if parent else call
        self.result = False
        self.cut_off = False
        self.visits: set[tuple[bool, Way]] = set()
        self.fed = _NOT_FED
        self.returned_by: tuple[str, ...] = ()
        self.given_by: dict[str, None] | None = None


class Walk:
    """One walk back through the facts, level by level."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._flow = Flow(facts)
        self._nodes: list[_Node] = []
        self._inside: dict[str | None, dict[str, _Node]] = {}
        """the nodes by parent and call"""
        self._files: dict[str, FileFact] = {}
        self._makers: dict[str, list[str]] = {}
        self._made_by: dict[str, dict[str, None]] = {}
        self._foreseen: set[_Seen] = set()
        self._pending: list[tuple[_Node, bool, Way]] = []
        self._start: list[str] = []
        self.more_makers = 0

    # -- starting ----------------------------------------------------------------------------------------------

    def start_at_jobs(self, made: Iterable[tuple[str, str]]) -> None:
        """Begin at the results of calls, where jobs made them.

        Args:
            made: (job, call).
        """
        for place, way in self._places_of_jobs((call, job) for job, call in made).values():
            self._start.append(self._visit(*place, True, way))

    def start_at_calls(self, calls: Iterable[str]) -> None:
        """Begin at the results of calls, in the parents of the jobs that ran them."""
        places = self._places(calls)
        for call in places:
            for place, way in places[call]:
                self._start.append(self._visit(*place, True, way))

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
            visits, self._pending = self._pending, []
            if since is not None or (depth is not None and depth <= 0):
                self._flow.learn_calls({node.call for node, _, _ in visits})
                visits = [visit for visit in visits if not self._cut_off(visit[0], depth, since)]
            self._foresee(visits, far=depth is None, deep=depth is None and since is None)
            self._level(visits)
            if depth is not None:
                depth -= 1

    def _cut_off(self, node: _Node, depth: int | None, since: datetime | None) -> bool:
        """Whether the walk goes no further here."""
        at = self._flow.calls[node.call].recorded_at
        is_early = since is not None and at is not None and at < since
        if is_early or (depth is not None and depth <= 0):
            node.cut_off = True
            return True
        return False

    def _visit(self, call: str, parent: str | None, result: bool, way: Way) -> str:
        """Come to a place. Returns its id."""
        inside = self._inside.get(parent)
        if inside is None:
            inside = self._inside[parent] = {}
        node = inside.get(call)
        if node is None:
            node = inside[call] = _Node(call, parent)
            self._nodes.append(node)
        node.result = node.result or result
        if (result, way) not in node.visits:
            node.visits.add((result, way))
            self._pending.append((node, result, way))
        return node.id

    def _foresee(self, visits: Iterable[tuple[_Node, bool, Way]], *, far: bool, deep: bool) -> None:
        """Ask for what the next level needs. `far`: for all that is fed to it inside its parents, however long the
        chains are, in one go; `deep`: for all that its results came from below it, too, a level of calls at a time."""
        flow, foreseen = self._flow, self._foreseen
        new = {
            seen for node, result, _ in visits if (seen := (node.call, node.parent, result)) not in foreseen
        }
        foreseen |= new
        pending, makers = list(new), set()
        while new:
            makers.update([call for call, _, result in new if result])
            parents = {parent for _, parent, _ in new if parent is not None}
            flow.learn_wiring(parents.union([call for call, _, _ in new]))
            new, unknown = set(), []
            while pending:
                call, parent, result = seen = pending.pop()
                ahead: list[_Seen] = []
                if far and parent is not None:
                    ahead += [(producer, parent, True) for _, producer in flow.fed(call, parent)]
                if deep and result:
                    if flow.has_wiring(call):
                        ahead += [(child, call, True) for child in flow.returned_by(call)]
                    else:
                        unknown.append(seen)
                for seen in ahead:
                    if seen not in foreseen:
                        foreseen.add(seen)
                        new.add(seen)
                        pending.append(seen)
            pending = unknown
        flow.learn_calls({child for call in makers for child in flow.returned_by(call)})

    def _level(self, visits: list[tuple[_Node, bool, Way]]) -> None:
        upwards: dict[tuple[str, Way], list[_Node]] = {}
        joins: set[tuple[str, str | None]] = set()
        for node, result, way in visits:
            call, parent = node.call, node.parent
            wires = self._flow.fed(call, parent) if parent is not None else None
            if wires:
                fed: dict[str, list[str]] = {}
                for name, producer in wires:
                    fed.setdefault(name, []).append(self._visit(producer, parent, True, way))
                node.fed = fed
            if result:
                children = self._flow.returned_by(call)
                if children:
                    node.returned_by = tuple([self._visit(child, call, True, _CLOSED) for child in children])
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
        call, parent = node.call, node.parent
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
                above = self._visit(*place, False, onward)
                for node in nodes:
                    if node.given_by is None:
                        node.given_by = {}
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
                self._made_by.setdefault(file, {})[self._visit(*place, True, way)] = None

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
        return [
            Visit(Place(node.call, node.parent), result, way)
            for node in self._nodes
            for result, way in node.visits
        ]

    @property
    def calls(self) -> dict[str, CallFact]:
        """The calls that it came to."""
        return {node.call: self._flow.calls[node.call] for node in self._nodes}

    def answer(self, kind: str, id_: str) -> Trace:
        """What the walk found."""
        made_by = {file: dict(self._made_by.get(file, ())) for file in self._files}
        for node in self._nodes:
            for file in self._flow.calls[node.call].result_files if node.result else ():
                if file.file in made_by and self._flow.is_first_maker(node.call, file.file):
                    made_by[file.file][node.id] = None
        calls = {node.id: self._traced(node) for node in self._nodes}
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
        call, fed = node.call, node.fed
        fact = self._flow.calls[call]
        mixed = self._flow.mixed(call, node.parent) if fed and node.parent is not None else ()
        arguments = [
            TracedArgument(
                *(name, position, value, type_, size, preview),
                tuple([file.file for file in files]) if files else (),
                tuple(fed[name]) if name in fed else (),
                name not in fed or name in mixed,
            )
            for name, position, value, type_, size, preview, files in fact.arguments
        ]
        named = self._flow.named_files(call) if node.result and fact.named else ()
        return TracedCall(
            *(node.id, call, node.parent, fact.task, fact.task_hash, fact.failed),
            *(fact.value, fact.type, fact.preview, tuple(arguments)),
            node.returned_by,
            tuple([file.file for file in named]),
            tuple(node.given_by or ()),
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
