"""Runs calls on threads of this process: the default executor.

`concurrent.futures` costs several times what a small task does. Here calls are handed over in slices through one
deque, and a thread is woken only when it sleeps.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from time import time
from typing import TYPE_CHECKING

from headwater.engine.executors.base import Completed, Outcome, Prepare, perform

if TYPE_CHECKING:
    from headwater.engine.job import Job


class ThreadExecutor:
    """Up to `workers` calls at a time, on daemon threads that are started as they are needed."""

    def __init__(self, name: str, workers: int) -> None:
        self.name = name
        self._workers = workers
        self._queue: deque[Job] = deque()
        self._condition = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopped = False

    def start(self, prepare: Prepare, completed: Completed) -> None:
        self._prepare = prepare
        self._completed = completed
        self._stopped = False

    def submit(self, jobs: Iterable[Job]) -> None:
        self._queue.extend(jobs)
        with self._condition:
            waiting = len(self._queue)
            for _ in range(min(waiting - self._idle, self._workers - len(self._threads))):
                thread = threading.Thread(target=self._work, name=f"headwater-{self.name}", daemon=True)
                self._threads.append(thread)
                thread.start()
            if self._idle:
                self._condition.notify(min(waiting, self._idle))

    def stop(self, *, wait: bool) -> None:
        with self._condition:
            self._stopped = True
            self._queue.clear()
            self._condition.notify_all()
        if wait:
            for thread in self._threads:
                thread.join()
        self._threads = []
        self._idle = 0

    def _work(self) -> None:
        queue, completed = self._queue, self._completed
        while True:
            try:
                job = queue.popleft()
            except IndexError:
                if not self._sleep():
                    return
                continue
            try:
                outcome = self._run(job)
            except (
                BaseException
            ) as error:  # what surrounds the task failed; a call without an answer is waited for
                outcome = Outcome(None, False, None, error, now := time(), now)
            completed(job, outcome)

    def _sleep(self) -> bool:
        with self._condition:
            if self._stopped:
                return False
            if not self._queue:
                self._idle += 1
                self._condition.wait()
                self._idle -= 1
            return not self._stopped

    def _run(self, job: Job) -> Outcome:
        args, kwargs = job.arguments()
        return perform(job.task.func, args, kwargs, self._prepare)
