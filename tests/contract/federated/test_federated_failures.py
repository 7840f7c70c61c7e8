"""What goes wrong with calls of tasks of other projects, how they are ended, and settings that cannot be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import SETTINGS
from headwater.cypher.store import GraphStore
from headwater.lineage.verify import verify

from headwater import (
    CallError,
    Cancelled,
    Handle,
    JobInfo,
    Project,
    Rehearsal,
    Scheduler,
    TaskTimeout,
    UnknownTask,
    UsageError,
    WorkerDied,
    catch,
    federated_task,
    open_project,
    quote,
    task,
)
from tests.contract.federated.projects import BILLS, Buyer, Other, add, ask
from tests.engine.insides import texts
from tests.waiting import wait_for

headwater_namespace = "buyers"


@task
def number(n: int) -> int:
    return n + 1


@task
def careful(entry: str, n: int) -> Any:
    return catch(federated_task(entry, n), ValueError, texts)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_its_errors_come_through_and_can_be_caught(buyer: Buyer) -> None:
    with pytest.raises(KeyError, match="4 is missing") as caught:
        buyer(federated_task("missing", 4))
    assert "bills.missing" in str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"bills\.Refused: 4 is refused") as refused:
        buyer(federated_task("refuse", 4))
    assert type(refused.value) is ValueError, "a class of theirs is not imported here"
    assert buyer(careful("refuse", 4)) == repr(ValueError("bills.Refused: 4 is refused"))


@dataclass
class Own:
    n: int


class Shelf(Handle):
    def __init__(self, name: str) -> None:
        self.instance = None


@pytest.mark.parametrize(
    ("call", "kind", "told"),
    [
        (lambda: federated_task("bil", 1), UsageError, r"no entry point 'bil'\. Did you mean bill\?"),
        (lambda: federated_task(7), CallError, "the name of an entry point is needed"),
        (lambda: federated_task("bill", 1, _abroad=3), CallError, "'_abroad' is filled in when the job runs"),
        (
            lambda: federated_task("bill", 1, _abroad=JobInfo()),
            CallError,
            "_abroad is no name for an argument",
        ),
        (
            lambda: federated_task("bill", 1, extr=2),
            CallError,
            "bills.bill.*unexpected keyword argument 'extr'",
        ),
        (
            lambda: federated_task("bill"),
            CallError,
            "the entry point bill .*missing a required argument: 'n'",
        ),
        (
            lambda: federated_task("seen", Own(1)),
            CallError,
            "needs the module tests.contract.federated.test_federated",
        ),
        (lambda: federated_task("seen", [{"a": number}]), CallError, "given a Task .Task.buyers.number"),
        (
            lambda: federated_task("seen", number.partial(1)),
            CallError,
            "task of one project cannot be evaluated",
        ),
        (lambda: federated_task("seen", quote(number(1))), CallError, "given a Quoted"),
        (lambda: federated_task("seen", [lambda: 1]), TypeError, "a lambda has no name"),
        (
            lambda: federated_task("made", "class"),
            CallError,
            r"federated_task\('made', \.\.\.\): the result holds the class bills\.Bill",
        ),
        (lambda: federated_task("made", "list"), CallError, r"the result holds the class bills\.Bill"),
        (lambda: federated_task("made", "function"), CallError, r"the result holds the function bills\.note"),
        (
            lambda: federated_task("made", "task"),
            CallError,
            r"bills\.made returned a Task \(Task\(bills\.double\)\)",
        ),
        (lambda: federated_task("made", "lazy"), CallError, "returned a Task"),
        (
            lambda: federated_task.options(executor="default")("bill", 1),
            UsageError,
            "executor default runs calls on threads",
        ),
    ],
)
def test_what_cannot_be_is_told(
    local_project: Project, tmp_path: Path, call: Callable[[], Any], kind: type[Exception], told: str
) -> None:
    buyer = Buyer(local_project, Other(tmp_path / "seller"))
    with pytest.raises(kind, match=told):
        buyer(call(), prov=False)


@task
def shelf(name: str) -> Shelf:
    return Shelf(name)


def test_a_handle_does_not_cross(local_project: Project, tmp_path: Path) -> None:
    buyer = Buyer(local_project, Other(tmp_path / "seller"))
    for given in (Shelf("a"), [Shelf("b")], shelf("c"), {"d": shelf("d")}):
        with pytest.raises(CallError, match=r"federated_task\('seen', \.\.\.\) is given a handle"):
            buyer(federated_task("seen", given))
        with pytest.raises(CallError, match="is given a handle"):
            buyer([federated_task("seen", given)])
    with pytest.raises(CallError, match=r"federated_task\('handled', \.\.\.\): the result holds a handle"):
        buyer(federated_task("handled", "a"))


def test_a_module_or_a_task_that_is_not_there_is_told(local_project: Project, tmp_path: Path) -> None:
    seller = Other(tmp_path / "seller")
    buyer = Buyer(local_project, seller)
    (seller.root / "broken.py").write_text("import helpers\n\nhelpers.nothing()\n")
    (seller.root / "starts.py").write_text(BILLS + "\n\nfrom headwater import run\nrun(other(1))\n")
    seller.offers("typo", "bil")
    seller.offers("elsewhere", "bill", load_module="bils")
    seller.offers("broken", "bill", load_module="broken.py")
    seller.offers("starts", "bill", load_module="starts.py")
    with pytest.raises(
        UnknownTask,
        match=r"entry point typo .*bills\.py has no task 'bills\.bil'\. Did you mean bills\.bill\?",
    ):
        buyer(federated_task("typo", 1))
    (seller.root / "starred.py").write_text(
        "from headwater import *\nheadwater_namespace = 'bills'\n@task\ndef one(): return 1\n"
    )
    seller.offers("starred", "quite_another_thing", load_module="starred")
    with pytest.raises(UnknownTask, match=r"quite_another_thing'\. Known are: bills\.one\.$"):
        buyer(federated_task("starred", 1))
    with pytest.raises(UsageError, match=r"load_module = bils cannot be imported .*Did you mean bills\.py\?"):
        buyer(federated_task("elsewhere", 1))
    with pytest.raises(
        UsageError,
        match=r"has no attribute 'nothing' \(.*broken\.py:3\)\. To see more, .*hw run broken\.py bill",
    ):
        buyer(federated_task("broken", 1))
    with pytest.raises(UsageError, match="starts a run while it is imported"):
        buyer(federated_task("starts", 1))
    for name, text, told in (
        ("leaves", "import os\nraise SystemExit(3)\n", r"SystemExit: 3 \(.*leaves\.py:2\)\."),
        ("typed", "import os\n\ndef x(:\n", r"SyntaxError: invalid syntax \(.*typed\.py:3\)\."),
    ):
        (seller.root / f"{name}.py").write_text(text)
        seller.offers(name, "bill", load_module=name)
        with pytest.raises(UsageError, match=told):
            buyer(federated_task(name, 1))
    (seller.root / "empty.py").write_text("from headwater import task\n")
    seller.offers("empty", "bill", load_module="empty.py")
    with pytest.raises(UnknownTask, match="It defines no tasks"):
        buyer([federated_task("empty", 1), federated_task("double", 1)])


def test_a_rehearsal_says_that_it_cannot_take_part(local_project: Project, tmp_path: Path) -> None:
    Buyer(local_project, Other(tmp_path / "seller"))
    with pytest.raises(UsageError, match="no process of its own for the other project, as in a rehearsal"):
        Rehearsal(open_project(local_project.root)).run(federated_task("double", 1))


def test_a_process_of_its_that_dies_takes_down_one_call(buyer: Buyer) -> None:
    with pytest.raises(WorkerDied, match="exit code 3"):
        buyer(federated_task("gone", 1))
    assert buyer(federated_task("double", 1)) == 2


def _is_alive(note: Path) -> bool:
    try:
        os.kill(int(note.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def test_a_timeout_and_a_cancelled_run_leave_no_process_and_nothing_open(
    buyer: Buyer, store: GraphStore, project: Project, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    with pytest.raises(TaskTimeout):
        buyer(federated_task.options(timeout=0.5)("longer", str(note)))
    wait_for(lambda: not _is_alive(note))
    note.unlink(missing_ok=True)

    def stop() -> None:
        wait_for(note.exists)
        buyer.scheduler.cancel()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        buyer([federated_task("longer", str(note))])
    wait_for(lambda: not _is_alive(note))
    assert ask(store, "MATCH (j:Job) WHERE j.status = 'RUNNING' RETURN j.task_name") == []
    assert not verify(project, store).findings


def test_ctrl_c_ends_the_processes_of_all_projects(local_project: Project, tmp_path: Path) -> None:
    seller, rival = Other(tmp_path / "seller"), Other(tmp_path / "rival", prefix="rival_")
    Buyer(local_project, seller)
    add(seller.settings, "scheduler", federated_configs=str(rival.root))
    note = tmp_path / "note"
    (tmp_path / "shop.py").write_text(
        "from headwater import federated_task, task\n\nheadwater_namespace = 'shop'\n\n\n"
        "@task\ndef main(note: str):\n    return federated_task('on', 'rival_longer', note)\n"
    )
    words = [str(Path(sys.executable).with_name("hw")), "run", "shop.py", "main", "--note", str(note)]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        wait_for(note.exists, 60)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 130
    wait_for(lambda: not _is_alive(note))


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("federated_tasks.x]\ntask_nam = a\n", "no setting 'task_nam'. Did you mean task_name"),
        ("federated_tasks.x]\nload_module = a\n", "[federated_tasks.x] needs task_name"),
        ("federated_tasks.x]\ntask_name = a\n", "[federated_tasks.x] needs load_module"),
        (
            "federated_task.x]\ntask_name = a\n",
            "no section [federated_task.x]. Did you mean federated_tasks.NAME",
        ),
        ("federated_tasks]\ntask_name = a\n", "no section [federated_tasks]"),
        (
            "federated_tasks.x]\ntask_name = a\nload_module = b\nconfig_dir = nowhere\n",
            "[federated_tasks.x] config_dir = nowhere: there is no folder",
        ),
        (
            "federated_tasks.x]\ntask_name = a\nload_module = b\nconfig_dir = plain\n",
            "plain is not a headwater project. Type: hw init",
        ),
        (
            "federated_tasks.x]\ntask_name = a\nload_module = b\nnew_execution = perhaps\n",
            "new_execution = perhaps: yes or no is needed",
        ),
        ("scheduler]\nfederated_configs = nowhere\n", "federated_configs: nowhere: there is no folder"),
    ],
)
def test_settings_that_cannot_be_are_refused(local_project: Project, section: str, told: str) -> None:
    (local_project.root / "plain").mkdir()
    with (local_project.folder / SETTINGS).open("a") as file:
        file.write(f"\n[{section}")
    with pytest.raises(UsageError) as error:
        Scheduler(open_project(local_project.root)).run(federated_task("x"), prov=False)
    assert told in str(error.value)


def test_a_project_that_is_not_there_troubles_nobody_who_does_not_call_it(local_project: Project) -> None:
    add(local_project.folder / SETTINGS, "scheduler", federated_configs="nowhere")
    assert Scheduler(open_project(local_project.root)).run(number(1)) == 2


def test_an_entry_point_may_stand_in_the_settings_of_the_caller(
    local_project: Project, tmp_path: Path
) -> None:
    Other(tmp_path / "seller")
    given = {"task_name": "double", "namespace": "bills", "load_module": "bills.py", "config_dir": "seller"}
    add(local_project.folder / SETTINGS, "federated_tasks.mine", **given)
    assert Scheduler(open_project(local_project.root)).run(federated_task("mine", 4)) == 8


def test_a_name_that_is_there_twice_names_both_files(local_project: Project, tmp_path: Path) -> None:
    seller = Other(tmp_path / "seller")
    buyer = Buyer(local_project, seller)
    add(local_project.folder / SETTINGS, "federated_tasks.bill", task_name="a", load_module="b")
    with pytest.raises(UsageError) as error:
        buyer(federated_task("bill", 1))
    assert str(local_project.folder / SETTINGS) in str(error.value)
    assert str(seller.settings) in str(error.value)
    assert "functools" not in str(error.value.headwater_traceback)  # type: ignore[attr-defined]


def test_where_there_are_none_it_says_where_they_are_put(local_project: Project) -> None:
    for scheduler in (Scheduler(local_project), Scheduler(record=False)):
        with pytest.raises(UsageError, match=r"no entry point 'x': .*\[federated_tasks\.x\] into"):
            scheduler.run(federated_task("x"), prov=False)
