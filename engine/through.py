"""What flows through calls that are not recorded, into those that are.

While the call above them goes on, they are fed and feed others as any call does: what is found of them later is found
of all that came of them. In what is recorded, what fed them stands in their place, with the function that wrote them.
"""

from __future__ import annotations

from headwater.engine.attach import flows
from headwater.engine.feeding import ONLY_BODY, hads_of
from headwater.engine.job import BODY, Job


def sources_through(owner: Job) -> dict[int, set[int]]:
    """What the results of an owner's calls that are not recorded came from, by the indexes of these."""
    hads = owner.below.hads if owner.below is not None else None
    if hads is None or not hads.unseen:
        return {}
    assert owner.below is not None
    if hads.through is not None:
        return hads.through
    fed_by: dict[int, set[int]] = {call: set() for call in hads.unseen}
    for consumer, _, producer in owner.below.wiring:
        if consumer in fed_by:
            fed_by[consumer].add(producer)
    found: dict[int, set[int]] = {}
    opened: set[int] = set()
    for call in fed_by:
        stack = [call]
        while stack:
            one = stack[-1]
            missing = [] if one in opened else [s for s in fed_by[one] if s in fed_by and s not in found]
            if missing:
                opened.add(one)
                stack += missing
                continue
            stack.pop()
            if one not in found:
                found[one] = {BODY}.union(*(found.get(source, {source}) for source in fed_by[one]))
    return found


def look_through(owner: Job) -> None:
    """Bring an owner's wiring, all of whose calls are there, into the form that is recorded."""
    through = sources_through(owner)
    if not through:
        return
    assert owner.below is not None
    hads_of(owner).through = through
    wiring = owner.below.wiring
    of: dict[tuple[int, str], set[int]] = {}
    for consumer, name, producer in wiring:
        if producer in through and consumer not in through:
            of.setdefault((consumer, name), set()).update(through[producer])
    rows = []
    for consumer, name, producer in wiring:
        if (consumer, name) not in of:
            if consumer not in through:
                rows.append((consumer, name, producer))
        elif producer not in through:
            of[consumer, name].add(producer)
    for (consumer, name), sources in of.items():
        if sources != ONLY_BODY:
            rows += [(consumer, name, source) for source in sorted(sources)]
    wiring[:] = rows


def seen_through(owner: Job, returns: tuple[int, ...]) -> tuple[int, ...]:
    """What a result came from as it is recorded."""
    through = sources_through(owner)
    if through.keys().isdisjoint(returns):
        return returns
    return flows(set().union(*(through.get(source, {source}) for source in returns)))
