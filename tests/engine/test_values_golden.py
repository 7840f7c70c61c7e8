"""Frozen hashes: a change here makes every recorded result of every user unfindable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.engine.values import hash_value, set_code_fingerprinter

from tests.engine.golden_values import make

GOLDEN = json.loads(Path(__file__).with_name("golden_hashes.json").read_text(encoding="utf-8"))
ROOT = Path(__file__).parents[2]


def _interpreters() -> list[str]:
    """This interpreter, and other Pythons that stand beside it under pyenv; those have no packages installed."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    others = sorted(versions.glob("3.1[0-3]*/bin/python"))
    return [sys.executable, *map(str, others)]


@pytest.fixture
def bare_package(tmp_path: Path) -> Path:
    """A folder from which `headwater` can be imported without being installed."""
    package = tmp_path / "headwater"
    package.mkdir()
    for name in ("__init__.py", "_version.py"):
        (package / name).symlink_to(ROOT / "headwater" / name)
    for wing in ("cypher", "engine", "lineage"):
        (package / wing).symlink_to(ROOT / wing)
    return tmp_path


@pytest.fixture(autouse=True)
def names_alone() -> Iterator[None]:
    """Code counts by name: in what the tests' own classes say now nothing is frozen."""
    before = set_code_fingerprinter(None)
    yield
    set_code_fingerprinter(before)


@pytest.mark.parametrize("name", make())
def test_a_value_has_the_hash_it_has_always_had(name: str) -> None:
    assert hash_value(make()[name]).hex() == GOLDEN[name]


def test_tables_have_the_hashes_they_have_always_had() -> None:
    tables = pytest.importorskip("tests.engine.golden_tables")
    frozen = json.loads(tables.GOLDEN.read_text(encoding="utf-8"))
    assert {name: hash_value(value).hex() for name, value in tables.make().items()} == frozen
    assert len(set(frozen.values())) == len(frozen)


def test_no_two_of_the_values_share_a_hash() -> None:
    assert set(GOLDEN) == set(make())
    assert len(set(GOLDEN.values())) == len(GOLDEN)


@pytest.mark.parametrize("interpreter", _interpreters())
@pytest.mark.parametrize("seed", ["0", "1234"])
def test_hashes_and_restored_values_agree_in_every_python_and_hash_seed(
    interpreter: str, seed: str, bare_package: Path
) -> None:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": f"{bare_package}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [interpreter, "-W", "error", "-m", "tests.engine.golden_values"]
    done = subprocess.run(
        command, cwd=bare_package, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["hashes"] == GOLDEN
    assert answer["foreign"] == [], "the identity of plain values takes the standard library only"
