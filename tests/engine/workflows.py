"""Random workflows, as data: one description that both headwater and a plain recursive evaluator understand.

A description is a nested tuple. `lazy(description)` is the workflow; `plain(description)` is what its value has to be,
worked out without cache, graph or scheduler.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st

from headwater import (
    catch,
    catch_all,
    compose,
    cond,
    const,
    delay,
    evaluate,
    flat_map,
    flatten,
    force,
    get_task_registry,
    map_,
    seq,
    starmap,
    task,
    zip_,
)

headwater_namespace = "random"

SHIFT = {"n": 0}
"""What `shifted` adds; see `redefine`."""

LOG = os.environ.get("HEADWATER_TEST_LOG")


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass(frozen=True)
class Box:
    content: Any
    label: str = "box"


class Unlucky(Exception):
    """Raised by `checked`."""


@task
def add(a: Any, b: Any = 1) -> Any:
    return a + b


@task
def shifted(a: int) -> int:
    return a + SHIFT["n"]


@task
def total(values: Any) -> int:
    return int(sum(flat(values)))


@task
def pair(a: Any, b: Any) -> Any:
    return Pair(a, b)


@task
def build(description: Any) -> Any:
    return lazy(description)


@task
async def awaited(description: Any) -> Any:
    return await eager(description)


@task
def checked(a: int) -> int:
    if a % 3 == 0:
        raise Unlucky(f"{a} is a multiple of three")
    return a


@task
def twice(a: int) -> list[int]:
    return [a, a]


@task
def numbers(values: Any) -> list[int]:
    return flat(values)


@task
def drained(values: list[int], n: int) -> int:
    """Uses up what it was given, in place."""
    drawn = n
    while values:
        drawn += values.pop()
    return drawn


@task
def settled(values: Any) -> int:
    return sum(len(str(value)) if isinstance(value, Exception) else value for value in values)


@task
def rescued(error: Exception) -> int:
    return len(str(error))


def flat(value: Any) -> list[int]:
    """All numbers in a nested value, in order."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in flat(value[key])]
    if isinstance(value, Box):
        return flat(value.content)
    if isinstance(value, (list, tuple)):
        return [n for item in value for n in flat(item)]
    return [value]


def lazy(d: Any) -> Any:
    """The workflow of a description."""
    kind, *rest = d
    if kind == "number":
        return rest[0]
    if kind == "call":
        return TASKS[rest[0]](*map(lazy, rest[1:]))
    if kind == "build":
        return build(rest[0])
    if kind == "awaited":
        return awaited(rest[0])
    if kind == "default":
        return add(lazy(rest[0]))
    if kind == "keyword":
        return add(b=lazy(rest[0]), a=lazy(rest[1]))
    if kind == "list":
        return total([lazy(item) for item in rest])
    if kind == "dict":
        return total({f"k{i}": lazy(item) for i, item in enumerate(rest)})
    if kind == "box":
        return total(Box(lazy(rest[0])))
    if kind == "item":
        return pair(lazy(rest[0]), lazy(rest[1]))[1]
    if kind == "attribute":
        return pair(lazy(rest[0]), lazy(rest[1])).left
    if kind == "plus":
        return add(lazy(rest[0]), 0) + lazy(rest[1])
    if kind == "times":
        return 2 * add(lazy(rest[0]), 0)
    if kind == "cond":
        return cond(add(lazy(rest[0]), 0) > 5, lazy(rest[1]), lazy(rest[2]))
    if kind == "seq":
        return total(seq([lazy(item) for item in rest]))
    if kind == "map":
        return total(map_(shifted, [lazy(item) for item in rest]))
    if kind == "lazy map":
        return total(map_(add.partial(b=lazy(rest[0])), numbers([lazy(item) for item in rest])))
    if kind == "starmap":
        return total(starmap(add, [{"a": lazy(item), "b": 2} for item in rest]))
    if kind == "flatten":
        return total(flatten([[lazy(rest[0])], numbers([lazy(item) for item in rest])]))
    if kind == "flat map":
        return total(flat_map(twice, numbers([lazy(item) for item in rest])))
    if kind == "drain":
        shared = numbers([lazy(item) for item in rest])
        return total([drained(shared, 0), drained(shared, 1), drained([shared, 0][0], 2)])
    if kind == "zip":
        return total(zip_(numbers([lazy(item) for item in rest]), [lazy(item) for item in rest]))
    if kind == "compose":
        return compose(add, shifted)(lazy(rest[0]))
    if kind == "force":
        return force(delay(add(lazy(rest[0]), 0)))
    if kind == "const":
        return const(lazy(rest[0]), lazy(rest[1]))
    if kind == "catch all":
        return total(catch_all([checked(lazy(item)) for item in rest], Unlucky, settled))
    assert kind == "catch", kind
    return catch(checked(lazy(rest[0])), Unlucky, rescued)


