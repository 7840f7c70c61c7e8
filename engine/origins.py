"""What the values and errors of nodes came from, as results of their owner's calls."""

from __future__ import annotations

from typing import Any

from headwater.engine.came import Came
from headwater.engine.feeding import Hads
from headwater.engine.job import Job, StepNode
from headwater.engine.nested import find_expressions


def origins_of_error(owner: Job, awaited: Any, error: BaseException | None = None) -> tuple[int, ...]:
    """Where the errors came from that those among some awaited expressions failed with.

    Args:
        error: this one alone; None for all.
    """
    assert owner.below is not None
    memo = owner.below.memo
    nodes = [memo[id(expression)] for expression in find_expressions(awaited) if id(expression) in memo]
    failed = [node for node in nodes if node.error is not None and (error is None or node.error is error)]
    return tuple({source for node in failed for source in node.sources})


def came_by(node: StepNode, error: BaseException | None) -> Came:
    """What a node's value comes from, as far as it has got; or the error."""
    owner = node.owner
    assert owner is not None
    sources = node.gather() if error is None else origins_of_error(owner, node.awaited, error)
    hads = owner.below.hads if owner.below is not None else None
    return (hads or Hads()).came(sources)
