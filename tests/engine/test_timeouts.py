"""Calls that may not run longer than so long: on every executor."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.engine import timeouts

from headwater import Scheduler, TaskDefinitionError, TaskTimeout, catch, task
from tests.engine.code_projects import Load
from tests.engine.napping import long_at_first, nap, with_a_program
from tests.waiting import wait_for

headwater_namespace = "timeouts"


@pytest.fixture(params=["default", "process"])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@task
def told(error: Exception) -> str:
    return str(error)


@task
def number(n: int) -> int:
    return n


def test_a_call_that_runs_too_long_fails_and_can_be_caught(scheduler: Scheduler, executor: str) -> None:
    slow = nap.options(timeout=0.3, executor=executor)
    started = time.monotonic()
    assert scheduler.run(catch(slow(60.0), TaskTimeout, told)) == (
        "napping.nap did not finish within 0.3 seconds"
    )
    assert scheduler.progress().counts["napping.nap"] == {"FAILED": 1}
    with pytest.raises(TimeoutError) as caught:
        scheduler.run(slow(60.0))
    assert time.monotonic() - started < 60
    assert isinstance(caught.value, TaskTimeout)
    assert (caught.value.task, caught.value.seconds) == ("napping.nap", 0.3)
    assert pickle.loads(pickle.dumps(caught.value)).seconds == 0.3


def test_a_call_in_time_is_left_alone(scheduler: Scheduler, executor: str) -> None:
    assert scheduler.run([nap.options(timeout=20, executor=executor)(n / 100) for n in range(3)]) == [
        0.0,
        0.01,
        0.02,
    ]


def test_it_can_be_tried_again_and_a_late_result_is_ignored(
    scheduler: Scheduler, executor: str, tmp_path: Path
) -> None:
    # (Where the machine is busy, the second attempt may take too long, too.)
    slow = long_at_first.options(timeout=1.0, retries=20, retry_backoff=0.1, executor=executor)
    assert scheduler.run(slow(str(tmp_path))) == "in time"
    began = len(list(tmp_path.iterdir()))
    assert began > 1
    assert scheduler.progress().counts["napping.long_at_first"] == {"FAILED": began - 1, "DONE": 1}


SLOW_TO_IMPORT = """
import time
from headwater import task
time.sleep(1)

@task(namespace="slow_to_import", executor="process", timeout=0.7)
def quick(n):
    return n
"""


def test_what_a_process_imports_first_does_not_count(load: Load, scheduler: Scheduler) -> None:
    # (An attempt that took too long ends its process, so that the next one has to import again.)
    quick = load(slow_to_import=SLOW_TO_IMPORT).quick.options(retries=9, retry_backoff=0)
    assert scheduler.run([quick(n) for n in range(2)]) == [0, 1]


def test_a_timeout_of_days_or_of_ages_is_no_longer_than_can_be_waited(scheduler: Scheduler) -> None:
    # Of days, what the process has for its imports is more than 2**31 milliseconds; of ages, more than a C time holds.
    for timeout in (7 * 86400.0, 1e300):
        patient = number.options(timeout=timeout, executor="process")
        assert scheduler.run([patient(n) for n in range(20)]) == list(range(20))


HANGS = """
import os
import time
from pathlib import Path
from headwater import task

HERE = os.environ["HEADWATER_TEST_HERE"]
NOTE = Path(__file__).with_name("note")
if HERE != str(os.getpid()) and not NOTE.exists():
    NOTE.touch()
    time.sleep(200)

class Slow:
    def __setstate__(self, state):
        if HERE != str(os.getpid()):
            time.sleep(200)

@task(namespace="hangs", executor="process", timeout=0.3)
def quick(n):
    return 1

@task(namespace="hangs", executor="process", timeout=0.3)
def taking(slow):
    return 1
