"""Failed calls that are tried again: which, how often, when, and who waits meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from headwater import CallError, Cancelled, Scheduler, Task, TaskDefinitionError, Unrecordable, catch, task
from tests.waiting import wait_for

headwater_namespace = "retries"


class Unlucky(Exception):
    """Raised by tasks that fail for a while."""


def flaky(
    failures: int, error: Callable[[], BaseException] = lambda: Unlucky("not yet"), **options: Any
) -> tuple[Task[Any, Any], list[float]]:
    """A task that fails so often before it gives its argument, and when each attempt began."""
    began: list[float] = []

    @task(name="flaky", namespace="retries", version="1", **{"retry_backoff": 0.001, **options})
    def flaky(n: int) -> int:
        began.append(time.monotonic())
        if len(began) <= failures:
            raise error()
        return n

    return flaky, began


@task
def inc(n: int) -> int:
    return n + 1


@task
def told(error: Exception) -> str:
    return str(error)


def test_a_call_is_tried_again_until_it_succeeds_and_every_attempt_is_a_job(scheduler: Scheduler) -> None:
    unsteady, began = flaky(2, retries=3)
    assert scheduler.run(inc(unsteady(1))) == 2
    assert len(began) == 3
    assert scheduler.progress().counts["retries.flaky"] == {"FAILED": 2, "DONE": 1}


def test_after_the_last_attempt_its_error_is_the_calls_error(scheduler: Scheduler) -> None:
    numbers = iter(range(10))
    unsteady, began = flaky(9, lambda: Unlucky(f"attempt {next(numbers)}"), retries=2)
    with pytest.raises(Unlucky, match="attempt 2"):
        scheduler.run(unsteady(1))
    assert len(began) == 3
    assert scheduler.progress().counts["retries.flaky"] == {"FAILED": 3}
    numbers = iter(range(10))
    assert scheduler.run(catch(unsteady(1), Unlucky, told)) == "attempt 2"


def test_without_the_option_a_call_has_one_attempt(scheduler: Scheduler) -> None:
    unsteady, began = flaky(1)
    with pytest.raises(Unlucky):
        scheduler.run(unsteady(1))
    assert len(began) == 1
    assert scheduler.run(unsteady.options(retries=1)(2)) == 2


def test_retry_on_names_the_errors_that_are_tried_again(scheduler: Scheduler) -> None:
    for classes in (Unlucky, (KeyError, Unlucky), [Unlucky]):
        unsteady, _ = flaky(1, retries=1, retry_on=classes)
        assert scheduler.run(unsteady(1)) == 1
    unsteady, began = flaky(1, retries=1, retry_on=(KeyError, OSError))
    with pytest.raises(Unlucky):
        scheduler.run(unsteady(1))
    assert len(began) == 1


@pytest.mark.parametrize(
    "error", [CallError("wrong use"), Unrecordable("result", "lock", "it is one"), SystemExit("enough")]
)
def test_what_would_fail_again_and_what_leaves_are_not_tried_again(
    scheduler: Scheduler, error: BaseException
) -> None:
    unsteady, began = flaky(1, lambda: error, retries=5)
    with pytest.raises(type(error)):
        scheduler.run(unsteady(1))
    assert len(began) == 1


def test_a_result_that_cannot_be_recorded_is_not_tried_again(scheduler: Scheduler) -> None:
    @task(namespace="retries", retries=3, retry_backoff=0)
    def unrecordable() -> Any:
        return threading.Lock()

    with pytest.raises(Unrecordable):
        scheduler.run(unrecordable())
    assert scheduler.progress().counts["retries.unrecordable"] == {"FAILED": 1}


def test_a_parent_does_not_run_again_for_a_child_that_failed(scheduler: Scheduler) -> None:
    unsteady, began = flaky(9, retries=1)

    @task(namespace="retries", retries=5, retry_backoff=0)
    def parent() -> Any:
        return unsteady(1)

    with pytest.raises(Unlucky):
        scheduler.run(parent())
    assert len(began) == 2
    assert scheduler.progress().counts["retries.parent"] == {"FAILED": 1}


def test_the_pause_doubles_and_something_is_drawn_off_it(scheduler: Scheduler) -> None:
    unsteady, began = flaky(3, retries=3, retry_backoff=0.1)
    scheduler.run(unsteady(1))
    pauses = [later - earlier for earlier, later in pairwise(began)]
    for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True):
        assert least <= pause < 2 * least + 30  # as long as a busy machine makes it


def test_the_rest_of_the_workflow_goes_on_during_a_pause(scheduler: Scheduler) -> None:
    unsteady, began = flaky(1, retries=1, retry_backoff=3600)
    seen: list[int] = []

    @task(namespace="retries", cache_scope="NONE")
    def chain(n: int) -> Any:
        wait_for(lambda: counted(scheduler) == {"FAILED": 1, "PENDING": 1})
        seen.append(n)
        return scheduler.cancel() if n == 0 else chain(n - 1)

    with pytest.raises(Cancelled):
        scheduler.run([unsteady(1), chain(50)])
    assert (len(began), len(seen)) == (1, 51)


def test_limits_are_free_during_a_pause(scheduler: Scheduler) -> None:
    unsteady, began = flaky(1, retries=1, retry_backoff=3600, limits=["desk"])

    @task(namespace="retries", limits=["desk"])
    def other() -> None:
        wait_for(lambda: counted(scheduler) == {"FAILED": 1, "PENDING": 1})
        scheduler.cancel()

    with pytest.raises(Cancelled):
        scheduler.run([unsteady(1), other()])
    assert len(began) == 1
    assert scheduler.progress().limits == {"desk": 0}


def counted(scheduler: Scheduler) -> dict[str, int]:
    """How far the attempts of the flaky task are."""
    return scheduler.progress().counts["retries.flaky"]


def test_equal_calls_share_the_attempts(scheduler: Scheduler) -> None:
    unsteady, began = flaky(2, retries=2)

    @task(namespace="retries")
    def parent(n: int) -> Any:
        return inc(unsteady(1))

    assert scheduler.run([parent(1), parent(2), unsteady(1)]) == [2, 2, 1]
    assert len(began) == 3


def test_a_call_that_nobody_needs_any_more_is_not_tried_again(scheduler: Scheduler) -> None:
    unsteady, began = flaky(1, retries=1, retry_backoff=3600)

    @task(namespace="retries")
    def failing() -> int:
        wait_for(lambda: counted(scheduler).get("FAILED"))
        raise KeyError("other")

    with pytest.raises(KeyError):
        scheduler.run([unsteady(1), failing()])
    assert len(began) == 1
    assert scheduler.progress().counts["retries.flaky"] == {"FAILED": 1, "CANCELLED": 1}


def test_with_keep_going_the_attempts_are_made_after_a_failure(scheduler: Scheduler) -> None:
    unsteady, began = flaky(1, retries=1, retry_backoff=0.1)
    with pytest.raises(KeyError):
        scheduler.run([unsteady(1), raises(1)], keep_going=True)
    assert len(began) == 2


@task
def raises(n: int) -> int:
    raise KeyError(n)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retries": -1}, "retries=-1: a whole number"),
        ({"retries": True}, "retries=True"),
        ({"retries": 1.5}, "retries=1.5"),
        ({"retry_backoff": -1}, "retry_backoff=-1: seconds"),
        ({"retry_backoff": "1"}, "retry_backoff='1'"),
        ({"retry_on": "ValueError"}, "an exception class"),
        ({"retry_on": (ValueError, int)}, "an exception class"),
        ({"retry_on": ()}, r"retry_on=\(\): no error would be worth another attempt"),
        ({"retry_on": []}, r"retry_on=\[\]: no error would be worth another attempt"),
        ({"retires": 1}, "Did you mean retries"),
    ],
)
def test_values_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskDefinitionError, match=said):
        inc.options(**options)
    with pytest.raises(TaskDefinitionError, match=said):
        task(**options)(inc.func)


def test_the_options_do_not_count_in_the_tasks_identity(scheduler: Scheduler) -> None:
    assert task(retries=2, retry_on=OSError)(inc.func).hash == task(inc.func).hash

    @task(namespace="retries")
    def apply(function: Task[Any, Any]) -> Any:
        return function(1)

    assert scheduler.run(apply(inc.options(retries=2, retry_on=(OSError, ValueError)))) == 2


def test_the_number_of_attempts_may_be_lazy_and_may_come_from_a_parent(scheduler: Scheduler) -> None:
    unsteady, began = flaky(2)
    assert scheduler.run(unsteady.options(retries=inc(1))(1)) == 1
    assert len(began) == 3
    unsteady, began = flaky(2)

    @task(namespace="retries")
    def parent() -> Any:
        return [unsteady(1)]

    assert scheduler.run(parent.export_options(retries=2, retry_on=Unlucky)()) == [1]
    assert len(began) == 3
    with pytest.raises(TaskDefinitionError, match=r"retries=0\.5"):
        scheduler.run(unsteady.options(retries=inc(1) / 4)(2))


def test_ctrl_c_during_a_pause_ends_the_run_at_once(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text(
        textwrap.dedent(
            """
            import threading, time
            from headwater import Scheduler, task

            @task(namespace="w", retries=1, retry_backoff=3600)
            def fails():
                raise ValueError("no")

            def tell():
                while not scheduler.progress().counts.get("w.fails", {}).get("FAILED"):
                    time.sleep(0.01)
                print("failed", flush=True)

            scheduler = Scheduler(record=False)
            threading.Thread(target=tell).start()
            try:
                scheduler.run(fails())
            except KeyboardInterrupt:
                print(scheduler.progress().counts)
            """
        )
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "failed\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert out == "{'w.fails': {'FAILED': 1, 'CANCELLED': 1}}\n"
