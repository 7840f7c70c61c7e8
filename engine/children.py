"""A job's calls as they are recorded, once all are there."""

from __future__ import annotations

from headwater.engine.job import BODY, Job
from headwater.engine.knots import untie
from headwater.engine.through import look_through, seen_through
from headwater.engine.visits import in_order_of_visits


def recorded_children(job: Job) -> list[bytes]:
    """The call hashes of a job's children in the order of its result, its wiring and returns brought in line.

    Children are numbered as they are made. Forms make theirs as they go, in an order that timing decides; what is
    recorded must not depend on timing. Children that were given up have no hash and are left out.
    """
    below = job.below
    if below is None or not below.calls:
        return []
    calls = below.calls
    knots = untie(job)
    if knots is not None:
        # What a body got is told without what other results cover, as far as was known by then.
        job.returns = knots.whole(job.returns, least=job.body is not None and BODY in job.returns)
    look_through(job)
    job.returns = seen_through(job, job.returns)
    if None not in calls and all(place.within is None for place in below.places):
        return calls  # type: ignore[return-value]
    order = [i for i in in_order_of_visits(job) if calls[i] is not None]
    new = {old: position for position, old in enumerate(order)}
    new[BODY] = BODY
    wiring, kept = below.wiring, 0
    for consumer, name, producer in wiring:  # in place: there may be millions
        if consumer in new and producer in new:
            wiring[kept] = new[consumer], name, new[producer]
            kept += 1
    del wiring[kept:]
    job.returns = tuple(sorted(new[index] for index in job.returns if index in new))
    return [calls[i] for i in order]  # type: ignore[misc]
