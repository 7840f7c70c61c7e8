"""Random workflows of forms in forms, in which equal expressions are asked for from many places.

A recipe is a tuple, its first part what kind it is. A program is what the code of a body does: it asks for some
recipes, one after the other, and gives one more.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from headwater import (
    Promise,
    catch,
    catch_all,
    cond,
    const,
    delay,
    evaluate,
    flatten,
    force,
    map_,
    quote,
    scheduler_task,
    seq,
    starmap,
    task,
    zip_,
)

headwater_namespace = "form_recipes"

Recipe = tuple[Any, ...]


def number_of(*values: Any) -> int:
    return int.from_bytes(hashlib.sha256(repr(values).encode()).digest()[:6], "big")


def _leaf(name: str, **options: Any) -> Any:
    @task(name=name, version="1", **options)
    def leaf(*values: Any) -> int:
        return number_of(name, values)

    return leaf


QUIET = "quiet"
"""the task whose calls are not recorded"""
TASKS = {name: _leaf(name) for name in ("a", "b", "c")} | {QUIET: _leaf(QUIET, prov=False)}


@task(version="1")
def fail(*values: Any) -> int:
    raise ValueError(number_of("fail", values))


@task(version="1")
def rescue(error: Any) -> int:
    return number_of("rescue", (told(error),))


@task(version="1")
def many(*values: Any) -> list[int]:
    return [number_of("many", values), number_of("many", values, 1)]


@task(version="1")
def pair(*values: Any) -> list[int]:
    """A number that tells what it was given, and one that tells nothing of it."""
    return [number_of("pair", values), 0]


@task(version="1")
def chosen(name: str) -> list[Any]:
    return [number_of("chosen", (name,)), TASKS[name]]


@task(version="1")
def part(*values: Any) -> list[Any]:
    return [number_of("part", values), TASKS["b"].partial(*values)]


@task(version="1")
def held(*values: Any) -> list[Any]:
    return [number_of("held", values), quote(TASKS["c"](*values, TASKS["a"](0)))]


NUMBERED = ("many", "pair", "chosen", "part", "held")
"""tasks of whose results the first item is a number that tells what they were given"""


def told(error: Any) -> Any:
    """What a recovery is told, as a value."""
    if isinstance(error, BaseException):
        return error.args
    return [told(one) for one in error] if isinstance(error, list) else error


MOST_FORMS = 5
SHARED: list[Recipe] = [
    ("call", "a", ("plain", 0)),
    ("call", "b", ("call", "a", ("plain", 1))),
    ("cond", ("plain", 1), ("call", "b", ("plain", 0)), ("plain", 0)),
    ("evaluate", ("call", "a", ("plain", 0))),
]
"""What lies beside the code of all programs, for each of them."""


@dataclass
class Program:
    """The code of a form or of an async body.

    Attributes:
        steps: what it asks for, one after the other.
        end: what it gives; None for a plain value.
        beside: whether what it asks for is asked for at once, each with one more thing after it.
    """

    steps: list[Recipe]
    end: Recipe | None
    beside: bool = False


@dataclass
class World:
    """Some programs, each of which may ask for those before it; the last is that of the call that is traced.

    Attributes:
        shared: lazy values that any of them may ask for, and that nobody is handed.
    """

    programs: list[Program] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    shared: list[Any] = field(default_factory=list)


# -- making them -------------------------------------------------------------------------------------------------------


def world(seed: int) -> World:
    """A random one."""
    return _drawn(random.Random(seed), _program)


def narrow_world(seed: int) -> World:
    """A random one with few calls that differ, so that many forms and calls are asked for in several ways."""
    return _drawn(random.Random(seed), _narrow_program)


def sharing_world(seed: int) -> World:
    """A random one that asks for what lies beside its code, too."""
    made, chance = world(seed), random.Random(seed)
    made.shared = [Code(made, ()).lazy(recipe) for recipe in SHARED]

    def with_shared(recipe: Recipe) -> Recipe:
        if recipe[0] == "force":
            return recipe  # what is held back counts as made by whoever has it evaluated
        if recipe[0] in BUILD.keys() | {"call", "map", "form"} and chance.random() < 0.15:
            return "shared", chance.randrange(len(SHARED))
        return tuple(with_shared(part) if isinstance(part, tuple) else part for part in recipe)

    for program in made.programs:
        program.steps = [with_shared(step) for step in program.steps]
        program.end = program.end and with_shared(program.end)
    return made


def quiet_world(seed: int) -> World:
    """A random one in which some calls are not recorded."""
    made, chance = (world if seed % 2 else narrow_world)(seed), random.Random(seed)

    def with_quiet(recipe: Recipe) -> Recipe:
        kind, *parts = (with_quiet(part) if isinstance(part, tuple) else part for part in recipe)
        if kind in ("call", "map") and chance.random() < 0.4:
            parts[0] = QUIET
        return kind, *parts

    for program in made.programs:
        program.steps = [with_quiet(step) for step in program.steps]
        program.end = program.end and with_quiet(program.end)
    return made


def lazy_world(seed: int) -> World:
    """A random one in which some of the tasks are lazy that are called, or what they are called in is quoted."""
    made, chance = (world if seed % 2 else narrow_world)(seed), random.Random(seed)

    def with_lazy(recipe: Recipe) -> Recipe:
        kind, *parts = (with_lazy(part) if isinstance(part, tuple) else part for part in recipe)
        if kind == "call" and chance.random() < 0.5:
            return chance.choice(["chosen", "part", "held", "forced"]), *parts[1:]
        return kind, *parts

    for program in made.programs:
        program.steps = [with_lazy(step) for step in program.steps]
        program.end = program.end and with_lazy(program.end)
    return made


def _drawn(chance: random.Random, program: Callable[[random.Random, int, int], Program]) -> World:
    made = World()
    for _ in range(chance.randint(0, MOST_FORMS)):
        made.programs.append(program(chance, len(made.programs), 2))
        made.kinds.append(chance.choice(["steps", "steps", "promises"]))
        made.programs[-1].beside = made.kinds[-1] == "promises" and chance.random() < 0.5
    made.programs.append(program(chance, len(made.programs), 0))
    made.kinds.append(chance.choice(["body", "body", "async"]))
    made.programs[-1].beside = made.kinds[-1] == "async" and chance.random() < 0.4
    if made.kinds[-1] == "body":
        last = made.programs[-1]
        made.programs[-1] = Program([], ("list", *last.steps, last.end or ("plain", 0)))
    return made


def _program(chance: random.Random, known: int, handed: int) -> Program:
    def recipe(depth: int) -> Recipe:
        kinds = ["plain"] * 2 + ["got"] + (["arg"] * 4 if handed else [])
        if depth > 0:
            kinds += ["call"] * 6 + [
                "add",
                "cond",
                "cond",
                "catch",
                "rescued",
                "caught",
                "seq",
                "const",
                "map",
                "zip",
            ]
            kinds += ["lazy map", "starmap", "force", "evaluate", "flatten", "same"] + ["form"] * (
                6 if known else 0
            )
        kind = chance.choice(kinds)
        inner = [recipe(depth - 1) for _ in range(chance.randint(1, 2))] if depth > 0 else []
        if kind == "plain":
            return kind, chance.randrange(2)
        if kind in ("arg", "got"):
            return kind, chance.randrange(2)
        if kind == "same":
            return kind, chance.randrange(2)
        if kind in ("call", "map"):
            return kind, chance.choice("abc"), *inner
        if kind == "form":
            return (
                kind,
                chance.randrange(known),
                chance.choice([None, 0, 1]),
                *(recipe(depth - 1) for _ in range(2)),
            )
        if kind == "cond":
            return (
                kind,
                recipe(0) if chance.random() < 0.5 else ("plain", chance.randrange(2)),
                inner[0],
                inner[-1],
            )
        if kind in ("caught", "catch", "force"):
            return kind, inner[0]
        if kind in ("add", "const"):
            return kind, inner[0], inner[-1]
        return kind, *inner

    depth = chance.randint(1, 3)
    steps = [recipe(depth) for _ in range(chance.randint(1, 3))]
    return Program(steps, recipe(min(depth, 2)) if chance.random() < 0.7 else None)


def _narrow_program(chance: random.Random, known: int, handed: int) -> Program:
    def recipe(depth: int) -> Recipe:
        kinds = ["plain", "got", "got"] + (["arg"] * 4 if handed else [])
        if depth > 0:
            kinds = ["call"] * 6 + ["little"] * 4 + ["evaluate", "map"] + ["form"] * (6 if known else 0)
            kinds += ["arg"] * 2 if handed else []
        kind = chance.choice(kinds)
        if kind == "plain":
            return kind, 0
        if kind in ("arg", "got"):
            return kind, 0
        if kind in ("call", "map"):
            return kind, chance.choice("ab"), recipe(depth - 1)
        if kind == "form":
            return kind, chance.randrange(known), None, recipe(depth - 1), ("plain", 0)
        return kind, recipe(depth - 1)

    depth = 2
    steps = [recipe(depth) for _ in range(chance.randint(1, 2))]
    return Program(steps, recipe(depth) if chance.random() < 0.8 else None)


# -- running them ------------------------------------------------------------------------------------------------------


class Code:
    """What the code of one body has, while it runs.

    Attributes:
        handed: the lazy values that it was called with.
        got: the results that it has got.
    """

    def __init__(self, made: World, handed: tuple[Any, ...]) -> None:
        self.world = made
        self.handed = handed
        self.got: list[Any] = []
        self._same: dict[int, Any] = {}

    def lazy(self, recipe: Recipe) -> Any:
        """The workflow of a recipe, as the body writes it."""
        kind, *parts = recipe
        if kind == "plain":
            return parts[0]
        if kind == "arg":
            return self.handed[parts[0]]
        if kind == "got":
            return self.got[parts[0] % len(self.got)] if self.got else 7
        if kind == "same":
            if parts[0] not in self._same:
                self._same[parts[0]] = cond(True, TASKS["a"](parts[0]))
            return self._same[parts[0]]
        if kind == "shared":
            return self.world.shared[parts[0]]
        if kind == "form":
            number, plain, *handed = parts
            values = [self.lazy(part) for part in handed]
            return FORMS[self.world.kinds[number]][number](*values, *([] if plain is None else [plain]))
        if kind in ("call", "map"):
            called, values = TASKS[parts[0]], [self.lazy(part) for part in parts[1:]]
            return called(*values) if kind == "call" else map_(called, values)
        values = [self.lazy(part) for part in parts]
        return BUILD[kind](values)


BUILD: dict[str, Callable[[list[Any]], Any]] = {
    "add": lambda values: whole(values[0]) + whole(values[1]),
    "cond": lambda values: cond(*values),
    "catch": lambda values: catch(values[0], ValueError, rescue),
    "rescued": lambda values: catch(fail(*values), ValueError, rescue),
    "caught": lambda values: catch_all([fail(*values), *values], ValueError, rescue),
    "seq": seq,
    "const": lambda values: const(*values),
    "zip": lambda values: zip_(*([value] for value in values)),
    "lazy map": lambda values: map_(TASKS["b"], many(*values)),
    "starmap": lambda values: starmap(TASKS["c"], [tuple(values)]),
    "force": lambda values: force(delay(values[0])),
    "evaluate": evaluate,
    "flatten": lambda values: flatten([[value] for value in values]),
    "list": list,
    "little": lambda values: pair(*values)[1],
    "chosen": lambda values: chosen("a")[1](*values),
    "part": lambda values: part(values[0])[1](*values[1:]),
    "held": lambda values: held(*values)[1].eval(),
    "forced": lambda values: force(held(*values)[1]),
}


def whole(value: Any) -> Any:
    """As one item of a list: lists are added, whatever is in them."""
    return seq([value])


WORLD: list[World] = []
"""that which is run"""


def _by_steps(number: int) -> Any:
    @scheduler_task(name=f"steps{number}")
    def steps(*handed: Any) -> Any:
        code = Code(WORLD[0], handed)
        program = code.world.programs[number]
        for step in program.steps:
            code.got.append((yield code.lazy(step)))
        return len(code.got) if program.end is None else code.lazy(program.end)

    return steps


def _by_promises(number: int) -> Any:
    @scheduler_task(name=f"promises{number}")
    def promises(scheduler: Any, parent_job: Any, sexpr: Any, *handed: Any) -> Any:
        code = Code(WORLD[0], handed)
        program = code.world.programs[number]

        def ask(own: Code, step: Recipe) -> Any:
            return scheduler.evaluate(own.lazy(step), parent_job=parent_job).then(own.got.append)

        def strand(step: Recipe) -> Any:
            own = Code(WORLD[0], handed)
            return ask(own, step).then(lambda _: ask(own, after(step)))

        asked: Promise[Any] = Promise.all([strand(step) for step in program.steps if program.beside])
        for step in () if program.beside else program.steps:
            asked = asked.then(lambda _, step=step: ask(code, step))  # type: ignore[misc]
        return asked.then(lambda _: len(program.steps) if program.end is None else code.lazy(program.end))

    return promises


FORMS = {
    kind: [make(number) for number in range(MOST_FORMS)]
    for kind, make in (("steps", _by_steps), ("promises", _by_promises))
}


def after(step: Recipe) -> Recipe:
    """What is asked for after a step that is taken beside others."""
    return "call", "c", ("got", 0), ("plain", len(step))


@task(version="1")
def root_body(number: int, again: int) -> Any:
    code = Code(WORLD[0], ())
    return code.lazy(code.world.programs[number].end or ("plain", 0))


@task(version="1")
async def root_async(number: int, again: int) -> Any:
    code = Code(WORLD[0], ())
    program = code.world.programs[number]
    if program.beside:

        async def strand(step: Recipe) -> None:
            own = Code(WORLD[0], ())
            own.got.append((await evaluate([own.lazy(step)]))[0])
            await evaluate([own.lazy(after(step))])

        await asyncio.gather(*(strand(step) for step in program.steps))
    else:
        for step in program.steps:
            code.got.append((await evaluate([code.lazy(step)]))[0])
    return len(code.got) if program.end is None else code.lazy(program.end)


def root(made: World, again: int = 0) -> Any:
    """The call that is traced; another one with another number, whose calls are the same."""
    WORLD[:] = [made]
    return {"body": root_body, "async": root_async}[made.kinds[-1]](len(made.programs) - 1, again)
