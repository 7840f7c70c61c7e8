"""Where results came from: dataflow inside a parent, up through parents, and by files across runs."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import newest_call, people, trace
from headwater.lineage.trace_drawings import dot, mermaid
from headwater.lineage.trace_views import Trace
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Cypher, server_of
from tests.lineage.worlds import EPOCH, Job, World
from tests.properties import tries


def of(store: GraphStore, kind: str, id_: str, depth: int | None = None) -> Trace:
    return trace(store, Found(kind, id_, "what was asked for"), depth=depth)


def places(found: Trace) -> set[str]:
    """Each call as child<parent, without the world's prefix."""
    return {f"{call.task}<{(call.parent or '').rpartition('-')[2]}" for call in found.calls.values()}


@pytest.fixture
def world() -> World:
    return World(f"{uuid.uuid4().hex}-")


def pipeline(world: World) -> World:
    """main(path) = report(stats(clean(path)), title); what its body makes itself is the title."""
    world.call("clean", args={"path": {"in.csv"}}, result={"clean.csv"})
    world.call("stats", args={"rows": {"clean.csv"}})
    world.call("report", args={"stats": set(), "title": set()}, result={"report.html"})
    world.call("other", args={"x": set()})
    hashes = [f"{world.prefix}{name}" for name in ("clean", "stats", "report", "other")]
    clean, stats, report, _ = hashes
    world.call(
        "main",
        args={"path": {"in.csv"}},
        result={"report.html"},
        children=hashes,
        wiring=[(stats, "rows", clean), (report, "stats", stats)],
        returns=[report],
    )
    world.run(f"{world.prefix}main")
    return world


