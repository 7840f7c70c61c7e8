"""Ctrl-C at moments when no call runs: while a run begins, and while it ends. Nothing stays open."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import backlog, local_graph, store
from headwater.cypher.errors import StoreError
from headwater.cypher.held import is_held
from headwater.cypher.loader import catch_up
from headwater.cypher.store import open_store
from headwater.engine import recorder
from headwater.engine.recorder import Recorder

from headwater import Project, Scheduler, create_project, task
from tests.waiting import wait_for

headwater_namespace = "interrupted"

LONG = 60.0
"""Seconds: far more than anything here takes that is not waited for."""


@task
def inc(n: int) -> int:
    return n + 1


@task(executor="process")
def tell_pid(path: str) -> None:
    Path(path + ".new").write_text(str(os.getpid()))
    os.rename(path + ".new", path)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    found = create_project(tmp_path_factory.mktemp("interrupted"))
    yield found
    catch_up(found)
    local_graph.stop(found)


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The stores that runs open."""
    opened: list[Any] = []

    def noted(*args: Any, **options: Any) -> Any:
        opened.append(open_store(*args, **options))
        return opened[-1]

    monkeypatch.setattr(store, "open_store", noted)
    return opened


def open_journals(project: Project) -> list[Path]:
    return [path for path in project.journals.glob("*.hwj") if is_held(path)]


def ends_of_runs(project: Project) -> list[str]:
    """How the runs of a project ended, oldest first."""
    assert catch_up(project).complete
    opened = open_store(project)
    try:
        table = opened.ask(
            "MATCH (e:Execution) RETURN e.status ORDER BY e.started", {}, timeout=60, limit=100
        )
        return [row[0] for row in table.rows]
    finally:
        opened.close()


def test_what_is_interrupted_while_it_is_written_down_is_written_down(
    project: Project, stores: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    close, handlers = Recorder.close, [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]

    def interrupted(self: Recorder, *told: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        close(self, *told)

    scheduler = Scheduler(project)
    monkeypatch.setattr(Recorder, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scheduler.run(inc(1))
    assert open_journals(project) == []
    assert ends_of_runs(project)[-1] == "DONE"
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers
    monkeypatch.undo()
    assert scheduler.run(inc(1)) == 2


def test_somebody_elses_signal_does_not_end_what_is_written_down_either(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Over(Exception):
        pass

    class Thread(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            if self.name == "headwater-recorder" and not hasattr(self, "asked"):
                self.asked = True
                raise Over
            super().join(timeout)

    monkeypatch.setattr(recorder.threading, "Thread", Thread)
    with pytest.raises(Over):
        Scheduler(project).run(inc(2))
    assert open_journals(project) == []
    assert ends_of_runs(project)[-1] == "DONE"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("no more processes")])
def test_a_run_that_is_broken_off_once_its_journal_is_there_leaves_nothing_open(
    project: Project, stores: list[Any], monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    ensure: Callable[[Project], None] = backlog.ensure_loader

    def breaks_off(of: Project) -> None:
        if open_journals(of):
            raise failure
        ensure(of)

    monkeypatch.setattr(backlog, "ensure_loader", breaks_off)
    before = set(threading.enumerate())
    scheduler = Scheduler(project)
    with pytest.raises(type(failure)):
        scheduler.run(inc(3))
    assert open_journals(project) == []
    assert not [t.name for t in set(threading.enumerate()) - before if t.name == "headwater-recorder"]
    assert all(one._closed for one in stores)
    assert not scheduler.is_running
    monkeypatch.undo()
    assert ends_of_runs(project)[-1] == ("FAILED" if isinstance(failure, OSError) else "CANCELLED")


def test_a_run_that_is_broken_off_before_its_journal_is_there_lets_go_of_the_store(
    project: Project, stores: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Project) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backlog, "catch_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Scheduler(project).run(inc(4))
    [opened] = stores
    assert opened._closed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_begins_hears_signals_even_where_their_error_is_lost(
    project: Project, stores: list[Any], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    raised: list[BaseException] = []

    def told_to_a_destructor(of: Project) -> Any:
        """Python drops what is raised there."""
        monkeypatch.undo()
        try:
            signal.raise_signal(number)
        except BaseException as error:
            raised.append(error)
        return catch_up(of)

    before = signal.signal(number, signal.default_int_handler)  # (SIGTERM would end these tests)
    monkeypatch.setattr(backlog, "catch_up", told_to_a_destructor)
    scheduler = Scheduler(project)
    try:
        with pytest.raises(KeyboardInterrupt):
            scheduler.run(inc(5))
    finally:
        signal.signal(number, before)
    assert [type(error) for error in raised] == [KeyboardInterrupt]
    assert open_journals(project) == []
    assert ends_of_runs(project)[-1] == "CANCELLED"
    assert scheduler.run(inc(5)) == 6


def test_calls_that_nobody_needs_are_not_waited_for_after_an_interrupt(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough, note, own = threading.Event(), tmp_path / "note", tmp_path / "pid"

    @task(namespace="interrupted", cache=False)
    def long() -> bool:
        note.write_text("here")
        return enough.wait(60)

    refusals = iter([StoreError("the journal cannot be written")])

    def refused(self: Recorder) -> None:
        for refusal in refusals if own.exists() and note.exists() else ():
            raise refusal

    def interrupt() -> None:
        wait_for(lambda: note.exists() and scheduler._run is not None and scheduler._run._raises)
        os.kill(os.getpid(), signal.SIGINT)

    scheduler = Scheduler(project)
    monkeypatch.setattr(Recorder, "check", refused)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        scheduler.run([tell_pid(str(own)), long()])
    assert not enough.is_set()
    wait_for(lambda: not os.path.exists(f"/proc/{own.read_text()}"))
    assert open_journals(project) == []
    enough.set()


def _stay(note: Path) -> None:
    note.write_text("here")
    time.sleep(LONG)


@task
def exit_code_of_a_fork_that_is_told_to_end(note: Path) -> int | None:
    child = multiprocessing.get_context("fork").Process(target=_stay, args=[note])
    child.start()
    wait_for(note.exists)
    child.terminate()
    child.join(LONG / 4)
    code = child.exitcode
    child.kill()
    return code


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_a_task_forks_ends_when_it_is_told_to(tmp_path: Path) -> None:
    scheduler = Scheduler(record=False)
    assert scheduler.run(exit_code_of_a_fork_that_is_told_to_end(tmp_path / "note")) == -signal.SIGTERM


_TOLD_AT_ONCE = """
import os, signal, sys
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.{number}))
from headwater import Scheduler, task

headwater_namespace = "told"
{before}

@task
def exit_code_of_a_fork() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

print(Scheduler(record=False).run(exit_code_of_a_fork()))
"""


@pytest.mark.parametrize(
    ("number", "before", "code"),
    [
        ("SIGTERM", "", -signal.SIGTERM),
        ("SIGINT", "", -signal.SIGINT),
        ("SIGTERM", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))", 5),
    ],
)
def test_a_process_that_a_task_forks_ends_when_it_is_told_to_at_once(
    number: str, before: str, code: int
) -> None:
    """Before it is that far that it has its own handlers: a pool that is done tells workers which have just begun."""
    program = _TOLD_AT_ONCE.format(number=number, before=before)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{code}\n", "")
