"""What fed the calls under one, brought into the one form that does not depend on which of them came first.

Equal expressions are one, whoever asks for them, so calls may have come of each other: where one form asks for a call
with what another got of it, and the other the other way round. Such calls are a knot. Inside it, a call is told as fed
by those alone that stand before it; the first, by all that came into the knot from outside; and what takes a result of
one of them is fed by the last, too. So a way leads from each to whatever it came from, and from none to itself.

What a form's plain values came from is told without those results to which a way leads over others of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from headwater.engine.below import Below
from headwater.engine.came import NONE, Results
from headwater.engine.components import components
from headwater.engine.feeding import Hads
from headwater.engine.job import BODY, Job
from headwater.engine.visits import in_order_of_visits

_MOST_WAYS = 16


class Knots:
    """The calls under one by the knots that they are in; a call that is in none is one alone.

    Args:
        fed_by: from which calls each came.
        position: where each stands among them.
        same: of each call, the first that is equal to it.
    """

    def __init__(
        self, fed_by: Mapping[int, Iterable[int]], position: Mapping[int, int], same: Mapping[int, int]
    ) -> None:
        self._same = same
        groups = components(fed_by, fed_by.get)  # each after those that it came from
        self.members: list[list[int]] = [sorted(knot, key=position.__getitem__) for knot in groups]
        self.of = {call: number for number, knot in enumerate(self.members) for call in knot}
        self.nth = {call: n for knot in self.members for n, call in enumerate(knot)}
        self.outside: list[set[int]] = []
        self._ranks: list[int] = []
        self._least: dict[frozenset[int], set[int]] = {}
        self._ways: dict[frozenset[int], _Way] = {}
        for number, knot in enumerate(self.members):
            outside = {self.of[source] for call in knot for source in fed_by.get(call, ())} - {number}
            self.outside.append(outside)
            self._ranks.append(1 + max((self._ranks[one] for one in outside), default=-1))

    def with_last(self, sources: Iterable[int]) -> set[int]:
        """Some calls, and of the knots that they are in, the last."""
        of, members = self.of, self.members
        return {one for call in sources for one in ((call, members[of[call]][-1]) if call in of else (call,))}

    def whole(self, returns: Iterable[int], *, least: bool) -> tuple[int, ...]:
        """What a result came from, with the last of the knots in it.

        Args:
            least: without those to which a way leads over others.
        """
        found = {self._same[source] for source in returns}
        plain, calls = found & {BODY}, found - {BODY}
        if least:
            calls = self.least({self.of[call] for call in calls & self.of.keys()}) | (calls - self.of.keys())
        return tuple(sorted(self.with_last(calls) | plain))

    def least(self, knots: Iterable[int]) -> set[int]:
        """The last calls of some knots, without those to which a way leads over others of them."""
        chosen = frozenset(knots)
        found = self._least.get(chosen)
        if found is None:
            found = self._least[chosen] = {
                self.members[number][-1] for number in chosen - self._below(chosen)
            }
        return found

    def _below(self, chosen: frozenset[int]) -> set[int]:
        """Those to which a way leads over others. It is followed only as far as there may be any."""
        ranks = self._ranks
        lowest = min((ranks[number] for number in chosen), default=0)
        tops = frozenset(number for number in chosen if ranks[number] > lowest)
        return self._way_from(tops).down_to(lowest) & chosen if tops else set()

    def _way_from(self, tops: frozenset[int]) -> _Way:
        """Many come from the same, and from something of their own beside."""
        way = self._ways.get(tops)
        if way is None:
            if len(self._ways) == _MOST_WAYS:
                self._ways.clear()
            way = self._ways[tops] = _Way(tops, self.outside, self._ranks)
        return way


class _Way:
    """What some knots came from, as far as it was followed."""

    def __init__(self, tops: Iterable[int], outside: Sequence[set[int]], ranks: Sequence[int]) -> None:
        self._outside = outside
        self._ranks = ranks
        self._seen: set[int] = set()
        self._open = list(tops)
        self._lowest: int | None = None

    def down_to(self, lowest: int) -> set[int]:
        """With all that have at least this rank."""
        if self._lowest is None or lowest < self._lowest:
            ranks, seen = self._ranks, self._seen
            stack = [number for number in self._open if ranks[number] > lowest]
            self._open = [number for number in self._open if ranks[number] <= lowest]
            self._lowest = lowest
            while stack:
                for number in self._outside[stack.pop()] - seen:
                    seen.add(number)
                    (stack if ranks[number] > lowest else self._open).append(number)
        return self._seen


def untie(owner: Job) -> Knots | None:
    """Bring an owner's wiring into that form, once all of its calls are there.

    Returns:
        The knots in it; None where no form asked for what there was already, or none put a plain value into a call.
    """
    below = owner.below
    hads = below.hads if below is not None else None
    # (Which of two forms finds that there already, time decides: a form of ours may be one of them.)
    if below is None or hads is None or not (hads.again or (hads and hads.shares)):
        return None
    if hads.knots is not None:
        return hads.knots
    calls = below.calls
    order = in_order_of_visits(owner)
    # Equal calls that were not known to be when they were asked for are one in the record.
    first: dict[bytes | int, int] = {}
    same = {call: first.setdefault(calls[call] or call, call) for call in order}
    same[BODY] = BODY
    parameters = _Parameters(below, hads, same)
    knots = hads.knots = Knots(parameters.fed_by, {call: n for n, call in enumerate(order)}, same)
    rows = _rows(knots, parameters)
    equal = {index: call for index, call in same.items() if index != call}
    if equal:
        of: dict[int, list[tuple[str, int]]] = {}
        for call, name, source in rows:
            of.setdefault(call, []).append((name, source))
        rows.update((index, *row) for index, call in equal.items() for row in of.get(call, ()))
    below.wiring[:] = sorted(rows)
    return knots


class _Parameters:
    """What is known of the parameters of calls.

    Attributes:
        direct: what flowed into each as it is.
        plain: what the plain values in it came from, where a form put them there.
        fed_by: from which calls each came.
    """

    def __init__(self, below: Below, hads: Hads, same: Mapping[int, int]) -> None:
        self.direct: dict[tuple[int, str], set[int]] = {}
        self.plain: dict[tuple[int, str], Results] = {}
        self.fed_by: dict[int, set[int]] = {}
        for index, fed in hads.items():
            if fed.names:
                call, results = same[index], frozenset(same[one] for one in fed.results | fed.ends)
                self.fed_by.setdefault(call, set()).update(results)
                for name, known in fed.names.items():
                    self._flowed(call, name, (BODY, *(same[source] for source in known)))
                    self.plain[call, name] = self.plain.get((call, name), NONE) | results
        for index, name, source in below.wiring:
            if index not in hads or name not in hads[index].names:
                self._flowed(same[index], name, (same[source],))
        for sources in self.fed_by.values():
            sources.discard(BODY)

    def _flowed(self, call: int, name: str, sources: Iterable[int]) -> None:
        self.direct.setdefault((call, name), set()).update(sources)
        self.fed_by.setdefault(call, set()).update(sources)


def _rows(knots: Knots, parameters: _Parameters) -> set[tuple[int, str, int]]:
    rows: set[tuple[int, str, int]] = set()
    tied: dict[int, str] = {}
    leads: set[int] = set()
    for (call, name), known in parameters.direct.items():
        number, results = knots.of[call], parameters.plain.get((call, name), NONE)
        knot = knots.members[number]
        inner = {one for one in (*known, *results) if one not in (BODY, call) and knots.of[one] == number}
        found = knots.with_last(known - inner - {BODY, call})
        if not inner:
            found |= knots.least({knots.of[source] for source in results} - {number})
        else:
            tied[call] = min(name, tied.get(call, name))
            if call == knot[0]:
                found |= knots.least(knots.outside[number])
            else:
                n = knots.nth[call]
                earlier = {one for one in inner & known if knots.nth[one] < n} or {knot[n - 1]}
                leads |= earlier
                found |= earlier
        if found:
            rows.update((call, name, source) for source in found | (known & {BODY}))
    for knot in knots.members:
        for call, following in pairwise(knot):
            if call not in leads:
                rows.add((following, tied[following], call))
    return rows
