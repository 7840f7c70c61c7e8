"""Random workflows whose world changes between runs: failures, further attempts, files, limits, context, runs inside.

As in `workflows`, a description is a nested tuple that headwater (`lazy`) and a plain recursive evaluator (`plain`)
understand. What both read beside it is the `World`, which a test changes between runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from headwater import (
    File,
    apply_func,
    apply_tags,
    as_task,
    catch,
    catch_all,
    compose,
    cond,
    const,
    delay,
    eval_,
    evaluate,
    flat_map,
    flatten,
    force,
    fork_thread,
    get_task_registry,
    identity,
    join_thread,
    len_,
    map_,
    no_prov,
    quote,
    script,
    seq,
    starmap,
    subrun,
    task,
    throw,
    with_export_options,
    zip_,
)
from tests.engine.wild_tasks import (
    FILES,
    WORLD,
    Unlucky,
    as_number,
    both,
    both_of,
    boxed,
    by_default,
    checked,
    counted,
    flaky,
    keys,
    members,
    minus,
    opened,
    plus_one,
    promised,
    rated,
    read,
    rescued,
    settled,
    spread,
    stepped,
    total,
    tuned,
    twice,
    twice_total,
    wrapped,
    write,
)

headwater_namespace = "wild"


@task
def shifted(a: int) -> int:
    WORLD.ran.append(("shifted", a, WORLD.shift))
    return a + WORLD.shift


@task
def build(description: Any) -> Any:
    return lazy(description)


@task
async def awaited(description: Any) -> Any:
    return await evaluate(lazy(description))


@task
async def in_turn(descriptions: list[Any]) -> Any:
    found = 0
    for description in descriptions:
        found += await evaluate(lazy(description))
    return total([found])


@task
async def at_once(descriptions: list[Any]) -> Any:
    waits = [evaluate(lazy(description)) for description in descriptions]
    # (Where one fails, the others are waited for: else time would decide on what runs.)
    found = await asyncio.gather(*waits, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return total(found)


@task(prov=False)
def quiet(description: Any) -> Any:
    return lazy(description)


@task
def caught_inside(description: Any) -> Any:
    return catch(lazy(description), Unlucky, rescued)


def _shifted(**options: Any) -> Callable[[Any], Any]:
    def call(a: Any) -> Any:
        return shifted.options(**options)(a)  # as it is defined then

    return call


FORMS: dict[str, Callable[..., Any]] = {
    "shifted": _shifted(),
    "checked": checked,
    "flaky": flaky,
    "limited": _shifted(limits=["slot"]),
    "once": _shifted(cache=False),
    "never": _shifted(cache_scope="NONE"),
    "lazy option": _shifted(limits=identity(["slot"])),
    "lazy task": lambda a: identity(shifted)(a),  # noqa: PLW0108  as it is defined then
    "by default": by_default,
    "tuned": lambda a: tuned(a, threads=a),
    "counted": lambda a: counted(3, a),
    "scripted": lambda a: as_number(script(["echo", a])),
    "exported once": lambda a: with_export_options(a, {"cache": False}),
    "rated": rated,
    "other rate": rated.update_context(rate=5),
    "write": lambda a: read(write(a, str(WORLD.folder))),
    "catch": lambda a: catch(a, Unlucky, rescued),
    "force": lambda a: force(delay(a)),
    "thread": lambda a: join_thread(fork_thread(a)),
    "no_prov": no_prov,
    "inside": lambda a: subrun(a, "default"),
    "identity": identity,
    "apply": lambda a: apply_func(plus_one, a),
    "as task": as_task(plus_one),
    "eval": lambda a: eval_("x + 1", x=a),
    "compose": compose(minus, twice_total),
    "wrapped": wrapped,
    "tagged": lambda a: apply_tags(a, tags={"kind": "wild"}),
    "exported": lambda a: with_export_options(quote(a), {"limits": ["slot"]}),
    "throw": lambda a: cond(total([a]) > 15, throw(Unlucky("large")), a),
    "operators": lambda a: -(2 * minus(a, 1)) // 2 + abs(minus(a, a)),
    "slice": lambda a, b: both(a, b)[1:][0],
    "item": lambda a, b: both(a, b)[0],
    "partial": lambda a, b: minus.partial(b=b)(a),
    "plus": lambda a, b: total([a]) + b,
    "unpacked": lambda a, b: minus(*both.options(nout=2)(a, b)),
    "spread": lambda a, b: spread(a, b, b, sign=-1, more=a, **{"and more": b}),
    "keys": lambda a, b: keys({identity(a): b}),
    "members": lambda a, b: members({a, b}),
    "boxed": lambda a, b: opened(boxed(a, b)),
    "starmap": lambda *values: total(starmap(minus, [{"a": value, "b": 1} for value in values])),
    "flatten": lambda *values: total(flatten([list(values), twice(values[0])])),
    "flat map": lambda *values: total(flat_map(twice, list(values))),
    "zip": lambda *values: total(flatten(map_(both_of, zip_(list(values), list(values))))),
    "len": lambda *values: len_(list(values)) + total(list(values)),
    "const": const,
    "promised": promised,
    "list": lambda *values: total(list(values)),
    "dict": lambda *values: total({f"k{i}": value for i, value in enumerate(values)}),
    "seq": lambda *values: total(seq(list(values))),
    "map": lambda *values: total(map_(shifted, list(values))),
    "catch all": lambda *values: total(catch_all(list(values), Unlucky, settled)),
    "lazy map": lambda *values: total(map_(identity(minus.partial(b=1)), list(values))),
    "stepped": stepped,
}

NESTED = {"build": build, "awaited": awaited, "quiet": quiet, "caught inside": caught_inside}
SHALLOW = build.options(check_valid="shallow")
"""What is under it has no files: as long as their tasks are the same, its result is that of an evaluation."""
BODIES = {"in turn": in_turn, "at once": at_once}
"""Async tasks that wait for several."""


def lazy(d: Any) -> Any:
    """The workflow of a description."""
    kind, *rest = d
    if kind == "number":
        return rest[0]
    if kind == "read":
        return read(File(str(WORLD.file(rest[0]))))
    if kind in NESTED:
        return NESTED[kind](rest[0])
    if kind == "shallow":
        return SHALLOW(rest[0])
    if kind in BODIES:
        return BODIES[kind](rest)
    values = map(lazy, rest)
    if kind == "cond":
        condition, yes, no = values
        return cond(total([condition]) > 5, yes, no)
    return FORMS[kind](*values)


def plain(d: Any) -> int:
    """The value of a description, in the world as it is.

    Raises:
        Unlucky: it has none.
    """
    kind, *rest = d
    if kind == "number":
        return int(rest[0])
    if kind == "read":
        return int(WORLD.file(rest[0]).read_text())
    if kind in ("catch", "caught inside"):
        return _settled(rest[0])
    if kind == "cond":
        return plain(rest[1] if plain(rest[0]) > 5 else rest[2])
    if kind in ("catch all", "stepped"):
        return sum(map(_settled, rest))
    values = [plain(one) for one in rest]
    if kind == "checked":
        return _lucky(values[0])
    if kind == "map":
        return sum(values) + WORLD.shift * len(values)
    if kind in ("plus", "list", "dict", "seq", "promised", *BODIES):
        return sum(values)
    if kind == "throw" and values[0] > 15:
        raise Unlucky("large")
    if kind in MADE:
        return MADE[kind](*values)
    return values[0] + ADDED.get(kind, lambda: 0)()


def _lucky(value: int) -> int:
    if value % 3 == 0:
        raise Unlucky("a multiple of three")
    return value


def _settled(d: Any) -> int:
    try:
        return plain(d)
    except Unlucky:
        return -1


def _shift() -> int:
    return WORLD.shift


ADDED: dict[str, Callable[[], int]] = {
    "shifted": _shift,
    "limited": _shift,
    "once": _shift,
    "never": _shift,
    "lazy option": _shift,
    "lazy task": _shift,
    "by default": lambda: WORLD.rate + 2,
    "flaky": lambda: 1,
    "rated": lambda: WORLD.rate,
    "other rate": lambda: 5,
    "apply": lambda: 1,
    "as task": lambda: 1,
    "eval": lambda: 1,
}
"""What a form adds to its only operand, where that is not nothing."""


MADE: dict[str, Callable[..., int]] = {
    "compose": lambda a: 2 * a,
    "wrapped": lambda a: 2 * (a + 1) + 10,
    "operators": lambda a: -(2 * (a - 1)) // 2,
    "slice": lambda a, b: b,
    "partial": lambda a, b: a - b,
    "unpacked": lambda a, b: a - b,
    "spread": lambda a, b: a - (b + b + a + b),
    "members": lambda a, b: sum({a, b}),
    "boxed": lambda a, b: a - b,
    "lazy map": lambda *values: sum(values) - len(values),
    "starmap": lambda *values: sum(values) - len(values),
    "flatten": lambda *values: sum(values) + 2 * values[0],
    "flat map": lambda *values: 2 * sum(values),
    "zip": lambda *values: 2 * sum(values),
    "len": lambda *values: len(values) + sum(values),
}
"""What forms make of the values of their operands, where it is neither their sum nor the first."""


def has(d: Any, kinds: set[str]) -> bool:
    """Whether one of some kinds stands in a description."""
    return isinstance(d, tuple) and (d[0] in kinds or any(has(one, kinds) for one in d[1:]))


def parts(d: Any, kinds: set[str]) -> list[Any]:
    """What stands in a description under one of some kinds."""
    if not isinstance(d, tuple):
        return []
    return [*(d[1:] if d[0] in kinds else ()), *(part for one in d[1:] for part in parts(one, kinds))]


# -- changes of the world ----------------------------------------------------------------------------------------------


def begin(folder: Path) -> None:
    """A world with files, in a folder."""
    WORLD.folder, WORLD.rate = folder, 0
    for number in range(FILES):
        WORLD.file(number).write_text(str(number))
    _define(0)


def change(what: tuple[Any, ...]) -> None:
    """Change the world, as one of `_CHANGES` says."""
    kind, *rest = what
    if kind == "code":
        _define(rest[0])
    elif kind == "file":
        WORLD.file(rest[0]).write_text(str(rest[1]))
    elif kind == "rate":
        WORLD.rate = rest[0]
    elif kind == "outputs gone":
        for path in WORLD.folder.glob("out-*.txt"):
            path.unlink()
    elif kind == "outputs damaged":
        for path in WORLD.folder.glob("out-*.txt"):
            path.write_text("12345678")


_FIRST = shifted


def _define(shift: int) -> None:
    global shifted  # noqa: PLW0603  what a module defines anew is a global of it
    WORLD.shift = shift
    shifted = task(name="shifted", namespace="wild", version=str(shift))(_FIRST.func)


def restore() -> None:
    """Go back to the first definition."""
    global shifted  # noqa: PLW0603
    get_task_registry().add(_FIRST)
    shifted = _FIRST


_CHANGES: list[tuple[set[str], Any]] = [
    (
        {"map", *(kind for kind, added in ADDED.items() if added is _shift)},
        st.tuples(st.just("code"), st.integers(0, 3)),
    ),
    ({"read"}, st.tuples(st.just("file"), st.integers(0, FILES - 1), st.integers(-100, 100))),
    ({"rated", "by default"}, st.tuples(st.just("rate"), st.integers(0, 3))),
    ({"write"}, st.sampled_from([("outputs gone",), ("outputs damaged",)])),
]
"""What may change, each with the kinds to which it can make a difference."""


def _changed(description: Any) -> Any:
    """A description, with changes of what it depends on."""
    of_it = [change for kinds, change in _CHANGES if has(description, kinds)]
    some = st.one_of(*of_it, st.just(("nothing",)))
    return st.tuples(st.just(description), st.lists(some, min_size=1, max_size=4))


_ONE = [
    *(*ADDED, "checked", "write", "catch", "force", "thread", "no_prov", "inside", *NESTED, "identity"),
    *("compose", "wrapped", "tagged", "exported", "exported once", "throw", "operators"),
    *("tuned", "counted", "scripted"),
]
_TWO = ["plus", "const", "slice", "item", "partial", "unpacked", "spread", "keys", "members", "boxed"]
_MANY = [
    *(*BODIES, "promised", "list", "dict", "seq", "map", "catch all"),
    *("starmap", "flatten", "flat map", "zip", "len", "lazy map", "stepped"),
]


def _grow(children: Any) -> Any:
    # Each kind is as likely as any other; only failures, without which there is nothing to recover from, are likelier.
    some = st.lists(children, min_size=1, max_size=3)
    return st.one_of(
        *(st.tuples(st.just(kind), children) for kind in [*_ONE, "checked", "checked"]),
        *(st.tuples(st.just(kind), children, children) for kind in _TWO),
        *(st.tuples(st.just(kind), some).map(lambda pair: (pair[0], *pair[1])) for kind in _MANY),
        st.tuples(st.just("cond"), children, children, children),
        st.tuples(st.just("shallow"), children.filter(lambda d: not has(d, {"read", "write"}))),
    )


leaves = st.one_of(
    st.tuples(st.just("number"), st.integers(-5, 20)), st.tuples(st.just("read"), st.integers(0, FILES - 1))
)
descriptions = st.recursive(leaves, _grow, max_leaves=8)
changed_workflows = descriptions.flatmap(_changed)
"""A description, and how its world changes between its runs."""