def test_a_result_comes_from_the_children_that_became_it_and_from_what_fed_these(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    found = of(store, "job", world.roots[0])
    assert places(found) == {"main<", "report<main", "stats<main", "clean<main"}
    assert [found.calls[id_].task for id_ in found.start] == ["main"]
    report = next(call for call in found.calls.values() if call.task == "report")
    assert [found.calls[id_].task for id_ in report.arguments[0].fed_by] == ["stats"]
    assert report.arguments[1].fed_by == ()
    assert [file.path for file in found.sources()] == ["/data/in.csv"]
    assert [name for name, _ in found.tasks()] == ["clean", "main", "report", "stats"]


def test_an_argument_that_the_graph_knows_nothing_of_any_more_is_passed_by(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    cypher(
        "MATCH (:CallNode {call_hash: $call})-[:TOOK]->(v:Value) REMOVE v.value_hash",
        call=f"{world.prefix}stats",
    )
    assert places(of(store, "call", f"{world.prefix}stats")) >= {"stats<main"}


def test_what_no_call_fed_was_made_by_the_parent_from_its_own_arguments(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    found = of(store, "call", f"{world.prefix}report")
    report = found.calls[found.start[0]]
    assert [(found.calls[id_].task, found.calls[id_].used) for id_ in report.given_by] == [
        ("main", "arguments")
    ]
    assert places(found) == {"report<main", "stats<main", "clean<main", "main<"}


def test_a_file_is_followed_to_the_calls_that_returned_it_in_earlier_runs(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world)
    world.call("publish", args={"page": {"report.html"}})
    world.run(f"{world.prefix}publish")
    world.call("again", result={"report.html"})
    world.write(cypher)
    found = of(store, "job", world.roots[1])
    assert places(found) == {"publish<", "report<main", "stats<main", "clean<main", "main<"}
    page = next(file for file in found.files.values() if file.path == "/data/report.html")
    assert [found.calls[id_].task for id_ in page.made_by] == ["report"]


def test_a_file_itself_can_be_traced(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    made = of(store, "file", f"{world.prefix}report.html")
    assert [made.calls[id_].task for id_ in made.start] == ["report"]
    outside = of(store, "file", f"{world.prefix}in.csv")
    assert (outside.start, outside.calls) == ((), {})
    assert [file.path for file in outside.sources()] == ["/data/in.csv"]


def test_a_value_is_traced_to_the_calls_that_made_it(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    found = of(store, "value", f"{world.prefix}v-report.html")
    assert [found.calls[id_].task for id_ in found.start] == ["report"]
    assert found.more_makers == 0


def test_a_call_that_took_an_equal_value_made_it_too(store: GraphStore, cypher: Cypher, world: World) -> None:
    first, clamp = (f"{world.prefix}{name}" for name in ("first", "clamp"))
    world.call("first", result={"five"})
    world.call("clamp", args={"n": {"five"}}, result={"five"})
    inside = {"children": [first, clamp], "wiring": [(clamp, "n", first)], "returns": [clamp]}
    world.call("main", result={"five"}, **inside)
    world.call("alone", args={"n": {"five"}}, result={"five"})
    world.run(f"{world.prefix}main")
    world.run(f"{world.prefix}alone")
    world.write(cypher)
    found = of(store, "value", f"{world.prefix}v-five")
    # main only had it from clamp; clamp's came from first.
    assert [found.calls[id_].task for id_ in found.start][:1] == ["first"]
    assert {found.calls[id_].task for id_ in found.start} == {"first", "clamp", "alone"}


def test_of_many_equal_values_the_newest_makers_are_followed_and_the_rest_counted(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    for number in range(25):
        world.call(f"maker{number}", result={"same"})
    world.write(cypher)
    found = of(store, "value", f"{world.prefix}v-same")
    assert (len(found.start), found.more_makers) == (20, 5)
    assert "maker24<" in places(found)


def test_one_parent_never_lends_its_data_to_another(store: GraphStore, cypher: Cypher, world: World) -> None:
    """The same call is fed by `left` in one parent and by `right` in another."""
    for name in "left", "right":
        world.call(name)
    step = world.call("step", args={"x": set()}).hash
    for name in "left", "right":
        producer = f"{world.prefix}{name}"
        world.call(f"in_{name}", children=[producer, step], wiring=[(step, "x", producer)], returns=[step])
        world.run(f"{world.prefix}in_{name}")
    world.write(cypher)
    assert places(of(store, "job", world.roots[0])) == {"in_left<", "step<in_left", "left<in_left"}
    assert places(of(store, "job", world.roots[1])) == {"in_right<", "step<in_right", "right<in_right"}


def test_what_the_parents_body_put_beside_the_result_of_a_call_came_from_the_parents_arguments(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    """main(path, raw) = outer(...); outer(y) = step([load(1), y])"""
    for name in "load", "y":
        world.call(name, result={f"{name}.csv"})
    step = world.call("step", args={"x": {"load.csv", "y.csv", "here.csv"}}).hash
    load, y, outer = (f"{world.prefix}{name}" for name in ("load", "y", "outer"))
    wiring = [(step, "x", load), (step, "x", outer)]
    world.call("outer", args={"y": {"y.csv"}}, children=[load, step], wiring=wiring, returns=[step, outer])
    world.call("main", children=[y, outer], wiring=[(outer, "y", y)], returns=[outer])
    world.run(f"{world.prefix}main")
    world.write(cypher)
    found = of(store, "call", step)
    assert places(found) == {"step<outer", "load<outer", "outer<main", "y<main"}
    assert [file.path for file in found.sources()] == ["/data/here.csv"]
    [argument] = found.calls[found.start[0]].arguments
    assert [found.calls[id_].task for id_ in argument.fed_by] == ["load"]
    assert argument.from_parent
    assert places(of(store, "call", outer)) == {*places(found), "outer<main"}


def test_a_body_that_added_to_the_results_of_its_calls_made_the_value(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    part = world.call("part", result={"part"}).hash
    main = f"{world.prefix}main"
    world.call("main", result={"part", "more"}, children=[part], returns=[part, main])
    world.call("other", result={"part", "more"}, children=[main], returns=[main])
    world.run(f"{world.prefix}other")
    world.write(cypher)
    found = of(store, "value", f"{world.prefix}v-more-part")
    assert [found.calls[id_].task for id_ in found.start] == ["main"]


def test_a_depth_cuts_the_trace_off_and_says_where(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    found = of(store, "job", world.roots[0], depth=1)
    assert {call.task: call.cut_off for call in found.calls.values()} == {"main": False, "report": True}
    assert places(of(store, "job", world.roots[0], depth=0)) == {"main<"}
    for name in ("report", "stats", "clean"):
        assert places(of(store, "call", f"{world.prefix}{name}", depth=0)) == {f"{name}<main"}, (
            "not its parent"
        )
    assert of(store, "job", world.roots[0], depth=9).to_dict() == of(store, "job", world.roots[0]).to_dict()


def test_a_moment_cuts_the_trace_off_at_what_was_recorded_before(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world).write(cypher)
    call = world.calls[f"{world.prefix}stats"]
    found = trace(
        store,
        Found("job", world.roots[0], "a run"),
        since=EPOCH + timedelta(seconds=call.at),
    )
    assert {one.task: one.cut_off for one in found.calls.values()} == {
        "main": False,
        "report": False,
        "stats": False,
        "clean": True,
    }


def test_the_people_behind_a_result_are_those_who_ran_its_calls_first(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    pipeline(world)
    world.call("publish", args={"page": {"report.html"}})
    world.run(f"{world.prefix}publish")
    world.write(cypher)
    found = of(store, "job", world.roots[1])
    assert [(one.user, one.calls, one.runs) for one in people(store, found)] == [
        ("user0", 4, (f"{world.prefix}e0",)),
        ("user1", 1, (f"{world.prefix}e1",)),
    ]
    assert newest_call(store, Found("task", "", "publish")) == f"{world.prefix}publish"
    assert newest_call(store, Found("task", "", "unknown")) is None


def test_marks_in_names_cannot_break_out_of_a_drawing(
    store: GraphStore, cypher: Cypher, world: World
) -> None:
    world.call('<script>"]\n end', args={"x": {'"];<b>.csv'}})
    world.run(f'{world.prefix}<script>"]\n end')
    world.write(cypher)
    found = of(store, "job", world.roots[0])
    assert "<script>" not in mermaid(found)
    assert all(re.match(r"^(flowchart LR|  n\d+.*)$", line) for line in mermaid(found).splitlines())
    assert len(dot(found).splitlines()) == 7


def test_what_never_came_to_a_result_is_said_so(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world)
    world.jobs["lost"] = Job(f"{world.prefix}lost", None, None, "FAILED", 99)
    world.jobs["kept"] = Job(f"{world.prefix}kept", f"{world.prefix}other", f"{world.prefix}lost", "DONE", 99)
    world.write(cypher)
    with pytest.raises(UsageError, match="came to no result"):
        of(store, "job", f"{world.prefix}lost")
    assert places(of(store, "job", f"{world.prefix}kept")) == {"other<"}
    with pytest.raises(UsageError, match="comes from no data"):
        of(store, "task", "x")


def test_the_json_and_dot_shapes_hang_together(store: GraphStore, cypher: Cypher, world: World) -> None:
    pipeline(world).write(cypher)
    found = of(store, "job", world.roots[0])
    shape = json.loads(json.dumps(found.to_dict()))
    ids = {call["id"] for call in shape["calls"]}
    assert ids == set(found.calls)
    assert {
        producer for call in shape["calls"] for one in call["arguments"] for producer in one["fed_by"]
    } < ids
    drawn = dot(found)
    nodes = set(re.findall(r'^  "([^"]+)" \[shape', drawn, re.MULTILINE))
    edges = re.findall(r'^  "([^"]+)" -> "([^"]+)"', drawn, re.MULTILINE)
    assert nodes == ids | set(found.files)
    assert {end for edge in edges for end in edge} <= nodes
    assert len(edges) >= len(nodes) - 1
    lines = mermaid(found).splitlines()[1:]
    assert len({line.split("[")[0] for line in lines if "[" in line}) == len(nodes)
    assert len([line for line in lines if "-->" in line or "-.->" in line]) == len(edges)


@tries(25)
@given(seed=st.integers(0, 1 << 30))
def test_a_trace_names_every_origin_and_no_other(store: GraphStore, cypher: Cypher, seed: int) -> None:
    world = World.made_up(f"{uuid.uuid4().hex}-", seed)
    world.write(cypher)
    asked = [("job", id_, world.origins_of_job(id_)) for id_ in world.jobs]
    asked += [("call", call, world.origins_of_call(call)) for call in world.calls]
    for kind, id_, origins in asked:
        found = of(store, kind, id_)
        assert {(call.call, call.parent) for call in found.calls.values()} == origins.places, (kind, id_)
        taken = {
            file for call in found.calls.values() for argument in call.arguments for file in argument.files
        }
        taken |= {file for call in found.calls.values() for file in call.named}
        assert taken == {world.prefix + file for file in origins.files} == set(found.files), (kind, id_)


def test_chains_and_fans_of_thousands_and_recursions_are_traced_in_few_queries(
    local_project: Project, world: World
) -> None:
    store = open_store(local_project)
    before, chain = None, []
    for number in range(3000):
        call = world.call(
            f"step{number}", args={"x": set()}, result={f"f{number}"} if number % 100 == 0 else set()
        )
        chain.append((call.hash, before))
        before = call.hash
    fan = world.call("fan", args={"all": set()}).hash
    wiring = [(consumer, "x", producer) for consumer, producer in chain if producer]
    wiring += [(fan, "all", consumer) for consumer, _ in chain]
    world.call("main", children=[call for call, _ in chain] + [fan], wiring=wiring, returns=[fan])
    below: list[str] = []
    for number in range(25):
        add = world.call(f"add{number}", args={"a": set(), "b": set()}).hash
        fib = world.call(f"fib{number}", args={"n": set()}, children=[*below, add], returns=[add])
        fib.wiring = [(add, name, child) for name, child in zip("ab", below, strict=False)]
        below = [fib.hash, *below[:1]]
    world.jobs = {"j": Job(f"{world.prefix}j", f"{world.prefix}main", None, "DONE", 1)}
    world.jobs["k"] = Job(f"{world.prefix}k", below[0], None, "DONE", 1)
    world.write(server_of(local_project).run)
    assert len(of(store, "job", f"{world.prefix}j").calls) == 3002
    # fib(n) is called by fib(n + 1) and fib(n + 2): two places each, none of the paths is walked twice
    assert len(of(store, "job", f"{world.prefix}k").calls) < 120
    store.close()
