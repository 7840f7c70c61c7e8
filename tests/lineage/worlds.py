"""Small made-up graphs of calls, and what a trace of them has to say, worked out by the definition alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

Context = tuple[str, ...]
"""the calls around a call, the nearest first"""
EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)

# in this order; what a row holds is in `World.write`
_WRITE = {
    "task": "CREATE (:Task {task_hash: r[0], fullname: r[1]})",
    "call": """MATCH (t:Task {task_hash: r[3]})
        CREATE (:CallNode {call_hash: r[0], task_name: r[1], failed: false, recorded_at: r[2], named: r[4]})
        -[:OF]->(t)""",
    "value": "CREATE (:Value {value_hash: r[0], type: 'x', size: 1, preview: r[0]})",
    "file": "CREATE (:File {file_hash: r[0], path: r[1], evidence: 'stat', digest: r[0], size: 1})",
    "execution": """CREATE (:Execution {id: r[0], status: 'DONE', started: r[1], user: r[2], host: 'here',
        command: 'hw run'})""",
    "job": "CREATE (:Job {id: r[0], status: r[1], started: r[2], execution_id: r[3]})",
    "refers": "MATCH (v:Value {value_hash: r[0]}) MATCH (f:File {file_hash: r[1]}) CREATE (v)-[:REFERS_TO]->(f)",
    "took": """MATCH (c:CallNode {call_hash: r[0]}) MATCH (v:Value {value_hash: r[1]})
        CREATE (c)-[:TOOK {name: r[2], position: r[3]}]->(v)""",
    "returned": """MATCH (c:CallNode {call_hash: r[0]}) MATCH (v:Value {value_hash: r[1]})
        CREATE (c)-[:RETURNED]->(v)""",
    "called": """MATCH (a:CallNode {call_hash: r[0]}) MATCH (b:CallNode {call_hash: r[1]})
        CREATE (a)-[:CALLED {order: r[2]}]->(b)""",
    "fed": """MATCH (a:CallNode {call_hash: r[0]}) MATCH (b:CallNode {call_hash: r[1]})
        CREATE (a)-[:FED_BY {name: r[2], within: r[3]}]->(b)""",
    "made": "MATCH (j:Job {id: r[0]}) MATCH (c:CallNode {call_hash: r[1]}) CREATE (j)-[:MADE]->(c)",
    "spawned": "MATCH (p:Job {id: r[0]}) MATCH (j:Job {id: r[1]}) CREATE (p)-[:SPAWNED]->(j)",
}


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(seconds=at)


@dataclass
class Call:
    hash: str
    task: str
    at: int
    args: dict[str, set[str]]
    """parameter name to the files in its value"""
    result: set[str]
    """the files in its result"""
    named: set[str] = field(default_factory=set)
    """those of them that were there before it began"""
    children: list[str] = field(default_factory=list)
    wiring: list[tuple[str, str, str]] = field(default_factory=list)
    """(consumer, parameter name, producer); this call itself as the producer: its body put something there"""
    returns: list[str] = field(default_factory=list)
    """children, and this call itself where its body put something beside their results"""


@dataclass
class Job:
    id: str
    call: str | None
    parent: str | None
    status: str
    at: int
    execution: str | None = None


class World:
    """Calls, and the jobs of the runs that made some of them."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.calls: dict[str, Call] = {}
        self.jobs: dict[str, Job] = {}
        self.roots: list[str] = []
        """the first job of each run"""

    # -- making ------------------------------------------------------------------------------------------------

    def call(self, name: str, **parts: Any) -> Call:
        call = Call(
            self.prefix + name,
            name,
            len(self.calls),
            parts.pop("args", {}),
            parts.pop("result", set()),
            **parts,
        )
        self.calls[call.hash] = call
        return call

    def run(self, call: str) -> str:
        """What a scheduler does: calls that were made before are answered from the cache, without their children."""
        known = {job.call for job in self.jobs.values()}
        execution = f"{self.prefix}e{len(self.roots)}"

        def job(call: str, parent: str | None) -> str:
            number = len(self.jobs)
            status = "CACHED" if call in known else "DONE"
            made = Job(f"{self.prefix}j{number}", call, parent, status, number, execution)
            self.jobs[made.id] = made
            known.add(call)
            if status == "DONE":
                for child in self.calls[call].children:
                    job(child, made.id)
            return made.id

        self.roots.append(job(call, None))
        return self.roots[-1]

    @classmethod
    def made_up(cls, prefix: str, seed: int) -> World:
        """A random world: calls that several parents share, results handed on, files made and taken, several runs."""
        chance = random.Random(seed)
        world = cls(prefix)
        for number in range(chance.randint(2, 9)):
            names = [f"a{n}" for n in range(chance.randint(0, 3))]
            args = {name: {f"f{chance.randrange(4)}"} if chance.random() < 0.4 else set() for name in names}
            result = {f"f{chance.randrange(4)}"} if chance.random() < 0.4 else set()
            named = set(result) if chance.random() < 0.3 else set()
            call = world.call(f"c{number}", args=args, result=result, named=named)
            earlier = [one for one in world.calls if one != call.hash]
            call.children = chance.sample(earlier, chance.randint(0, min(4, len(earlier))))
            for place, child in enumerate(call.children):
                for name in world.calls[child].args:
                    for producer in call.children[:place]:
                        if chance.random() < 0.4:
                            call.wiring.append((child, name, producer))
                    if call.wiring[-1:] and call.wiring[-1][:2] == (child, name) and chance.random() < 0.3:
                        call.wiring.append((child, name, call.hash))
            call.returns = [child for child in call.children if chance.random() < 0.5]
            if call.returns and chance.random() < 0.3:
                call.returns.append(call.hash)
        for _ in range(chance.randint(0, 3)):
            world.run(chance.choice(list(world.calls)))
        return world

    # -- writing into a graph ----------------------------------------------------------------------------------

    def write(self, cypher: Callable[..., Any]) -> None:
        """Write it the way the loader does."""
        made: dict[str, list[Any]] = {name: [] for name in _WRITE}
        values: dict[str, set[str]] = {}
        for call in self.calls.values():
            task = f"{self.prefix}task-{call.task}"
            made["task"].append([task, call.task])
            named = sorted(self.prefix + file for file in call.named) or None
            made["call"].append([call.hash, call.task, _moment(call.at), task, named])
            for place, (name, inside) in enumerate(call.args.items()):
                made["took"].append([call.hash, self._value(inside, call.hash + name, values), name, place])
            made["returned"].append([call.hash, self._value(call.result, call.hash, values)])
            made["called"] += [[call.hash, child, order] for order, child in enumerate(call.children)]
            made["fed"] += [[consumer, producer, name, call.hash] for consumer, name, producer in call.wiring]
            made["fed"] += [[call.hash, child, "return", call.hash] for child in call.returns]
        for file in sorted(set().union(*values.values())):
            made["file"].append([self.prefix + file, f"/data/{file}"])
        for value, inside in values.items():
            made["value"].append([value])
            made["refers"] += [[value, self.prefix + file] for file in inside]
        for job in self.jobs.values():
            made["job"].append([job.id, job.status, _moment(job.at), job.execution])
            made["made"] += [[job.id, job.call]] if job.call else []
            made["spawned"] += [[job.parent, job.id]] if job.parent else []
        for number, root in enumerate(self.roots):
            job = self.jobs[root]
            made["execution"].append([job.execution, _moment(job.at), f"user{number % 2}"])
        for name, text in _WRITE.items():
            cypher(f"UNWIND $rows AS r {text}", rows=made[name])

    def _value(self, inside: set[str], key: str, values: dict[str, set[str]]) -> str:
        value = f"{self.prefix}v-{'-'.join(sorted(inside))}" if inside else f"{self.prefix}v-{key}"
        values[value] = inside
        return value

    # -- what a trace has to say -------------------------------------------------------------------------------

    def origins_of_job(self, id_: str) -> Origins:
        job = self.jobs[id_]
        assert job.call is not None
        return Origins(self).result(job.call, self._above(job))

    def origins_of_call(self, call: str) -> Origins:
        origins = Origins(self)
        for context in self.contexts(call):
            origins.result(call, context)
        return origins

    def contexts(self, call: str) -> list[Context]:
        """Around a call that a job ran: the calls of the jobs above it. Else: every parent, in its own contexts."""
        jobs = sorted(
            (job for job in self.jobs.values() if job.call == call),
            key=lambda j: (j.status == "CACHED", j.at),
        )
        if jobs:
            return [self._above(jobs[0])]
        parents = [parent.hash for parent in self.calls.values() if call in parent.children]
        return [(parent, *context) for parent in parents for context in self.contexts(parent)] or [()]

    def _above(self, job: Job) -> Context:
        above = []
        while job.parent is not None:
            job = self.jobs[job.parent]
            if job.call is None:
                break
            above.append(job.call)
        return tuple(above)

    def _first_made(self, call: Call) -> int:
        ran = [job.at for job in self.jobs.values() if job.call == call.hash and job.status != "CACHED"]
        return min([call.at, *ran])

    def makers(self, file: str, taker: Call) -> Iterator[str]:
        for call in self.calls.values():
            made = self.is_its_own(call, file) and file not in call.named
            if made and self._first_made(call) <= taker.at and call is not taker:
                yield call.hash

    def is_its_own(self, call: Call, file: str) -> bool:
        """Whether a call's own body put a file into its result."""
        takes = any(file in inside for inside in call.args.values())
        handed_on = any(file in self.calls[one].result for one in call.returns if one != call.hash)
        return file in call.result and not takes and not handed_on


