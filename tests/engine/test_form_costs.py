"""What it costs to know what the calls of scheduler tasks came from: as much as there is of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from headwater.engine import attach, came, feeding, later

from headwater import cond, scheduler_task, task
from tests.engine.looked_forms import under

headwater_namespace = "form_costs"


@task
def size(name: str) -> int:
    return 5


@task
def other(name: str) -> int:
    return 7


@task
def f(x: int) -> int:
    return x + 1


@task
def show(x: Any) -> Any:
    return x


@task
def both(x: int, y: int) -> int:
    return x


@scheduler_task
def descends(n: int) -> Any:
    found = yield show(n)
    return found if n == 0 else (yield descends(n - 1))


@scheduler_task
def asks_within(n: int) -> Any:
    yield size(str(n))
    return (yield descends(n))


@scheduler_task
def remembers(n: int) -> Any:
    yield show(n)
    return n if n < 2 else sum((yield [remembers(n - 1), remembers(n - 2)]))


@scheduler_task
def polls(times: int) -> Any:
    found = yield f(5)
    for n in range(times):
        yield both(found, n)
        found = yield f(5)
    return found


SHARED: dict[str, Callable[[int], Any]] = {
    "a chain, each form of which is asked for by another, too": lambda n: [asks_within(k) for k in range(n)],
    "a tree of forms that are memoised": remembers,
    "a call that is asked for again with what came of it": polls,
    "forms that are asked for again with what came of them": lambda n: [
        *(one(k) for k in range(n) for one in (shows_of, shows_again)),
    ],
    "forms in forms that are asked for again with what came of them": lambda n: [
        hands_down(n, 5),
        down_again(n),
    ],
    "a call between chains that is asked for again and again": lambda n: [
        goes_down(n),
        *(asks_again(n, k) for k in range(n)),
    ],
    "forms around one call": lambda n: [around(n, 5), *(sized_around(name, n) for name in "ab")],
}


@scheduler_task
def shows_of(n: int) -> Any:
    return show(f(n))
    yield


@scheduler_task
def shows_again(n: int) -> Any:
    return (yield shows_of((yield both(f(n), other("a"))) - 1))


@scheduler_task
def hands_down(n: int, x: int) -> Any:
    return (yield show(f(x)) if n == 0 else hands_down(n - 1, x))


@scheduler_task
def down_again(n: int) -> Any:
    return (yield hands_down(n, (yield both(f(5), other("a"))) - 1))


@scheduler_task
def goes_up(n: int) -> Any:
    found = 0
    for _ in range(n):
        found = yield f(found)
    return found


@scheduler_task
def goes_down(n: int) -> Any:
    found = yield size("a")
    for turn in range(n):
        found = yield both(found, turn)
    return found


@scheduler_task
def asks_again(n: int, k: int) -> Any:
    """Asks for the call above the one chain with what came of the other, each time with something of its own."""
    found = yield goes_up(n)
    found = yield both(found, -k)
    return (yield size("a" if found else "b"))


@scheduler_task
def adds(value: Any, plus: int) -> Any:
    found = yield value
    return (yield both(found, plus))


def added_up(n: int) -> Any:
    value: Any = size("a")
    for plus in range(n):
        value = adds(value, plus)
    return value


@scheduler_task
def holds(value: Any) -> Any:
    yield size("b")
    return (yield show(value))


def around(n: int, x: int) -> Any:
    made = f(x)
    for _ in range(n):
        made = cond(True, made)
    return made


@scheduler_task
def sized_around(name: str, n: int) -> Any:
    return (yield around(n, (yield size(name))))


def cost(expression: Any, patch: pytest.MonkeyPatch, *, sources: bool) -> int:
    """How often the functions are called that follow what forms ask for, in how many steps ways are looked for, and how
    many rows come of it.

    Args:
        sources: whether what forms came from counts as well, as often as it is looked at.
    """
    steps = 0

    def counted(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal steps
            steps += 1
            return function(*args, **kwargs)

        return call

    def steps_of(function: Any) -> Any:
        def call(*args: Any) -> Any:
            nonlocal steps
            leads, more = function(*args)
            steps += more
            return leads, more

        return call

    def length_of(function: Any) -> Any:
        def call(hads: Any, results: Any) -> Any:
            nonlocal steps
            steps += len(results)
            return function(hads, results)

        return call

    for module, name in (
        (attach, "follow"),
        (feeding, "wire"),
        (feeding, "_feed_more"),
        (later, "feed_parameter"),
        (later, "grow"),
        (later, "within"),
        (came.Came, "__init__"),
    ):
        patch.setattr(module, name, counted(getattr(module, name)))
    patch.setattr(feeding.Hads, "_leads", steps_of(feeding.Hads._leads))
    if sources:
        patch.setattr(feeding.Hads, "last_of", length_of(feeding.Hads.last_of))
    looked = under(expression)
    return steps + len(looked.rows)


@pytest.mark.parametrize("shape", SHARED)
def test_shared_forms_cost_as_much_as_there_is_of_them(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        small = cost(SHARED[shape](20), patch, sources=False)
    with monkeypatch.context() as patch:
        large = cost(SHARED[shape](80), patch, sources=False)
    assert large <= 4 * small + 40


FOLDS: dict[str, Callable[[int], Any]] = {
    "scheduler tasks around each other": lambda n: show(added_up(n)),
    "scheduler tasks around each other, which one more asks for": lambda n: holds(added_up(n)),
    "those that give back what they were handed": lambda n: holds(handed_up(n)),
}


def handed_up(n: int) -> Any:
    value: Any = size("a")
    for plus in range(n):
        value = gives_back(value, plus)
    return value


@scheduler_task
def gives_back(value: Any, plus: int) -> Any:
    return value
    yield


@pytest.mark.parametrize("shape", FOLDS)
def test_a_fold_of_scheduler_tasks_costs_as_much_as_there_is_of_it(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        small = cost(FOLDS[shape](20), patch, sources=True)
    with monkeypatch.context() as patch:
        large = cost(FOLDS[shape](80), patch, sources=True)
    assert large <= 4 * small + 40


def test_shared_forms_may_be_nested_as_deep_as_memory_goes() -> None:
    looked = under(
        [around(2000, 5), sized_around("a", 2000), handed_down(2000, cond(True, 5)), sized_down(2000)]
    )
    assert looked.sources("f") == looked.sources("show") == {"size"}


@scheduler_task
def handed_down(n: int, value: Any) -> Any:
    return (yield show(value) if n == 0 else handed_down(n - 1, value))


@scheduler_task
def sized_down(n: int) -> Any:
    return (yield handed_down(n, cond(True, (yield size("a")))))
