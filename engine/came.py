"""Where the plain values come from that a user's form puts into calls.

What a form's code does with what it has got is out of sight, so a plain value in a call that it asks for counts as made
of all results that it had got until then, beside what its owner's function wrote. Calls that were handed to the form as
they are hold nothing of the kind. Results are left out where the way to them leads over later ones anyway.

Equal expressions of one owner are one, whoever asks for them, and so came from what each of those had. So what
something came from may grow after it was asked for: `engine.feeding` takes that to all that came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.engine.errors import CallError
from headwater.engine.expression import Call, Expression, Operation, Special, era_of
from headwater.engine.expression_codec import holds_back, unquoted
from headwater.engine.nested import find_expressions

if TYPE_CHECKING:
    from headwater.engine.job import Job, Node, StepNode

Results = set[int] | frozenset[int]
"""Results, as indexes among the calls of one owner."""
NONE: Results = frozenset()


class Came:
    """What something came from, and to which results the way leads over these.

    The results are put together where somebody asks: a form may take a hundred thousand steps, each of which adds one.

    Args:
        results: what it came from itself.
        covered: the results to which the way leads over those; grows as these are found to have come from more.

    Attributes:
        later: what came of it, beside something else.
        calls: those that it was put into.
    """

    __slots__ = ("_link", "_results", "calls", "covered", "later")

    def __init__(self, results: Results = NONE, covered: Results = NONE) -> None:
        self.covered = covered
        self.later: dict[Came, None] | None = None
        self.calls: dict[Job, None] | None = None
        self._results: Results | None = results
        self._link: tuple[Came, Came] | None = None

    def after(self, earlier: Came) -> Came:
        """What comes of it, and of what was there earlier."""
        if earlier is NOWHERE or earlier is self:
            return self
        made = Came(NONE, self.covered)
        made._results, made._link = None, (self, earlier)
        earlier.leads_to(made)
        if self._link is not None or self.later is not None:
            self.leads_to(made)
        return made

    def leads_to(self, other: Came) -> bool:
        """Note that something came of it; whether that is new."""
        if self.later is None:
            self.later = {}
        if other in self.later:
            return False
        self.later[other] = None
        return True

    def lacking(self, results: Results) -> Results:
        """Those of some that it did not come from. (What is not put together yet may lack any.)"""
        return results if self._link is not None else results - self._known()

    def add(self, results: Results) -> None:
        """Have it come from more. (What is not put together yet gets that of its parts.)"""
        if self._link is None:
            known = self._known()
            if not isinstance(known, set):
                self._results = known = set(known)
            known |= results

    @property
    def results(self) -> Results:
        """From which results."""
        self.put_together()
        return self._known()

    def put_together(self) -> None:
        """Have the results at hand."""
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

    def _known(self) -> Results:
        assert self._results is not None
        return self._results


NOWHERE = Came()


Handed = dict[int, tuple[Expression, int, Came]]
"""What was handed to forms, by its id: with how many forms are around that, and from what its plain values came."""


class Brought:
    """A call of a form, and what was handed to it.

    Attributes:
        node: its own; None for what the body of an async task returns.
        args: its arguments.
        above: from what the plain values in them may have come.
        depth: how many forms are around it.
        begun: the era that began with its code; None for the engine's own forms, and before.

    Args:
        outermost: where what is handed to forms is noted that no other asked for; shared, so that each is looked at
            once.
    """

    def __init__(
        self, node: StepNode | None, args: Any, above: Had | None, outermost: Handed | None = None
    ) -> None:
        self.node = node
        self.args = args
        self.above = above
        self.begun: int | None = None
        around = self.around
        self.depth: int = 0 if around is None else around.depth + 1
        # Far enough up that any of those around is found in few steps: by Myers, "An applicative random-access stack",
        # Information Processing Letters 17 (1983).
        self._far: Brought = self
        if around is not None:
            far = around._far
            self._far = far._far if around.depth - far.depth == far.depth - far._far.depth else around
        # Forms in forms hand on what they were handed: each expression is looked at once for all of them.
        self._handed: Handed = (
            around._handed if around is not None else {} if outermost is None else outermost
        )
        self._looked = False

    @property
    def around(self) -> Brought | None:
        """The call of the form that asks for this one."""
        return None if self.above is None else self.above.brought

    def is_inside(self, other: Brought) -> bool:
        """Whether another call of a form is around this one."""
        return self is not other and self._at(other.depth) is other

    def outermost(self, expression: Expression) -> Brought:
        """The outermost of the forms around that has been handed an expression which was handed to this one."""
        return self._at(self._handed[id(expression)][1])

    def _at(self, depth: int) -> Brought:
        """The one around, or this one, that has so many around it; the outermost where there is none."""
        one = self
        while one.depth > depth:
            around = one.around
            assert around is not None
            one = one._far if one._far.depth >= depth else around
        return one

    def handed(self, expression: Expression) -> Came | None:
        """From what an expression may have come that was handed to one of these forms; None where it was to none."""
        one: Brought | None = self
        unseen = []
        while one is not None and not one._looked:
            unseen.append(one)
            one = one.around
        for one in reversed(unseen):
            one._look()
        known = self._handed.get(id(expression))
        return None if known is None or known[1] > self.depth else known[2]

    def _look(self) -> None:
        self._looked = True
        handed, depth, above = self._handed, self.depth, self.above
        form, held = None if self.node is None else self.node.expression, None
        if above is not None and isinstance(form, Special) and holds_back(form):
            # It may be older than whoever got it and has it evaluated: it came from what that one had.
            held = above.wrote(form)
        stack: list[tuple[Any, Came | None]] = [(self.args, held)]
        while stack:
            value, held = stack.pop()
            for found in find_expressions(value):
                known = handed.get(id(found))
                if known is not None and known[1] <= depth:
                    continue
                came = held or (NOWHERE if above is None else above.wrote(found))
                handed[id(found)] = found, depth, came
                if isinstance(found, (Call, Operation)):
                    stack += [
                        (part, held)
                        for part in (found._args, found._kwargs, getattr(found, "_options", None))
                    ]
                elif isinstance(found, Special):
                    stack.append((unquoted(found), came if holds_back(found) else held))


class Had:
    """From what the plain values may have come in something that a form asks for.

    Args:
        brought: what the form was called with.
        came: from what its code had got.
    """

    __slots__ = ("brought", "came")

    def __init__(self, brought: Brought, came: Came) -> None:
        self.brought = brought
        self.came = came

    def check(self, node: Node) -> None:
        """Refuse a node that waits for this wish.

        Raises:
            CallError: it is the form's own, or that of a form around it.
        """
        had: Had | None = self
        while had is not None:
            form = had.brought.node
            if form is not None and form is node:
                raise CallError(
                    f"{form.expression!r} asks for itself with the same arguments, and so would wait for ever. Ask for "
                    "its arguments, or for a call of it with others"
                )
            had = had.brought.above

    def of(self, expression: Expression) -> Came:
        """That for one expression in what is asked for."""
        handed = self.brought.handed(expression)
        return self.wrote(expression) if handed is None else handed

    def wrote(self, expression: Expression) -> Came:
        """That for one which was not handed to it: what was there before code began holds nothing that this got."""
        if self.brought.begun is None:
            return self.came
        made = era_of(expression)
        had: Had | None = self
        while had is not None and (had.brought.begun is None or made < had.brought.begun):
            had = had.brought.above
        return NOWHERE if had is None else had.came


def had_by(node: StepNode, outermost: Handed, above: Had | None = None, came: Came = NOWHERE) -> Had:
    """What a form has before its first step.

    Args:
        outermost: as of `Brought`.
        above: what the one has that asks for it.
        came: from what the plain values in its arguments may have come.
    """
    expression = node.expression
    args = (
        (expression._args, expression._kwargs) if isinstance(expression, Operation) else unquoted(expression)
    )
    return Had(Brought(node, args, above, outermost), Came().after(came))


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
