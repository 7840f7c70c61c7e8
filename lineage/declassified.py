"""The calls whose results are less sensitive than what they were given, because their tasks are declared so.

A task says so with `declassifies`, which counts in its hash and is recorded with it. A call that returns nothing but
the results of such calls is one itself: its own body put nothing into its result.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from headwater.cypher.sensitivity import OPTION, rank
from headwater.lineage.flow import Flow

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.impact_facts import ImpactFacts


def declassified(store: GraphStore, facts: ImpactFacts) -> dict[str, str]:
    """Call hash to the level that the call's result is at most."""
    tasks = {
        task: json.loads(options)[OPTION]
        for task, options in store.rows("labels_declassifying", option=f'"{OPTION}"')
        if OPTION in json.loads(options)
    }
    found = {call: tasks[task] for task, calls in facts.calls_of(tasks).items() for call in calls}
    flow = Flow(facts)
    new = set(found)
    while new:
        parents = {parent for some in facts.call_parents(new).values() for parent in some} - found.keys()
        flow.learn_wiring(parents)
        new = set()
        for parent in sorted(parents):
            children = flow.returned_by(parent)
            if children and not flow.mixed(parent, parent) and all(child in found for child in children):
                found[parent] = max((found[child] for child in children), key=rank)
                new.add(parent)
    return found
