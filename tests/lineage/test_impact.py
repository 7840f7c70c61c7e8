"""What something reached: the other direction of a trace, call by call and run by run."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import impact_facts, impact_walk
from headwater.lineage.impact import impact
from headwater.lineage.impact_views import Impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Cypher, server_of
from tests.lineage.lab import Lab
from tests.lineage.worlds import EPOCH, Job, World
from tests.properties import tries


def of(store: GraphStore, kind: str, id_: str, **how: object) -> Impact:
    return impact(store, Found(kind, id_, "what was asked for"), **how)  # type: ignore[arg-type]


def tasks(found: Impact) -> list[str]:
    return sorted(call.task for call in found.calls)


@pytest.fixture
def world() -> World:
    return World(f"{uuid.uuid4().hex}-")


def pipeline(world: World) -> World:
    """main(path) = report(stats(clean(path)), title); publish takes the report in a run of its own."""
    clean = world.call("clean", args={"path": {"in.csv"}}, result={"clean.csv"}).hash
    stats = world.call("stats", args={"rows": {"clean.csv"}}).hash
    report = world.call("report", args={"stats": set(), "title": set()}, result={"report.html"}).hash
    other = world.call("other").hash
    world.call(
        "main",
        args={"path": {"in.csv"}},
        result={"report.html"},
        children=[clean, stats, report, other],
        wiring=[(stats, "rows", clean), (report, "stats", stats)],
        returns=[report],
    )
    world.run(f"{world.prefix}main")
    world.call("publish", args={"page": {"report.html"}}, result={"page.html"})
    world.run(f"{world.prefix}publish")
    world.run(f"{world.prefix}publish")
    world.call("stranger")
    world.run(f"{world.prefix}stranger")
    return world


def test_a_file_reaches_the_calls_that_took_it_and_all_that_was_made_of_their_results(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    found = of(store, "file", f"{world.prefix}in.csv")
    assert tasks(found) == ["clean", "main", "publish", "report", "stats"]
    assert [file.path for file in found.files] == [
        f"/data/{name}" for name in ("clean.csv", "page.html", "report.html")
    ]
    assert [run.id for run in found.runs] == [f"{world.prefix}e{n}" for n in (2, 1, 0)]
    assert [(person.user, person.runs) for person in found.people] == [("user0", 2), ("user1", 1)]
    assert found.counts() == {
        **{"calls": 5, "jobs": 6, "files": 3, "runs": 3, "people": 2},
        **{"unended": 0, "perhaps_calls": 0, "perhaps_files": 0, "perhaps_runs": 0, "perhaps_people": 0},
    }
    assert found


def test_a_limit_ends_the_walk_and_the_answer_says_that_it_is_a_part(
    store: GraphStore, cypher: Cypher, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impact_walk, "AT_ONCE", 1)
    pipeline(world).write(cypher)
    part = of(store, "file", f"{world.prefix}in.csv", limit=2)
    assert 2 <= len(part.calls) < 5
    assert not part.complete
    whole = of(store, "file", f"{world.prefix}in.csv", limit=6)
    assert whole.complete
    assert {call.call for call in part.calls} < {call.call for call in whole.calls}
    assert {run.id for run in part.runs} <= {run.id for run in whole.runs}
    monkeypatch.setattr(impact_walk, "AT_ONCE", 1000)
    for limit in range(1, len(whole.calls) + 1):
        found = of(store, "file", f"{world.prefix}in.csv", limit=limit)
        assert len(found.calls) >= limit
        assert found.complete == (len(found.calls) == len(whole.calls))


def test_what_nobody_took_reached_nothing(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    found = of(store, "call", f"{world.prefix}stranger")
    assert not found
    assert set(found.counts().values()) == {0}
    assert not of(store, "file", f"{world.prefix}page.html")


def test_a_call_reaches_what_was_fed_by_it_but_not_itself(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    assert tasks(of(store, "call", f"{world.prefix}stats")) == ["main", "publish", "report"]
    assert tasks(of(store, "job", world.roots[1])) == []


def test_a_version_of_a_task_reaches_its_calls_and_what_came_of_them(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    assert tasks(of(store, "task", f"{world.prefix}task-report")) == ["main", "publish", "report"]


def test_a_run_reaches_what_later_runs_made_of_its_results(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    found = of(store, "execution", f"{world.prefix}e0")
    assert tasks(found) == ["publish"]
    assert [run.id for run in found.runs] == [f"{world.prefix}e2", f"{world.prefix}e1"]
    assert [file.path for file in found.files] == [
        f"/data/{name}" for name in ("clean.csv", "page.html", "report.html")
    ]


def test_a_value_reaches_its_takers_and_never_strangers_that_made_an_equal_one(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    five, six, taker = (world.call(name, args={"x": set()}).hash for name in ("five", "six", "taker"))
    world.call("left", children=[five, taker], wiring=[(taker, "x", five)], returns=[taker])
    world.call("right", children=[six], returns=[six])
    world.run(f"{world.prefix}left")
    world.run(f"{world.prefix}right")
    world.write(cypher)
    value = f"{world.prefix}v-{five}"
    cypher(
        "MATCH (c:CallNode {call_hash: $six})-[old:RETURNED]->() MATCH (v:Value {value_hash: $value}) "
        "DELETE old CREATE (c)-[:RETURNED]->(v)",
        six=six,
        value=value,
    )
    # `six` returned it, so what it fed counts; that `five` returned an equal one says nothing of `right`.
    assert tasks(of(store, "value", value)) == ["left", "right", "taker"]
    assert tasks(of(store, "call", five)) == ["left", "taker"]


def test_all_contents_of_a_path_can_be_asked_for_at_once(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    world.call("first", args={"x": {"old"}})
    world.call("second", args={"x": {"new"}})
    for name in "first", "second":
        world.run(f"{world.prefix}{name}")
    world.write(cypher)
    cypher("MATCH (f:File) WHERE f.file_hash STARTS WITH $p SET f.path = '/data/x'", p=world.prefix)
    found = Found("file", f"{world.prefix}new", "/data/x")
    assert tasks(impact(store, found)) == ["second"]
    both = impact(store, found, every_content=True)
    assert (tasks(both), len(both.contents)) == (["first", "second"], 2)


def test_what_was_done_before_can_be_left_out(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    published = world.jobs[world.roots[1]].at
    found = of(store, "file", f"{world.prefix}in.csv", since=EPOCH + timedelta(seconds=published))
    assert (tasks(found), found.counts()["jobs"]) == (["publish"], 2)
    assert [run.id for run in found.runs] == [f"{world.prefix}e2", f"{world.prefix}e1"]


def test_files_are_looked_at_when_asked(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    found = of(
        store,
        "file",
        f"{world.prefix}in.csv",
        still_valid=lambda path, *_: path == "/data/page.html",
    )
    assert {file.path: file.still_there for file in found.files} == {
        "/data/clean.csv": False,
        "/data/page.html": True,
        "/data/report.html": False,
    }
    assert {file.still_there for file in of(store, "file", f"{world.prefix}in.csv").files} == {None}


def test_the_answer_is_the_same_text_every_time(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    texts = {json.dumps(of(store, "file", f"{world.prefix}in.csv").to_dict(), default=str) for _ in range(3)}
    assert len(texts) == 1


def test_a_call_that_was_made_again_later_is_still_the_one_that_made_the_file(project: Project) -> None:
    """A task that leaves a file alone which is there already gives the same call when it is run again."""
    store = open_store(project)
    lab = Lab(project, store)
    path = str(lab.folder / "once.txt")
    source = """
