"""The walk forth: which jobs a trace would lead back from to where this walk began.

It is the exact inverse of `headwater.lineage.trace`. There, a call is visited in a parent and, where it was entered
from below, with the job through which the walk may leave that parent again; here, what is reached is a call in a
parent under the same conditions. Most of what is reached is so under all of them (whoever asks for the result of a
call that took the file comes to the file), so a reach says for how much it holds rather than being spelled out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from headwater.lineage.flow import Flow
from headwater.lineage.impact_facts import NOBODY

if TYPE_CHECKING:
    from headwater.lineage.impact_facts import ImpactFacts, JobFact
    from headwater.lineage.trace_facts import FileFact

EVERYWHERE = "*"
"""in all parents, and without one"""
_CALL = "*call"
Ways = frozenset[str]
"""Jobs, by id, that made the parent (or would have), each a way; and the call of the parent itself, by which
calls without a job are entered (_CALL)."""
ANY: Ways = frozenset({"*any"})
"""whatever the job, and where the call was entered from above"""
OPEN: Ways = frozenset({"*open"})
"""whatever the job that made the parent"""
_NO_JOB = ANY | OPEN | {_CALL}
_ANYWHERE = (EVERYWHERE, ANY)


AT_ONCE = 2000
"""reaches from which the walk goes on at a time, so that what is asked for stays bounded"""
FEW = 20
"""reaches from which it is seen at a time whether the walk would go on"""
_T = TypeVar("_T")


class Reach(NamedTuple):
    """A call that is reached in a parent, by ANY, OPEN, or some ways. Those of one reach lead on together."""

    call: str
    parent: str | None
    ways: Ways


class Spread:
    """One walk forth through the facts.

    Args:
        stopped: calls whose results lead no further, whatever they were given: they are not reached themselves, but
            what their bodies hand to their children is.

    Attributes:
        jobs: every job that was reached, by id, with its call.
        calls: every call that was reached.
        files: every file that a call which was reached made itself.
        made_by: those calls, by file.
    """

    def __init__(self, facts: ImpactFacts, *, stopped: Collection[str] = ()) -> None:
        self._facts = facts
        self._stopped = stopped
        self.flow = Flow(facts)
        self._jobs_of: dict[str, list[JobFact]] = {}
        self._jobs_in: dict[tuple[str, str], list[JobFact]] = {}
        self._under: dict[str, dict[str | None, list[JobFact]]] = {}
        self._first_jobs: dict[str, JobFact] = {}
        self._parents: dict[str, list[str]] = {}
        self._foreseen: set[tuple[str, str]] = set()
        self._reached: dict[str, dict[tuple[str | None, Ways], bool]] = {}
        """by call, where it was reached: whether what it was given is, too"""
        self._down: dict[str, list[str]] = {}
        self._made: set[str] = set()
        """the calls whose files were noted"""
        self._pending: dict[Reach, bool] = {}
        self._quiet: dict[Reach, None] = {}
        self._joined: set[str] = set()
        self.jobs: dict[str, tuple[JobFact, str]] = {}
        self.calls: dict[str, None] = {}
        self.files: dict[str, FileFact] = {}
        self.made_by: dict[str, set[str]] = {}

    # -- starting ----------------------------------------------------------------------------------------------

    def begin(self, calls: Iterable[str]) -> None:
        """Calls that count themselves, whatever it is of them that matters to somebody."""
        for call in sorted(calls):
            self._reach(call, EVERYWHERE, ANY, True)

    def begin_under(self, places: Iterable[tuple[str, str]]) -> None:
        """As `begin`, of calls (by hash) that jobs made under a job without a call (by id), and only there."""
        for call, parent_job in sorted(places):
            self._reach(call, None, frozenset({parent_job}), True)

    def begin_at_files(self, files: Iterable[str]) -> None:
        """Calls that took files, by hash, and calls whose results came from files that they named; of these, only the
        results count."""
        touchers = self._facts.touchers(files)
        self.begin({call for some in touchers.values() for call in some.takers})
        self.flow.learn_makers({call for some in touchers.values() for call in some.namers})
        for file, some in touchers.items():
            for call in some.namers:
                if self._names(call, file):
                    self._reach(call, EVERYWHERE, ANY, False)

    def begin_at_results(self, calls: Iterable[str]) -> None:
        """Calls of which only the result counts, and only to others."""
        for call in sorted(calls):
            self._quiet[Reach(call, EVERYWHERE, ANY)] = None

    def covers(self, call: str) -> bool:
        """Whether a call was reached wherever it was made, in what it was given."""
        return self._reached.get(call, {}).get((EVERYWHERE, ANY), False)

    # -- walking -----------------------------------------------------------------------------------------------

    def run(self, limit: int | None = None) -> bool:
        """Walk to the ends, or until `limit` calls were reached. Returns whether it came to the ends."""
        at_once = AT_ONCE if limit is None else min(limit, AT_ONCE)
        is_over = self._has(limit)
        while self._pending or self._quiet:
            if is_over:
                return False
            quiet, pending = _some(self._quiet, at_once), _some(self._pending, at_once)
            seen = self._foresee([*quiet, *pending])
            for reach in pending:
                self._tell(reach)
            reaches = {**dict.fromkeys(quiet, False), **pending}
            made: dict[str, None] = {}
            is_over = self._has(limit)
            if is_over:
                self._look_further(reaches, made)
            else:
                self._learn_children(seen)
                for reach, given in reaches.items():
                    self._step(reach, given, made)
            if not (is_over and self._pending):
                self._join(made)
        return True

    def _has(self, limit: int | None) -> bool:
        """Whether so many calls were reached."""
        return limit is not None and len(self.calls) >= limit

    def _look_further(self, reaches: Mapping[Reach, bool], made: dict[str, None]) -> None:
        """Go on from the last reaches that count, but only until there is something to go on to."""
        for reach in reaches:
            self._note_made(reach, made)
        left = list(reaches.items())
        while left and not self._pending and not self._quiet:
            some, left = left[:FEW], left[FEW:]
            self._learn_children(reach.call for reach, _ in some)
            for reach, given in some:
                self._step(reach, given, made)

    def _reach(self, call: str, parent: str | None, ways: Ways, given: bool) -> None:
        """Note what is reached. `given`: what it was given is, and so what its body makes of that, not its result
        alone."""
        known = self._reached.get(call)
        if known is None:
            self._reached[call] = {(parent, ways): given}
        else:
            inside = ((parent, ANY),) if ways == ANY else ((parent, ANY), (parent, OPEN), (parent, ways))
            for one in (_ANYWHERE, *inside):
                there = known.get(one)
                if there or (there is not None and not given):
                    return
            known[parent, ways] = given
        self._pending[Reach(call, parent, ways)] = given

    def _step(self, reach: Reach, given: bool, made: dict[str, None]) -> None:
        """From a call to the calls that it fed, to its parent where it became its result, and, if what it was given is
        reached, to the calls whose arguments its body made."""
        call, parent, ways = reach
        is_stopped = call in self._stopped
        if not is_stopped:
            for around in self._parents[call] if parent == EVERYWHERE else (parent,):
                for consumer in self.flow.consumers(around).get(call, ()) if around is not None else ():
                    if consumer != around:
                        self._reach(consumer, around, ways, True)
                    elif ways == ANY:
                        self._reach(consumer, EVERYWHERE, ANY, False)
        children = self._led(call) if given else ()
        down = self._ways_down(reach) if children else None
        if down:
            for child in children:
                self._reach(child, call, down, True)
        self._note_made(reach, made)

    def _led(self, call: str) -> list[str]:
        """The children of a call whose arguments its body made."""
        led = self._down.get(call)
        if led is None:
            children = self.flow.calls[call].children
            led = self._down[call] = [child for child in children if self.flow.leads_up(child, call)]
        return led

    def _note_made(self, reach: Reach, made: dict[str, None]) -> None:
        """Note the files that a call made itself, if a trace of them comes to where it is reached."""
        call = reach.call
        files = self.flow.calls[call].result_files
        if files and call not in self._made and call not in self._stopped and self._is_traced_from(reach):
            self._made.add(call)
            for file in files:
                if self.flow.is_first_maker(call, file.file):
                    self.files.setdefault(file.file, file)
                    self.made_by.setdefault(file.file, set()).add(call)
                    made[call] = None

    def _ways_down(self, reach: Reach) -> Ways:
        """By which ways the children of a call come up to it where it is reached."""
        if reach.parent == EVERYWHERE:
            return OPEN
        ways = [job.job for job in self._jobs_at(reach) if job.spawned and _covers(reach, job)]
        return frozenset([*ways, _CALL] if self._is_traced_from(reach) else ways)

    def _is_traced_from(self, reach: Reach) -> bool:
        """Whether a trace that comes from nowhere, or by a file, enters the call where it is reached."""
        if reach.parent == EVERYWHERE:
            return True
        first = self._first_job(reach.call)
        if first is not None:
            return _covers(reach, first)
        parents = self._parents[reach.call]
        is_there = reach.parent in parents if parents else reach.parent is None
        return is_there and not reach.ways.isdisjoint(_NO_JOB)

    def _tell(self, reach: Reach) -> None:
        """Note the jobs that made the call where it is reached; a call without any stands for itself."""
        call = reach.call
        if call in self._stopped:
            return
        jobs = self._jobs_at(reach)
        for job in jobs:
            if _covers(reach, job):
                self.jobs.setdefault(job.job, (job, call))
                self.calls[call] = None
        if not jobs and self._has_no_job(call) and self._is_traced_from(reach):
            self.calls[call] = None

    # -- jobs --------------------------------------------------------------------------------------------------

    def _jobs_at(self, reach: Reach) -> list[JobFact]:
        """The jobs of a call, or, where it has many, those in the parent in which it is reached; where that is a job
        without a call, those under this job."""
        if reach.parent is None and reach.ways.isdisjoint(_NO_JOB):
            under = self._jobs_by_parent(reach.call)
            return [job for way in reach.ways for job in under.get(way, ())]
        jobs = self._jobs_of.get(reach.call)
        return self._jobs_in[reach.call, str(reach.parent)] if jobs is None else jobs

    def _jobs_by_parent(self, call: str) -> dict[str | None, list[JobFact]]:
        """The jobs of a call, by the jobs above them."""
        known = self._under.get(call)
        if known is None:
            known = self._under[call] = {}
            for job in self._jobs_of[call]:
                known.setdefault(job.parent, []).append(job)
        return known

    def _has_no_job(self, call: str) -> bool:
        return call in self._jobs_of and not self._jobs_of[call]

    def _first_job(self, call: str) -> JobFact | None:
        """The job that a trace takes for the one that ran a call."""
        jobs = self._jobs_of.get(call)
        if jobs is not None:
            return jobs[0] if jobs else None
        if call not in self._first_jobs:
            self._first_jobs[call] = self._facts.first_job(call)
        return self._first_jobs[call]

    # -- by files ----------------------------------------------------------------------------------------------

    def _join(self, makers: Iterable[str]) -> None:
        """From calls that made files to the calls that took these later and were not handed them by the calls that
        they were fed by."""
        new = [call for call in makers if call not in self._joined]
        self._joined.update(new)
        made = {
            call: [
                one.file
                for one in self.flow.calls[call].result_files
                if call in self.made_by.get(one.file, ())
            ]
            for call in new
        }
        files = {file for some in made.values() for file in some}
        touchers = self._facts.touchers(files) if files else {}
        taking = {taker for some in touchers.values() for taker in some.takers}
        self.flow.learn_calls(taking)
        self._learn_parents(taking)
        around = {parent for taker in taking for parent in self._parents[taker]}
        self.flow.learn_wiring(around)
        fed_by = {
            producer
            for taker in taking
            for parent in self._parents[taker]
            for _, producer in self.flow.fed(taker, parent)
        }
        self.flow.learn_calls(around | fed_by)
        unhanded = {
            (taker, parent): self.flow.new_files(taker, parent)
            for taker in taking
            for parent in (*self._parents[taker], None)
        }
        self.flow.learn_makers({namer for some in touchers.values() for namer in some.namers})
        joining = [(call, file) for call, some in made.items() for file in some]
        self.flow.learn_times(
            (call, other)
            for call, file in joining
            for touching in touchers.get(file, ())
            for other in touching
        )
        for call, some in made.items():
            for file in some:
                takers, namers = touchers.get(file, NOBODY)
                for namer in namers:
                    if self.flow.is_earlier(call, namer) and self._names(namer, file):
                        self._reach(namer, EVERYWHERE, ANY, False)
                for taker in takers:
                    if self.flow.is_earlier(call, taker):
                        for parent in (*self._parents[taker], None):
                            if file in unhanded[taker, parent]:
                                self._reach(taker, parent, ANY, True)

    def _names(self, call: str, file: str) -> bool:
        """Whether a call's own body put a file into its result that was there before."""
        return any(one.file == file for one in self.flow.named_files(call))

    # -- learning ----------------------------------------------------------------------------------------------

    def _foresee(self, reached: list[Reach]) -> set[str]:
        """Ask for what the next steps need, but for the children: in one go for all that is fed by it inside its
        parents, however long the chains are. Returns these calls."""
        self._learn_parents({reach.call for reach in reached if reach.parent == EVERYWHERE})
        places = [
            (reach.call, parent)
            for reach in reached
            for parent in (self._parents[reach.call] if reach.parent == EVERYWHERE else [reach.parent])
            if parent is not None
        ]
        self.flow.learn_wiring({parent for _, parent in places})
        pending = [place for place in dict.fromkeys(places) if place not in self._foreseen]
        self._foreseen.update(pending)
        calls = {reach.call for reach in reached}
        anywhere = {reach.call for reach in reached if reach.parent in (EVERYWHERE, None)}
        inside = {(reach.call, reach.parent) for reach in reached if reach.parent not in (EVERYWHERE, None)}
        while pending:
            call, parent = pending.pop()
            calls.add(call)
            inside.add((call, parent))
            for consumer in self.flow.consumers(parent).get(call, ()):
                place = (consumer, parent)
                if consumer != parent and place not in self._foreseen:
                    self._foreseen.add(place)
                    pending.append(place)
        self.flow.learn_wiring(calls)
        self._learn_jobs(calls, anywhere, inside)
        self._learn_parents(set(filter(self._has_no_job, calls)))
        return calls

    def _learn_children(self, calls: Iterable[str]) -> None:
        self.flow.learn_calls({child for call in calls for child in self.flow.calls[call].children})

    def _learn_parents(self, calls: set[str]) -> None:
        missing = calls - self._parents.keys()
        self.flow.learn_calls(missing)
        many = set()
        for call in missing:
            parents = self.flow.calls[call].parents
            if parents is None:
                many.add(call)
            else:
                self._parents[call] = parents
        found = self._facts.call_parents(many) if many else {}
        self._parents.update((call, found.get(call, [])) for call in many)

    def _learn_jobs(self, calls: set[str], anywhere: set[str], inside: set[tuple[str, str]]) -> None:
        """The jobs of calls; of those that have many and are reached only inside parents, the jobs there."""
        many = set()
        for call in calls - self._jobs_of.keys():
            jobs = self.flow.calls[call].jobs
            if jobs is None:
                many.add(call)
            else:
                self._jobs_of[call] = jobs
        found = self._facts.jobs_of(many & anywhere) if many & anywhere else {}
        self._jobs_of.update((call, found.get(call, [])) for call in many & anywhere)
        shared = many - anywhere
        places = {place for place in inside if place[0] in shared} - self._jobs_in.keys()
        if places:
            there = self._facts.jobs_in(places)
            self._jobs_in.update((place, there.get(place, [])) for place in places)


def _some(reaches: dict[Reach, _T], count: int) -> dict[Reach, _T]:
    """Take the first of some reaches away."""
    return {reach: reaches.pop(reach) for reach in list(islice(reaches, count))}


def _covers(reach: Reach, job: JobFact) -> bool:
    """Whether a job made the call where it is reached."""
    if reach.parent == EVERYWHERE:
        return True
    return reach.parent == job.parent_call and (
        reach.ways is ANY or reach.ways is OPEN or job.parent in reach.ways
    )
