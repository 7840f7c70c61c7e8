"""Errors in async tasks: raised at the `await`, and failing nothing but the call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headwater import CallError, Handle, Scheduler, catch, task
from tests.engine.test_async import fail, inc, nap

headwater_namespace = "async_errors"


def test_an_error_is_raised_where_it_is_awaited(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def careful(message: str) -> str:
        try:
            await fail(message)
        except ValueError as error:
            return f"caught {error}"
        return "no error"

    @task(namespace="asyncs")
    async def careless(message: str) -> str:
        return str(await fail(message))

    assert scheduler.run(careful("x")) == "caught x"
    with pytest.raises(ValueError, match="y") as caught:
        scheduler.run(careless("y"))
    text = str(caught.value.headwater_traceback)
    assert text.index("asyncs.careless") < text.index("asyncs.fail")
    assert scheduler.progress().counts["asyncs.careless"] == {"FAILED": 1}
    assert scheduler.run(catch(careless("z"), ValueError, repr_of)) == "ValueError('z')"


@task
def repr_of(error: Exception) -> str:
    return repr(error)


def test_errors_can_be_gathered(scheduler: Scheduler) -> None:
    @task(namespace="asyncs")
    async def main() -> Any:
        found = await asyncio.gather(fail("a"), inc(1), return_exceptions=True)
        return [repr(one) for one in found]

    assert scheduler.run(main()) == ["ValueError('a')", "2"]


class Place(Handle):
    def __init__(self, name: str) -> None:
        pass


@task(config_args=["place"])
def at(place: Place, n: int) -> int:
    return n


def test_a_call_that_cannot_be_made_is_an_error_at_its_await(scheduler: Scheduler) -> None:
    @task
    async def body(caught: bool) -> Any:
        try:
            return await at(Place("here"), 1)
        except CallError as error:
            if not caught:
                raise
            return [str(error), await inc(3)]

    with pytest.raises(CallError, match="Take 'place' out of config_args"):
        scheduler.run(body(False))
    text, four = scheduler.run(body(True))
    assert "Take 'place' out of config_args" in text
    assert four == 4


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, StopIteration])
@pytest.mark.parametrize("within", [False, True])
def test_whatever_a_body_raises_fails_its_call_only(
    scheduler: Scheduler, kind: type[BaseException], within: bool
) -> None:
    @task(namespace="asyncs")
    async def raises(n: int) -> None:
        async def inner() -> None:
            raise kind(n)

        await (asyncio.gather(inner()) if within else inner())

    @task(namespace="asyncs")
    async def waits(n: int) -> Any:
        await raises(n)

    for call in (raises(1), waits(2)):
        with pytest.raises(RuntimeError if kind is StopIteration else kind):
            scheduler.run([call, nap(0.01)])
    assert scheduler.run(nap(0, 3)) == 3
