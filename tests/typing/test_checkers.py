"""What users' type checkers make of workflows: the files in `cases`, under mypy and pyright, both strict.

Each line that ends in `# error` has to be refused, and no other. What a line's type is, the cases say by `assert_type`.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headwater import Scheduler, run

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
WINGS = ("cypher", "engine", "lineage")

Errors = dict[str, dict[int, str]]
"""what a checker said, by file name and line"""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the cases, and headwater beside them as it is installed."""
    folder = tmp_path_factory.mktemp("typing")
    shutil.copytree(ROOT / "headwater", folder / "headwater", ignore=shutil.ignore_patterns("__pycache__"))
    for wing in WINGS:
        shutil.copytree(
            ROOT / wing, folder / "headwater" / wing, ignore=shutil.ignore_patterns("__pycache__")
        )
    for case in CASES:
        shutil.copy(case, folder)
    return folder


def need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        line = f"{module.upper()} IS NOT TESTED: pip install 'headwater[check]'"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)


def told(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(folder: Path) -> Errors:
    need("mypy")
    options = ["--strict", "--follow-imports=silent", "--output=json", "--cache-dir", str(folder / ".mypy")]
    names = [case.name for case in CASES]
    errors: Errors = {name: {} for name in names}
    for line in told(["mypy", "--config-file=", *options, *names], folder).splitlines():
        found = json.loads(line)
        if found["severity"] == "error":
            errors[found["file"]][found["line"]] = found["message"]
    return errors


def pyright(folder: Path) -> Errors:
    need("pyright")
    names = [case.name for case in CASES]
    settings = {"include": names, "typeCheckingMode": "strict", "pythonVersion": "3.10"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    where = ["--pythonpath", sys.executable]
    found = json.loads(told(["pyright", "--outputjson", "--project", ".", *where], folder))
    assert found["summary"]["filesAnalyzed"] == len(CASES)
    errors: Errors = {name: {} for name in names}
    for one in found["generalDiagnostics"]:
        if one["severity"] == "error":
            errors[Path(one["file"]).name][one["range"]["start"]["line"] + 1] = one["message"]
    return errors


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
def test_a_checker_refuses_what_is_wrong_and_nothing_else(
    checker: Callable[[Path], Errors], laid_out: Path
) -> None:
    errors = checker(laid_out)
    wrong = []
    for case in CASES:
        lines = case.read_text("utf-8").splitlines()
        wanted = {n for n, line in enumerate(lines, 1) if line.endswith("# error")}
        found = errors[case.name]
        wrong += [f"{case.name}:{n} passes: {lines[n - 1]}" for n in sorted(wanted - set(found))]
        wrong += [f"{case.name}:{n} {found[n]}: {lines[n - 1]}" for n in sorted(set(found) - wanted)]
    assert not wrong, "\n".join(wrong)


def test_the_marker_that_makes_checkers_read_the_types_is_shipped() -> None:
    assert (ROOT / "headwater" / "py.typed").is_file()
    assert "headwater = py.typed" in (ROOT / "setup.cfg").read_text("utf-8")


def test_run_takes_the_options_of_a_scheduler_and_the_project() -> None:
    of_run = dict(inspect.signature(run).parameters)
    assert str(of_run.pop("config_dir")) == "config_dir: 'str | os.PathLike[str] | None' = None"
    assert [str(p) for p in of_run.values()] == [
        str(p) for name, p in inspect.signature(Scheduler.run).parameters.items() if name != "self"
    ]
