"""Where something came from: the calls and files behind an execution, a job, a call, a value or a file.

A call's result comes from its task's code, from the children whose results became its own (or from its own body), and
from its arguments. An argument comes from the calls that fed it inside the parent; what the parent's body put there,
beside that or alone, came from whatever the parent was given itself, so the parent's own arguments are followed, up to
the root of the run. A file that nobody handed in was put there by the calls that returned it earlier, in whatever run:
they are followed too, joined by the file's hash.

A call may sit in many parents, and each parent feeds it in its own way. The walk goes *up* only from where it started,
along the parents of the job that really ran. What it enters from above (a child of a call whose result counts) it
never leaves upwards: there, arguments that no call fed end at the call that was entered, whose own arguments are
followed in their place. So one parent's data never shows up in the lineage of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.errors import UsageError
from headwater.lineage.trace_facts import CallFact, Facts, FileFact, GraphFacts, Wiring, value_makers
from headwater.lineage.trace_views import Trace, TracedArgument, TracedCall, TracedFile

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found

_MAKERS = 20
"""calls that made equal values which a trace follows"""


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


@dataclass
class _Node:
    place: Place
    result: bool = False
    cut_off: bool = False
    fed: dict[str, dict[str, None]] = field(default_factory=dict)
    mixed: set[str] = field(default_factory=set)
    returned_by: dict[str, None] = field(default_factory=dict)
    given_by: dict[str, None] = field(default_factory=dict)


def trace(store: GraphStore, found: Found, *, depth: int | None = None) -> Trace:
    """Everything that something in the graph came from.

    Args:
        found: what `headwater.lineage.resolve.resolve` gave.
        depth: how many steps back to go; None for all.

    Raises:
        UsageError: it is a task, or a run or job that never came to a result.
    """
    walk = Walk(GraphFacts(store))
    if found.kind == "task":
        raise UsageError(
            f"{found.label} is a task, and a task comes from no data. Give one of its calls: hw log {found.id[:12]}"
        )
    if found.kind in ("execution", "job"):
        rows = store.rows(f"trace_{found.kind}", id=found.id)
        if not rows or rows[0][1] is None:
            raise UsageError(
                f"the {'run' if found.kind == 'execution' else found.kind} {found.id} came to no result, so there is "
                f"nothing to trace. What became of it: hw log {found.id[:13]}"
            )
        walk.start_at_job(*rows[0])
    elif found.kind == "file":
        walk.start_at_file(FileFact(*store.rows("trace_file", file=found.id)[0]))
    else:
        calls, more = ([found.id], 0) if found.kind == "call" else value_makers(store, found.id, _MAKERS)
        walk.start_at_calls(calls)
        walk.more_makers = more
    walk.run(depth)
    return walk.answer(found.kind, found.id)


class Walk:
    """One walk back through the facts, level by level."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._calls: dict[str, CallFact] = {}
        self._wirings: dict[str, Wiring] = {}
        self._nodes: dict[Place, _Node] = {}
        self._files: dict[str, FileFact] = {}
        self._makers: dict[str, list[str]] = {}
        self._made_by: dict[str, dict[str, None]] = {}
        self._foreseen: set[Place] = set()
        self._visited: set[Visit] = set()
        self._pending: dict[Visit, None] = {}
        self._start: list[str] = []
        self.more_makers = 0

    # -- starting ----------------------------------------------------------------------------------------------

    def start_at_job(self, job: str, call: str) -> None:
        """Begin at the result of the call that a job made."""
        place, way = self._places_of_jobs([(call, job)])[call, job]
        self._start.append(self._visit(place, True, way))

    def start_at_calls(self, calls: Iterable[str]) -> None:
        """Begin at the results of calls, in the parents of the jobs that ran them."""
        places = self._places(calls)
        for call in places:
            for place, way in places[call]:
                self._start.append(self._visit(place, True, way))

    def start_at_file(self, file: FileFact) -> None:
        """Begin at the calls that made a file."""
        self._files[file.file] = file
        self._join({(file.file, None)})
        self._start.extend(self._made_by.get(file.file, ()))

    # -- walking -----------------------------------------------------------------------------------------------

    def run(self, depth: int | None = None) -> None:
        """Walk to the ends, or `depth` steps far."""
        while self._pending:
            visits = list(self._pending)
            self._pending = {}
            if depth is not None and depth <= 0:
                self._learn_calls({visit.place.call for visit in visits})
                for visit in visits:
                    self._nodes[visit.place].cut_off = True
                return
            self._foresee({visit.place for visit in visits} - self._foreseen, far=depth is None)
            self._level(visits)
            if depth is not None:
                depth -= 1

    def _visit(self, place: Place, result: bool, way: Way) -> str:
        visit = Visit(place, result, way)
        node = self._nodes.setdefault(place, _Node(place))
        node.result = node.result or result
        if visit not in self._visited:
            self._visited.add(visit)
            self._pending[visit] = None
        return place.id

    def _learn_calls(self, calls: set[str]) -> None:
        missing = calls - self._calls.keys()
        if missing:
            self._calls.update(self._facts.calls(missing))

    def _learn_wiring(self, parents: set[str]) -> None:
        missing = parents - self._wirings.keys()
        if missing:
            self._wirings.update(self._facts.wiring(missing))

    def _fed(self, consumer: str, parent: str) -> list[tuple[str, str]]:
        return [wire for wire in self._wirings[parent].get(consumer, ()) if wire[1] != parent]

    def _mixed(self, consumer: str, parent: str) -> set[str]:
        """The arguments into which calls and the parent's own body put something."""
        return {name for name, producer in self._wirings[parent].get(consumer, ()) if producer == parent}

    def _returned_by(self, call: str) -> list[str]:
        return [child for _, child in self._fed(call, call)]

    def _foresee(self, places: set[Place], *, far: bool) -> None:
        """Ask for what the next level needs; `far`: for all that is fed to it inside its parents, however long the
        chains are, in one go."""
        self._learn_wiring({place.parent for place in places if place.parent is not None})
        seen = places
        pending = list(places) if far else []
        while pending:
            call, parent = pending.pop()
            for _, producer in self._fed(call, parent) if parent is not None else ():
                place = Place(producer, parent)
                if place not in seen:
                    seen.add(place)
                    pending.append(place)
        self._learn_calls({call for place in seen for call in place if call is not None})
        self._learn_wiring({place.call for place in seen})
        self._foreseen |= seen

    def _level(self, visits: list[Visit]) -> None:
        upwards: dict[tuple[str, Way], list[_Node]] = {}
        joins: set[tuple[str, str | None]] = set()
        for visit in visits:
            place, result, way = visit
            node = self._nodes[place]
            if place.parent is not None:
                node.mixed |= self._mixed(place.call, place.parent)
                for name, producer in self._fed(place.call, place.parent):
                    fed = node.fed.setdefault(name, {})
                    fed[self._visit(Place(producer, place.parent), True, way)] = None
            if result:
                for child in self._returned_by(place.call):
                    node.returned_by[self._visit(Place(child, place.call), True, _CLOSED)] = None
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
        fact = self._calls[call]
        from_parent = self._calls[parent].took() if parent is not None else set()
        made_there = bool(node.mixed)
        for argument in fact.arguments:
            for file in argument.files:
                self._files.setdefault(file.file, file)
            fed = argument.name in node.fed
            if fed and argument.name not in node.mixed:
                continue
            made_there = True
            known = from_parent | self._handed_over(node, argument.name) if fed else from_parent
            joins.update((file.file, call) for file in argument.files if file.file not in known)
        if made_there and parent is not None and way.kind in ("job", "call"):
            upwards.setdefault((parent, way), []).append(node)

    def _handed_over(self, node: _Node, name: str) -> set[str]:
        """The files in the results of the calls that fed an argument."""
        assert node.place.parent is not None
        producers = {call for one, call in self._fed(node.place.call, node.place.parent) if one == name}
        self._learn_calls(producers)
        return {file.file for call in producers for file in self._calls[call].result_files}

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
        chosen = {
            (file, maker): None
            for file, taker in sorted(joins, key=str)
            for maker in self._makers[file]
            if self._is_earlier(maker, taker)
        }
        places = self._places(maker for _, maker in chosen)
        for file, maker in chosen:
            for place, way in places[maker]:
                self._made_by.setdefault(file, {})[self._visit(place, True, way)] = None

    def _learn_makers(self, files: set[str]) -> None:
        found = self._facts.makers(files)
        calls = {call for makers in found.values() for call in makers}
        self._learn_calls(calls)
        self._learn_wiring(calls)
        self._learn_calls({child for call in calls for child in self._returned_by(call)})
        for file in files:
            self._makers[file] = [call for call in found.get(file, ()) if self._is_first_maker(call, file)]

    def _is_first_maker(self, call: str, file: str) -> bool:
        """Whether a call made a file itself, rather than pass on what it took or what a child of it made."""
        fact = self._calls[call]
        if file in fact.took() or all(one.file != file for one in fact.result_files):
            return False
        children = (
            [self._calls.get(child) for child in self._returned_by(call)] if call in self._wirings else []
        )
        return not any(child and any(one.file == file for one in child.result_files) for child in children)

    def _is_earlier(self, maker: str, taker: str | None) -> bool:
        if taker is None:
            return True
        made, taken = self._calls[maker].recorded_at, self._calls[taker].recorded_at
        return maker != taker and (made is None or taken is None or made <= taken)

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

    def answer(self, kind: str, id_: str) -> Trace:
        """What the walk found."""
        made_by = {file: dict(self._made_by.get(file, ())) for file in self._files}
        for place, node in self._nodes.items():
            for file in self._calls[place.call].result_files if node.result else ():
                if file.file in made_by and self._is_first_maker(place.call, file.file):
                    made_by[file.file][place.id] = None
        calls = (self._traced(node) for node in self._nodes.values())
        return Trace(
            kind,
            id_,
            start=tuple(dict.fromkeys(self._start)),
            calls={call.id: call for call in calls},
            files={
                file: TracedFile(*fact, made_by=tuple(made_by[file])) for file, fact in self._files.items()
            },
            more_makers=self.more_makers,
        )

    def _traced(self, node: _Node) -> TracedCall:
        fact = self._calls[node.place.call]
        arguments = [
            TracedArgument(
                *(one.name, one.position, one.value, one.type, one.size, one.preview),
                files=tuple(file.file for file in one.files),
                fed_by=tuple(node.fed.get(one.name, ())),
                from_parent=one.name not in node.fed or one.name in node.mixed,
            )
            for one in fact.arguments
        ]
        return TracedCall(
            id=node.place.id,
            call=fact.call,
            parent=node.place.parent,
            task=fact.task,
            task_hash=fact.task_hash,
            failed=fact.failed,
            value=fact.value,
            type=fact.type,
            preview=fact.preview,
            arguments=tuple(arguments),
            returned_by=tuple(node.returned_by),
            given_by=tuple(node.given_by),
            used="result" if node.result else "arguments",
            cut_off=node.cut_off,
        )
