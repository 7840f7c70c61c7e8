"""Handles on their way into calls: each call of a parent that takes a state takes a branch of its own.

Branches go by number, in the order in which the calls are written, so that they are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from headwater.engine.errors import CallError
from headwater.engine.handle import PASSED, Handle, with_handles

if TYPE_CHECKING:
    from headwater.engine.expression import Expression
    from headwater.engine.job import Job, Node

Taken = dict[str, Handle]
"""The states that a call takes, as they are handed to it, by the states that was made of."""


def refuse_unrecorded(job: Job, *, withheld: bool) -> None:
    """Refuse a call that takes a handle, where it is not recorded.

    Args:
        withheld: whether the whole run is not.
    """
    if job.unrecorded or withheld:
        raise CallError(
            f"{job.task.fullname} takes a handle, and is not recorded (prov=False): nobody would know afterwards what "
            "state the handle is in. Have the call recorded."
        )


def passed(job: Job, node: Node, value: Any) -> Any:
    """What an expression in a call's arguments gave, as the call takes it.

    Args:
        node: the expression's.
    """
    below = job.owner.below if job.owner is not None else None
    taken, orders = job.traits.taken, job.traits.orders
    if orders is None or taken is None or below is None or below.passed is None:
        return value
    return below.passed.into(value, taken, orders[node])


def passing(
    job: Job, memo: dict[int, Node], resolve: Callable[[Expression], Any]
) -> Callable[[Expression], Any]:
    """Gives the values of the expressions in a call's arguments as the call takes them."""
    if job.traits.orders is None:
        return resolve
    return lambda expression: passed(job, memo[id(expression)], resolve(expression))


class Passed:
    """What one parent has handed of its handles to the calls in its result."""

    def __init__(self) -> None:
        self._orders: dict[Any, int] = {}
        self._taken: set[str] = set()

    def order_of(self, source: Any) -> int:
        """How many calls have been given what comes from there."""
        order = self._orders.get(source, 0)
        self._orders[source] = order + 1
        return order

    def into(self, value: Any, taken: Taken, order: int | None = None) -> Any:
        """A value as a call takes it, its handles in states of their own.

        Args:
            taken: what the call has been given already; added to.
            order: the call's number among those that take what the value comes from. Default: among those that take the
                state.
        """

        def branch(handle: Handle) -> Handle:
            state = handle.state_hash
            known = taken.get(state)
            if known is None and "_again" in vars(handle):
                known = taken[state] = deepcopy(handle)
            if known is None:
                number = self.order_of(state) if order is None else order
                known = handle.stepped(PASSED, str(number))
                while (
                    known.state_hash in self._taken
                ):  # over another way, the same state came to another call
                    number += 1
                    known = handle.stepped(PASSED, str(number))
                self._taken.add(known.state_hash)
                taken[state] = known
            return known

        return with_handles(value, branch)
