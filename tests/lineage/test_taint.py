"""Workflows that really run, traced call by call, against the files that taint each value in a plain evaluation."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.loader import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.impact import impact
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import File, Scheduler, catch, cond, get_task_registry, seq, task

Recipe = tuple[Any, ...]
"""(kind, parts ...), part 0 of a call being the name of its task; no two calls of a workflow are of one task."""
Taint = frozenset[str]
"""paths of files"""

MOST_CALLS = 25


def number_of(*values: Any) -> int:
    return int.from_bytes(hashlib.sha256(repr(values).encode()).digest()[:6], "big")


def leaf(*values: Any) -> int:
    return number_of(values)


def fail(*values: Any) -> int:
    raise ValueError(number_of(values))


def body(recipe: Recipe, given: Any) -> Any:
    return lazy(recipe, given)


FUNCTIONS = {"leaf": leaf, "fail": fail, "rescue": leaf, "body": body}


class Recipes:
    """Random recipes, whose tasks and files nobody else has."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._chance = random.Random(seed)
        self._namespace = f"taint{uuid.uuid4().hex}"
        self._folder = folder
        self._made = 0

    def call(self, kind: str, *parts: Any) -> Recipe:
        """A recipe of a call of a task that is made for it."""
        self._made += 1
        name = f"{kind}{self._made}"
        config = ["recipe"] if kind == "body" else []
        task(name=name, namespace=self._namespace, version="1", config_args=config)(FUNCTIONS[kind])
        return kind, f"{self._namespace}.{name}", *parts

    def number(self, depth: int, given: int) -> Recipe:
        """What gives a number, in a body that was given so many values."""
        kinds = ["leaf"] * 4 + ["body"] * 3 + ["plain", "plus", "neg", "then", "otherwise", "catch", "rescue"]
        kind = self._chance.choice(kinds) if depth > 0 and self._made < MOST_CALLS else "plain"
        if kind == "plain":
            return "plain", self._chance.randrange(100)
        if kind == "body":
            values = self._some(depth, given)
            return self.call("body", self.number(depth - 1, len(values)), ("list", *values))
        call = self.call("fail" if kind == "rescue" else "leaf", *self._some(depth, given))
        if kind in ("plus", "then", "otherwise"):
            return kind, call, self.number(depth - 1, given)
        if kind in ("catch", "rescue"):
            return "catch", call, self.call("rescue")
        return ("neg", call) if kind == "neg" else call

    def value(self, depth: int, given: int) -> Recipe:
        """What gives anything."""
        kind = self._chance.choice(["number"] * 4 + ["list", "dict", "seq", "file", "given", "none"])
        if kind == "file":
            path = self._folder / f"{uuid.uuid4().hex}.txt"
            path.write_text(path.name)
            return "file", str(path)
        if kind == "given" and given:
            return "given", self._chance.randrange(given)
        if kind in ("list", "dict", "seq"):
            return kind, *self._some(depth, given)
        return ("plain", None) if kind == "none" else self.number(depth - 1, given)

    def _some(self, depth: int, given: int) -> list[Recipe]:
        return [self.value(depth - 1, given) for _ in range(self._chance.randint(0, 3))] if depth > 0 else []


def lazy(recipe: Recipe, given: Any) -> Any:
    """The workflow of a recipe, as a body writes it that was given some values."""
    kind, *parts = recipe
    if kind == "plain":
        return parts[0]
    if kind == "file":
        return File(parts[0])
    if kind == "given":
        return given[parts[0]]
    if kind == "body":
        return get_task_registry().get(parts[0])(parts[1], lazy(parts[2], given))
    if kind in FUNCTIONS:
        return get_task_registry().get(parts[0])(*(lazy(part, given) for part in parts[1:]))
    if kind == "catch":
        return catch(lazy(parts[0], given), ValueError, get_task_registry().get(parts[1][1]))
    values = [lazy(part, given) for part in parts]
    if kind == "list":
        return values
    if kind == "dict":
        return {f"k{n}": value for n, value in enumerate(values)}
    if kind == "seq":
        return seq(values)
    if kind == "neg":
        return -values[0]
    if kind == "plus":
        return values[0] + values[1]
    # The branch that is not chosen is a plain value: nothing comes from it.
    return cond(values[0] >= 0, values[1], 0) if kind == "then" else cond(values[0] < 0, 0, values[1])