class Origins:
    """The definition, word for word, with the whole context of every call spelled out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.places: set[tuple[str, str | None]] = set()
        self.files: set[str] = set()
        self._seen: set[tuple[str, Context, bool]] = set()

    def result(self, call: str, context: Context) -> Origins:
        """The origins of a call's result: its children that became it, and its arguments."""
        if (call, context, True) not in self._seen:
            self._seen.add((call, context, True))
            for child in self.world.calls[call].returns:
                if child != call:
                    self.result(child, (call, *context))
            self._named(self.world.calls[call])
            self.arguments(call, context)
        return self

    def _named(self, call: Call) -> None:
        """The origins of the files that a call names in its result."""
        for file in sorted(call.named):
            if self.world.is_its_own(call, file):
                self.files.add(file)
                for maker in self.world.makers(file, call):
                    for around in self.world.contexts(maker):
                        self.result(maker, around)

    def arguments(self, name: str, context: Context) -> None:
        """The origins of a call's arguments, and its own code."""
        if (name, context, False) in self._seen:
            return
        self._seen.add((name, context, False))
        call = self.world.calls[name]
        parent = self.world.calls[context[0]] if context else None
        self.places.add((name, context[0] if context else None))
        for argument, files in call.args.items():
            self.files |= files
            fed = [p for c, a, p in parent.wiring if (c, a) == (name, argument)] if parent else []
            producers = [producer for producer in fed if parent and producer != parent.hash]
            for producer in producers:
                self.result(producer, context)
            if producers and producers == fed:
                continue
            known = set().union(*(self.world.calls[producer].result for producer in producers))
            if parent is not None:
                self.arguments(parent.hash, context[1:])
                known = known.union(*parent.args.values())
            for file in files:
                if file not in known:
                    for maker in self.world.makers(file, call):
                        for around in self.world.contexts(maker):
                            self.result(maker, around)
