"""Random histories of runs that really run, with scripts, runs inside runs, and files that lead from run to run: traces
and impacts are ancestors and descendants in the same graph for networkx, edge by edge, on both stores."""

from __future__ import annotations

import random
import re
import shlex
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import pytest
from headwater.cypher.loader import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.trace_graph import graph
from headwater.lineage.trace_views import Trace
from hypothesis import given
from hypothesis import strategies as st

from headwater import File, Scheduler, script, subrun, task
from tests.properties import tries

RUNS, STEPS = 3, 6
SCRIPT = re.compile(r"\.script\d")


class Node(NamedTuple):
    """What a call was given, or gave; or a content of a file."""

    kind: str
    """given, call or file"""
    name: str
    """of a call's task, which makes no other; of a file its path"""

    @property
    def given(self) -> Node:
        return Node("given", self.name)


class Step(NamedTuple):
    """A call that a run makes, by its expression."""

    node: Node
    expression: Any
    path: str | None
    """of the file that it gives, if any"""


class History:
    """Runs one after the other, each of which makes its steps from earlier steps and from files that are there.

    Attributes:
        flows: what flows where.
        hidden: scripts and runs inside, which are calls of tasks that others call, too.
    """

    def __init__(self, project: Project, folder: Path, seed: int) -> None:
        self.project = project
        self.folder = folder
        self.space = f"history{uuid.uuid4().hex}"
        self.chance = random.Random(seed)
        self.flows: nx.DiGraph[Node] = nx.DiGraph()
        self.hidden: set[str] = set()
        self.files = []
        for number in range(3):
            path = folder / f"{self.space}-{number}.txt"
            path.write_text(f"{number}")
            self.files.append(str(path))
        for number in range(RUNS):
            self._run(number)

    def _run(self, run: int) -> None:
        main = self._node(f"main{run}")
        steps: list[Step] = []
        for number in range(STEPS):
            kind = self.chance.choice(["task", "task", "write", "script", "subrun", "nested"])
            files = self.chance.sample(self.files, self.chance.randint(0, 2))
            fed = self.chance.sample(steps, min(len(steps), self.chance.randint(0, 2)))
            if kind == "script":
                fed = [step for step in fed if step.path is not None]
            elif kind == "subrun":
                fed = []  # what it is fed by would be made in it once more
            steps.append(self._step(kind, f"{kind}{run}_{number}", files, fed, number))
        for step in steps:
            self.flows.add_edge(step.node, main)
            self.flows.add_edge(main.given, step.node.given)  # its body gave each of them a number, at least
        Scheduler(self.project).run(self._task(f"main{run}", lambda: [step.expression for step in steps])())
        self.files += [step.path for step in steps[::2] if step.path is not None]

    def _node(self, name: str) -> Node:
        node = Node("call", f"{self.space}.{name}")
        self.flows.add_edge(node.given, node)
        return node

    def _step(self, kind: str, name: str, files: list[str], fed: list[Step], number: int) -> Step:
        node = self._node(name)
        taken, given = [File(one) for one in files], [step.expression for step in fed]
        self.flows.add_edges_from((step.node, node.given) for step in fed)
        paths = [*files, *(step.path for step in fed if step.path is not None)]
        self.flows.add_edges_from((Node("file", path), node.given) for path in paths)
        if kind in ("write", "script"):
            path = self.folder / f"{self.space}-{name}"
            self.flows.add_edge(node, Node("file", str(path)))
            if kind == "script":
                self.hidden.add(node.name)
                command = f"echo {number} {name} > {shlex.quote(str(path))}"
                made = script(command, inputs=[*taken, *given], outputs=File(str(path)))
            else:
                made = self._task(name, lambda *_: path.write_text(name) and File(str(path)))(
                    number, *taken, *given
                )
            return Step(node, made, str(path))
        if kind == "subrun":
            self.hidden.add(node.name)
            return Step(node, subrun(self._task(name, count)(number, *taken), "default"), None)
        if kind == "nested":
            inside = self._node(f"in_{name}")
            self.flows.add_edges_from([(node.given, inside.given), (inside, node)])
            below = self._task(f"in_{name}", count)

            def hand_on(*arguments: Any) -> Any:
                return below(*arguments)

            return Step(node, self._task(name, hand_on)(number, *taken, *given), None)
        return Step(node, self._task(name, count)(number, *taken, *given), None)

    def _task(self, name: str, function: Callable[..., Any]) -> Any:
        return task(name=name, namespace=self.space, version="1")(function)

    def behind(self, node: Node) -> set[Node]:
        return {node} | nx.ancestors(self.flows, node)

    def ahead(self, node: Node) -> set[Node]:
        return set(nx.descendants(self.flows, node)) if node in self.flows else set()

    def shown(self, nodes: set[Node]) -> set[tuple[str, str]]:
        """Files and calls among some nodes, as answers name them."""
        found = {("file" if node.kind == "file" else "call", node.name) for node in nodes}
        return {(kind, name) for kind, name in found if kind == "file" or not SCRIPT.search(name)}

    def drawn(self, nodes: set[Node]) -> set[tuple[str, str]]:
        """From call to call, what fed it, or what became its result."""
        edges = ((a, b) for a, b in self.flows.subgraph(nodes).edges if a.kind == "call" and b.kind != "file")
        return {(a.name, b.name) for a, b in edges if not {a.name, b.name} & self.hidden}


