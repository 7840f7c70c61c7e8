"""A script that was copied and edited, with the one it was copied from still beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from headwater.engine.aside import aside
from headwater.engine.registry import TaskRegistry

from headwater import Project, Task
from tests.engine.commands import hw

SCRIPT = """
from headwater import task

headwater_namespace = "copied"


class Loaf:
    def __init__(self, grams):
        self.grams = grams


@task
def bake():
    return Loaf(500)


def word():
    return "first"


@task
def label(loaf):
    return f"{word()} {loaf.grams}"


@task(executor="process")
def elsewhere(loaf):
    return label.func(loaf)


@task
def main():
    loaf = bake()
    return [label(loaf), elsewhere(loaf)]
"""


def test_calls_of_a_copy_run_the_copy_though_recorded_values_are_of_the_other(
    local_project: Project, tmp_path: Path
) -> None:
    """The class of what `bake` gave is found in the first script, which is imported for that."""
    (tmp_path / "first.py").write_text(SCRIPT)
    (tmp_path / "second.py").write_text(SCRIPT.replace('"first"', '"second"'))
    assert "result: ['first 500', 'first 500']" in hw(tmp_path, "run", "first.py", "main")
    assert "result: ['second 500', 'second 500']" in hw(tmp_path, "run", "second.py", "main")


def test_a_module_that_is_looked_at_takes_no_name_from_another(caplog: pytest.LogCaptureFixture) -> None:
    registry = TaskRegistry()

    def defined_in(module: str, name: str = "load") -> Task[[], int]:
        def load() -> int:
            return 1

        load.__module__ = module
        return Task(load, namespace="copied", name=name)

    first, other, only = defined_in("one"), defined_in("other"), defined_in("other", "only")
    registry.add(first)
    with aside:
        registry.add(other)
        registry.add(only)
    assert registry.get("copied.load") is first
    assert registry.get("copied.only") is only
    assert "two tasks are called copied.load, in the modules one and other" in caplog.text
    with aside:
        again = defined_in("one")
        registry.add(again)
    assert registry.get("copied.load") is again
    registry.add(other)
    assert registry.get("copied.load") is other
