"""Feeding the calls that forms ask for: what flows into their plain values, and what is found to flow there later.

Where a form's expression turns out to be one with another, it came from what both had. What is new of that is taken
from the form to all that came of it, each result once, however many ways lead there; and to a call only where no way
leads from the call to it, so that no call becomes what it came from itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from headwater.engine.came import NONE, NOWHERE, Came, Had, Handed, Results
from headwater.engine.expression import Expression
from headwater.engine.job import BODY, Job

if TYPE_CHECKING:
    from headwater.engine.handed_at import HandedAt
    from headwater.engine.knots import Knots
    from headwater.engine.through import Through

ONLY_BODY: Results = frozenset({BODY})
_MOST_TOPS = 4


class Fed:
    """From what the plain values in a call of a form may have come, and the parameters that they went into.

    Attributes:
        came: what they came from, shared with the other calls of one step.
        own: the same of this call alone, where it differs.
        ends: what was not told to feed the call, for it came of it (`knots` has the last word).
        names: the parameters, each with what else is known to flow into it.
    """

    __slots__ = ("came", "ends", "names", "own")

    def __init__(self, came: Came) -> None:
        self.came = came
        self.own: set[int] | None = None
        self.ends: Results = NONE
        self.names: dict[str, Collection[int]] = {}

    @property
    def lot(self) -> object:
        """What is the same for calls that came from the same."""
        return self.came if self.own is None else self

    @property
    def results(self) -> Results:
        return self.came.results if self.own is None else self.own

    def differs(self) -> set[int]:
        """What it came from, of its own from now on."""
        if self.own is None:
            self.own = set(self.came.results)
        return self.own


def hads_of(owner: Job) -> Hads:
    """From what the plain values came in what is asked for among an owner's calls."""
    below = owner.below
    assert below is not None
    if below.hads is None:
        below.hads = Hads()
    return below.hads