import os

@task
def fetch(path: str) -> File:
    if not os.path.exists(path):
        File(path).write("fetched")
    return File(path)

@task
def read(file: File) -> str:
    return file.read()
"""
    lab.run(source, f"fetch({path!r})")
    taken = lab.run(source, f"read(File({path!r}))")
    lab.run(source, f"fetch({path!r})", cache=False)
    [(fetch, file)] = lab.ask(
        "MATCH (c:CallNode {task_name: 'lab.fetch'})-[:RETURNED]->()-[:REFERS_TO]->(f) RETURN c.call_hash, f.file_hash"
    )
    traced = trace(store, Found("execution", taken, ""))
    assert {call.task for call in traced.calls.values()} == {"lab.read", "lab.fetch"}
    assert [call.task for call in of(store, "call", fetch).calls] == ["lab.read"]
    assert [run.id for run in of(store, "file", file).runs] == [taken]
    store.close()


@pytest.mark.parametrize("few", [False, True], ids=["", "jobs asked for in parents, few at a time"])
@tries(20)
@given(seed=st.integers(0, 1 << 30))
def test_an_impact_is_the_exact_inverse_of_traces(
    store: GraphStore, cypher: Cypher, monkeypatch: pytest.MonkeyPatch, few: bool, seed: int
) -> None:
    if few:
        monkeypatch.setattr(impact_facts, "MANY", 0)
        monkeypatch.setattr(impact_walk, "AT_ONCE", 3)
    world = World.made_up(f"{uuid.uuid4().hex}-", seed)
    world.write(cypher)
    jobs = {id_: world.origins_of_job(id_) for id_ in world.jobs}
    bare = {
        call: world.origins_of_call(call)
        for call in world.calls
        if all(job.call != call for job in world.jobs.values())
    }
    files = {
        file
        for call in world.calls.values()
        for inside in (*call.args.values(), call.result)
        for file in inside
    }
    traced = {file: trace(store, Found("file", world.prefix + file, file)) for file in files}
    for x in files:
        found = of(store, "file", world.prefix + x)
        of_job = {id_ for id_, origins in jobs.items() if x in origins.files}
        of_call = {call for call, origins in bare.items() if x in origins.files}
        compare(world, found, of_job, of_call)
        made = {world.prefix + y for y in files if y != x and world.prefix + x in traced[y].files}
        assert {file.file for file in found.files} == made, x
    for x in world.calls:
        found = of(store, "call", x)
        of_job = {
            id_
            for id_, origins in jobs.items()
            if world.jobs[id_].call != x and x in {call for call, _ in origins.places}
        }
        of_call = {y for y, origins in bare.items() if y != x and x in {call for call, _ in origins.places}}
        compare(world, found, of_job, of_call)
        made = {world.prefix + y for y in files if x in {call.call for call in traced[y].calls.values()}}
        assert {file.file for file in found.files} == made, x


def compare(world: World, found: Impact, jobs: set[str], bare: set[str]) -> None:
    """The affected jobs, the calls that these made, and those that no job of the graph made."""
    asked = found.id
    assert {job for call in found.calls for job in call.jobs} == jobs, asked
    calls = {world.jobs[id_].call for id_ in jobs} | bare
    assert {call.call for call in found.calls} == calls, asked
    assert {run.id for run in found.runs} == {world.jobs[id_].execution for id_ in jobs}, asked


@tries(25)
@given(seed=st.integers(0, 1 << 30))
def test_a_value_reaches_the_jobs_whose_traces_name_it_beyond_their_own_results(
    store: GraphStore, cypher: Cypher, seed: int
) -> None:
    world = World.made_up(f"{uuid.uuid4().hex}-", seed)
    world.write(cypher)
    traced = {id_: trace(store, Found("job", id_, id_)) for id_ in world.jobs}
    values = {
        value
        for found in traced.values()
        for call in found.calls.values()
        for value in (call.value, *(argument.value for argument in call.arguments))
        if value is not None
    }
    for value in values:
        named = set()
        for id_, found in traced.items():
            [start] = found.start
            for call in found.calls.values():
                took = any(argument.value == value for argument in call.arguments)
                returned = call.used == "result" and call.value == value and call.id != start
                if took or returned:
                    named.add(id_)
        reached = {job for call in of(store, "value", value).calls for job in call.jobs}
        # A trace says which calls it met, not how often: one that comes back to where it began is reached, too.
        assert named <= reached
        assert all(any(call.value == value for call in traced[id_].calls.values()) for id_ in reached - named)


def test_chains_and_fans_of_thousands_and_recursions_are_followed_in_few_queries(
    local_project: Project, world: World
) -> None:
    store = open_store(local_project)
    before, chain = None, []
    for number in range(3000):
        call = world.call(f"step{number}", args={"x": {"in.csv"} if number == 0 else set()})
        chain.append((call.hash, before))
        before = call.hash
    fan = world.call("fan", args={"all": set()}).hash
    wiring = [(consumer, "x", producer) for consumer, producer in chain if producer]
    wiring += [(fan, "all", consumer) for consumer, _ in chain]
    world.call("main", children=[call for call, _ in chain] + [fan], wiring=wiring, returns=[fan])
    below: list[str] = []
    for number in range(25):
        add = world.call(f"add{number}", args={"a": {"in.csv"} if number == 0 else set(), "b": set()}).hash
        fib = world.call(f"fib{number}", args={"n": set()}, children=[*below, add], returns=[add])
        fib.wiring = [(add, name, child) for name, child in zip("ab", below, strict=False)]
        below = [fib.hash, *below[:1]]
    world.jobs = {"j": Job(f"{world.prefix}j", f"{world.prefix}main", None, "DONE", 1)}
    world.jobs["k"] = Job(f"{world.prefix}k", below[0], None, "DONE", 1)
    world.write(server_of(local_project).run)
    found = of(store, "file", f"{world.prefix}in.csv")
    missing = {call.task for call in world.calls.values()} - {call.task for call in found.calls}
    assert missing == set()
    store.close()
