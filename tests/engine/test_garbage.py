"""Garbage is collected as often as before, whoever comes and goes in whatever order."""

from __future__ import annotations

import gc
import time
from typing import Any

from headwater.cypher.garbage import RARELY, SELDOM, MemoryWatch, few_collections

from headwater import Scheduler, task

headwater_namespace = "garbage"


def test_what_was_set_comes_back_when_the_last_one_left() -> None:
    before = gc.get_threshold()
    one, other = few_collections(), few_collections()
    one.__enter__()
    seldom = gc.get_threshold()
    other.__enter__()
    one.__exit__(None, None, None)
    assert seldom > before
    assert gc.get_threshold() == seldom
    other.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_who_comes_with_other_thresholds_has_them_while_it_is_there() -> None:
    before = gc.get_threshold()
    with few_collections(SELDOM):
        with few_collections(RARELY):
            assert gc.get_threshold() == RARELY
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == before


gone: list[int] = []


def hold_in_a_circle(size: int) -> None:
    circle: list[Any] = [bytearray(b"x" * size)]
    circle.append(circle)
    circle.append(Gone())


class Gone:
    def __del__(self) -> None:
        gone.append(1)


@task(cache=False)
def leaves_much(n: int) -> int:
    hold_in_a_circle(8 << 20)
    time.sleep(0.3)
    return len(gone)


def test_what_few_objects_in_circles_hold_is_let_go_while_a_run_goes_on() -> None:
    gone.clear()
    found = Scheduler(record=False).run([leaves_much(n) for n in range(80)])
    assert max(found) > 0, "before the run was over"


def test_nothing_is_collected_where_memory_does_not_grow() -> None:
    gc.collect()
    watch = MemoryWatch()
    gone.clear()
    with few_collections(RARELY):
        hold_in_a_circle(1 << 10)
        watch.look()
        assert not gone
    gc.collect()
    assert gone
