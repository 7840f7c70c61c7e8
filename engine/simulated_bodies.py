"""The bodies of async tasks in a simulation: on the thread that asks for the run, and on its clock.

Their event loop goes on until each of them waits, and then stands still until the simulation lets it go on. So what
comes first is decided by the workflow and the seed, and by nothing else. Only where a body waits for something outside
(a socket, a program) does the loop wait for that as long as it takes.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Protocol

from headwater.engine.awaiting import Body, new_strand
from headwater.engine.executors.coroutines import Ask, CoroutineExecutor

if TYPE_CHECKING:
    from headwater.engine.job import Job


class Clock(Protocol):
    """The clock of a simulation."""

    now: float

    def advance(self, seconds: float) -> None: ...


class InlineBodies(CoroutineExecutor):
    """Runs bodies when it is told to go on."""

    _loop: _Loop | None

    def __init__(self, name: str, ask: Ask, clock: Clock) -> None:
        super().__init__(name, ask)
        self._clock = clock
        self._began: dict[Body, float] = {}

    def go_on(self) -> None:
        """Let every body go on until it waits."""
        if self._loop is not None:
            with no_event_loop():
                self._loop.run_forever()

    @property
    def rest(self) -> float:
        """Seconds until one of them goes on by itself; infinity where none does."""
        return self._loop.rest if self._loop is not None else math.inf

    def wait_outside(self, seconds: float) -> bool:
        """Wait for what bodies wait for outside, where they do; False where nothing outside is to be seen."""
        loop = self._loop
        if loop is None or not loop.looks_outside:
            return False
        began = monotonic()
        loop.patience = seconds
        try:
            self.go_on()
        finally:
            loop.patience = 0.0
        self._clock.advance(min(monotonic() - began, seconds))
        return True

    def since(self, job: Job) -> float | None:
        began = self._began.get(job.body) if job.body is not None else None
        return None if began is None else time() - (self._clock.now - began)

    def stop(self, *, wait: bool) -> None:
        loop = self._loop
        if loop is None:
            return
        for body in list(self._bodies):
            body.stop()
        loop.ending = True
        try:
            with no_event_loop():
                loop.run_until_complete(self._finish(loop))
        finally:
            loop.close()
            self._loop = None

    def _open(self) -> asyncio.AbstractEventLoop:
        self._loop = _Loop(self._clock)
        self._loop.set_task_factory(new_strand)
        return self._loop

    def _begin(self, body: Body) -> None:
        self._began[body] = self._clock.now
        super()._begin(body)


class _Selector(selectors.DefaultSelector):
    """Asks what to do where nothing is ready, instead of waiting."""

    idle: Callable[[float | None], float]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        return super().select(self.idle(timeout))


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on a clock of its own, which stops where nothing can go on.

    Attributes:
        rest: seconds until something goes on by itself.
        patience: for how long it waits for something outside first, in seconds.
        ending: it does not stop, but lets time pass, until all is done.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watching = _Selector()
        self._watching.idle = self._idle
        self.rest = math.inf
        self.patience = 0.0
        self.ending = False
        super().__init__(self._watching)

    @property
    def looks_outside(self) -> bool:
        """Whether it waits for more than its own messages."""
        return len(self._watching.get_map()) > 1

    def time(self) -> float:
        return self._clock.now

    def _idle(self, seconds: float | None) -> float:
        self.rest = math.inf if seconds is None else seconds
        if self.ending and not self.looks_outside and seconds is not None:
            self._clock.advance(seconds)
        elif self.ending:
            return 0.05
        else:
            self.stop()
            return self.patience
        return 0

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """Run a function here and now, unless its executor is one of the body's own."""
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        future = self.create_future()
        try:
            with no_event_loop():
                done = (future.set_result, func(*args))
        except Exception as error:
            done = (future.set_exception, error)
        self.call_soon(lambda: future.done() or done[0](done[1]))
        return future


@contextmanager
def no_event_loop() -> Iterator[None]:
    """A call is to see no event loop of whoever asks for the run, though it runs on the same thread."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
