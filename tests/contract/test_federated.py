"""Calls of tasks of other projects by the names of entry points: on both executors, and on both stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import SETTINGS
from headwater.cypher.store import open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from headwater import (
    CallError,
    DryRunResult,
    Project,
    Scheduler,
    UnknownTask,
    UsageError,
    catch,
    create_project,
    federated_task,
    get_task_registry,
    open_project,
    task,
)
from tests.engine.insides import texts

headwater_namespace = "buyers"

_numbers = count(1)

BILLS = """\
from pathlib import Path
from headwater import get_context, task

headwater_namespace = "{module}"


@task
def double(n: int, log: str = "") -> int:
    if log:
        with Path(log).open("a") as lines:
            lines.write("double\\n")
    return 2 * n


@task
def bill(n: int, log: str = "", *, extra: int = 0):
    return [double(n, log), extra, get_context("rate", 1)]


@task(limits=["till"])
def refuse(n: int) -> int:
    raise KeyError(f"{{n}} is refused")
"""


class Seller:
    """Another project, which has entry points."""

    def __init__(self, root: Path) -> None:
        self.module = f"bills_of_seller_{next(_numbers)}"
        self.root = root
        self.file = root / f"{self.module}.py"
        create_project(root)
        self.file.write_text(BILLS.format(module=self.module))

    @property
    def settings(self) -> Path:
        return self.root / ".headwater" / SETTINGS

    def offers(self, name: str, task_name: str = "bill", **settings: str) -> None:
        given = {"task_name": task_name, "namespace": self.module, "load_module": self.module, **settings}
        lines = "".join(f"{key} = {value}\n" for key, value in given.items())
        add(self.settings, f"[federated_tasks.{name}]\n{lines}")


def add(settings: Path, text: str) -> None:
    with settings.open("a") as file:
        file.write(f"\n{text}")


@pytest.fixture
def seller(tmp_path: Path) -> Seller:
    return Seller(tmp_path / "seller")


@pytest.fixture(params=["default", "process"])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def buyer(project: Project, seller: Seller, executor: str) -> Callable[..., Any]:
    """Runs an expression in a project that may call what the seller offers."""
    seller.offers("bill", executor=executor)
    seller.offers("refuse", "refuse", executor=executor)
    add(project.folder / SETTINGS, f"[scheduler]\nfederated_configs =\n    {seller.root}\n")

    def run(expression: Any, **options: Any) -> Any:
        scheduler = Scheduler(open_project(project.root))
        try:
            return scheduler.run(expression, **options)
        finally:
            scheduler.wait_recorded()
            run.counts = scheduler.progress().counts  # type: ignore[attr-defined]

    return run


@task
def number(n: int) -> int:
    return n + 1


@task
def main(n: int, log: str = "") -> Any:
    return number_of(federated_task("bill", number(n), log, extra=5))


@task
def number_of(bill: list[int]) -> int:
    return sum(bill)


@task
def careful(n: int) -> Any:
    return catch(federated_task("refuse", n), KeyError, texts)


def test_the_task_is_called_and_its_lineage_goes_through(
    buyer: Callable[..., Any], project: Project, seller: Seller
) -> None:
    assert buyer(main(3)) == 14
    store = open_store(project)
    assert not verify(project, store).findings
    text = "MATCH (j:Job {task_name: 'buyers.main'}) RETURN j.id"
    [[job]] = store.ask(text, {}, timeout=30, limit=10).rows
    traced = trace(store, Found("job", job, "a job"))
    assert {call.task for call in traced.calls.values()} == {
        "buyers.main",
        "buyers.number",
        "buyers.number_of",
        "headwater.federated_task",
        "headwater.subrun_root_task",
        f"{seller.module}.bill",
        f"{seller.module}.double",
    }
    text = "MATCH (c:CallNode)-[:FED_BY]->(d:CallNode) RETURN c.task_name, d.task_name"
    fed = {tuple(row) for row in store.ask(text, {}, timeout=30, limit=100).rows}
    assert ("buyers.number_of", "headwater.federated_task") in fed
    assert ("headwater.federated_task", "buyers.number") in fed
    store.close()


def test_it_is_reused_until_what_it_reads_changes(buyer: Callable[..., Any], tmp_path: Path) -> None:
    log = tmp_path / "log"
    for _ in range(2):
        assert buyer(main(3, str(log))) == 14
        assert log.read_text() == "double\n"
    assert buyer.counts["headwater.subrun_root_task"] == {"CACHED": 1}  # type: ignore[attr-defined]
    assert buyer(main(3, str(log)), context={"rate": 10}) == 23, "the context reaches it, and counts"
    with pytest.raises(DryRunResult) as planned:
        buyer(main(4, str(log)), dryrun=True)
    assert [call.task for call in planned.value.calls] == ["buyers.main"]
    assert buyer(main(3, str(log)), dryrun=True) == 14
    assert log.read_text() == "double\n"


def test_a_dry_run_goes_through_it(buyer: Callable[..., Any], seller: Seller) -> None:
    with pytest.raises(DryRunResult) as planned:
        buyer(federated_task("bill", 1), dryrun=True)
    assert [call.task for call in planned.value.calls] == [f"{seller.module}.bill"]


def test_its_errors_come_through_and_can_be_caught(buyer: Callable[..., Any], seller: Seller) -> None:
    with pytest.raises(KeyError, match="4 is refused") as caught:
        buyer(federated_task("refuse", 4))
    assert f"{seller.module}.refuse" in str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    assert buyer(careful(4)) == repr(KeyError("4 is refused"))


def test_a_slip_in_its_name_or_in_what_it_is_given_is_told(buyer: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match=r"no entry point 'bil'\. Did you mean bill\?"):
        buyer(federated_task("bil", 1))
    with pytest.raises(CallError, match="unexpected keyword argument 'extr'"):
        buyer(federated_task("bill", 1, extr=2))


def test_what_does_not_fit_is_told_where_it_is_called(
    seller: Seller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller.offers("bill")
    monkeypatch.chdir(seller.root)
    with pytest.raises(CallError, match=r"bill\(n: int.*missing a required argument: 'n'"):
        federated_task("bill")


def test_settings_that_are_changed_count_at_once(
    buyer: Callable[..., Any], seller: Seller, executor: str
) -> None:
    @task(namespace="buyers")
    def asks() -> Any:
        return federated_task("first", 4)

    seller.offers("first", executor=executor)
    assert buyer(asks()) == [8, 0, 1]
    text = seller.settings.read_text()
    start = text.index("[federated_tasks.first]")
    seller.settings.write_text(text[:start] + text[start:].replace("task_name = bill", "task_name = double"))
    assert buyer(asks()) == 8


def test_it_can_be_an_execution_of_its_own(
    buyer: Callable[..., Any], project: Project, seller: Seller, executor: str
) -> None:
    seller.offers("apart", executor=executor, new_execution="yes", description="what is owed")
    assert buyer(federated_task("apart", 1)) == [2, 0, 1]
    store = open_store(project)
    text = "MATCH (e:Execution)-[:STARTED]->(j:Job) RETURN j.task_name, e.status"
    rows = sorted(tuple(row) for row in store.ask(text, {}, timeout=30, limit=10).rows)
    assert (f"{seller.module}.bill", "DONE") in rows
    assert len(rows) == 2
    store.close()


def test_a_module_that_cannot_be_imported_here_is_imported_where_the_run_inside_is(
    buyer: Callable[..., Any], seller: Seller, executor: str
) -> None:
    name = f"not_here_{next(_numbers)}"
    seller.offers("apart", executor=executor, load_module=f"{name}.py", namespace=name)
    (seller.root / f"{name}.py").write_text(
        f"import os\nif os.getpid() == {os.getpid()}:\n    raise ImportError('not here')\n"
        + BILLS.format(module=name)
    )
    if executor == "default":
        with pytest.raises(ImportError, match="not here"):
            buyer(federated_task("apart", 3))
        return
    for _ in range(2):
        assert buyer(federated_task("apart", 3, extra=1)) == [6, 1, 1]
    assert buyer.counts[f"{name}.bill"] == {"CACHED": 1}  # type: ignore[attr-defined]
    with pytest.raises(CallError, match="too many positional arguments"):
        buyer(federated_task("apart", 1, "", 3))


def test_a_task_that_the_module_does_not_have_is_told_with_the_nearest(
    buyer: Callable[..., Any], seller: Seller, executor: str
) -> None:
    seller.offers("apart", "bil", executor=executor)
    with pytest.raises(
        UnknownTask, match=rf"has no task '{seller.module}.bil'\. Did you mean {seller.module}"
    ):
        buyer(federated_task("apart", 3))


CALLER = """\
from headwater import federated_task, task

