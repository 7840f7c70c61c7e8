"""What async tasks are recorded to have come from: on both stores."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from headwater import Project, evaluate
from tests.contract.conftest import Run, define


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


def origins(store: GraphStore, task: str) -> set[str]:
    """The tasks that the newest call of a task came from, itself left out."""
    text = "MATCH (j:Job) WHERE j.task_name = $task RETURN j.id ORDER BY j.started DESC LIMIT 1"
    [(job,)] = store.ask(text, {"task": f"caching.{task}"}, timeout=30, limit=10).rows
    traced = trace(store, Found("job", job, "a job"))
    return {call.task.removeprefix("caching.") for call in traced.calls.values()} - {task}


def step(name: str) -> Any:
    return define(name, "1", lambda n: n + 1)


def test_what_a_body_hands_on_came_from_what_it_had_awaited_until_then(
    run: Run, project: Project, store: GraphStore
) -> None:
    a, b, c, d, later = map(step, ["a", "b", "c", "d", "later"])

    async def main(n: int) -> int:
        x = await evaluate(a(n))
        y = await evaluate(b(x * 2))
        z = await evaluate(c(d(y)))
        await evaluate(later(1000))
        return z

    run(define("main", "7", main)(1))
    assert origins(store, "a") == {"main"}
    assert origins(store, "b") == {"main", "a"}
    assert origins(store, "d") == {"main", "a", "b"}
    assert origins(store, "c") == {"main", "a", "b", "d"}
    assert origins(store, "main") == {"a", "b", "c", "d", "later"}
    assert not verify(project, store).findings


def test_strands_know_what_was_before_them_and_nothing_of_each_other(run: Run, store: GraphStore) -> None:
    start, left, right, after_left, after_right, both = map(
        step, ["start", "left", "right", "after_left", "after_right", "both"]
    )

    async def branch(first: Any, second: Any, n: int) -> int:
        got = await evaluate(first(n))
        await asyncio.sleep(0.01)
        return await evaluate(second(got))

    async def main(n: int) -> int:
        n = await evaluate(start(n))
        found = await asyncio.gather(branch(left, after_left, n), branch(right, after_right, n + 50))
        return await evaluate(both(sum(found)))

    run(define("main", "8", main)(1))
    assert origins(store, "after_left") == {"main", "start", "left"}
    assert origins(store, "after_right") == {"main", "start", "right"}
    assert origins(store, "both") == {"main", "start", "left", "right", "after_left", "after_right"}


def test_what_came_through_a_queue_may_have_come_from_anywhere(run: Run, store: GraphStore) -> None:
    made, used = step("made"), step("used")

    async def main(n: int) -> int:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def produce() -> None:
            await queue.put(await evaluate(made(n)))

        async def consume() -> int:
            return await evaluate(used(await queue.get()))

        _, found = await asyncio.gather(produce(), consume())
        return int(found)

    run(define("main", "9", main)(1))
    assert origins(store, "used") == {"main", "made"}


def test_a_long_body_is_recorded_in_few_edges(run: Run, store: GraphStore) -> None:
    add = define("add", "1", lambda total, n: total + n)

    async def main(n: int) -> int:
        total = 0
        for i in range(n):
            total = await evaluate(add(total, i))
        return total

    assert run(define("main", "10", main)(120)) == sum(range(120))
    [(edges,)] = store.ask("MATCH ()-[f:FED_BY]->() RETURN count(f)", {}, timeout=30, limit=10).rows
    assert edges <= 120 * 4 + 2


def test_the_record_of_a_body_does_not_depend_on_what_came_first(run: Run, store: GraphStore) -> None:
    pauses = iter([0.0, 0.05, 0.05, 0.0])

    async def pause(n: int) -> int:
        await asyncio.sleep(next(pauses))
        return n

    paused, after = define("pause", "1", pause), step("after")

    async def branch(n: int) -> int:
        return await evaluate(after(await evaluate(paused(n))))

    async def main(n: int) -> int:
        return sum(await asyncio.gather(branch(1), branch(2)))

    root = define("main", "11", main)
    for _ in range(2):
        assert run(root(1), cache=False) == 5
    text = "MATCH (c:CallNode) WHERE c.task_name = $task RETURN count(c)"
    assert store.ask(text, {"task": "caching.main"}, timeout=30, limit=10).rows == [(1,)]


@pytest.mark.parametrize("how", ["await", "fail"])
def test_where_time_decides_what_a_body_had_each_run_is_told_as_it_was(
    run: Run, project: Project, store: GraphStore, how: str
) -> None:
    late, ended = ["left"], threading.Event()

    def take(which: str) -> int:
        assert which not in late or ended.wait(60)
        return 1

    taken, used = define("take", "1", take), step("used")
    first, second = define("left", "1", lambda: taken("left")), define("right", "1", lambda: taken("right"))

    async def main() -> int:
        both = [asyncio.ensure_future(evaluate(one())) for one in (first, second)]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        found = await evaluate(used(5))
        ended.set()
        await asyncio.gather(*both)
        if how == "fail":
            raise ValueError(found)
        return found

    root = define("main", "12", main)
    for which, other in (("left", "right"), ("right", "left")):
        late[:] = [which]
        ended.clear()
        with pytest.raises(ValueError, match="6") if how == "fail" else nullcontext():
            run(root(), cache=False)
        assert origins(store, "used") - {"main", "take"} == {other}
    assert not verify(project, store).findings
