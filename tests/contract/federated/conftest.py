"""A project that calls tasks of another one, and its store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.store import GraphStore, open_store

from headwater import Project
from tests.contract.federated.projects import Buyer, Other


@pytest.fixture
def seller(tmp_path: Path) -> Other:
    return Other(tmp_path / "seller")


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


@pytest.fixture
def buyer(project: Project, seller: Other) -> Buyer:
    return Buyer(project, seller)
