"""Garbage is collected as often as before, whoever comes and goes in whatever order."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Any

from headwater.cypher.garbage import RARELY, SELDOM, MemoryWatch, few_collections


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


CIRCLES = """
import time
from headwater import Scheduler, task

gone = []

def hold_in_a_circle(size):
    circle = [bytearray(b"x" * size)]
    circle.append(circle)
    circle.append(Gone())

class Gone:
    def __del__(self):
        gone.append(1)

@task(cache=False, namespace="circles")
def leaves_much(n):
    hold_in_a_circle(8 << 20)
    time.sleep(0.3)
    return len(gone)

found = Scheduler(record=False).run([leaves_much(n) for n in range(80)])
assert max(found) > 0, "before the run was over"
"""


def test_what_few_objects_in_circles_hold_is_let_go_while_a_run_goes_on() -> None:
    """In a process of its own, whose memory others have not made large: the larger, the more may be held."""
    subprocess.run([sys.executable, "-c", CIRCLES], check=True)


gone: list[int] = []


def hold_in_a_circle(size: int) -> None:
    circle: list[Any] = [bytearray(b"x" * size)]
    circle.append(circle)
    circle.append(Gone())


class Gone:
    def __del__(self) -> None:
        gone.append(1)


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


def test_a_forked_process_collects_as_before() -> None:
    before = gc.get_threshold()
    with few_collections(RARELY):
        child = os.fork()
        if child == 0:
            os._exit(0 if gc.get_threshold() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert gc.get_threshold() == RARELY


def test_who_has_turned_collections_off_has_none() -> None:
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with few_collections():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)


def test_what_comes_and_goes_by_itself_is_not_looked_through_again_and_again() -> None:
    found: list[int] = []

    def told(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            found.append(1)

    watch = MemoryWatch()
    gc.callbacks.append(told)
    try:
        with few_collections(RARELY):
            for _ in range(40):
                array = bytearray(b"x") * (100 << 20)
                watch.look()
                del array
                watch.look()
    finally:
        gc.callbacks.remove(told)
    assert len(found) <= 2
