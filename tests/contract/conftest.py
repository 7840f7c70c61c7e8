"""What the suites of caching share: runs on a project, and a family of tasks whose versions can be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headwater import Project, Scheduler, Task, task

Run = Callable[..., Any]


@pytest.fixture
def ran() -> list[str]:
    """What really ran, in order."""
    return []


@pytest.fixture
def run(project: Project) -> Run:
    """Run an expression with a scheduler of its own, and wait until the graph has it."""

    def evaluate(expression: Any, **options: Any) -> Any:
        scheduler = Scheduler(project)
        try:
            return scheduler.run(expression, **options)
        finally:
            scheduler.wait_recorded()
            evaluate.counts = scheduler.progress().counts  # type: ignore[attr-defined]

    return evaluate


def define(name: str, version: str, function: Callable[..., Any], **options: Any) -> Task[Any, Any]:
    return task(name=name, namespace="caching", version=version, **options)(function)


def family(ran: list[str], leaf: str = "1", middle: str = "1", **options: Any) -> Any:
    """A root that calls a middle that calls a leaf; versions change what they are."""

    def run_leaf(n: int) -> int:
        ran.append("leaf")
        return n + int(leaf)

    def run_middle(n: int) -> Any:
        ran.append("middle")
        return bottom(n * int(middle))

    def run_root(n: int) -> Any:
        ran.append("root")
        return center(n)

    bottom = define("leaf", leaf, run_leaf, **options)
    center = define("middle", middle, run_middle)
    return define("root", "1", run_root)
