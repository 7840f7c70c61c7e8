"""Fixtures for tests of the engine."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from headwater import Scheduler
from tests.engine.code_projects import Load


@pytest.fixture
def scheduler() -> Scheduler:
    """One that records nothing."""
    return Scheduler(record=False)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes files into a fresh folder and imports the first: a version of a user's project."""
    numbers = itertools.count()
    path_before, modules_before = list(sys.path), set(sys.modules)

    def forget() -> None:
        for name in set(sys.modules) - modules_before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(tmp_path)) or name in made:
                del sys.modules[name]
        sys.path[:] = path_before
        importlib.invalidate_caches()

    made: set[str] = set()

    def load(**files: str) -> ModuleType:
        forget()
        folder = tmp_path / str(next(numbers))
        for name, text in files.items():
            path = folder / (name.replace("__", "/").replace("INIT", "__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            for parent in path.parents:
                if parent == folder:
                    break
                (parent / "__init__.py").touch()
            path.write_text(text)
            made.update(name.split("__"))
        sys.path.insert(0, str(folder))
        return importlib.import_module(next(iter(files)).replace("__", "."))

    yield load
    forget()
