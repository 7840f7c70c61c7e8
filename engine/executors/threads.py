"""Runs calls on threads of this process: the default executor.

`concurrent.futures` costs several times what a small task does. Here calls are handed over in slices through one
deque, and a thread is woken only when it sleeps.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any

from headwater.engine.executors.base import Completed, Outcome, Prepare, perform, prepare_for
from headwater.engine.executors.owned import own
from headwater.engine.files.since import RunThread
from headwater.engine.script_process import end_groups, runs_program

if TYPE_CHECKING:
    from headwater.engine.job import Job


_LOOK = 0.2
"""Seconds between two looks at whether there was a signal: the system may have told another thread of it."""


class Hand(RunThread):
    """A thread that runs calls, and what it is at.

    Attributes:
        job: the call that it runs, or ran last.
        since: when that began (seconds since the epoch); 0 while it has not, or waits for others.
        left: it was left alone with a call that nobody waits for, and is to take no other.
        worker: what it runs calls with, where that is not the thread itself.
    """

    def __init__(self, name: str, work: Callable[[Hand], None]) -> None:
        super().__init__(name=name, daemon=True, target=work, args=(self,))
        self.job: Job | None = None
        self.since = 0.0
        self.left = False
        self.worker: Any = None

    def waits(self, waits: bool) -> None:
        """Whether the call waits for others now, which is no time of its own."""
        self.since = 0.0 if waits else time()


class ThreadExecutor:
    """Up to `workers` calls at a time, on daemon threads that are started as they are needed."""

    def __init__(self, name: str, workers: int) -> None:
        self.name = name
        self._workers = workers
        self._queue: deque[Job] = deque()
        self._condition = threading.Condition()
        self._hands: list[Hand] = []
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
            self._start_hands(waiting - self._idle)
            if self._idle:
                self._condition.notify(min(waiting, self._idle))

    def since(self, job: Job) -> float | None:
        for hand in list(self._hands):
            if hand.job is job:
                return hand.since or None
        return None

    def give_up(self, job: Job) -> bool:
        with suppress(ValueError, IndexError):  # it is not there, or a thread took one out meanwhile
            self._queue.remove(job)
            return True
        with self._condition:
            hand = next((hand for hand in self._hands if hand.job is job), None)
            return hand is None or self._give_up(hand)

    def stop(self, *, wait: bool) -> None:
        with self._condition:
            self._stopped = True
            self._queue.clear()
            self._condition.notify_all()
        if wait:
            for hand in self._hands:
                while hand.is_alive():
                    hand.join(_LOOK)
        else:
            end_groups(self._hands)
        self._hands = []
        self._idle = 0

    def _give_up(self, hand: Hand) -> bool:
        """A thread cannot be stopped: it is left alone, and another takes its place when there is work.

        A program that it waits for can be stopped, and is.
        """
        hand.left = True
        self._hands.remove(hand)
        self._start_hands(len(self._queue) - self._idle)
        stops = runs_program(hand)
        threading.Thread(target=end_groups, args=([hand],), daemon=True).start()
        return stops

    def _start_hands(self, wanted: int) -> None:
        for _ in range(min(wanted, self._workers - len(self._hands))):
            hand = Hand(f"headwater-{self.name}", self._work)
            self._hands.append(hand)
            hand.start()

    def _work(self, hand: Hand) -> None:
        queue, completed = self._queue, self._completed
        while not hand.left:
            try:
                job = queue.popleft()
            except IndexError:
                if not self._sleep(hand):
                    return
                continue
            n = job.n  # it has another by the time that a call ends which was given up and is tried again
            try:
                outcome = self._run(job, hand)
            except (
                BaseException
            ) as error:  # what surrounds the task failed; a call without an answer is waited for
                outcome = Outcome(None, False, None, error, now := time(), now)
            if job.n == n:
                job.idle = True
            completed(job, n, outcome)
            del job, outcome  # a thread that sleeps is not to keep what it handed over

    def _sleep(self, hand: Hand) -> bool:
        with self._condition:
            if self._stopped or hand.left:  # one that is left would be woken for a call that it does not take
                return False
            if not self._queue:
                hand.job = None
                self._idle += 1
                self._condition.wait()
                self._idle -= 1
            return not self._stopped

    def _run(self, job: Job, hand: Hand) -> Outcome:
        # In this order: whoever finds the job reads when it began, not when the one before it did.
        hand.since = started = time()
        hand.job = job
        job.idle = False
        args, kwargs = job.arguments(own)
        return perform(
            job.task.body, args, kwargs, prepare_for(job, self._prepare), started, key=job.eval_hash
        )
