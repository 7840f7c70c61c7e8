"""Random pipelines of steps over a handle, with random changes of code, against a plain account of what has to run.

The account keeps, of every state, when it was made last and when a call ran from it last. A state that a call gave
holds where no call ran, since it was made, from any of the states that it came from. Nothing of headwater's is asked.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import Handle, Project, Scheduler, merge_handles
from tests.contract.conftest import define

headwater_namespace = "handles_truth"

STEPS = 4
EXAMPLES = itertools.count()


class Thing(Handle):
    def __init__(self, name: str) -> None:
        self.instance = name


Node = tuple[Any, ...]
"""("handle",), ("step", n, node), ("group", n, node): a task that makes two steps of its own, ("fork", key, node),
("merge", node, node, ...)."""


def simple(node: Node) -> Node:
    """A node without merges of what is one state anyway, which would be another way to say the same."""
    if node[0] == "merge":
        parts = sorted({simple(one) for one in node[1:]}, key=repr)
        return parts[0] if len(parts) == 1 else ("merge", *parts)
    return node if node[0] == "handle" else (node[0], node[1], simple(node[2]))


nodes = st.recursive(
    st.just(("handle",)),
    lambda inner: st.one_of(
        st.tuples(st.just("step"), st.integers(0, STEPS - 1), inner),
        st.tuples(st.just("step"), st.integers(0, STEPS - 1), inner),
        st.tuples(st.just("group"), st.integers(0, 1), inner),
        st.tuples(st.just("fork"), st.sampled_from("ab"), inner),
        st.tuples(st.just("merge"), inner, inner),
    ),
    max_leaves=5,
)
flows = st.lists(nodes.map(simple), min_size=1, max_size=3)
versions = st.tuples(*[st.integers(0, 1)] * (STEPS + 2))
runs = st.lists(st.tuples(st.integers(0, 1), versions), min_size=2, max_size=5)


# -- what headwater does -----------------------------------------------------------------------------------------------


def lazy(flow: list[Node], change: tuple[int, ...], example: int, ran: list[str]) -> Any:
    def step_of(n: int) -> Any:
        def step(handle: Any) -> Any:
            ran.append(f"step{n}")
            return handle

        return define(f"step{n}", f"{example} {change[n]}", step)

    steps = [step_of(n) for n in range(STEPS)]

    def group_of(n: int) -> Any:
        def group(handle: Any) -> Any:
            ran.append(f"group{n}")
            return steps[n + 1](steps[n](handle))

        return define(f"group{n}", f"{example} {change[STEPS + n]}", group)

    groups = [group_of(n) for n in range(2)]

    def build(node: Node) -> Any:
        if node[0] == "handle":
            return Thing(f"thing{example}")
        if node[0] == "merge":
            return merge_handles([build(one) for one in node[1:]])
        if node[0] == "fork":
            return build(node[2]).fork(node[1])
        return (steps if node[0] == "step" else groups)[node[1]](build(node[2]))

    def main() -> Any:
        ran.append("main")
        return [build(node) for node in flow]

    return define("main", repr((example, flow)), main)()


# -- what has to be ----------------------------------------------------------------------------------------------------


class Account:
    def __init__(self) -> None:
        self.made: dict[Any, int] = {}
        self.ran: dict[Any, int] = {}
        self.now = 0
        self.mains: set[str] = set()

    def run(self, flow: list[Node], change: tuple[int, ...]) -> Counter[str]:
        """What a run of a flow has to run."""
        self.now += 1
        found: Counter[str] = Counter()
        # A task that gives back a handle which it made itself gave a state of it, and may have used it.
        gave = ("call", ("handle",), "main", repr(flow)) if any(map(_is_plain, flow)) else None
        if repr(flow) not in self.mains or (gave is not None and not self.holds(gave)):
            self.mains.add(repr(flow))
            found["main"] += 1
            if gave is not None:
                self.ran[("handle",)] = self.made[gave] = self.now
        scope = _Scope(self, change, found)
        for node in flow:
            scope.value(node)
        return found

    def holds(self, state: Any) -> bool:
        """Whether a state that a call gave holds, and all before it."""
        before = list(_before(state))
        return (
            all(
                self.made.get(one, 0)
                >= max((self.ran.get(earlier, 0) for earlier in _before(one)), default=0)
                for one in [state, *before]
                if one[0] == "call"
            )
            and state in self.made
        )


def _is_plain(node: Node) -> bool:
    """Whether a node is the handle, or a branch of it, without a call."""
    parts = {"handle": (), "fork": node[2:], "merge": node[1:]}.get(node[0])
    return parts is not None and all(map(_is_plain, parts))


def _before(state: Any) -> Any:
    for parent in _parents(state):
        yield parent
        yield from _before(parent)


def _parents(state: Any) -> Any:
    if state[0] == "handle":
        return ()
    return state[1] if state[0] == "merge" else (state[1],)


class _Scope:
    """The calls of one parent."""

    def __init__(self, account: Account, change: tuple[int, ...], found: Counter[str]) -> None:
        self.account, self.change, self.found = account, change, found
        self.values: dict[Node, Any] = {}
        self.orders: Counter[Any] = Counter()
        self.taken: dict[Any, Node] = {}

    def value(self, node: Node) -> Any:
        if node not in self.values:
            self.values[node] = self._value(node)
        return self.values[node]

    def _value(self, node: Node) -> Any:
        if node[0] == "handle":
            return ("handle",)
        if node[0] == "merge":
            parts = sorted({self.value(one) for one in node[1:]}, key=repr)
            return parts[0] if len(parts) == 1 else ("merge", tuple(parts))
        parent = self.value(node[2])
        if node[0] == "fork":
            return ("fork", parent, node[1])
        return self.call(node[0], node[1], parent, node)

    def call(self, kind: str, n: int, parent: Any, node: Node) -> Any:
        account, change = self.account, self.change
        # Calls of one parent are numbered among those that take the same thing.
        order = self.orders[parent]
        self.orders[parent] += 1
        taken = ("passed", parent, order)
        code = change[n] if kind == "step" else change[STEPS + n]
        gave = ("call", taken, kind, n, code)
        if not account.holds(gave):
            self.found[f"{kind}{n}"] += 1
            account.ran[taken] = account.now
            account.made[gave] = account.now
        if kind == "step":
            return gave
        inside = _Scope(account, change, self.found)
        first = inside.call("step", n, taken, node)
        return inside.call("step", n + 1, first, node)


@settings(
    max_examples=int(os.environ.get("HEADWATER_HANDLE_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.tuples(flows, flows), runs)
def test_what_runs_is_what_has_to_run(project: Project, both: Any, history: Any) -> None:
    example = next(EXAMPLES)
    account = Account()
    for which, change in [*history, history[-1]]:
        ran: list[str] = []
        scheduler = Scheduler(project)
        expression = lazy(both[which], change, example, ran)
        scheduler.run(expression)
        scheduler.wait_recorded()
        assert Counter(ran) == account.run(both[which], change)
