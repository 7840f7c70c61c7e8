"""Children are recorded in the order in which they are written, however deep forms are nested."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from headwater.engine.places import Inner, in_order
from hypothesis import given
from hypothesis import strategies as st

from headwater import Scheduler, catch, cond, seq, task

headwater_namespace = "places"

DEEP = 20_000

paths = st.lists(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=4).map(tuple),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(paths, st.randoms(use_true_random=False))
def test_the_order_is_that_of_the_paths(found: list[Any], random: Any) -> None:
    """A call is never within another: what is the beginning of another's path is a form, and no call."""
    made: dict[Any, Inner] = {(): None}  # type: ignore[dict-item]
    for path in found:
        for end in range(1, len(path) + 1):
            made.setdefault(path[:end], Inner(made[path[: end - 1]], *path[end - 1]))
    calls = [path for path in found if all(other[: len(path)] != path or other == path for other in found)]
    random.shuffle(calls)
    order = in_order([made[path] for path in calls], range(len(calls)))
    assert [calls[i] for i in order] == sorted(calls)


LONG = """
from headwater.engine.places import Inner, in_order
place = None
for n in range(300_000):
    place = Inner(place, 0, n)
assert in_order([place], [0]) == [0]
del place
"""


def test_a_link_may_be_as_long_as_memory_allows() -> None:
    # In a process of its own: what goes too deep ends it.
    assert subprocess.run([sys.executable, "-c", LONG], check=False).returncode == 0


@task
def inc(n: int) -> int:
    return n + 1


@task
def fail(n: int) -> int:
    raise ValueError(n)


@task
def caught(depth: int) -> Any:
    made: Any = fail(0)
    for _ in range(depth):
        made = catch(made, KeyError, inc)
    return catch(made, ValueError, told)


@task
def told(error: ValueError) -> str:
    return str(error)


@task
def chosen(depth: int) -> Any:
    made: Any = inc(0)
    for n in range(depth):
        made = cond(inc(n % 3) > 0, made, 0)
    return made


@task
def in_turn(length: int) -> Any:
    return seq([inc(n) for n in range(length)])


def test_forms_are_nested_as_deep_as_memory_goes() -> None:
    scheduler = Scheduler(record=False)
    assert scheduler.run(caught(DEEP)) == "0"
    assert scheduler.run(chosen(DEEP)) == 1


def test_a_long_sequence_costs_each_step_the_same() -> None:
    assert Scheduler(record=False).run(in_turn(DEEP)) == list(range(1, DEEP + 1))
