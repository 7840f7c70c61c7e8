"""What flows through calls that are not recorded, into those that are.

While the call above them goes on, they are fed and feed others as any call does: what is found of them later is found
of all that came of them. In what is recorded, what fed them stands in their place, with the function that wrote them.
"""

from __future__ import annotations

from collections.abc import Iterable

from headwater.engine.attach import flows
from headwater.engine.feeding import ONLY_BODY, hads_of
from headwater.engine.job import BODY, Job


class Through:
    """What the results of an owner's calls that are not recorded came from: recorded calls, and the body that wrote
    them. It is found of those that are asked about, for of all it may be the square of their number.

    Args:
        unseen: the calls that are not recorded, by index.
        wiring: what fed which: rows of consumer, parameter, producer.
    """

    def __init__(self, unseen: Iterable[int], wiring: Iterable[tuple[int, str, int]]) -> None:
        self._fed_by: dict[int, set[int]] = {call: set() for call in unseen}
        for consumer, _, producer in wiring:
            if consumer in self._fed_by:
                self._fed_by[consumer].add(producer)
        self._found: dict[int, set[int]] = {}

    def __contains__(self, call: int) -> bool:
        return call in self._fed_by

    def of(self, call: int) -> set[int]:
        """What a call's result came from; of one that is recorded, the call itself."""
        if call not in self._fed_by:
            return {call}
        found = self._found.get(call)
        if found is None:
            found, met, pending = {BODY}, {call}, [call]
            while pending:
                for source in self._fed_by[pending.pop()]:
                    if source not in self._fed_by:
                        found.add(source)
                    elif source in self._found:
                        found |= self._found[source]
                    elif source not in met:
                        met.add(source)
                        pending.append(source)
            self._found[call] = found
        return found


def sources_through(owner: Job) -> Through | None:
    """What the results of an owner's calls that are not recorded came from; None where it has none."""
    hads = owner.below.hads if owner.below is not None else None
    if hads is None or not hads.unseen:
        return None
    assert owner.below is not None
    return hads.through or Through(hads.unseen, owner.below.wiring)


def look_through(owner: Job) -> None:
    """Bring an owner's wiring, all of whose calls are there, into the form that is recorded."""
    through = sources_through(owner)
    if through is None:
        return
    assert owner.below is not None
    hads_of(owner).through = through
    wiring = owner.below.wiring
    of: dict[tuple[int, str], set[int]] = {}
    for consumer, name, producer in wiring:
        if producer in through and consumer not in through:
            of.setdefault((consumer, name), set()).update(through.of(producer))
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
    if through is None or not any(source in through for source in returns):
        return returns
    return flows(set().union(*map(through.of, returns)))