def count(*arguments: Any) -> int:
    return len(arguments)


def drawn_between(traced: Trace, calls: dict[str, str]) -> set[tuple[str, str]]:
    """The edges from call to call of a trace, by the names of their tasks, without what only says who called."""
    drawn = graph(traced)
    names = {call: name for name, call in calls.items()}
    ends = {place: names.get(one["hash"]) for place, one in drawn.nodes(data=True)}
    edges = ((ends[a], ends[b]) for a, b, is_given in drawn.edges(data="given") if not is_given)
    return {(a, b) for a, b in edges if a is not None and b is not None}


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


@tries(5)
@given(seed=st.integers(0, 1 << 30))
def test_traces_and_impacts_are_ancestors_and_descendants(
    project: Project, store: GraphStore, tmp_path: Path, seed: int
) -> None:
    history = History(project, tmp_path, seed)
    assert catch_up(project, timeout=60).complete
    rows = store.ask(
        "MATCH (c:CallNode) WHERE c.task_name STARTS WITH $space RETURN c.task_name, c.call_hash",
        {"space": history.space + "."},
        timeout=30,
        limit=1000,
    ).rows
    calls = dict(rows)
    assert len(calls) == len(rows)
    assert {("call", name) for name in calls} == {
        one for one in history.shown(set(history.flows)) if one[0] == "call"
    }

    def told(found: Iterable[Any], files: Iterable[Any]) -> set[tuple[str, str]]:
        named = {("call", one.task) for one in found if one.task in calls}
        return named | {("file", file.path) for file in files}

    def reached(kind: str, id_: str) -> set[tuple[str, str]]:
        answer = impact(store, Found(kind, id_, ""))
        return told(answer.calls, answer.files)

    shown_calls = {name: call for name, call in calls.items() if name not in history.hidden}
    for name, call in calls.items():
        node = Node("call", name)
        traced = trace(store, Found("call", call, name))
        behind = history.behind(node)
        assert told(traced.calls.values(), traced.files.values()) == history.shown(behind), name
        assert drawn_between(traced, shown_calls) == history.drawn(behind), name
        assert reached("call", call) == history.shown(history.ahead(node.given)) - {("call", name)}, name
    for path in history.files:
        for (file,) in store.rows("impact_contents", path=path):
            assert reached("file", file) == history.shown(history.ahead(Node("file", path))), path
