"""What each call of a random workflow (`form_recipes`) comes from: an oracle evaluates it plainly, and follows what
every value was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, TypeVar

from tests.engine.form_recipes import QUIET, SHARED, Recipe, World, after, number_of

T = TypeVar("T")
Call = tuple[str, int]
"""name of the task, and what it gives, which tells its arguments: what makes a call one with another"""
Sources = frozenset[Call]
"""What something comes from, without what that comes from."""


class Mind:
    """What the code of a body has, while it is followed.

    Attributes:
        handed: what it was called with.
        had: what its plain values come from.
        gathered: what all came from that it asked for.
        got: the values of that.
        same: what the plain values came from when it wrote a lazy value that it uses in several places.
    """

    def __init__(self, handed: list[Handed], had: Sources) -> None:
        self.handed = handed
        self.had = had
        self.gathered: Sources = frozenset()
        self.got: list[Any] = []
        self.same: dict[int, Sources] = {}

    def now(self) -> Mind:
        """As it is now."""
        copy = Mind(self.handed, self.had)
        copy.got, copy.same = list(self.got), self.same
        return copy

    def is_plain(self, recipe: Recipe) -> bool:
        """Whether a recipe is a plain value here."""
        kind, *parts = recipe
        return kind in ("plain", "got") or (kind == "arg" and self.handed[parts[0]].is_plain)


class Handed:
    """A recipe that was handed to a form, by whom."""

    def __init__(self, recipe: Recipe, mind: Mind) -> None:
        self.recipe = recipe
        self.mind = mind.now()
        self.is_plain = mind.is_plain(recipe)


class Oracle:
    """Evaluates a world plainly.

    Args:
        loose: whether a form's own values come from all that its caller had, also where that handed it no plain value;
            what it gives, where that did; and what `cond` gives, from all that its branches hold.

    Attributes:
        fed: of each call, what it comes from directly, whoever asked for it.
    """

    def __init__(self, made: World, *, loose: bool) -> None:
        self.world = made
        self.loose = loose
        self.fed: dict[Call, set[Call]] = {}

    def run(self) -> Sources:
        """Follow the whole; what its value comes from."""
        sources = self._code(len(self.world.programs) - 1, Mind([], frozenset()))[1]
        # What a call that is not recorded comes from stands in its place.
        seen = {call: self._seen(came) - {call} for call, came in self.fed.items() if call[0] != QUIET}
        sources, self.fed = frozenset(self._seen(sources)), seen
        return sources

    def _seen(self, sources: Iterable[Call]) -> set[Call]:
        hidden = {call: came for call, came in self.fed.items() if call[0] == QUIET}
        return {call for call in reach(hidden, sources) if call[0] != QUIET}

    def _call(
        self, name: str, given: list[tuple[Any, Sources]], mind: Mind | None = None
    ) -> tuple[Any, Sources]:
        number = number_of(name, tuple(value for value, _ in given))
        call = (name, number)
        came = frozenset().union(*(sources for _, sources in given))
        if name == QUIET and not self.loose:
            # Such calls may be several, whose arguments are equal only once they are there.
            return number, came
        if name == QUIET and mind is not None:
            came |= mind.had  # it counts as a part of the code that wrote it
        self.fed.setdefault(call, set()).update(came - {call})
        return number, frozenset({call})

    def _code(self, number: int, mind: Mind) -> tuple[Any, Sources]:
        program = self.world.programs[number]
        minds = []
        for step in program.steps:
            own = Mind(mind.handed, mind.had) if program.beside else mind
            minds.append(own)
            self._ask(own, step)
            if program.beside:
                self._ask(own, after(step))
        mind.gathered = mind.gathered.union(*(own.gathered for own in minds))
        mind.had |= mind.gathered
        if program.end is None:
            is_async = self.world.kinds[number] == "async"
            return len(mind.got) if is_async else len(program.steps), mind.gathered | mind.had
        value, sources = self._give(mind, program.end)
        # What the body of an async task gives lazily is all that its own call comes from.
        return value, sources if self.world.kinds[number] == "async" else mind.gathered | sources

    def _ask(self, mind: Mind, recipe: Recipe) -> None:
        value, sources = self._give(mind, recipe)
        mind.got.append(value)
        mind.had |= sources
        mind.gathered |= sources

    def _give(self, mind: Mind, recipe: Recipe) -> tuple[Any, Sources]:
        self._write(mind, recipe)
        return self._value(mind, recipe)

    def _write(self, mind: Mind, recipe: Recipe) -> None:
        """The body writes it."""
        kind, *parts = recipe
        if kind == "same":
            mind.same.setdefault(parts[0], mind.had)
        for part in parts:
            if isinstance(part, tuple):
                self._write(mind, part)

    def _written(self, mind: Mind, recipe: Recipe) -> Sources:
        """What the plain values in a recipe come from, whether they are used or not."""
        kind, *parts = recipe
        if kind == "arg" and not mind.is_plain(recipe):
            return self._written(mind.handed[parts[0]].mind, mind.handed[parts[0]].recipe)
        if kind == "shared":
            return frozenset()
        return mind.had.union(*(self._written(mind, part) for part in parts if isinstance(part, tuple)))

    def _value(self, mind: Mind, recipe: Recipe) -> tuple[Any, Sources]:
        """What a recipe gives, and what that comes from."""
        kind, *parts = recipe
        if kind == "plain":
            return parts[0], mind.had
        if kind == "got":
            return mind.got[parts[0] % len(mind.got)] if mind.got else 7, mind.had
        if kind == "arg":
            handed = mind.handed[parts[0]]
            value, sources = self._value(handed.mind, handed.recipe)
            return value, mind.had if handed.is_plain else sources
        if kind == "same":
            return self._call("a", [(parts[0], mind.same[parts[0]])])
        if kind == "shared":
            return self._value(Mind([], frozenset()), SHARED[parts[0]])
        if kind == "form":
            number, plain, *handed = parts
            args = [Handed(part, mind) for part in handed]
            args += [] if plain is None else [Handed(("plain", plain), mind)]
            knows = self.loose or any(arg.is_plain for arg in args)
            value, sources = self._code(number, Mind(args, mind.had if knows else frozenset()))
            return value, sources | mind.had if self.loose and any(arg.is_plain for arg in args) else sources
        if kind == "cond":
            value, _ = self._value(mind, parts[0])
            value, sources = self._value(mind, parts[1] if value else parts[2])
            return value, sources | self._written(mind, recipe) if self.loose else sources
        name = parts.pop(0) if kind in ("call", "map") else ""
        given = [self._value(mind, part) for part in parts]
        values, came = [value for value, _ in given], frozenset().union(*(sources for _, sources in given))
        if kind == "call":
            return self._call(name, given, mind)
        if kind == "chosen":
            _, gave = self._call("chosen", [("a", mind.had)])
            value, sources = self._call("a", given)
            return value, sources | gave
        if kind == "part":
            _, gave = self._call("part", given[:1])
            value, sources = self._call("b", [(values[0], gave), *given[1:]])
            return value, sources | gave
        if kind in ("held", "forced"):
            _, gave = self._call("held", given)
            had = gave | mind.had if self.loose else gave
            inner = self._call("a", [(0, had)])
            value, sources = self._call("c", [*((value, had) for value in values), inner])
            return value, sources | gave
        if kind == "little":
            return 0, self._call("pair", given)[1]
        if kind == "starmap":
            value, sources = self._call("c", given)
            return [value], sources
        if kind == "map":
            found = [self._call(name, [one], mind) for one in given]
            return [value for value, _ in found], frozenset().union(*(sources for _, sources in found))
        if kind == "lazy map":
            first, sources = self._call("many", given)
            items = [first, number_of("many", tuple(values), 1)]
            found = [self._call("b", [(item, sources)]) for item in items]
            return [value for value, _ in found], sources.union(*(one for _, one in found))
        if kind in ("rescued", "caught"):
            error, sources = self._call("fail", given)
            told = (error,) if kind == "rescued" else [(error,), *values]
            came = sources | came if kind == "caught" else sources
            value, sources = self._call("rescue", [(told, came)])
            return value, came | sources
        if kind == "const":
            return given[0]
        if kind in ("force", "catch"):
            return given[0]
        return [tuple(values)] if kind == "zip" else values, came


def reach(fed: Mapping[T, Set[T]], start: Iterable[T]) -> set[T]:
    """All that something comes from."""
    seen = set(start)
    stack = list(seen)
    while stack:
        further = fed.get(stack.pop(), frozenset()) - seen
        seen |= further
        stack += further
    return seen
