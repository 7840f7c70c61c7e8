"""A project on the local graph, in which expressions are run, and its store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store

from headwater import Scheduler


@pytest.fixture
def local_store(local_project: Project) -> Iterator[GraphStore]:
    store = open_store(local_project)
    yield store
    store.close()


def run(project: Project, expression: Any, *, cache: bool = True) -> str:
    """Run an expression, and wait until the graph has the run; its id."""
    scheduler = Scheduler(project)
    scheduler.run(expression, cache=cache)
    scheduler.wait_recorded()
    assert scheduler.execution_id is not None
    return scheduler.execution_id