class Tainted:
    """The files that each call of a workflow has in it.

    What a body puts somewhere itself may come from all that the body was given; a result, from all that the function
    was given and from what it returned.

    Attributes:
        calls: of each call by its task's name, what its result is tainted with.
    """

    def __init__(self) -> None:
        self.calls: dict[str, Taint] = {}

    def result(self, recipe: Recipe, given: Taint) -> Taint:
        """The taint of what a recipe gives, in a body that was given what is tainted so."""
        kind, *parts = recipe
        if kind in ("plain", "given"):
            return given
        if kind == "file":
            return given | {parts[0]}
        if kind == "catch":
            tainted = self.result(parts[0], given)
            if parts[0][0] == "fail":
                tainted |= self.calls.setdefault(parts[1][1], given)
            return tainted
        if kind == "body":
            inner = self._values(parts[2:], given)
            self.calls[parts[0]] = inner | self.result(parts[1], inner)
        elif kind in FUNCTIONS:
            self.calls[parts[0]] = self._values(parts[1:], given)
        elif kind in ("then", "otherwise"):
            # The condition decides, and gives nothing; but what it calls is run.
            self.result(parts[0], given)
            return self.result(parts[1], given)
        else:
            return frozenset().union(*(self.result(part, given) for part in parts))
        return self.calls[parts[0]]

    def _values(self, parts: list[Recipe], given: Taint) -> Taint:
        """The taint of arguments; one in which there is nothing is a value that the body made, too."""
        tainted = [self.result(part, given) for part in parts]
        return frozenset().union(*tainted, *(given for part in parts if not _lazy(part)))


def _lazy(recipe: Recipe) -> bool:
    kind, *parts = recipe
    return (
        any(map(_lazy, parts)) if kind in ("list", "dict", "seq") else kind not in ("plain", "file", "given")
    )


@pytest.fixture(scope="module")
def project_and_store(shared_local_project: Project) -> Iterator[tuple[Project, GraphStore]]:
    store = open_store(shared_local_project)
    yield shared_local_project, store
    store.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_every_call_of_a_run_comes_from_the_files_that_taint_it_and_no_other(
    project_and_store: tuple[Project, GraphStore], tmp_path: Path, seed: int
) -> None:
    recipes = Recipes(seed, tmp_path)
    check(*project_and_store, recipes.call("body", recipes.number(5, 0), ("list",)))


@pytest.mark.parametrize("kind", ["plus", "list", "dict", "seq", "returned"])
def test_what_a_body_adds_to_the_result_of_a_call_brings_its_own_origins(
    project_and_store: tuple[Project, GraphStore], tmp_path: Path, kind: str
) -> None:
    """main() = outer(leaf(File(...))); outer(y) = leaf(leaf() + y), and the like"""
    recipes = Recipes(0, tmp_path)
    path = tmp_path / "origin.txt"
    path.write_text("")
    y, load = ("given", 0), recipes.call("leaf")
    mixed = recipes.call("leaf", (kind, load, y)) if kind != "returned" else ("plus", load, y)
    outer = recipes.call("body", mixed, ("list", recipes.call("leaf", ("file", str(path)))))
    main = recipes.call("body", outer, ("list",))
    tainted = check(*project_and_store, main)
    assert tainted.calls[(mixed if kind != "returned" else outer)[1]] == {str(path)}
    assert tainted.calls[load[1]] == frozenset()


def check(project: Project, store: GraphStore, main: Recipe) -> Tainted:
    """Run a workflow and compare the trace of every call with its taint."""
    tainted = Tainted()
    tainted.result(main, frozenset())
    scheduler = Scheduler(project)
    scheduler.run(lazy(main, None), cache=False)
    catch_up(project)
    rows = store.ask(
        "MATCH (j:Job {execution_id: $id})-[:MADE]->(c:CallNode) RETURN DISTINCT j.task_name, c.call_hash",
        {"id": scheduler.execution_id},
        timeout=30,
        limit=1000,
    ).rows
    found = {name: trace(store, Found("call", call, name)) for name, call in rows}
    files = {name: {file.path for file in one.files.values()} for name, one in found.items()}
    assert files == {name: set(taint) for name, taint in tainted.calls.items()}
    check_impacts(store, dict(rows), files)
    return tainted


def check_impacts(store: GraphStore, calls: dict[str, str], files: dict[str, set[str]]) -> None:
    """Every file reached exactly the calls whose traces name it."""
    for path in set().union(*files.values()):
        [(file,)] = store.rows("impact_contents", path=path)
        reached = {call.call for call in impact(store, Found("file", file, path)).calls}
        assert reached == {calls[name] for name, named in files.items() if path in named}
