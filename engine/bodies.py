"""Async tasks on the scheduler's side: their wants become nodes, and what their bodies did becomes dataflow.

Of `engine.awaiting`'s `Body`, only what belongs to the scheduler is used here, and once the body has ended, the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from headwater.engine.attach import flows
from headwater.engine.awaiting import Body, Want
from headwater.engine.errors import Unrecordable
from headwater.engine.expression import Special
from headwater.engine.job import BODY, Job, StepNode
from headwater.engine.nested import ATOMS
from headwater.engine.origins import came_by

if TYPE_CHECKING:
    from headwater.engine.failure import Recording


def take_want(want: Want, recording: Recording, resume: Callable[[Job], None]) -> StepNode:
    """The node of an await, which answers the body when it is stepped to its end.

    Args:
        resume: told when the body has all that it waits for, and needs its limits to go on.
    """
    job = want.job
    body = job.body
    assert body is not None
    if job.below is None:
        job.open(None)
    # An await's own node is let go when it has answered, and `memo` knows this by its identity.
    body.asked.append((want.place, want.expression))
    body.waits += 1

    def reply(value: Any, error: BaseException | None) -> None:
        body.waits -= 1
        body.asking.discard(node)
        came = came_by(node, error)
        if error is None:
            _note_taken(job, body, want, value, recording)
        body.withheld.append(partial(want.answer, value, error, came.results, frozenset(came.covered)))
        if body.waits or not body.lent:
            body.hand_over()
        else:
            resume(job)

    node = StepNode(job, Special("await", (want.expression, reply)))
    node.place = want.place
    node.had = want.had
    body.asking.add(node)
    return node


def tell(node: StepNode, error: BaseException) -> None:
    """Tell a body why what it waits for could not be asked for, or handed over. The node of another form has no body,
    and that of a call which has ended has none that waits."""
    owner = node.owner
    if owner is None or owner.below is None or not isinstance(node.expression, Special):
        return
    if node.expression._form == "await":
        _, reply = node.expression._args
        reply(None, error)


def _note_taken(job: Job, body: Body, want: Want, value: Any, recording: Recording) -> None:
    """Remember what a body was given, so that a file in it that changes is noticed."""
    if value.__class__ not in ATOMS:
        assert job.below is not None
        digest = job.below.memo[id(want.expression)].value_hash
        try:
            body.took.append(digest or recording.identify(value, "an awaited value"))
        except Unrecordable:
            return


def note_returned(job: Job, body: Body) -> bool:
    """What a body gave came from all that it had got, where there are plain values in it.

    Returns:
        Whether time has decided on what it gave.
    """
    if body.got and (not job.returns or BODY in job.returns):
        job.returns = flows({BODY, *body.got, *job.returns})
    return body.gave_up