async def eager(d: Any) -> Any:
    """What a description comes to in the body of an async task, which waits and decides as Python does."""
    kind, *rest = d
    if kind == "number":
        return rest[0]
    if kind == "call":
        return await evaluate(TASKS[rest[0]](*await asyncio.gather(*map(eager, rest[1:]))))
    if kind in ("list", "dict", "seq", "map"):
        calls = [asyncio.create_task(eager(item)) for item in rest]
        values = [await call for call in calls]
        return await evaluate(total([shifted(value) for value in values] if kind == "map" else values))
    if kind == "cond":
        return await eager(rest[1] if await eager(rest[0]) > 5 else rest[2])
    if kind == "catch":
        try:
            return await evaluate(checked(await eager(rest[0])))
        except Unlucky as error:
            return await evaluate(rescued(error))
    return await evaluate(lazy(d))


def plain(d: Any) -> int:
    """The value of a description."""
    kind, *rest = d
    if kind == "number":
        return int(rest[0])
    if kind in ("build", "awaited"):
        return plain(rest[0])
    values = [plain(item) for item in (rest[1:] if kind == "call" else rest)] if kind != "cond" else []
    if kind == "call":
        return values[0] + values[1] if rest[0] == "add" else values[0] + SHIFT["n"]
    if kind == "default":
        return values[0] + 1
    if kind in ("keyword", "list", "dict", "box", "plus", "seq"):
        return sum(values)
    if kind == "item":
        return values[1]
    if kind == "attribute":
        return values[0]
    if kind == "times":
        return 2 * values[0]
    if kind == "cond":
        return plain(rest[1]) if plain(rest[0]) > 5 else plain(rest[2])
    if kind == "map":
        return sum(value + SHIFT["n"] for value in values)
    if kind == "lazy map":
        return sum(value + values[0] for value in values)
    if kind == "starmap":
        return sum(value + 2 for value in values)
    if kind == "flatten":
        return values[0] + sum(values)
    if kind in ("flat map", "zip"):
        return 2 * sum(values)
    if kind == "drain":
        return 3 * sum(values) + 3
    if kind == "compose":
        return values[0] + SHIFT["n"] + 1
    if kind in ("force", "const"):
        return values[0]
    if kind == "catch all":
        return sum(map(checked_plain, values))
    assert kind == "catch", kind
    return checked_plain(values[0])


def checked_plain(value: int) -> int:
    """What `checked`, and where it fails `rescued`, make of a number."""
    return value if value % 3 else len(f"{value} is a multiple of three")


TASKS = {"add": add, "shifted": shifted}


_FIRST = shifted


def redefine(shift: int) -> None:
    """Define `shifted` anew, to add something else: as an edit of this module would."""
    _define(shift, task(name="shifted", namespace="random", version=str(shift))(_FIRST.func))


def restore() -> None:
    """Go back to the first definition, which is what worker processes know."""
    get_task_registry().add(_FIRST)
    _define(0, _FIRST)


def _define(shift: int, definition: Any) -> None:
    global shifted  # noqa: PLW0603  what a module defines anew is a global of it
    SHIFT["n"] = shift
    shifted = TASKS["shifted"] = definition


def _grow(children: Any) -> Any:
    return st.one_of(
        st.tuples(st.just("call"), st.just("add"), children, children),
        st.tuples(st.just("call"), st.just("shifted"), children),
        st.tuples(
            st.sampled_from(["build", "awaited", "default", "times", "box", "catch", "compose", "force"]),
            children,
        ),
        st.tuples(st.sampled_from(["item", "attribute", "plus", "keyword", "const"]), children, children),
        st.tuples(st.just("cond"), children, children, children),
        st.lists(children, min_size=1, max_size=4).map(lambda items: ("list", *items)),
        st.lists(children, min_size=1, max_size=3).map(lambda items: ("dict", *items)),
        st.lists(children, min_size=1, max_size=3).map(lambda items: ("seq", *items)),
        st.tuples(
            st.sampled_from(
                ["map", "lazy map", "starmap", "flatten", "flat map", "zip", "drain", "catch all"]
            ),
            st.lists(children, min_size=1, max_size=3),
        ).map(lambda pair: (pair[0], *pair[1])),
    )


descriptions = st.recursive(st.integers(-5, 20).map(lambda n: ("number", n)), _grow, max_leaves=12)
