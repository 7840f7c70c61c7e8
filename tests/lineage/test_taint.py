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
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    File,
    Scheduler,
    catch,
    catch_all,
    cond,
    const,
    delay,
    flatten,
    force,
    get_task_registry,
    map_,
    seq,
    starmap,
    task,
    zip_,
)
from tests.properties import tries

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


def several(*values: Any) -> list[int]:
    return [number_of(values), number_of(values, 1)]


def body(recipe: Recipe, given: Any) -> Any:
    return lazy(recipe, given)


FUNCTIONS = {"leaf": leaf, "fail": fail, "rescue": leaf, "several": several, "body": body, "ruin": body}
PLAIN = ("plain", "file", "given")
STRUCTURES = ("list", "dict", "seq", "flatten", "zip", "map")
"""What is as lazy as its parts are."""


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
        config = ["recipe"] if kind in ("body", "ruin") else []
        task(name=name, namespace=self._namespace, version="1", config_args=config)(FUNCTIONS[kind])
        return kind, f"{self._namespace}.{name}", *parts

    def number(self, depth: int, given: int) -> Recipe:
        """What gives a number, in a body that was given so many values."""
        kinds = ["leaf"] * 4 + ["body"] * 3 + ["plain", "plus", "neg", "then", "otherwise", "catch", "rescue"]
        kinds += ["const", "force", "ruin"]
        kind = self._chance.choice(kinds) if depth > 0 and self._made < MOST_CALLS else "plain"
        if kind == "plain":
            return "plain", self._chance.randrange(100)
        if kind == "body":
            values = self._some(depth, given)
            return self.call("body", self.number(depth - 1, len(values)), ("list", *values))
        if kind == "ruin":
            values = self._some(depth, given)
            failing = self.call("fail", *self._some(depth - 1, len(values)))
            return "catch", self.call("ruin", failing, ("list", *values)), self.call("rescue")
        call = self.call("fail" if kind == "rescue" else "leaf", *self._some(depth, given))
        if kind in ("plus", "then", "otherwise"):
            return kind, call, self.number(depth - 1, given)
        if kind in ("catch", "rescue"):
            return "catch", call, self.call("rescue")
        if kind == "const":
            return "const", call, self.number(depth - 1, given)
        return (kind, call) if kind in ("neg", "force") else call

    def value(self, depth: int, given: int) -> Recipe:
        """What gives anything."""
        kinds = ["number"] * 4 + ["list", "dict", "seq", "file", "given", "none", "flatten", "zip"]
        kind = self._chance.choice([*kinds, "map", "lazy map", "starmap", "catch all"])
        if kind == "file":
            path = self._folder / f"{uuid.uuid4().hex}.txt"
            path.write_text(path.name)
            return "file", str(path)
        if kind == "given" and given:
            return "given", self._chance.randrange(given)
        if kind in ("list", "dict", "seq", "flatten", "zip"):
            return kind, *self._some(depth, given)
        if depth > 0 and self._made < MOST_CALLS:
            if kind == "map":
                return kind, self.call("leaf", self.value(depth - 1, given))
            if kind == "lazy map":
                return kind, self.call("leaf"), self.call("several", *self._some(depth, given))
            if kind == "starmap":
                return kind, self.call("leaf", *self._some(depth, given))
            if kind == "catch all":
                failing = self.call("fail", *self._some(depth, given))
                return kind, self.call("rescue"), failing, *self._some(depth, given)
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
    if kind in ("body", "ruin"):
        return get_task_registry().get(parts[0])(parts[1], lazy(parts[2], given))
    if kind in FUNCTIONS:
        return get_task_registry().get(parts[0])(*(lazy(part, given) for part in parts[1:]))
    if kind == "catch":
        return catch(lazy(parts[0], given), ValueError, get_task_registry().get(parts[1][1]))
    if kind in ("map", "starmap"):
        name, *arguments = parts[0][1:]
        called, values = get_task_registry().get(name), [lazy(part, given) for part in arguments]
        return map_(called, values) if kind == "map" else starmap(called, [tuple(values)])
    if kind == "lazy map":
        return map_(get_task_registry().get(parts[0][1]), lazy(parts[1], given))
    if kind == "catch all":
        rescue = get_task_registry().get(parts[0][1])
        return catch_all([lazy(part, given) for part in parts[1:]], ValueError, rescue)
    values = [lazy(part, given) for part in parts]
    if kind in ("flatten", "zip"):
        return (
            flatten([[value] for value in values])
            if kind == "flatten"
            else zip_(*([value] for value in values))
        )
    if kind == "const":
        return const(*values)
    if kind == "force":
        return force(delay(values[0]))
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
            if parts[0][0] in ("fail", "ruin"):
                self.calls[parts[1][1]] = tainted
            return tainted
        if kind in ("catch all", "lazy map"):
            handed = frozenset().union(*(self.result(part, given) for part in parts[1:]))
            self.calls[parts[0][1]] = handed
            return handed
        if kind in ("body", "ruin"):
            inner = self._values(parts[2:], given)
            self.calls[parts[0]] = inner | self.result(parts[1], inner)
        elif kind in FUNCTIONS:
            self.calls[parts[0]] = self._values(parts[1:], given)
        elif kind in ("then", "otherwise", "const"):
            # The condition decides, and what is only waited for gives nothing; but what they call is run.
            self.result(parts[kind == "const"], given)
            return self.result(parts[kind != "const"], given)
        else:
            return frozenset().union(*(self.result(part, given) for part in parts))
        return self.calls[parts[0]]

    def _values(self, parts: list[Recipe], given: Taint) -> Taint:
        """The taint of arguments; one in which there is nothing is a value that the body made, too."""
        tainted = [self.result(part, given) for part in parts]
        return frozenset().union(*tainted, *(given for part in parts if not _lazy(part)))