@task(namespace="callers")
def main(log: str):
    return federated_task("bill", 3, log)
"""


def test_a_change_of_its_code_is_seen(
    buyer: Callable[..., Any], project: Project, seller: Seller, tmp_path: Path
) -> None:
    (project.root / "caller.py").write_text(CALLER)
    log = tmp_path / "log"

    def run() -> Any:
        words = [
            str(Path(sys.executable).with_name("hw")),
            "run",
            "caller.py",
            "main",
            "--log",
            str(log),
            "--json",
        ]
        done = subprocess.run(
            words, cwd=project.root, capture_output=True, text=True, timeout=120, check=True
        )
        return json.loads(done.stdout)

    assert run()["result"] == "[6, 0, 1]"
    again = run()
    assert again["tasks"]["headwater.subrun_root_task"] == {"CACHED": 1}, "a new process knows its code"
    seller.file.write_text(seller.file.read_text().replace("2 * n", "3 * n"))
    changed = run()
    assert changed["result"] == "[9, 0, 1]"
    assert changed["tasks"][f"{seller.module}.double"] == {"DONE": 1}
    assert log.read_text() == "double\n" * 2


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[federated_tasks.x]\ntask_nam = a\n", "no setting 'task_nam'. Did you mean task_name"),
        ("[federated_tasks.x]\nload_module = a\n", "[federated_tasks.x] needs task_name"),
        ("[federated_tasks.x]\ntask_name = a\n", "[federated_tasks.x] needs load_module"),
        (
            "[federated_task.x]\ntask_name = a\n",
            "no section [federated_task.x]. Did you mean federated_tasks.NAME",
        ),
        ("[federated_tasks]\ntask_name = a\n", "no section [federated_tasks]"),
        (
            "[federated_tasks.x]\ntask_name = a\nload_module = b\nconfig_dir = nowhere\n",
            "nowhere is not a headwater project",
        ),
        (
            "[federated_tasks.x]\ntask_name = a\nload_module = b\nnew_execution = perhaps\n",
            "new_execution = perhaps: yes or no is needed",
        ),
        ("[scheduler]\nfederated_configs = nowhere\n", "nowhere is not a headwater project"),
    ],
)
def test_settings_that_cannot_be_are_refused(local_project: Project, text: str, told: str) -> None:
    add(local_project.folder / SETTINGS, text)
    with pytest.raises(UsageError) as error:
        Scheduler(open_project(local_project.root))
    assert told in str(error.value)


def test_a_name_that_is_there_twice_names_both_files(local_project: Project, seller: Seller) -> None:
    seller.offers("bill")
    add(
        local_project.folder / SETTINGS,
        "[scheduler]\nfederated_configs = seller\n[federated_tasks.bill]\ntask_name = a\nload_module = b\n",
    )
    with pytest.raises(UsageError) as error:
        Scheduler(open_project(local_project.root))
    assert str(local_project.folder / SETTINGS) in str(error.value)
    assert str(seller.settings) in str(error.value)


def test_where_there_are_none_it_says_where_they_are_put(local_project: Project) -> None:
    with pytest.raises(UsageError, match=r"no entry point 'x': .*\[federated_tasks\.x\] into"):
        Scheduler(local_project).run(federated_task("x"))


def test_only_what_is_called_is_imported(buyer: Callable[..., Any], seller: Seller) -> None:
    seller.offers("other", load_module="never_imported_by_anybody")
    assert buyer(number(1)) == 2
    assert get_task_registry().find(f"{seller.module}.bill") is None
