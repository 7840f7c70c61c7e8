"""Threads that are left alone take no other call, and none is lost with them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import pytest
from headwater.engine.executors import threads
from headwater.engine.job import Job

from headwater import Scheduler, task
from tests.waiting import wait_for

headwater_namespace = "hands"


@task
def slow(n: int) -> int:
    time.sleep(0.3)  # longer than what the loop runs itself
    return n + 1


def test_a_call_that_is_given_up_as_it_ends_takes_no_thread_from_the_next(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[tuple[threads.ThreadExecutor, Job]] = []
    given_up: list[Job] = []
    submit = threads.ThreadExecutor.submit

    def noted(executor: threads.ThreadExecutor, jobs: Iterable[Job]) -> None:
        found = list(jobs)
        submitted.extend((executor, job) for job in found)
        submit(executor, found)

    class Waiting(deque[Any]):
        """When a thread finds that no call waits, the one that it has just ended is given up."""

        def popleft(self) -> Any:
            if not self and submitted and not given_up:
                executor, job = submitted[-1]
                given_up.append(job)
                executor.give_up(job)
            return super().popleft()

    monkeypatch.setattr(threads, "deque", Waiting)
    monkeypatch.setattr(threads.ThreadExecutor, "submit", noted)
    results: list[int] = []
    runner = threading.Thread(target=lambda: results.append(scheduler.run(slow(slow(slow(1))))), daemon=True)
    runner.start()
    wait_for(lambda: results)
    assert (results, len(given_up)) == ([4], 1)