"""


def test_a_process_that_imports_for_too_long_is_stopped_and_another_tried(
    load: Load, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_TEST_HERE", str(os.getpid()))
    monkeypatch.setattr(timeouts, "IMPORT_AT_LEAST", 1.0)
    hangs, began = load(hangs=HANGS), time.monotonic()
    with pytest.raises(
        TaskTimeout, match=r"hangs\.quick did not begin: .* imported for longer than 3 seconds"
    ) as error:
        scheduler.run(hangs.quick(1))
    assert pickle.loads(pickle.dumps(error.value)).importing
    hangs.NOTE.unlink(missing_ok=True)
    # (Where the machine is busy, another may take too long, too, but none that hangs.)
    assert scheduler.run(hangs.quick.options(retries=9, retry_backoff=0.1)(2)) == 1
    counts = scheduler.progress().counts["hangs.quick"]
    assert counts["FAILED"] >= counts["DONE"] == 1
    assert time.monotonic() - began < 200


def test_taking_up_the_arguments_counts(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_TEST_HERE", str(os.getpid()))
    hangs = load(hangs=HANGS)
    hangs.NOTE.touch()
    slow = hangs.Slow()
    slow.given = 1
    began = time.monotonic()
    with pytest.raises(TaskTimeout, match="did not finish within"):
        Scheduler(record=False).run(hangs.taking(slow))
    assert time.monotonic() - began < 200


def test_time_in_the_queue_does_not_count(scheduler: Scheduler) -> None:
    long, short = nap.options(limits=["bench"]), nap.options(limits=["bench"], timeout=4.0)
    # And on an executor with fewer workers than calls.
    workers = os.cpu_count() or 1
    busy = [nap.options(executor="process")(4.3 + n / 1000) for n in range(workers)]
    waiting = [nap.options(executor="process", timeout=4.0)((n + 1) / 1000) for n in range(2 * workers)]
    assert len(scheduler.run([[long(4.2), short(0.0)], busy, waiting])) == 3
    assert scheduler.progress().counts["napping.nap"] == {"DONE": 2 + 3 * workers}, "no two are one"


def test_a_process_is_really_stopped_with_what_it_started(scheduler: Scheduler, tmp_path: Path) -> None:
    note = tmp_path / "note"
    for timeout in (0.5, 4.0, 20.0):  # until it had begun before it was stopped
        slow = with_a_program.options(timeout=timeout, executor="process")
        with pytest.raises(TaskTimeout):
            scheduler.run(slow(60, str(note)))
        if note.exists() and note.read_text():
            break
    program = note.read_text().strip()
    assert program.isdigit(), "it had not ended"
    wait_for(lambda: not is_alive(int(program)))
    assert note.read_text().strip() == program


def is_alive(pid: int) -> bool:
    """Whether there is such a process, of which more is left than its number."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_a_thread_is_left_alone_and_another_takes_its_place(
    scheduler: Scheduler, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = tmp_path / "note"

    @task(namespace="timeouts", timeout=0.1)
    def stuck(n: int) -> None:
        while not note.exists():
            time.sleep(0.01)

    with caplog.at_level(logging.WARNING, "headwater"):
        # More stuck calls than there are threads.
        values = scheduler.run([catch(stuck(n), TaskTimeout, told) for n in range(30)] + [number(1)])
    note.touch()
    assert len(values) == 31
    assert values[-1] == 1
    assert caplog.text.count("timeouts.stuck ran longer than 0.1 seconds on a thread") == 30


def test_limits_are_given_back(scheduler: Scheduler, executor: str) -> None:
    slow = nap.options(timeout=0.3, executor=executor, limits=["desk"])
    assert scheduler.run([catch(slow(5.0), TaskTimeout, told), number.options(limits=["desk"])(1)])[1] == 1
    assert scheduler.progress().limits == {"desk": 0}


def test_after_a_failure_elsewhere_what_still_runs_may_run_too_long(scheduler: Scheduler) -> None:
    @task(namespace="timeouts")
    def failing() -> None:
        raise KeyError("soon")

    started = time.monotonic()
    with pytest.raises(KeyError):
        scheduler.run([nap.options(timeout=0.4)(60.0), failing()])
    assert time.monotonic() - started < 60
    assert scheduler.progress().counts["napping.nap"] == {"FAILED": 1}


def test_a_thread_that_was_left_alone_does_not_keep_the_process(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(
        textwrap.dedent(
            """
            import time
            from headwater import Scheduler, TaskTimeout, task

            @task(namespace="s", timeout=0.2)
            def stuck():
                time.sleep(60)

            try:
                Scheduler(record=False).run(stuck())
            except TaskTimeout as error:
                print(error)
            """
        )
    )
    started = time.monotonic()
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=True)
    assert time.monotonic() - started < 60
    assert ran.stdout == "s.stuck did not finish within 0.2 seconds\n"
    assert "cannot be stopped" in ran.stderr


@pytest.mark.parametrize("timeout", [0, -1, "5", True, float("inf")])
def test_values_that_cannot_be_are_refused(timeout: Any) -> None:
    with pytest.raises(TaskDefinitionError, match=r"timeout=.*seconds are needed"):
        number.options(timeout=timeout)


def test_many_quick_calls_under_a_long_timeout_are_not_waited_for(scheduler: Scheduler) -> None:
    quick = number.options(timeout=3600, cache_scope="NONE")
    started = time.monotonic()
    assert scheduler.run([quick(n) for n in range(5000)]) == list(range(5000))
    assert time.monotonic() - started < 120


def test_it_may_be_lazy(scheduler: Scheduler) -> None:
    with pytest.raises(TaskTimeout):
        scheduler.run(nap.options(timeout=number(1) / 5)(60.0))


def test_none_is_no_timeout(scheduler: Scheduler) -> None:
    quick = task(timeout=0.2, name="quick", namespace="timeouts")(nap.func)
    assert scheduler.run(quick.options(timeout=None)(0.5)) == 0.5


def test_an_attempt_that_was_given_up_and_ends_late_is_not_taken_for_the_next(scheduler: Scheduler) -> None:
    attempts: list[int] = []
    tried_again = threading.Event()

    # (Where the machine is busy, the second attempt may take too long, too.)
    @task(namespace="timeouts", retries=20, retry_backoff=0, timeout=1.0)
    def slow_at_first() -> int:
        attempts.append(1)
        mine = len(attempts)
        if mine == 1:
            tried_again.wait(60)  # it ends while the second runs
        else:
            tried_again.set()
            time.sleep(0.3)
        return mine

    assert scheduler.run(slow_at_first()) == len(attempts) > 1
