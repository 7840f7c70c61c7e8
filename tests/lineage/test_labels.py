"""How far datasets reach, and how sensitive that is: against the definition, spelled out as a graph for networkx."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import networkx as nx
import pytest
from headwater.cypher.project import Project
from headwater.cypher.sensitivity import LEVELS, rank
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.labels import labels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Cypher, server_of
from tests.lineage.worlds import EPOCH, Call, World

_DECLARE = """
CREATE (c:Change {id: $id, at: $at, user: 'me', project_root: '/p'})
CREATE (c)-[:ADDED]->(d:Dataset {id: $id, name: $name, files: [], origin: '', licence: 'CC0-1.0', collected_by: '',
                                 purpose: '', lawful_basis: '', sensitivity: $level})
WITH d UNWIND $files AS file
MATCH (f:File {file_hash: file})
CREATE (f)-[:PART_OF {change: $id}]->(d)
"""
_LIMIT = "UNWIND $rows AS r MATCH (t:Task {task_hash: r[0]}) SET t.options = r[1]"


class Governed:
    """A world in which files belong to datasets and tasks lower how sensitive their results are."""

    def __init__(
        self, world: World, datasets: dict[str, tuple[str, set[str]]], limits: dict[str, str]
    ) -> None:
        self.world = world
        self.datasets = datasets
        self.limits = limits
        """level by the task's name"""

    def write(self, cypher: Cypher) -> None:
        world = self.world
        world.write(cypher)
        rows = [
            [f"{world.prefix}task-{task}", json.dumps({"declassifies": level})]
            for task, level in self.limits.items()
        ]
        cypher(_LIMIT, rows=rows)
        for name, (level, files) in self.datasets.items():
            hashes = [world.prefix + file for file in files]
            cypher(_DECLARE, id=world.prefix + name, name=name, level=level, files=hashes, at=EPOCH)

    # -- the definition ----------------------------------------------------------------------------------------

    def limit(self, call: Call) -> int:
        """The rank that a call's result has at most."""
        if call.task in self.limits:
            return rank(self.limits[call.task])
        children = [self.world.calls[child] for child in call.returns if child != call.hash]
        if not children or call.hash in call.returns:
            return len(LEVELS)
        return max(self.limit(child) for child in children)

    def flows(self, level: int) -> nx.DiGraph:
        """What comes from what, where results that are below a level come from nothing."""
        world, graph = self.world, nx.DiGraph()
        pending = [("result", job.call, world._above(job)) for job in world.jobs.values() if job.call]
        pending += [("result", call, around) for call in world.calls for around in world.contexts(call)]
        seen = set()
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            graph.add_node(node)
            mode, name, context = node
            call = world.calls[name]
            if mode == "result":
                next_ = [] if self.limit(call) < level else list(self.of_result(call, context))
            else:
                next_ = list(self.of_arguments(call, context))
            graph.add_edges_from((node, one) for one in next_)
            pending += [one for one in next_ if one[0] != "file"]
        return graph

    def of_result(self, call: Call, context: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
        for child in call.returns:
            if child != call.hash:
                yield "result", child, (call.hash, *context)
        for file in call.named:
            if self.world.is_its_own(call, file):
                yield "file", file
                yield from self.of_file(file, call)
        yield "arguments", call.hash, context

    def of_arguments(self, call: Call, context: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
        parent = self.world.calls[context[0]] if context else None
        for argument, files in call.args.items():
            yield from (("file", file) for file in files)
            fed = [p for c, a, p in parent.wiring if (c, a) == (call.hash, argument)] if parent else []
            producers = [one for one in fed if parent and one != parent.hash]
            yield from (("result", producer, context) for producer in producers)
            if producers and producers == fed:
                continue
            known = set().union(*(self.world.calls[one].result for one in producers))
            if parent is not None:
                yield "arguments", parent.hash, context[1:]
                known = known.union(*parent.args.values())
            for file in files - known:
                yield from self.of_file(file, call)

    def of_file(self, file: str, taker: Call) -> Iterator[tuple[object, ...]]:
        for maker in self.world.makers(file, taker):
            yield from (("result", maker, around) for around in self.world.contexts(maker))

    def expected(self) -> dict[tuple[str, str, str], str]:
        """(kind, key, dataset) to level, for jobs, calls and files."""
        world = self.world
        found: dict[tuple[str, str, str], int] = {}

        def note(kind: str, key: str, dataset: str, level: int) -> None:
            found[kind, key, dataset] = max(level, found.get((kind, key, dataset), -1))

        ran = {job.call for job in world.jobs.values()}
        for level in range(len(LEVELS)):
            graph = self.flows(level)
            for name, (declared, files) in self.datasets.items():
                if rank(declared) < level:
                    continue

                def reached(*node: object, graph: nx.DiGraph = graph, files: set[str] = files) -> bool:
                    return any(("file", file) in nx.descendants(graph, node) for file in files)

                for job in world.jobs.values():
                    if job.call and reached("result", job.call, world._above(job)):
                        note("job", job.id, name, level)
                        note("call", job.call, name, level)
                for call in world.calls.values():
                    for around in world.contexts(call.hash):
                        if not reached("result", call.hash, around):
                            continue
                        if call.hash not in ran:
                            note("call", call.hash, name, level)
                        for file in call.result - call.named:
                            if world.is_its_own(call, file):
                                note("file", world.prefix + file, name, level)
                for file in files & self.recorded():
                    note("file", world.prefix + file, name, rank(declared))
        return {key: LEVELS[level] for key, level in found.items()}

    def part_of(
        self, whole: dict[tuple[str, str, str], str], since: datetime
    ) -> dict[tuple[str, str, str], str]:
        """What of all labels belongs to the runs that began since: a call, its value and its task have those of its
        jobs there."""
        world = self.world
        runs = {
            job.execution: job
            for job in map(world.jobs.__getitem__, world.roots)
            if EPOCH + timedelta(seconds=job.at) >= since
        }
        jobs = {
            job.id: world.calls[job.call] for job in world.jobs.values() if job.execution in runs and job.call
        }
        files = {
            world.prefix + file for call in jobs.values() for file in call.result.union(*call.args.values())
        }
        found = {
            key: level
            for key, level in whole.items()
            if (key[0] in ("job", "execution") and key[1] in jobs.keys() | runs.keys())
            or (key[0] == "file" and key[1] in files)
        }
        values: dict[str, set[str]] = {}
        for (kind, job, dataset), level in list(found.items()):
            if kind == "job":
                call = jobs[job]
                value = world._value(call.result, call.hash, values)
                for one in (
                    ("call", call.hash),
                    ("value", value),
                    ("task", f"{world.prefix}task-{call.task}"),
                ):
                    there = found.get((*one, dataset), level)
                    found[(*one, dataset)] = max(level, there, key=rank)
        return found

    def recorded(self) -> set[str]:
        return {file for call in self.world.calls.values() for file in call.result.union(*call.args.values())}


KINDS = ("execution", "job", "call", "value", "task", "file")


def told(store: GraphStore, *kinds: str, since: datetime | None = None) -> dict[tuple[str, str, str], str]:
    return {
        (one.kind, one.id, one.dataset.name): one.sensitivity
        for one in labels(store, since=since)
        if one.kind in kinds
    }


@pytest.fixture(scope="module")
def made_up(shared_local_project: Project) -> Iterator[tuple[GraphStore, Cypher]]:
    store = open_store(shared_local_project)
    server = server_of(shared_local_project)
    server.wipe()
    yield store, server.run
    server.wipe()
    store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_labels_are_what_the_definition_says_on_any_history(
    made_up: tuple[GraphStore, Cypher], seed: int
) -> None:
    store, cypher = made_up
    cypher("MATCH (n) WHERE NOT n:SchemaVersion DETACH DELETE n")
    chance = random.Random(seed)
    world = World.made_up(f"{uuid.uuid4().hex}-", seed)
    tasks = [call.task for call in world.calls.values()]
    governed = Governed(
        world,
        {
            f"d{n}": (chance.choice(LEVELS), {f"f{chance.randrange(4)}" for _ in range(chance.randint(1, 2))})
            for n in range(2)
        },
        {task: chance.choice(LEVELS) for task in tasks if chance.random() < 0.3},
    )
    governed.write(cypher)
    assert told(store, "job", "call", "file") == governed.expected()
    begins = [world.jobs[root].at for root in world.roots]
    since = EPOCH + timedelta(seconds=chance.choice([*begins, 0, len(world.jobs)]))
    assert told(store, *KINDS, since=since) == governed.part_of(told(store, *KINDS), since)


@pytest.fixture
def world() -> World:
    return World(f"{uuid.uuid4().hex}-")


def pipeline(world: World, *, returns_both: bool = False) -> None:
    """main(path) = mean(hide(load(path))), or both that and load(path)."""
    load = world.call("load", args={"path": {"people.csv"}}).hash
    hide = world.call("hide", args={"rows": set()}).hash
    mean = world.call("mean", args={"rows": set()}, result={"mean.csv"}).hash
    world.call(
        "main",
        args={"path": {"people.csv"}},
        result={"mean.csv"},
        children=[load, hide, mean],
        wiring=[(hide, "rows", load), (mean, "rows", hide)],
        returns=[mean, load] if returns_both else [mean],
    )
    world.run(f"{world.prefix}main")


def levels(store: GraphStore, world: World) -> dict[str, str]:
    tasks = {call.hash: call.task for call in world.calls.values()}
    return {tasks[id_]: level for (_, id_, _), level in told(store, "call").items()}


PEOPLE = {"people": ("personal", {"people.csv"})}


def test_what_is_made_of_a_dataset_is_as_sensitive_as_it_is(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world)
    Governed(world, PEOPLE, {}).write(cypher)
    assert levels(store, world) == dict.fromkeys(["load", "hide", "mean", "main"], "personal")
    found = told(store, "file", "task", "value", "job")
    assert set(found.values()) == {"personal"}
    assert {kind for kind, _, _ in found} == {"file", "task", "value", "job"}


def test_a_declassifying_task_lowers_its_result_and_what_comes_of_that(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world)
    Governed(world, PEOPLE, {"hide": "internal"}).write(cypher)
    assert (
        levels(store, world)
        == {
            "load": "personal",
            "hide": "internal",
            "mean": "internal",
            "main": "personal",  # it was given the file itself, and mean, whose result it has, is not declassifying
        }
    )


def test_a_call_that_only_hands_on_declassified_results_is_declassified(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world)
    Governed(world, PEOPLE, {"hide": "internal", "mean": "public"}).write(cypher)
    assert levels(store, world)["main"] == "public"


def test_a_way_around_a_declassifying_task_counts(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world, returns_both=True)
    Governed(world, PEOPLE, {"hide": "internal", "mean": "public"}).write(cypher)
    assert levels(store, world)["main"] == "personal"


def test_a_task_cannot_make_data_more_sensitive(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world)
    Governed(world, {"people": ("internal", {"people.csv"})}, {"hide": "special"}).write(cypher)
    assert set(levels(store, world).values()) == {"internal"}
