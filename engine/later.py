"""What is found out of shared forms once all that they asked for has ended.

A form that two others ask for with equal arguments is one, and so are the calls that it makes. What one of the two had
may have come of such a call itself. Then it does not feed that call; it feeds what takes the call's value in the form.
That may have been taken long since: so it is followed here, before the calls of their owner are recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from headwater.engine.came import NONE, Brought, Came, Had, Results, within
from headwater.engine.expression import Expression, Given, Operation, Special
from headwater.engine.feeding import Hads, Use, feed_parameter, grow
from headwater.engine.following import taken_by
from headwater.engine.job import Job, Node, StepNode
from headwater.engine.nested import find_expressions
from headwater.engine.parts import likes


def follow_later(owner: Job, hads: Hads) -> None:
    """Have what forms made come from what it was not known to have come from when it was made."""
    if hads.has_ends:
        _Later(owner, hads).follow()


class _Later:
    """What takes what among the things that forms asked for, and what was found to come to them.

    Attributes:
        uses: how each node was asked for.
        takers: by the id of an expression, what it flows into, with the parameter of a call.
        hosts: by the id of an expression, the forms that asked for it.
        likes: by the id of an expression, the uses of forms that were handed it, with its like in the form itself.
        givens: what each form made expressions of again.
        began: the forms by what they had before their first step.
        told: by the ids of an expression and of the form in which it did so, what it is known to come from beside its
            node.
    """

    def __init__(self, owner: Job, hads: Hads) -> None:
        self._owner = owner
        self._hads = hads
        self._uses: dict[Node, list[Use]] = defaultdict(list)
        self._takers: dict[int, list[tuple[Use, str]]] = defaultdict(list)
        self._hosts: dict[int, list[StepNode]] = defaultdict(list)
        self._likes: dict[int, list[tuple[Use, Expression]]] = defaultdict(list)
        self._givens: dict[Node | None, list[Given]] = defaultdict(list)
        self._began: dict[Came, list[StepNode]] = defaultdict(list)
        self._told: dict[tuple[int, int | None], set[int]] = {}
        self._inside: dict[Node, dict[Brought, bool]] = defaultdict(dict)
        self._stack: list[tuple[Expression, Results, StepNode | None]] = []
        for use in hads.uses:
            self._learn(use)

    def _learn(self, use: Use) -> None:
        node, expression = use.node, use.expression
        is_first = node not in self._uses
        self._uses[node].append(use)
        if isinstance(node, Job):
            for name, parts in use.flows.items():
                self._flow(use, name, parts)
            return
        if is_first:
            assert node.had is not None
            self._began[node.had.came].append(node)
            for part in find_expressions(node.asked):
                self._hosts[id(part)].append(node)
        if isinstance(expression, Operation):
            self._flow(use, "", find_expressions([expression._args, expression._kwargs]))
            return
        takes = taken_by(self._owner, node)
        for part, like in likes(node, expression):
            if takes(part):
                self._flow(use, "", [like])
            if node.expression is not expression:
                self._likes[id(like)].append((use, part))

    def _flow(self, use: Use, name: str, parts: list[Expression]) -> None:
        for part in parts:
            self._takers[id(part)].append((use, name))
            if isinstance(part, Given):
                self._givens[use.had.brought.node].append(part)

    def follow(self) -> None:
        self._find(self._hads.uses)
        for use in self._hads.uses:
            self._hand_on(use.expression, self._hads.missed.get(id(use.expression), NONE))
        while self._stack:
            expression, results, form = self._stack.pop()
            for use, name in self._takers[id(expression)]:
                if form is None or self._is_own(use, form):
                    ends = results
                    if isinstance(use.node, Job):
                        ends = feed_parameter(self._owner, use.node, name, results)
                    self._hand_on(use.expression, ends)
            for node in self._hosts[id(expression)]:
                if form is None or self._is_in(node.had, form):
                    self._have_got(node, expression, results)
            self._hand_in(expression, results, form)

    def _find(self, uses: Iterable[Use]) -> None:
        """Look for what expressions came from that does not feed their nodes."""
        for use in uses:
            self._hand_on(use.expression, use.ends(self._owner))

    def _hand_on(self, expression: Expression, results: Results, form: StepNode | None = None) -> None:
        """Have an expression come from more.

        Args:
            form: where it does so; None for everywhere.
        """
        known = self._told.setdefault((id(expression), None if form is None else id(form)), set())
        new = results - known
        if form is not None:
            new -= self._told.get((id(expression), None), NONE)
        if new:
            known |= new
            self._stack.append((expression, new, form))

    def _hand_in(self, expression: Expression, results: Results, form: StepNode | None) -> None:
        """Have it so for its like in the forms that are one with those that were handed it."""
        for use, part in self._likes[id(expression)]:
            if form is None or self._is_in(use.had, form):
                assert isinstance(use.node, StepNode)
                self._hand_on(part, results, use.node)

    def _have_got(self, node: StepNode, expression: Expression, results: Results) -> None:
        """Have a form's code have got more with the value of an expression."""
        owner, form = self._owner, node.expression
        assert owner.memo is not None
        sources = set(owner.memo[id(expression)].sources) if id(expression) in owner.memo else set()
        for given in self._givens[node]:
            if sources <= set(given._sources):
                self._hand_on(given, results)
        if isinstance(form, Special) and form._form == "wish":
            for came in grow(owner, form._args[1].came, results):
                for one in (*(came.calls or ()), *self._began[came]):
                    self._find(self._uses[one])

    def _is_in(self, had: Had | None, form: StepNode) -> bool:
        """Whether something was asked for in a form, or in one that this asked for."""
        return had is not None and within(had.brought, form, self._inside[form])

    def _is_own(self, use: Use, form: StepNode) -> bool:
        """Whether a form, or one that it asked for, wrote something itself."""
        if not self._is_in(use.had, form):
            return False
        assert form.had is not None
        return use.had.brought.handed_at(use.expression) > form.had.brought.depth
