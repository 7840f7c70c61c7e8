"""The states of handles that the calls of a trace gave: what else than its result a call left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.cypher.stale import Row, in_order, stale
from headwater.lineage.trace_facts import GraphFacts

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.trace_views import Trace


@dataclass(frozen=True)
class TracedHandle:
    """A state that a call gave; where it took a handle and gave none back, the state that it would have given.

    Attributes:
        name: the handle's name, with its namespace.
        came_from: the nearest states before it that calls gave, or that the handle was made in.
        call: hash of the call.
        made_in: id of the last run in which the call ran, or None; as of an earlier time, None.
        stale: whether it was rolled back since then; None as of an earlier time.
    """

    state: str
    name: str
    type: str
    call: str
    task: str
    came_from: tuple[str, ...]
    made_in: str | None
    stale: bool | None

    def to_dict(self) -> dict[str, Any]:
        """What `hw trace --json` prints of it."""
        return vars(self) | {"came_from": list(self.came_from)}


def traced_handles(store: GraphStore, traced: Trace) -> list[TracedHandle]:
    """The states that the calls of a trace gave, in the order in which they were made."""
    tasks = {call.call: call.task for call in traced.calls.values()}
    given = list(GraphFacts(store).rows("trace_handles", tasks))
    if not given:
        return []
    rows = {
        row[0]: row
        for (some,) in store.rows("handle_states", states=[row[1] for row in given])
        for row in some
    }
    is_now = store.moment is None
    is_stale = stale(rows)
    found = [
        TracedHandle(
            state,
            name,
            type_,
            call,
            tasks[call],
            _before(state, rows),
            rows[state][1] if is_now else None,
            state in is_stale if is_now else None,
        )
        for call, state, name, type_ in given
    ]
    steps = _steps(rows)
    return sorted(found, key=lambda one: (one.name, steps[one.state], one.state, one.call))


def _before(state: str, rows: dict[str, Row]) -> tuple[str, ...]:
    """The nearest states before one that calls gave, or that a handle was made in."""
    found: set[str] = set()
    seen: set[str] = set()
    stack = [one for one in rows[state][3] if one in rows]
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            _, made_in, _, parents = rows[one]
            if made_in is None and parents:
                stack += [parent for parent in parents if parent in rows]
            else:
                found.add(one)
    return tuple(sorted(found))


def _steps(rows: dict[str, Row]) -> dict[str, int]:
    """How many states lie before each, on the longest way."""
    steps: dict[str, int] = {}
    for state in in_order(rows):
        steps[state] = max((steps[one] + 1 for one in rows[state][3] if one in rows), default=0)
    return steps
