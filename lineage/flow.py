"""What flows where inside calls and through files, on the facts that were asked for so far.

A trace walks these rules back, an impact walks them forth. They stand here once, so that the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.records import CODE

if TYPE_CHECKING:
    from headwater.lineage.trace_facts import ArgumentFact, CallFact, Facts, FileFact, Wiring


_NO_WIRES: list[tuple[str, str]] = []
_NO_NAMES: frozenset[str] = frozenset()


class _Inside(NamedTuple):
    """What flows inside a call.

    Attributes:
        fed: by consumer, (parameter, producer) of what came from other calls.
        mixed: by consumer, the parameters into which the call's own body put something.
        returned: the calls whose results became its own.
    """

    fed: Wiring
    mixed: dict[str, set[str]]
    returned: list[str]


_NONE = _Inside({}, {}, [])


def _inside(parent: str, wiring: Wiring) -> _Inside:
    fed: Wiring = {}
    mixed: dict[str, set[str]] = {}
    for consumer, wires in wiring.items():
        own = {name for name, producer in wires if producer == parent}
        if own:
            mixed[consumer] = own
        fed[consumer] = [wire for wire in wires if wire[1] != parent] if own else wires
    return _Inside(fed, mixed, [producer for _, producer in fed.get(parent, ())])


class Flow:
    """Calls and the wiring inside them, learned once each.

    Attributes:
        calls: the calls that were learned.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.calls: dict[str, CallFact] = {}
        self._inside: dict[str, _Inside] = {}
        self._consumers: dict[str, dict[str, list[str]]] = {}
        self._first_made: dict[str, datetime] = {}

    # -- learning ----------------------------------------------------------------------------------------------

    def learn_calls(self, calls: set[str]) -> None:
        missing = {
            call for call in calls if call not in self.calls
        }  # `-` would go through all that are known
        if missing:
            self.calls.update(self._facts.calls(missing))

    def learn_wiring(self, parents: set[str]) -> None:
        missing = {parent for parent in parents if parent not in self._inside}
        if not missing:
            return
        self.learn_calls(missing)
        for parent in missing:
            fact = self.calls.get(parent)
            self._inside[parent] = _inside(parent, fact.inside) if fact is not None and fact.inside else _NONE

    def learn_makers(self, calls: Iterable[str]) -> None:
        """All that `is_first_maker` needs to know of calls."""
        wanted = set(calls)
        self.learn_wiring(wanted)
        self.learn_calls({child for call in wanted for child in self.returned_by(call)})

    # -- inside a call -----------------------------------------------------------------------------------------

    def fed(self, consumer: str, parent: str) -> list[tuple[str, str]]:
        """(parameter, producer): the calls that fed a call inside a parent."""
        return self._inside[parent].fed.get(consumer, _NO_WIRES)

    def mixed(self, consumer: str, parent: str) -> AbstractSet[str]:
        """The arguments into which calls and the parent's own body put something."""
        return self._inside[parent].mixed.get(consumer, _NO_NAMES)

    def has_wiring(self, call: str) -> bool:
        """Whether the wiring inside a call was learned."""
        return call in self._inside

    def returned_by(self, call: str) -> list[str]:
        """The children whose results became a call's own."""
        return self._inside[call].returned

    def consumers(self, parent: str) -> dict[str, list[str]]:
        """Inside a parent: producer to the calls that it fed; the parent itself where it became its result."""
        found = self._consumers.get(parent)
        if found is None:
            found = self._consumers[parent] = {}
            for consumer, wires in self._inside[parent].fed.items():
                for producer in {one: None for _, one in wires}:
                    found.setdefault(producer, []).append(consumer)
        return found

    def from_parent(self, call: str, parent: str | None) -> list[ArgumentFact]:
        """The arguments that the parent's own body made, or put something into; without a parent, all."""
        arguments = self.calls[call].arguments
        wires = self.fed(call, parent) if parent is not None and arguments else _NO_WIRES
        if not wires or parent is None:
            return arguments
        handed = {name for name, _ in wires} - self.mixed(call, parent)
        return [argument for argument in arguments if argument.name not in handed]

    def leads_up(self, call: str, parent: str) -> bool:
        """Whether what a call was given in a parent came, in part or all, from what the parent was given."""
        if self.mixed(call, parent):
            return True
        arguments, wires = self.calls[call].arguments, self.fed(call, parent)
        if not wires:
            return bool(arguments)
        handed = {name for name, _ in wires}
        return any(argument.name not in handed for argument in arguments)

    # -- files -------------------------------------------------------------------------------------------------

    def new_files(self, call: str, parent: str | None) -> set[str]:
        """The files in a call's arguments that the parent's body put there without having been handed them: whoever
        returned them before made them."""
        found: set[str] = set()
        given: set[str] | None = None
        for argument in self.from_parent(call, parent):
            if not argument.files:
                continue
            if given is None:
                given = set() if parent is None else self.calls[parent].took()
            inside = {file.file for file in argument.files} - given
            if inside and parent is not None:
                producers = {one for name, one in self.fed(call, parent) if name == argument.name}
                self.learn_calls(producers)
                inside -= {file.file for one in producers for file in self.calls[one].result_files}
            found |= inside
        return found

    def is_first_maker(self, call: str, file: str) -> bool:
        """Whether a call made a file itself, rather than pass on what it took or what a child of it made.

        What `learn_makers` was not told of counts as a maker of all that it did not take.
        """
        return file not in (self.calls[call].named or ()) and self._is_its_own(call, file)

    def named_files(self, call: str) -> list[FileFact]:
        """The files in a call's result that its own body named, and did not make: they were there before."""
        fact = self.calls[call]
        named = fact.named
        if not named:
            return []
        return [one for one in fact.result_files if one.file in named and self._is_its_own(call, one.file)]

    def _is_its_own(self, call: str, file: str) -> bool:
        """Whether a file came into a call's result by its own body, not by its arguments or a child."""
        fact = self.calls[call]
        found = next((one for one in fact.result_files if one.file == file), None)
        # (No call made code: two that hand on the same task have nothing to do with each other.)
        if found is None or found.evidence in CODE or file in fact.took():
            return False
        children = (
            [self.calls.get(child) for child in self.returned_by(call)] if self.has_wiring(call) else []
        )
        return not any(child and any(one.file == file for one in child.result_files) for child in children)

    def learn_times(self, joins: Iterable[tuple[str, str | None]]) -> None:
        """All that `is_earlier` needs to know of (maker, taker). A call that was made again has the time of the last
        run that made it; only of those that seem too late for it, the first is asked for."""
        late = {maker for maker, taker in joins if not self.is_earlier(maker, taker) and maker != taker}
        missing = late - self._first_made.keys()
        if missing:
            self._first_made.update(self._facts.first_made(missing))

    def is_earlier(self, maker: str, taker: str | None) -> bool:
        """Whether a call had made by then what another one took; None takes at the end of time."""
        if taker is None:
            return True
        made, taken = self.calls[maker].recorded_at, self.calls[taker].recorded_at
        first = self._first_made.get(maker) or made
        return maker != taker and (taken is None or any(at is None or at <= taken for at in (made, first)))
