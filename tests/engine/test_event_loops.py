"""Runs where an asyncio loop is at work already, as in a notebook, and tasks of cells. Outside any project."""

from __future__ import annotations

import asyncio
import linecache
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import headwater
from headwater import Rehearsal, Scheduler, UsageError, evaluate, task

headwater_namespace = "loops"


@task
def inc(n: int) -> int:
    return n + 1


@task
async def twice(n: int) -> Any:
    first, second = await asyncio.gather(evaluate(inc(n)), evaluate(inc(n + 1)))
    return [first, second]


def test_a_run_works_while_a_loop_runs() -> None:
    async def cell() -> list[Any]:
        await asyncio.sleep(0)
        scheduler = Scheduler(record=False)
        return [scheduler.run(twice(1)), scheduler.run([inc(n) for n in range(50)]), scheduler.run(twice(3))]

    assert asyncio.run(cell()) == [[2, 3], list(range(1, 51)), [4, 5]]


@task(cache=False)
def with_a_loop_of_its_own(n: int) -> Any:
    """Quick calls, one at a time; the last has an event loop of its own."""
    if n:
        return with_a_loop_of_its_own(n - 1)
    return asyncio.run(asyncio.sleep(0, "slept"))


@pytest.mark.parametrize("runner", [Scheduler(record=False), Rehearsal()], ids=["run", "rehearsal"])
def test_no_call_sees_the_loop_of_whoever_runs_the_workflow(runner: Any) -> None:
    async def cell() -> Any:
        value = runner.run(with_a_loop_of_its_own(8))
        await asyncio.sleep(0)  # the loop is as it was
        return value

    assert asyncio.run(cell()) == "slept"


def test_a_loop_keeps_what_it_does_about_signals() -> None:
    async def cell() -> Any:
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, seen.set)
        try:
            before = signal.getsignal(signal.SIGTERM)
            value = Scheduler(record=False).run(twice(1))
            assert signal.getsignal(signal.SIGTERM) is before
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(seen.wait(), 60)
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
        return value

    assert asyncio.run(cell()) == [2, 3]


def test_runs_in_threads_of_a_loop_do_not_meet() -> None:
    async def cell() -> Any:
        return await asyncio.gather(
            *[asyncio.to_thread(Scheduler(record=False).run, twice(n)) for n in range(8)]
        )

    assert asyncio.run(cell()) == [[n + 1, n + 2] for n in range(8)]


def test_a_task_may_run_a_workflow_of_its_own() -> None:
    @task(namespace="loops")
    async def outer(n: int) -> Any:
        return await asyncio.to_thread(Scheduler(record=False).run, twice(n))

    @task(namespace="loops")
    def blocking(n: int) -> Any:
        return Scheduler(record=False).run(twice(n))

    before = set(threading.enumerate())
    assert Scheduler(record=False).run([outer(1), blocking(2)]) == [[2, 3], [3, 4]]
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("headwater-")]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs cells as a notebook does: each a text of its own in linecache, in a `__main__` without a file."""
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    names = []

    def cell(text: str) -> dict[str, Any]:
        name = f"<ipython-input-{len(names)}-loops>"
        names.append(name)
        text = textwrap.dedent(text)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), vars(main))
        return vars(main)

    vars(main).update(headwater=headwater, headwater_namespace="cells")
    yield cell
    for name in names:
        linecache.cache.pop(name, None)


def test_tasks_of_cells_run_and_react_to_cells_that_are_run_again(notebook: Any) -> None:
    cells = notebook("""
        from headwater import Scheduler, evaluate, task

        def helper(n):
            return n

        @task
        def step(n):
            return helper(n)

        @task
        async def main(n):
            return await evaluate(step(n)) + 1
        """)
    run = Scheduler(record=False).run
    first = cells["step"].hash
    assert run(cells["main"](1)) == 2
    notebook("def helper(n):\n    return 10 * n\n")
    assert run(cells["main"](1)) == 11
    assert cells["step"].hash != first


def test_tasks_of_cells_are_not_sent_to_processes(notebook: Any) -> None:
    cells = notebook("""
        from headwater import subrun, task

        @task
        def step(n):
            return n
        """)
    for call in (cells["step"].options(executor="process")(1), cells["subrun"](cells["step"](1), "process")):
        with pytest.raises(
            (UsageError, headwater.Unrecordable), match="defined in a notebook or at a console"
        ):
            Scheduler(record=False).run(call)
    assert Scheduler(record=False).run(cells["subrun"](cells["step"](1), "default")) == 1
