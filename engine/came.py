"""Where the plain values come from that a user's form puts into calls.

What a form's code does with what it has got is out of sight, so a plain value in a call that it asks for counts as made
of all results that it had got until then, beside what its owner's function wrote. Calls that were handed to the form as
they are hold nothing of the kind. Results are left out where the way to them leads over later ones anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Came:
    """What something came from, and to which results the way leads over these.

    The results are put together where somebody asks: a form may take a hundred thousand steps, each of which adds one.

    Args:
        results: what it came from itself.
        covered: the results to which the way leads over those.
    """

    __slots__ = ("_link", "_results", "covered")

    def __init__(self, results: Results, covered: Results) -> None:
        self.covered = covered
        self._results: Results | None = results
        self._link: tuple[Came, Came] | None = None

    def after(self, earlier: Came) -> Came:
        """What comes of it, and of what was there earlier."""
        if earlier is NOWHERE or earlier is self:
            return self
        made = Came(NONE, self.covered)
        made._results, made._link = None, (self, earlier)
        return made

    @property
    def results(self) -> Results:
        """From which results."""
        asked = [self]
        while asked:
            # Back to what is known, and from there on again.
            at, way = asked[-1], []
            while at._link is not None:
                way.append(at._link[0])
                at = at._link[1]
            missing = [own for own in way if own._link is not None]
            if missing:
                asked += missing
                continue
            made = asked.pop()
            if way:
                found = set(at._known())
                for own in reversed(way):
                    found -= own.covered
                    found |= own._known()
                made._results, made._link = frozenset(found), None
        return self._known()

    def _known(self) -> Results:
        assert self._results is not None
        return self._results


NONE: Results = frozenset()
NOWHERE = Came(NONE, NONE)


class Fed(NamedTuple):
    """From what plain values in a call of a user's form may have come, and the parameters that they went into."""

    came: Came
    names: list[str]


class Hads(dict[int, Fed]):
    """From what the plain values came in the calls of one owner that forms asked for, by the calls' indexes."""

    def __init__(self) -> None:
        super().__init__()
        self._fed_by: dict[int, set[int]] = {}
        self._rows = 0

    def no_ends_of(
        self, call: int, sources: Iterable[int], wiring: Sequence[tuple[int, str, int]]
    ) -> Results:
        """Those of some sources to which no way leads from a call. So no call becomes what it came from itself.

        Args:
            wiring: the owner's, which grows only.
        """
        for consumer, _, producer in wiring[self._rows :]:
            self._fed_by.setdefault(consumer, set()).add(producer)
        self._rows = len(wiring)
        found: set[int] = set()
        clear: set[int] = set()
        for source in sources:
            seen, stack = {source}, [source]
            while stack and call not in seen:
                further = self._fed_by.get(stack.pop(), NONE) - seen - clear
                seen |= further
                stack += further
            if call not in seen:
                clear |= seen
                found.add(source)
        return frozenset(found)


class Brought:
    """A call of a user's form, and what was handed to it.

    Attributes:
        node: its own.
        args: its arguments.
        above: from what the plain values in them may have come.
        depth: how many forms are around it.
    """

    def __init__(self, node: StepNode, args: Any) -> None:
        self.node = node
        self.args = args
        self.above = node.had
        around = self.around
        self.depth: int = 0 if around is None else around.depth + 1
        # Forms in forms hand on what they were handed: each expression is looked at once for all of them.
        self._handed: dict[int, tuple[Expression, int]] = {} if around is None else around._handed
        self._looked = False

    @property
    def around(self) -> Brought | None:
        """The call of the form that asks for this one."""
        return None if self.above is None else self.above._brought

    def handed(self, expression: Expression) -> int | None:
        """The depth of the outermost form of these that was handed an expression; None where none was."""
        one: Brought | None = self
        unseen = []
        while one is not None and not one._looked:
            unseen.append(one)
            one = one.around
        for one in reversed(unseen):
            one._look()
        _, depth = self._handed.get(id(expression), (None, self.depth + 1))
        return depth if depth <= self.depth else None

    def _look(self) -> None:
        self._looked = True
        handed, depth = self._handed, self.depth
        stack: list[Any] = [self.args]
        while stack:
            for found in find_expressions(stack.pop()):
                known = handed.get(id(found))
                if known is not None and known[1] <= depth:
                    continue
                handed[id(found)] = found, depth
                if isinstance(found, (Call, Operation)):
                    stack += [found._args, found._kwargs, getattr(found, "_options", None)]
                elif isinstance(found, Special):
                    stack.append(found._args)


class Had:
    """From what the plain values in a wish of a user's form may have come.

    Args:
        brought: what the form was called with.
        came: from what its code had got.
    """

    __slots__ = ("_brought", "came")

    def __init__(self, brought: Brought, came: Came) -> None:
        self._brought = brought
        self.came = came

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

    def of(self, expression: Expression) -> Came:
        """That for one expression in the wish."""
        had: Had | None = self
        depth = self._brought.handed(expression)
        while depth is not None and had is not None and had._brought.depth >= depth:
            had = had._brought.above
        return came_of(had)


def came_of(had: Had | None) -> Came:
    return NOWHERE if had is None else had.came


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
    results = {source for source in sources if source != BODY}
    hads = owner.hads or Hads()
    # Calls of one step share what they came from; of each such lot, the last one counts. It
    # covers earlier results alone, so that none covers one that covers it.
    last: dict[int, int] = {}
    for call in sorted(results):
        if call in hads and hads[call].names:
            last[id(hads[call].came)] = call
    for call in last.values():
        results.difference_update(result for result in hads[call].came.results if result < call)
    ways = [
        frozenset(result for result in hads[call].came.results if result < call)
        for call in last.values()
        if call in results
    ]
    return Came(frozenset(results), NONE.union(*ways))
