"""The search example finds what the same search finds in plain Python, and repeats no trial."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import Scheduler

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "search" / "workflow.py"


@pytest.fixture(scope="module")
def workflow() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("search_workflow", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["search_workflow"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["search_workflow"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["north", "south"]), st.floats(0, 3), st.floats(4, 9), st.sampled_from([0.5, 0.1, 0.02])
)
def test_the_search_finds_what_plain_python_finds(
    workflow: ModuleType, batch: str, low: float, high: float, precision: float
) -> None:
    scheduler = Scheduler(record=False)
    found = scheduler.run(workflow.best_setting(batch, low, high, precision))
    tried = set()
    while high - low > precision:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        tried |= {left, right}
        if workflow.trial.func(left, batch) < workflow.trial.func(right, batch):
            low = left
        else:
            high = right
    assert found == round((low + high) / 2, 2)
    assert scheduler.progress().counts.get("search.trial", {}).get("DONE", 0) == len(tried)