class Hads(dict[int, Fed]):
    """From what the plain values came in the calls of one owner that forms asked for, by the calls' indexes.

    Attributes:
        outermost: what was handed to forms that no other asked for.
        waiting: by the id of an expression that was handed to a form and is not asked for yet, its like that was handed
            to an equal form.
        plain: by the id of an expression, from what the plain values came that flow into it, with the expression.
        handed: the same of what forms were handed, by the id of the expression.
        holds_plain: by the id of an expression, whether plain values flow into it.
        again: whether a form of the user's asked for what there was already.
        knots: which calls came of each other, once all of them are there.
        shares: whether a form asked for what another had asked for, so that time decides which of them makes it.
        unseen: the calls that are not recorded, where their owner is.
        through: what their results came from, once all calls are there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outermost: Handed = {}
        self.waiting: dict[int, list[tuple[Expression, Had]]] = {}
        self.again = False
        self.knots: Knots | None = None
        self.shares = False
        self.unseen: set[int] = set()
        self.through: Through | None = None
        self.plain: dict[int, tuple[Expression, frozenset[Came]]] = {}
        self.handed: dict[int, HandedAt] = {}
        self.holds_plain: dict[int, bool] = {}
        self._together: dict[frozenset[Came], Came] = {}
        self._of: dict[int, list[Came]] = {}
        self._tops: dict[int, tuple[int, ...]] = {}
        self._fed_by: dict[int, set[int]] = {}
        self._feeds: dict[int, set[int]] = {}
        self._rows = 0
        self._new: list[tuple[int, int]] = []
        self._circles: dict[int, _Circle] = {}

    def came(self, sources: Iterable[int]) -> Came:
        """Some results as what something came from: without those to which the way leads over others of them."""
        results = {source for source in sources if source != BODY}
        tops = {call: self._tops_of(call) for call in results}
        # Calls of one step share what they came from: each such lot counts once.
        covered = set[int]().union(*(self[top].results for top in self._lots(tops.values())))
        results -= covered
        left = self._lots(tops[call] for call in results)
        # (Also what is left out covers something: the way leads on over it.)
        made = Came(frozenset(results), covered)
        for top in left.union(call for call in results if call in self):
            self._of.setdefault(top, []).append(made)
        return made

    def resolved(self, call: int, fed: Iterable[Collection[int]]) -> None:
        """Note what a call came from whose lazy arguments are there."""
        tops = self._lots(self._tops_of(source) for source in {one for sources in fed for one in sources})
        if tops:
            self._tops[call] = tuple(sorted(tops)[-_MOST_TOPS:])

    def _tops_of(self, call: int) -> tuple[int, ...]:
        """The calls that a form put something into over which a way leads from a call to what it came from."""
        return (call,) if call in self and self[call].names else self._tops.get(call, ())

    def _lots(self, tops: Iterable[tuple[int, ...]]) -> set[int]:
        """The last one of those of each lot."""
        return set(
            {id(self[top].lot): top for top in sorted({top for some in tops for top in some})}.values()
        )

    def together(self, came: frozenset[Came]) -> Came:
        """What came of several."""
        came -= {NOWHERE}
        if len(came) < 2:
            return next(iter(came), NOWHERE)
        made = self._together.get(came)
        if made is None:
            made = self._together[came] = Came(NONE.union(*(one.results for one in came)))
            for one in came:
                one.leads_to(made)
        return made

    def cover(self, call: int, results: Results) -> None:
        """The way to these leads over a call from now on."""
        for came in self._of.get(call, ()):
            assert isinstance(came.covered, set)
            came.covered |= results

    def may_feed(
        self, call: int, sources: Results, wiring: Sequence[tuple[int, str, int]]
    ) -> tuple[set[int], set[int]]:
        """What of some sources can feed a call, so that it does not become what it came from itself: those to which no
        way leads from it, and of the others, what they came from beside; and those others.

        Args:
            wiring: the owner's, which grows only.
        """
        for consumer, _, producer in wiring[self._rows :]:
            if producer != BODY:
                self._fed_by.setdefault(consumer, set()).add(producer)
                self._feeds.setdefault(producer, set()).add(consumer)
                self._new.append((consumer, producer))
        self._rows = len(wiring)
        circle = self._circles.get(call)
        if circle is None:
            if not self._leads(call, sources):
                return set(sources), set()
            circle = self._circles[call] = _Circle(call)
            circle.extend([call], self._feeds)
        else:
            circle.extend(
                [to for to, source in self._new[circle.rows :] if source in circle.below], self._feeds
            )
        circle.rows = len(self._new)
        ends = set(sources & circle.below)
        return circle.beside(ends, self._fed_by).union(sources - ends), ends

    def _leads(self, call: int, sources: Iterable[int]) -> bool:
        """Whether a way leads from a call to one of some results. It is looked for from both ends in turn: mostly, one
        of these is soon done."""
        fed_by, feeds = self._fed_by, self._feeds
        below, front = {call}, [call]
        above, back = set(sources), list(sources)
        meet = call in above
        while front and back and not meet:
            further = fed_by.get(back.pop(), NONE) - above
            above |= further
            back += further
            onward = feeds.get(front.pop(), NONE) - below
            below |= onward
            front += onward
            meet = not (below.isdisjoint(further) and above.isdisjoint(onward))
        return meet


class _Circle:
    """What has come of a call that was asked for again with something that came of it.

    Attributes:
        below: that, and the call itself.
        rows: up to where it was followed.
    """

    def __init__(self, call: int) -> None:
        self.call = call
        self.below = {call}
        self.rows = 0
        self._seen = {call}

    def extend(self, front: list[int], feeds: Mapping[int, Results]) -> None:
        """Follow what has come of some calls more."""
        self.below.update(front)
        while front:
            onward = feeds.get(front.pop(), NONE) - self.below
            self.below |= onward
            front += onward

    def beside(self, ends: Iterable[int], fed_by: Mapping[int, Results]) -> set[int]:
        """What some results below came from beside the call, as far as that was not asked before."""
        found: set[int] = set()
        stack = [end for end in ends if end not in self._seen]
        self._seen.update(stack)
        while stack:
            sources = fed_by.get(stack.pop(), NONE)
            found |= sources - self.below
            further = (sources & self.below) - self._seen
            self._seen |= further
            stack += further
        return found


def feed(owner: Job, job: Job, came: Came, names: dict[str, Collection[int]], *, is_new: bool) -> None:
    """Note where the plain values may have come from in a call that a form asks for.

    Args:
        names: the parameters with plain values in them, and what is known to flow into these beside. (None, where
            plain values may yet come with what is lazy in its arguments.)
        is_new: whether it was asked for now for the first time.
    """
    if came is NOWHERE:
        return
    hads = hads_of(owner)
    fed = hads.get(job.index)
    if came.calls is None:
        came.calls = {}
    came.calls[job] = None
    if fed is None:
        fed = hads[job.index] = Fed(came)
        fed.names = names
        if not is_new:
            # It may have been asked for before, and what was got meanwhile have come of it.
            assert owner.below is not None
            clear, fed.ends = hads.may_feed(job.index, came.results, owner.below.wiring)
            if fed.ends:
                fed.own = clear
        if names:
            wire(owner, job, names, fed.results)
        return
    new = {name: known for name, known in names.items() if name not in fed.names}
    fed.names.update(new)
    wire(owner, job, new, fed.results)
    if fed.came is not came:
        _feed_more(owner, job, came, came.results)


def _feed_more(owner: Job, job: Job, came: Came, results: Results) -> None:
    """Have a call come from more results of something that was put into it."""
    assert owner.below is not None
    hads, wiring = hads_of(owner), owner.below.wiring
    fed = hads[job.index]
    shares = fed.came is came and fed.own is None
    if shares and not fed.names:
        return
    new = results if shares else results - fed.differs()
    clear, ends = hads.may_feed(job.index, new, wiring)
    if ends:
        clear -= fed.results
        fed.ends |= ends
    if not shares or ends:
        own = fed.differs()
        own |= clear
    wire(owner, job, fed.names, clear)


def wire(owner: Job, job: Job, names: dict[str, Collection[int]], results: Results) -> None:
    """Let results flow into some parameters, with what the owner's function wrote there."""
    if not (names and results) or job.flows_nowhere:
        return
    assert owner.below is not None
    hads, wiring = hads_of(owner), owner.below.wiring
    in_order = sorted({BODY, *results})
    for name, known in names.items():
        wiring.extend((job.index, name, source) for source in in_order if source not in known)
        if BODY not in known:
            hads[job.index].names[name] = ONLY_BODY
    hads.cover(job.index, results)


def flow(owner: Job, source: Came, into: Came) -> None:
    """What something came from, something else came from, too, from now on."""
    if source is not NOWHERE and source is not into and source.leads_to(into):
        into.put_together()
        _grow(owner, into, source.results)


def _grow(owner: Job, came: Came, results: Results) -> None:
    """Have something come from more, and all that came of it."""
    told: dict[Came, set[int]] = {}
    stack = [(came, results)]
    while stack:
        came, results = stack.pop()
        before = told.setdefault(came, set())
        results = came.lacking(results) - before
        if not results:
            continue
        before |= results
        for job in came.calls or ():
            _feed_more(owner, job, came, results)
        came.add(results)
        for later in came.later or ():
            stack.append((later, results - later.covered))
