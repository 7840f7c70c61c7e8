"""What the tests of journals and the graph share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store


@pytest.fixture
def graph(project: Project) -> Iterator[GraphStore]:
    """The project's store, empty, once for each kind."""
    store = open_store(project)
    yield store
    store.close()
