"""Looks at what is recorded of the calls under one, in tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from headwater.engine import reduction
from headwater.engine.children import recorded_children
from headwater.engine.job import BODY, Job, Stored

from headwater import Scheduler, task
from tests.engine.form_oracle import reach

headwater_namespace = "looked_forms"


class Looked:
    """What was known of the calls under one, as it was recorded.

    Args:
        children: their call hashes.

    Attributes:
        names: the task of each, with what it gave.
        rows: (consumer, parameter, producer), by the calls' numbers.
        returns: what its result came from.
    """

    def __init__(self, job: Job, children: list[bytes]) -> None:
        nodes = [node for node in (job.memo or {}).values() if isinstance(node, Job) and node.finished]
        names = {node.call_hash: (node.task.name, given_by(node)) for node in nodes}
        self.names = {number: names[call_hash] for number, call_hash in enumerate(children)}
        self.rows = list(job.wiring or ())
        self.returns = {source for source in job.returns if source != BODY}

    def fed(self) -> dict[Any, set[Any]]:
        """What feeds each call."""
        found: dict[Any, set[Any]] = {name: set() for name in self.names.values()}
        for consumer, _, producer in self.rows:
            if producer != BODY:
                found[self.names[consumer]].add(self.names[producer])
        return found

    def holds_circles(self) -> bool:
        """Whether a call came from itself."""
        fed: dict[int, set[int]] = {}
        for consumer, _, producer in self.rows:
            fed.setdefault(consumer, set()).add(producer)
        return any(call in reach(fed, fed[call]) for call in fed)

    def sources(self, name: str) -> set[str]:
        """The tasks that the calls of one came from."""
        fed = self.fed()
        return {one for call in fed if call[0] == name for one, _ in reach(fed, fed[call]) - {call}}


KNOWN: dict[bytes | None, Any] = {}
"""values by their hashes: what the cache answered with may not have been read"""


def given_by(job: Job) -> Any:
    if job.error is not None:
        return job.error.args[0]
    value = KNOWN[job.value_hash] if isinstance(job.value, Stored) else job.value
    KNOWN[job.value_hash] = value
    return value[0] if job.task.name in ("many", "pair") else value


@contextmanager
def looking(name: str) -> Iterator[list[Looked]]:
    """Looks at what is known of the calls under each call of a task."""
    found: list[Looked] = []

    def looked_at(job: Job) -> list[bytes]:
        children = recorded_children(job)
        if job.task.name == name:
            found.append(Looked(job, children))
        return children

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "recorded_children", looked_at)
        yield found


def under(expression: Any) -> Looked:
    """What was known of the calls of an expression, evaluated in one call."""

    @task(name="under")
    def one() -> Any:
        return expression

    with looking("under") as found:
        Scheduler(record=False).run(one())
    [looked] = found
    return looked
