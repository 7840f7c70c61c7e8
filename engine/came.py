"""Where the plain values come from that a user's form puts into calls.

What a form's code does with what it has got is out of sight, so a plain value in a call that it asks for counts as made
of all results that it had got until then, beside what its owner's function wrote. Calls that were handed to the form as
they are hold nothing of the kind. Results are left out where the way to them leads over later ones anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.engine.children import origins_of_error
from headwater.engine.errors import CallError
from headwater.engine.expression import Call, Expression, Operation, Special
from headwater.engine.job import BODY
from headwater.engine.nested import find_expressions

if TYPE_CHECKING:
    from headwater.engine.job import Node, StepNode

Results = frozenset[int]
"""Results, as indexes among the calls of one owner."""
NONE: Results = frozenset()


class Came(NamedTuple):
    """What something came from, and to which results the way leads over these."""

    results: Results
    covered: Results

    def after(self, earlier: Results) -> Came:
        """What comes of it, and of earlier results."""
        return Came((earlier - self.covered) | self.results, self.covered)


NOWHERE = Came(NONE, NONE)


class Fed(NamedTuple):
    """From what plain values in a call of a user's form may have come, and the parameters that they went into."""

    results: Results
    names: list[str]


class Origins:
    """What a form's code has got, result by result.

    It is put together where somebody asks: a form may take a hundred thousand steps, each of which adds a result.

    Args:
        results: what it had from the beginning.
    """

    def __init__(self, results: Results) -> None:
        self._steps: list[Came] = []
        self._until, self._results = 0, results

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, came: Came) -> None:
        self._steps.append(came)

    def until(self, step: int) -> Results:
        """What it had got before a step, of those that are not asked for before an earlier one."""
        if step > self._until:
            results = set(self._results)
            for came in self._steps[self._until : step]:
                results.difference_update(came.covered)
                results.update(came.results)
            self._until, self._results = step, frozenset(results)
        return self._results


class Brought:
    """A call of a user's form, and what was handed to it.

    Attributes:
        node: its own.
        args: its arguments.
        above: from what the plain values in them may have come.
    """

    def __init__(self, node: StepNode, args: Any) -> None:
        self.node = node
        self.args = args
        self.above = node.had
        self._inside: set[int] | None = None

    def holds(self, expression: Expression) -> bool:
        """Whether an expression stands somewhere in its arguments."""
        if self._inside is None:
            inside: dict[int, Expression] = {}
            stack: list[Any] = [self.args]
            while stack:
                for found in find_expressions(stack.pop()):
                    if id(found) not in inside:
                        inside[id(found)] = found
                        if isinstance(found, (Call, Operation)):
                            stack += [found._args, found._kwargs, getattr(found, "_options", None)]
                        elif isinstance(found, Special):
                            stack.append(found._args)
            self._inside = set(inside)
        return id(expression) in self._inside


class Had:
    """From what the plain values in a wish of a user's form may have come.

    Args:
        brought: what the form was called with.
        origins: what its code had got; or that and the number of the step.
    """

    __slots__ = ("_brought", "_origins")

    def __init__(self, brought: Brought, origins: Results | tuple[Origins, int]) -> None:
        self._brought = brought
        self._origins = origins

    def check(self, node: Node) -> None:
        """Refuse a node that waits for this wish.

        Raises:
            CallError: it is the form's own, or that of a form around it.
        """
        had: Had | None = self
        while had is not None:
            form = had._brought.node
            if form is node:
                raise CallError(
                    f"{form.expression!r} asks for itself with the same arguments, and so would wait for ever. Ask for "
                    "its arguments, or for a call of it with others"
                )
            had = had._brought.above

    @property
    def results(self) -> Results:
        if isinstance(self._origins, tuple):
            origins, step = self._origins
            self._origins = origins.until(step)
        return self._origins

    def of(self, expression: Expression) -> Results:
        """Those for one expression in the wish."""
        had: Had | None = self
        while had is not None and had._brought.holds(expression):
            had = had._brought.above
        return NONE if had is None else had.results


def results_of(had: Had | None) -> Results:
    return NONE if had is None else had.results


class Wish:
    """What a user's form asks for: one wish of it.

    Attributes:
        had: from what the plain values in it may have come.
        tolerant: whether all in it is waited for, whatever fails.
        came: what its value or its error came from, once it is there.
    """

    __slots__ = ("came", "had", "tolerant")

    def __init__(self, had: Had, *, tolerant: bool = False) -> None:
        self.had = had
        self.tolerant = tolerant
        self.came = NOWHERE


def came_by(node: StepNode, error: BaseException | None) -> Came:
    """What a node's value comes from, as far as it has got; or the error."""
    owner = node.owner
    assert owner is not None
    sources = node.gather() if error is None else origins_of_error(owner, node.awaited, error)
    results = frozenset(source for source in sources if source != BODY)
    hads = owner.hads or {}
    ways = [hads[call] for call in results if call in hads]
    return Came(results, NONE.union(*(way.results for way in ways if way.names)))
