"""All edits of what was recorded, behind headwater's back.

An edit is a function of a `World` and a `random.Random` that changes something and returns a line that says what, or
None where there was nothing of that kind to change. `World.undo` takes everything back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random

from tests.faults import edit_files, edit_graph
from tests.faults.world import World

Edit = Callable[[World, Random], str | None]

EDITS: tuple[Edit, ...] = (
    edit_files.journal_bytes,
    edit_files.journal_bytes,
    edit_files.journal_forged,
    edit_files.journal_forged,
    edit_files.groups_exchanged,
    edit_files.tail_cut,
    edit_files.journal_gone,
    edit_files.journals_exchanged,
    edit_files.run_gone,
    edit_files.forged_everywhere,
    edit_files.value_bytes,
    edit_files.value_gone,
    edit_files.values_exchanged,
    edit_graph.property_changed,
    edit_graph.property_changed,
    edit_graph.property_changed,
    edit_graph.type_changed,
    edit_graph.time_put_forward,
    edit_graph.property_removed,
    edit_graph.property_added,
    edit_graph.edge_removed,
    edit_graph.edge_doubled,
    edit_graph.edge_added,
    edit_graph.edge_bent,
    edit_graph.edge_turned,
    edit_graph.edge_property,
    edit_graph.node_removed,
    edit_graph.node_added,
    edit_graph.node_relabelled,
    edit_files.seal_bytes,
    edit_files.seal_gone,
    edit_files.seal_signed_anew,
    edit_files.seals_exchanged,
)


def edits_wanted(default: int) -> int:
    """How many edits a run of the suite makes."""
    return int(os.environ.get("HEADWATER_EDITS", default))
