"""Async tasks on their event loop: what a body waits for, and which results its plain values can have come from.

A body runs in strands: the coroutine of the task, and every asyncio task that is created in it. Each `await` of an
expression is a want, which the scheduler answers from its own thread.

What a strand does is out of sight, so a plain value in an expression counts as made of all that the strand had got
until then, beside the call's arguments. It has what the strand that created it had, what was handed to it, and what
the strands that it created had when they ended. Where it waited for something else (a queue, an event), everything
that the body had got counts. Results are left out where the way to them leads over later ones anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable, Set
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from headwater.engine.came import Brought, Came, Had
from headwater.engine.errors import CallError, Cancelled
from headwater.engine.executors.owned import own
from headwater.engine.expression import Expression, begin_era
from headwater.engine.forks import forks, leave
from headwater.engine.places import Inner, Place

if TYPE_CHECKING:
    from headwater.engine.job import Job, StepNode

LAST = Inner(None, 1, 0)
"""The place of what a body returns: after all that it awaited."""

NOTHING: frozenset[int] = frozenset()
_SILENT = {asyncio.sleep.__code__, asyncio.Lock.acquire.__code__, asyncio.Semaphore.acquire.__code__}
"""What can be waited for without getting anything from another strand."""


class Want:
    """One await of a body.

    Attributes:
        job, n: whose body waits, and in which attempt.
        expression: for what.
        place: where that stands: in the strand, which has a place of its own in the one that created it. So it is the
            same whatever comes first.
        had: from what the plain values in it may have come.
    """

    def __init__(self, strand: Strand, expression: Expression) -> None:
        body = strand.body
        self.job = body.job
        self.n = body.n
        self.expression = expression
        self.place = strand.next_place()
        self.had = strand.had()
        self.arrival = Arrival(loop=body.loop)
        self._strand = strand

    def answer(
        self,
        value: Any,
        error: BaseException | None,
        sources: Set[int] = NOTHING,
        covered: Set[int] = NOTHING,
    ) -> None:
        """Hand over a value, or an error; called on the scheduler's thread.

        Args:
            sources: what it came from, among the job's calls.
            covered: those calls to which the way leads over the sources.
        """
        with suppress(RuntimeError):  # the run is over, and its loop closed
            self._strand.body.loop.call_soon_threadsafe(self._arrive, value, error, sources, covered)

    def _arrive(self, value: Any, error: BaseException | None, sources: Set[int], covered: Set[int]) -> None:
        if not self.arrival.done():
            strand = self._strand
            for got in (strand.got, strand.body.got):
                got.difference_update(covered)
                got.update(sources)
            strand.body.open_wants.discard(self)
            self.arrival.set_result((value, error))


class Body:
    """The function of an async task's call while it runs.

    Attributes:
        job, n: the call, and the number of the attempt.
        loop: where it runs.
        got: the results that it has got, as indexes among the job's calls.
        open_wants: what it waits for, or has given up waiting for.
        gave_up: whether there was something that it did not wait for to the end: then time has decided on its result.
        stopped: nobody wants its result any more.
        waits: how many of its wants the scheduler has not answered.
        lent: whether it has given its limits back, while it waits.
        withheld: answers that are handed over once it has them again.
        took: the hashes of the values that it has got.
        asked: what it waited for, each with its place.
        asking: the nodes of its wants that the scheduler has not answered.
        began: the era that began with it.
    """

    def __init__(self, job: Job, ask: Callable[[Want], None], loop: asyncio.AbstractEventLoop) -> None:
        self.job = job
        self.n = job.n
        self.loop = loop
        self.ask = ask
        self.got: set[int] = set()
        self.open_wants: set[Want] = set()
        self.gave_up = False
        self.stopped = False
        self.strands: dict[asyncio.Task[Any], None] = {}
        self.left: BaseException | None = None
        self.began = begin_era()
        # Used by the scheduler alone:
        self.waits = 0
        self.lent = False
        self.withheld: list[Callable[[], None]] = []
        self.took: list[bytes] = []
        self.asked: list[tuple[Place, Expression]] = []
        self.asking: set[StepNode] = set()

    def had(self, got: Iterable[int]) -> Had:
        """From what the plain values may have come in what is written where these results were got."""
        brought = Brought(None, (), None)
        brought.begun = self.began
        return Had(brought, Came(frozenset(got)))

    def hand_over(self) -> None:
        """Give it the answers that it can go on with."""
        withheld, self.withheld = self.withheld, []
        for give in withheld:
            give()

    async def run(self) -> Any:
        """What the function returns, once nothing of it goes on.

        Raises:
            BaseException: what the function raised.
        """
        args, kwargs = self.job.arguments(own)
        depth = forks.depth
        try:
            value = await self.job.task.body(*args, **kwargs)
            if forks.depth != depth:
                leave(None)
        except BaseException as error:
            if forks.depth != depth:
                leave(error)
            self._raise_why()
            raise
        finally:
            self.gave_up = self.gave_up or bool(self.open_wants)
            await self._end_strands()
        self._raise_why()
        return value

    def _raise_why(self) -> None:
        if self.left is not None:
            raise self.left
        if self.stopped:
            raise Cancelled(f"{self.job.task.fullname} was stopped before it finished")

    async def _end_strands(self) -> None:
        """Nothing that a body has begun outlives it."""
        others = [strand for strand in self.strands if strand is not asyncio.current_task()]
        for strand in others:
            strand.cancel()
        if others:
            await asyncio.wait(others)

    def stop(self) -> None:
        """Stop it at its next await; may be called from any thread."""
        self.stopped = True
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for strand in list(self.strands):
            strand.cancel()

    def leave(self, error: BaseException) -> None:
        """End it with an error that asyncio would end the whole loop with."""
        self.left = error
        self._cancel()


class Arrival(asyncio.Future[Any]):
    """What a strand sleeps on until its want is answered."""


class Strand(asyncio.Task[Any]):
    """An asyncio task of a body.

    Attributes:
        body: whose it is.
        got: the results that it may have to do with, as indexes among the job's calls.
    """

    def __init__(self, coro: Any, *, body: Body, above: Strand | None = None, **options: Any) -> None:
        self.body = body
        self.got: set[int] = set(above.got) if above is not None else set()
        self._began_with = frozenset(self.got)
        self._above = above
        self._place = above.next_place() if above is not None else None
        self._made = 0
        self._inner = coro
        body.strands[self] = None
        super().__init__(self._follow(coro), loop=body.loop, **options)
        self.add_done_callback(Strand._end)  # before anybody who waits for it is told

    def had(self) -> Had:
        """From what the plain values may have come in what it writes now."""
        return self.body.had(self.got)

    def next_place(self) -> Place:
        """The place of the next await, or of the next strand that is created here."""
        self._made += 1
        return Inner(self._place, 0, self._made)

    async def _follow(self, coro: Coroutine[Any, Any, Any] | Expression) -> Any:
        try:
            return await (coro if isinstance(coro, Expression) else _Watched(self, coro))
        except (SystemExit, KeyboardInterrupt) as error:
            self.body.leave(error)
            raise asyncio.CancelledError from error

    def _end(self) -> None:
        self.body.strands.pop(self, None)
        if self._above is not None:
            # Without what it was given of that, and the way to which leads over what it has got since.
            self._above.got -= self._began_with - self.got
            self._above.got |= self.got - self._began_with
        if not isinstance(self._inner, Expression):
            self._inner.close()  # it may have been cancelled before it began


class _Watched:
    """A coroutine that is run as it is, looking at what it waits for."""

    def __init__(self, strand: Strand, coro: Coroutine[Any, Any, Any]) -> None:
        self._strand = strand
        self._coro = coro

    def __await__(self) -> Generator[Any, Any, Any]:
        coro, strand = self._coro, self._strand
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                waited_for = coro.send(sent) if thrown is None else coro.throw(thrown)
            except StopIteration as stop:
                return stop.value
            elsewhere = not (
                waited_for is None
                or isinstance(waited_for, (Arrival, Strand))
                or hasattr(waited_for, "_children")  # what asyncio.gather gives
                or _innermost(coro) in _SILENT
            )
            sent = thrown = None
            try:
                sent = yield waited_for
            except GeneratorExit:
                coro.close()
                raise
            except BaseException as error:
                thrown = error
            if elsewhere:
                strand.got |= strand.body.got


def _innermost(coro: Any) -> Any:
    """The code that a coroutine stands in, down to the last that it awaits."""
    while True:
        inner = getattr(coro, "cr_await", None)
        if getattr(inner, "cr_code", None) is None:
            return getattr(coro, "cr_code", None)
        coro = inner


def new_strand(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """The task factory of the loop that bodies run on."""
    above = asyncio.current_task(loop)
    if not isinstance(above, Strand):
        return asyncio.Task(coro, loop=loop, **options)
    return Strand(coro, body=above.body, above=above, **options)


def wait_for(expression: Expression) -> Generator[Any, Any, Any]:
    """What `await expression` runs: ask the scheduler for the value, and sleep until it is there.

    Raises:
        CallError: this is not the body of an async task.
        BaseException: what the expression failed with.
    """
    try:
        strand = asyncio.current_task()
    except RuntimeError:
        strand = None
    if not isinstance(strand, Strand):
        raise CallError(
            f"await {expression!r}: only the body of an async task (`@task` on an `async def`) can await a lazy value. "
            "Elsewhere, evaluate it: run(expression)"
        )
    want = Want(strand, expression)
    body = strand.body
    body.open_wants.add(want)
    body.ask(want)
    try:
        value, error = yield from want.arrival
    except asyncio.CancelledError:
        body.gave_up = True
        raise
    if error is not None:
        raise error
    return value
