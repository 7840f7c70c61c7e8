"""Runs the bodies of async tasks: many at a time, on one event loop, in a thread that belongs to the run.

The scheduler never waits for this thread: a body that blocks it holds up other bodies, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from time import time
from typing import TYPE_CHECKING, Any

from headwater.engine.awaiting import Body, Strand, Want, new_strand
from headwater.engine.errors import Cancelled
from headwater.engine.executors.base import Completed, Outcome, Prepare, perform, prepare_for
from headwater.engine.files.since import RunThread

if TYPE_CHECKING:
    from headwater.engine.job import Job

Ask = Callable[[Want], None]
"""Is told, on the loop's thread, what a body waits for."""

_log = logging.getLogger("headwater")

PATIENCE = 5.0
"""Seconds that a run which ends waits for bodies that were told to stop."""


class CoroutineExecutor:
    """Every body at once; `limits` bound them, where they have to be bound.

    A call that is given up is cancelled: it ends at its next await.
    """

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self._ask = ask
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._bodies: dict[Body, float] = {}

    def start(self, prepare: Prepare, completed: Completed) -> None:
        self._prepare = prepare
        self._completed = completed

    def submit(self, jobs: Iterable[Job]) -> None:
        loop = self._loop or self._open()
        for job in jobs:
            body = job.body = Body(job, self._ask, loop)
            job.idle = False
            loop.call_soon_threadsafe(self._begin, body)

    def since(self, job: Job) -> float | None:
        return self._bodies.get(job.body) if job.body is not None else None

    def give_up(self, job: Job) -> bool:
        if job.body is not None:
            job.body.stop()
        return True

    def stop(self, *, wait: bool) -> None:
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        stopped = list(self._bodies)
        for body in stopped:
            body.stop()
        loop.call_soon_threadsafe(loop.stop)
        if wait:
            thread.join(PATIENCE if stopped else None)
            if thread.is_alive():
                names = sorted({body.job.task.fullname for body in self._bodies.copy()})
                _log.warning(
                    "%s: told to stop, and has not: it blocks, or catches CancelledError. It is left alone, and what "
                    "it still does is ignored.",
                    ", ".join(names),
                )
        self._loop = self._thread = None

    def _open(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.new_event_loop()
        loop.set_task_factory(new_strand)
        self._thread = RunThread(
            target=self._serve, args=(loop,), name=f"headwater-{self.name}-async", daemon=True
        )
        self._thread.start()
        return loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            loop.run_until_complete(self._finish(loop))
        finally:
            loop.close()

    async def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
        await loop.shutdown_asyncgens()

    def _begin(self, body: Body) -> None:
        self._bodies[body] = time()
        Strand(self._run(body), body=body).add_done_callback(lambda strand: self._end(body, strand))

    async def _run(self, body: Body) -> Outcome:
        began = time()
        try:
            value = await body.run()
        except BaseException as error:  # whatever leaves the function is what came of it
            return Outcome(None, False, None, error, began, time())
        return perform(
            _same, (value,), {}, prepare_for(body.job, self._prepare), began, key=body.job.eval_hash
        )

    def _end(self, body: Body, strand: asyncio.Task[Outcome]) -> None:
        began = self._bodies.pop(body)
        if strand.cancelled():  # before it began
            error = Cancelled(f"{body.job.task.fullname} was stopped before it began")
            outcome = Outcome(None, False, None, error, began, time())
        else:
            outcome = strand.result()
        self._completed(body.job, body.n, outcome)


def _same(value: Any) -> Any:
    return value
