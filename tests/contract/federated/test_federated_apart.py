"""What entry points of one project have in common by name, and where a call goes, is nothing to the next call."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from headwater import CallError, Project, Scheduler, create_project, federated_task, open_project, task
from tests.contract.federated.projects import add

headwater_namespace = "apart"

TASKS = """\
import os
import sys

import helpers
from headwater import task

headwater_namespace = "apart"


def own():
    return "{name}"


@task
def line(n: int):
    return [n, own(), helpers.what()]


@task
def bill(n: int):
    return line(n)


@task(executor="process")
def far(n: int):
    return [n, own(), helpers.what()]


@task
def fans(n: int):
    return [line(n), far(n)]


@task(cache=False)
def leaves(n: int):
    os.chdir("/")
    return n


@task(cache=False)
def place(n: int):
    return [os.getcwd(), sys.path[0]]


@task
def back(value):
    return value
"""


@pytest.fixture
def other(local_project: Project, tmp_path: Path) -> Path:
    """A project of two modules of tasks, each with helpers beside it; the names of all are the same."""
    root = tmp_path / "other"
    create_project(root)
    settings = local_project.folder / "headwater.ini"
    for name in ("v1", "v2"):
        folder = root / name
        folder.mkdir()
        (folder / "tasks.py").write_text(TASKS.format(name=name))
        (folder / "helpers.py").write_text(f"def what():\n    return 'helper of {name}'\n")
        for one in ("bill", "far", "fans", "leaves", "place", "back"):
            given = {"task_name": one, "namespace": "apart", "load_module": f"{name}/tasks.py"}
            add(settings, f"federated_tasks.{name}_{one}", **given, config_dir=str(root))
    return root


@task
def then(before: Any, entry: str, n: int) -> Any:
    return [before, federated_task(entry, n)]


def test_entry_points_of_one_project_have_modules_helpers_and_tasks_of_their_own(
    local_project: Project, other: Path
) -> None:
    scheduler = Scheduler(open_project(local_project.root))
    for name in ("bill", "far"):
        first = then(federated_task(f"v1_{name}", 1), f"v2_{name}", 1)
        assert scheduler.run(then(first, f"v1_{name}", 2)) == [
            [[1, "v1", "helper of v1"], [1, "v2", "helper of v2"]],
            [2, "v1", "helper of v1"],
        ]


def test_each_call_begins_in_its_folder_and_imports_from_there_first(
    local_project: Project, other: Path
) -> None:
    add(
        local_project.folder / "headwater.ini",
        "federated_tasks.first",
        task_name="place",
        load_module="flat",
        config_dir=str(other),
    )
    (other / "flat.py").write_text(
        "import os, sys\nfrom headwater import task\n\n\n"
        "@task(cache=False)\ndef place(n: int):\n    return [os.getcwd(), sys.path[0]]\n"
    )
    scheduler = Scheduler(open_project(local_project.root))
    assert scheduler.run(then(federated_task("v1_leaves", 1), "v1_place", 1))[1][0] == str(other)
    assert scheduler.run(federated_task("first", 1)) == [str(other), str(other)]


def test_each_run_of_a_scheduler_asks_what_the_settings_say_now(local_project: Project, other: Path) -> None:
    scheduler = Scheduler(open_project(local_project.root))
    assert scheduler.run(federated_task("v1_bill", 1))[1] == "v1"
    settings = local_project.folder / "headwater.ini"
    settings.write_text(settings.read_text().replace("= v1/tasks.py", "= v2/tasks.py"))
    assert scheduler.run(federated_task("v1_bill", 1))[1] == "v2"


def test_executors_and_limits_that_are_handed_down_end_where_the_settings_are_others(
    local_project: Project, other: Path
) -> None:
    settings = local_project.folder / "headwater.ini"
    add(settings, "executors.pool", type="process", workers="1")
    add(settings, "limits", seats="1")
    scheduler = Scheduler(open_project(local_project.root))
    for handed in ({"executor": "pool"}, {"executor": "default"}, {"limits": ["seats"], "retries": 1}):
        call = then.options(export_options=handed)(0, "v1_fans", 1)
        assert scheduler.run(call) == [0, [[1, "v1", "helper of v1"]] * 2]


def test_what_its_module_imports_does_not_count_in_the_timeout_of_a_call(
    local_project: Project, other: Path
) -> None:
    tasks = other / "v1" / "tasks.py"
    tasks.write_text("import time\n\ntime.sleep(3)\n" + tasks.read_text())
    scheduler = Scheduler(open_project(local_project.root))
    # (An attempt that took too long ends its process, so that the next one has to import again.)
    call = federated_task.options(timeout=2, retries=9, retry_backoff=0)("v1_bill", 1)
    assert scheduler.run(call)[1] == "v1"


@pytest.mark.parametrize("package", ["fed_company", "fed_company.of.many"])
def test_classes_of_a_namespace_package_cross_where_both_import_the_same_file(
    local_project: Project, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    below = package.replace(".", "/")
    shared, own = tmp_path / "lib" / below, other / below
    for folder in (shared, own):
        folder.mkdir(parents=True)
    (own / "own.py").write_text("")
    (shared / "kinds.py").write_text(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Kind:\n    n: int\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    kinds = importlib.import_module(f"{package}.kinds")
    for name in [name for name in sys.modules if name.partition(".")[0] == "fed_company"]:
        monkeypatch.setitem(sys.modules, name, sys.modules.pop(name))
    scheduler = Scheduler(open_project(local_project.root))
    assert scheduler.run(federated_task("v1_back", kinds.Kind(3))) == kinds.Kind(3)
    (own / "kinds.py").write_text("class Kind: ...\n")
    with pytest.raises(CallError, match=rf"needs the module {package}\.kinds"):
        scheduler.run(federated_task("v1_back", kinds.Kind(3)))