def _lazy(recipe: Recipe) -> bool:
    kind, *parts = recipe
    return any(map(_lazy, parts)) if kind in STRUCTURES else kind not in PLAIN


@pytest.fixture(scope="module")
def project_and_store(shared_local_project: Project) -> Iterator[tuple[Project, GraphStore]]:
    store = open_store(shared_local_project)
    yield shared_local_project, store
    store.close()


@tries(30)
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


def test_an_error_comes_from_what_the_calls_below_it_were_given(
    project_and_store: tuple[Project, GraphStore], tmp_path: Path
) -> None:
    """main() = [outer(), outer()]; outer() = catch(ruin(), ValueError, rescue); ruin() = fail(leaf(File(...)))"""
    recipes = Recipes(0, tmp_path)
    path = tmp_path / "origin.txt"
    path.write_text("")
    failing = recipes.call("fail", recipes.call("leaf", ("file", str(path))))
    ruin = recipes.call("ruin", failing, ("list",))
    caught = [("catch", ruin, recipes.call("rescue")) for _ in range(2)]
    outer = [recipes.call("body", one, ("list",)) for one in caught]
    tainted = check(*project_and_store, recipes.call("body", ("list", *outer), ("list",)))
    assert [tainted.calls[one[1]] for one in outer] == [{str(path)}] * 2


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
    files = {
        (name, call): {file.path for file in trace(store, Found("call", call, name)).files.values()}
        for name, call in rows
    }
    assert {name for name, _ in files} == tainted.calls.keys()
    assert files == {(name, call): set(tainted.calls[name]) for name, call in files}
    check_impacts(store, files)
    return tainted


def check_impacts(store: GraphStore, files: dict[tuple[str, str], set[str]]) -> None:
    """Every file reached exactly the calls whose traces name it."""
    for path in set().union(*files.values()):
        [(file,)] = store.rows("impact_contents", path=path)
        reached = {call.call for call in impact(store, Found("file", file, path)).calls}
        assert reached == {call for (_, call), named in files.items() if path in named}
