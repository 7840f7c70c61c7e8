"""Async tasks on the scheduler's side: their wants become nodes, and what their bodies did becomes dataflow.

Of `engine.awaiting`'s `Body`, only what belongs to the scheduler is used here, and once the body has ended, the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from headwater.engine.attach import flows
from headwater.engine.awaiting import NOTHING, Body, Want
from headwater.engine.errors import Unrecordable
from headwater.engine.expression import Special
from headwater.engine.job import BODY, Job, StepNode
from headwater.engine.nested import ATOMS

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
    if job.memo is None:
        job.open(None)
    body.waits += 1
    body.awaits(want.place, want.had)

    def reply(value: Any, error: BaseException | None) -> None:
        body.waits -= 1
        sources = frozenset(source for source in node.gather() if source != BODY)
        covered = NOTHING
        if error is None:
            _note_taken(job, body, want, value, recording)
            covered = _covered(job, body, sources)
        body.withheld.append(partial(want.answer, value, error, sources, covered))
        if body.waits or not body.lent:
            body.hand_over()
        else:
            resume(job)

    node = StepNode(job, Special("await", (want.expression, reply)))
    node.place = want.place
    return node


def _note_taken(job: Job, body: Body, want: Want, value: Any, recording: Recording) -> None:
    """Remember what a body was given, so that a file in it that changes is noticed."""
    if value.__class__ not in ATOMS:
        assert job.memo is not None
        digest = job.memo[id(want.expression)].value_hash
        try:
            body.took.append(digest or recording.identify(value, "an awaited value"))
        except Unrecordable:
            return


def _covered(job: Job, body: Body, sources: frozenset[int]) -> frozenset[int]:
    """The results that went into some calls themselves: whoever follows what came of these comes to those."""
    assert job.places is not None
    places = job.places
    return NOTHING.union(*(body.had(places[call]) for call in sources if body.plain.get(call)))


def spread_flows(job: Job, body: Body) -> bool:
    """Where a body put plain values, they came from what it had got until then, beside the call's own arguments.

    Returns:
        Whether time has decided on what it gave.
    """
    if body.got and (not job.returns or BODY in job.returns):
        job.returns = flows({BODY, *body.got, *job.returns})
    wiring, places = job.wiring, job.places
    if wiring is None or places is None:
        return body.gave_up
    fed: dict[tuple[int, str], set[int]] = {}
    for consumer, name, producer in wiring:
        fed.setdefault((consumer, name), set()).add(producer)
    plain = [(consumer, name) for consumer, names in body.plain.items() for name in names]
    mixed = [place for place, producers in fed.items() if BODY in producers]
    for consumer, name in dict.fromkeys([*mixed, *plain]):
        had = body.had(places[consumer])
        if had:
            further = {BODY, *had} - fed.get((consumer, name), set())
            wiring.extend((consumer, name, producer) for producer in sorted(further))
    return body.gave_up
