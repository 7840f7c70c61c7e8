"""Runs that somebody stops: all of one, or one of its calls; and what is left of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.loader import catch_up
from headwater.cypher.records import job_id, job_number
from headwater.engine import cancel
from headwater.engine import subrun as inside_runs
from headwater.engine.executors import processes
from headwater.engine.inside import Within
from headwater.engine.subrun import SubRun
from hypothesis import given
from hypothesis import strategies as st

from headwater import Cancelled, JobInfo, Project, Scheduler, catch, create_project, subrun, task
from tests.waiting import wait_for

headwater_namespace = "cancelling"

LONG = 60.0
"""Seconds: far more than anything here takes that is not waited for."""


@task
def inc(n: int) -> int:
    return n + 1


@task
def nap(seconds: float, note: str = "") -> float:
    if note:
        Path(note).write_text(str(os.getpid()))
    time.sleep(seconds)
    return seconds


@task
def napping(n: int, seconds: float, note: str, info: JobInfo = JobInfo()) -> Any:
    Path(note + ".job").write_text(str(info.job_id))
    return inc(nap(seconds, note))


@task(cache=False)
def quick_until_last(n: int, note: str, info: JobInfo = JobInfo()) -> Any:
    """Calls of which one runs at a time, each at once over: such are run where the loop is. The last takes long."""
    if n:
        return quick_until_last(n - 1, note)
    Path(note + ".job").write_text(str(info.job_id))
    return held(note)


def held(note: str) -> int:
    """Go on until somebody says that it is enough: for longer than anything here takes, where nobody does."""
    Path(note).write_text("here")
    wait_for(Path(note + ".enough").exists, LONG)
    return 0


@task
def told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def once(so: Callable[[], Any], action: Callable[[], Any]) -> None:
    """Do something in a thread of its own, once something is so."""

    def wait() -> None:
        wait_for(so, LONG)
        action()

    threading.Thread(target=wait, daemon=True).start()


def when_there(path: Path, action: Callable[[], Any]) -> None:
    """Do something once a file is there and its text in it, which a process writes after it has made the file."""
    once(lambda: path.exists() and path.read_text(), action)


def counted(scheduler: Scheduler, task: str, status: str) -> int:
    """How many jobs of a task have come to a status in the run that is under way."""
    return scheduler.progress().counts.get(f"{headwater_namespace}.{task}", {}).get(status, 0)


def terminal(counts: dict[str, dict[str, int]]) -> bool:
    return not any({"PENDING", "RUNNING"} & set(by_status) for by_status in counts.values())


def test_a_run_is_cancelled_from_another_thread(scheduler: Scheduler, tmp_path: Path) -> None:
    def is_under_way() -> bool:
        return bool(counted(scheduler, "inc", "DONE") and (tmp_path / "one").exists())

    once(is_under_way, scheduler.cancel)
    started = time.monotonic()
    with pytest.raises(Cancelled, match="the run was cancelled"):
        scheduler.run([nap(LONG, str(tmp_path / "one")), inc(nap(LONG + 1)), inc(1)])
    assert time.monotonic() - started < LONG
    assert scheduler.progress().counts == {
        "headwater.root_task": {"CANCELLED": 1},
        "cancelling.nap": {"CANCELLED": 2},
        "cancelling.inc": {"DONE": 1, "CANCELLED": 1},
    }


def test_nothing_to_cancel_is_no_error(scheduler: Scheduler) -> None:
    assert scheduler.cancel() is False
    assert scheduler.run(inc(1)) == 2
    assert scheduler.cancel() is False
    assert scheduler.run(inc(1)) == 2


def test_no_catch_holds_up_the_end_of_a_run(scheduler: Scheduler, tmp_path: Path) -> None:
    when_there(tmp_path / "note", scheduler.cancel)
    with pytest.raises(Cancelled):
        scheduler.run(catch(inc(nap(LONG, str(tmp_path / "note"))), Exception, told))
    assert terminal(scheduler.progress().counts)


def test_a_chain_that_never_waits_can_be_cancelled(scheduler: Scheduler) -> None:
    @task(namespace="cancelling", cache_scope="NONE")
    def forever(n: int) -> Any:
        return forever(n + 1)

    once(lambda: counted(scheduler, "forever", "RUNNING"), scheduler.cancel)
    with pytest.raises(Cancelled):
        scheduler.run(forever(0))
    assert terminal(scheduler.progress().counts)


def test_calls_in_processes_are_stopped(scheduler: Scheduler, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    when_there(note, scheduler.cancel)
    with pytest.raises(Cancelled):
        scheduler.run(nap.options(executor="process")(10 * LONG, str(note)))
    pid = int(note.read_text())
    wait_for(lambda: not is_there(pid), LONG)


def test_a_process_that_is_being_started_while_the_run_is_stopped_runs_nothing(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, over, begin = tmp_path / "pid", threading.Event(), processes._Worker.__init__
    hands: list[threading.Thread] = []

    def begun_when_the_run_is_over(worker: Any, place: Any) -> None:
        hands.append(threading.current_thread())
        scheduler.cancel()
        over.wait(LONG)
        begin(worker, place)

    monkeypatch.setattr(processes._Worker, "__init__", begun_when_the_run_is_over)
    with pytest.raises(Cancelled):
        scheduler.run(nap.options(executor="process")(0, str(note)))
    over.set()
    [hand] = hands
    hand.join(LONG)
    assert not hand.is_alive()
    assert not note.exists()


def test_a_run_inside_that_is_about_to_begin_when_its_call_is_given_up_runs_nothing(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, stop, given_up, ended = inside_runs._config, Within.stop, threading.Event(), threading.Event()

    def noted(self: Within) -> None:
        stop(self)
        given_up.set()

    def given_up_meanwhile(*args: Any) -> Any:
        scheduler.cancel()
        assert given_up.wait(LONG)
        return config(*args)

    monkeypatch.setattr(Within, "stop", noted)
    monkeypatch.setattr(inside_runs, "_config", given_up_meanwhile)
    monkeypatch.setattr(SubRun, "answer", lambda *_: ended.set())
    note = tmp_path / "note"
    with pytest.raises(Cancelled):
        scheduler.run(subrun(nap(0.0, str(note)), executor="default"))
    assert ended.wait(LONG)
    assert not note.exists()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_cancelled_run_may_be_waiting_for_an_attempt_or_a_limit(scheduler: Scheduler) -> None:
    @task(namespace="cancelling", retries=3, retry_backoff=2 * LONG)
    def failing() -> None:
        raise ValueError("again")

    limited = nap.options(limits=["desk"])
    once(lambda: counted(scheduler, "failing", "FAILED"), scheduler.cancel)
    with pytest.raises(Cancelled):
        scheduler.run([failing(), limited(LONG), limited(LONG + 1)])
    progress = scheduler.progress()
    assert progress.counts["cancelling.failing"] == {"FAILED": 1, "CANCELLED": 1}
    assert progress.counts["cancelling.nap"] == {"CANCELLED": 2}
    assert progress.limits == {"desk": 0}


def test_a_late_result_of_a_cancelled_run_does_not_reach_the_next_one(scheduler: Scheduler) -> None:
    enough = threading.Event()

    @task(namespace="cancelling")
    def late() -> str:
        scheduler.cancel()
        enough.wait(LONG)
        return "late"

    @task(namespace="cancelling")
    def next_one() -> str:
        enough.set()
        time.sleep(0.3)  # in which the late result comes
        return "in time"

    with pytest.raises(Cancelled):
        scheduler.run(late())
    assert scheduler.run([next_one(), inc(1)]) == ["in time", 2]


@given(st.integers(0, 2**63), st.uuids())
def test_a_jobs_number_is_found_in_its_id(n: int, execution: Any) -> None:
    assert job_number(str(execution), job_id(str(execution), n)) == n


# -- from another process ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    found = create_project(tmp_path_factory.mktemp("cancelling"))
    yield found
    catch_up(found)
    local_graph.stop(found)


def started(scheduler: Scheduler) -> str:
    while scheduler.execution_id is None:
        time.sleep(0.01)
    return scheduler.execution_id


def test_a_run_looks_for_requests_to_cancel_it(project: Project, tmp_path: Path) -> None:
    scheduler = Scheduler(project)
    note = tmp_path / "note"
    when_there(note, lambda: cancel.request(project, started(scheduler)))
    assert not cancel.running(project)
    with pytest.raises(Cancelled, match="hw cancel"):
        scheduler.run(napping(1, LONG, str(note)))
    assert terminal(scheduler.progress().counts)
    assert not cancel.is_running(project, started(scheduler))
    assert not list((project.folder / "cancel").glob(f"{scheduler.execution_id}*"))


def test_requests_to_other_runs_are_left_for_them(project: Project) -> None:
    other = cancel.request(project, "0199b2c4-0000-7000-8000-000000000000")
    assert Scheduler(project).run(nap(0.5)) == 0.5
    assert other.exists()
    other.unlink()


def test_a_job_can_be_cancelled_and_the_rest_goes_on(project: Project, tmp_path: Path) -> None:
    scheduler = Scheduler(project)
    note = tmp_path / "note"
    job = tmp_path / "note.job"
    when_there(note, lambda: cancel.request(project, started(scheduler), job.read_text()))
    value = scheduler.run([catch(napping(1, LONG, str(note)), Cancelled, told), inc(nap(0.8))])
    assert value == ["Cancelled: cancelling.napping was cancelled by `hw cancel`", 1.8]
    counts = scheduler.progress().counts
    assert counts["cancelling.napping"] == {"CANCELLED": 1}
    assert counts["cancelling.nap"] == {"CANCELLED": 1, "DONE": 1}
    assert counts["cancelling.inc"] == {"CANCELLED": 1, "DONE": 1}


def test_a_cancelled_job_is_not_tried_again_and_takes_its_dependants_along(
    project: Project, tmp_path: Path
) -> None:
    scheduler = Scheduler(project)
    note = tmp_path / "note"

    def ask() -> None:
        cancel.request(project, started(scheduler), job_id(started(scheduler), 1))
        cancel.request(project, started(scheduler), "f" * 32)

    when_there(note, ask)
    unsteady = nap.options(retries=5, limits=["desk"])
    with pytest.raises(Cancelled, match=r"cancelling\.nap was cancelled"):
        scheduler.run(inc(unsteady(LONG, str(note))))
    progress = scheduler.progress()
    assert progress.counts["cancelling.nap"] == {"CANCELLED": 1}
    assert progress.counts["cancelling.inc"] == {"CANCELLED": 1}
    assert progress.limits == {"desk": 0}
    assert scheduler.run(inc(1)) == 2


def test_a_call_that_waits_for_another_attempt_is_cancelled_by_the_last_one(project: Project) -> None:
    scheduler = Scheduler(project)

    @task(namespace="cancelling", retries=3, retry_backoff=2 * LONG)
    def unsteady(n: int) -> int:
        raise OSError(n)

    once(
        lambda: counted(scheduler, "unsteady", "FAILED"),
        lambda: cancel.request(project, started(scheduler), job_id(started(scheduler), 1)),
    )
    begun = time.monotonic()
    value = scheduler.run(catch(unsteady(1), Cancelled, told))
    assert value == "Cancelled: cancelling.unsteady was cancelled by `hw cancel`"
    assert time.monotonic() - begun < LONG
    assert scheduler.progress().counts["cancelling.unsteady"] == {"FAILED": 1, "CANCELLED": 1}


def test_a_busy_run_hears_of_it_too(project: Project) -> None:
    scheduler = Scheduler(project)

    @task(namespace="cancelling", cache_scope="NONE")
    def forever(n: int) -> Any:
        if n == 200:
            cancel.request(project, started(scheduler))
        return forever(n + 1)

    with pytest.raises(Cancelled, match="hw cancel"):
        scheduler.run(forever(0))
    assert terminal(scheduler.progress().counts)


def test_a_call_that_the_loop_runs_itself_is_left_alone_like_any_other(
    project: Project, tmp_path: Path
) -> None:
    scheduler = Scheduler(project)
    note, job = tmp_path / "note", tmp_path / "note.job"
    when_there(note, lambda: cancel.request(project, started(scheduler), job.read_text()))
    began = time.monotonic()
    value: Any = catch(quick_until_last(5, str(note)), Cancelled, told)
    assert scheduler.run([value, inc(1)]) == [
        "Cancelled: cancelling.quick_until_last was cancelled by `hw cancel`",
        2,
    ]
    assert time.monotonic() - began < LONG
    Path(f"{note}.enough").touch()
    assert scheduler.progress().counts["cancelling.quick_until_last"] == {"CANCELLED": 6}


def test_the_run_of_a_call_that_the_loop_runs_itself_ends_at_once(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    when_there(note, scheduler.cancel)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        scheduler.run(quick_until_last(5, str(note)))
    assert time.monotonic() - began < LONG
    Path(f"{note}.enough").touch()
    assert terminal(scheduler.progress().counts)


def test_a_long_call_that_the_loop_runs_itself_gives_its_result(scheduler: Scheduler) -> None:
    @task(namespace="cancelling", cache=False)
    def last_naps(n: int) -> Any:
        if n % 4 == 0:
            time.sleep(0.5)  # longer than the loop waits for it
        return last_naps(n - 1) if n else 7

    assert scheduler.run(last_naps(9)) == 7
    assert scheduler.progress().counts["cancelling.last_naps"] == {"DONE": 10}


def test_the_exit_code_of_a_script_is_its_own(tmp_path: Path) -> None:
    """A script that lets the error through ends like any other failed script."""
    script = tmp_path / "script.py"
    script.write_text(
        "import time\nfrom headwater import Scheduler, task\n"
        "@task(namespace='s')\ndef nap():\n    s.cancel()\n    time.sleep(60)\n"
        "s = Scheduler(record=False)\ns.run(nap())\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1
    assert "Cancelled: the run was cancelled" in ran.stderr


def test_a_run_inside_a_run_leaves_the_scheduler_to_the_outer_one(project: Project) -> None:
    scheduler = Scheduler(project)
    seen: list[Any] = []

    @task(namespace=headwater_namespace, cache=False)
    def around() -> int:
        outer = scheduler.execution_id
        got = scheduler.run(inc(1))
        seen.extend([outer, scheduler.execution_id, scheduler.progress().counts])
        return got

    assert scheduler.run(around()) == 2
    outer, after_inner, counts = seen
    assert scheduler.execution_id == outer
    assert after_inner == outer
    assert counts == {"cancelling.around": {"RUNNING": 1}}


def test_who_cancels_stops_the_run_inside_and_the_one_around_it(scheduler: Scheduler, tmp_path: Path) -> None:
    note = tmp_path / "note"

    @task(namespace=headwater_namespace)
    def inside() -> int:
        return held(str(note))

    @task(namespace=headwater_namespace)
    def around() -> int:
        return scheduler.run(inside())

    when_there(note, scheduler.cancel)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        scheduler.run(around())
    # The one inside may end a little later: its thread was left alone.
    wait_for(lambda: not scheduler.cancel(), LONG)
    assert time.monotonic() - began < LONG
    Path(f"{note}.enough").touch()
