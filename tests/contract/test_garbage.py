"""What is taken away from a value store: all that nothing refers to, and nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.journal import JournalWriter
from headwater.cypher.loader import catch_up
from headwater.cypher.project import Project
from headwater.cypher.records import ExecutionStarted, ValueSeen
from headwater.cypher.store import GraphStore, open_store
from headwater.engine.garbage import Garbage, delete_garbage, find_garbage
from headwater.engine.values import ValueStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runs import EPOCH, MadeUpRun, digest, run_id

DAY = 86_400.0


@pytest.fixture
def graph(project: Project) -> Iterator[GraphStore]:
    store = open_store(project)
    yield store
    store.close()


def collect(project: Project, graph: GraphStore, age: float = 0) -> Garbage:
    values = ValueStore(project.values_address())
    garbage = find_garbage(project, graph, values, age)
    delete_garbage(garbage, values)
    return garbage


def names(project: Project) -> set[str]:
    return {path.relative_to(project.values).as_posix() for path in project.values.glob("*/*")}


def leave(project: Project, content: bytes, suffix: str = "", age: float = 3 * DAY) -> str:
    """Something in the value store, put a while ago."""
    location = ValueStore(project.values).put(content)
    path = project.values / location
    if suffix:
        path = path.rename(f"{path}{suffix}")
    then = time.time() - age
    os.utime(path, (then, then))
    return path.relative_to(project.values).as_posix()


def test_what_the_graph_and_the_journals_refer_to_stays_and_all_else_goes(
    project: Project, graph: GraphStore
) -> None:
    loaded, pending = MadeUpRun(1), MadeUpRun(2)
    loaded.write(project)
    assert catch_up(project, timeout=60).complete
    pending.write(project)
    unused = leave(project, b"of nobody")
    partial = leave(project, b"half", f".{'0' * 32}.partial")
    damaged = leave(project, b"broken", ".damaged")
    foreign = project.values / "ab" / "notes.txt"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("somebody's")
    garbage = collect(project, graph)
    assert {entry.name for entry in garbage.unused} == {unused, partial, damaged}
    assert garbage.count("partial") == (1, 4)
    assert garbage.deleted == (3, len(b"of nobodyhalfbroken"))
    wanted = {*loaded.stored, *pending.stored}
    assert names(project) == {*wanted, "ab/notes.txt"}
    assert garbage.kept[0] == len(wanted) > 2
    assert catch_up(project, timeout=60).complete
    assert collect(project, graph).deleted == (0, 0)


def test_what_the_graph_alone_refers_to_stays(project: Project, graph: GraphStore) -> None:
    run = MadeUpRun(5)
    run.write(project)
    assert catch_up(project, timeout=60).complete
    (project.loaded_journals / f"{run.id}.hwj").unlink()
    assert collect(project, graph).deleted == (0, 0)
    assert names(project) == set(run.stored)


def test_a_run_under_way_keeps_what_it_has_not_told_yet(project: Project, graph: GraphStore) -> None:
    writer = JournalWriter(project.journals / f"{run_id(7)}.hwj", run_id(7))
    try:
        put = leave(project, b"not told yet", age=60)
        old = leave(project, b"older than any gap", age=3 * DAY)
        garbage = collect(project, graph, age=0)
        assert garbage.running
        assert (garbage.young, names(project)) == ((1, len(b"not told yet")), {put})
        assert [entry.name for entry in garbage.unused] == [old]
    finally:
        writer.close()
    assert collect(project, graph, age=0).deleted == (1, len(b"not told yet"))


def test_what_stands_in_a_journal_that_is_open_stays_however_old(project: Project, graph: GraphStore) -> None:
    location = leave(project, b"named", age=30 * DAY)
    started = ExecutionStarted(run_id(7), EPOCH, ["hw"], "me", "here", "p", "/p", "0", "3")
    record = ValueSeen(digest("value", 1), "str", "pickle", 5, "'named'", None, location)
    writer = JournalWriter(project.journals / f"{run_id(7)}.hwj", run_id(7))
    try:
        writer.append([started, record])
        assert collect(project, graph).deleted == (0, 0)
    finally:
        writer.close()
    assert catch_up(project, timeout=60).complete
    assert collect(project, graph).deleted == (0, 0)
    assert names(project) == {location}


def test_what_another_graph_was_told_of_stays(project: Project, graph: GraphStore) -> None:
    run = MadeUpRun(3)
    journal = run.write(project)
    journal.rename(project.loaded_journals / journal.name)
    assert collect(project, graph).deleted == (0, 0)
    assert names(project) == set(run.stored)


def test_what_was_put_since_a_damaged_journal_began_stays(project: Project, graph: GraphStore) -> None:
    now = f"{int(time.time() * 1000):012x}"
    run = MadeUpRun(4, run=f"{now[:8]}-{now[8:]}-7000-8000-000000000000")
    journal = run.write(project, size=3)
    content = bytearray(journal.read_bytes())
    content[60] ^= 0xFF
    journal.write_bytes(content)
    assert run.stored
    leave(project, b"long before", age=3 * DAY)
    garbage = collect(project, graph)
    assert garbage.damaged == [journal.name]
    assert garbage.deleted == (1, len(b"long before"))
    assert names(project) == set(run.stored)
    assert catch_up(project, timeout=60).complete
    assert collect(project, graph).damaged == [journal.name]
    assert names(project) == set(run.stored)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(again=st.sets(st.integers(0, 5)))
def test_what_is_put_again_between_finding_and_deleting_stays(
    local_project: Project, again: set[int]
) -> None:
    values = ValueStore(local_project.values)
    locations = [leave(local_project, b"%d" % i) for i in range(6)]
    store = open_store(local_project)
    try:
        garbage = find_garbage(local_project, store, values, DAY)
        for i in again:
            values.put(b"%d" % i)
        delete_garbage(garbage, values)
    finally:
        store.close()
    assert names(local_project) == {locations[i] for i in again}


def test_several_at_once_count_each_file_once_and_writers_lose_nothing(local_project: Project) -> None:
    """Writers put old bytes again and again; what a `put` has answered for must be there until the next look."""
    contents = [b"content %d" % i for i in range(60)]
    old = [leave(local_project, content) for content in contents]
    gone = [leave(local_project, b"unused %d" % i) for i in range(40)]
    store = open_store(local_project)
    found: list[Garbage] = []
    lost: list[str] = []
    barrier = threading.Barrier(5)

    def clean() -> None:
        values = ValueStore(local_project.values)
        garbage = find_garbage(local_project, store, values, DAY)
        barrier.wait()
        delete_garbage(garbage, values)
        found.append(garbage)

    def write(start: int) -> None:
        values = ValueStore(local_project.values)
        barrier.wait()
        for content in contents[start::2]:
            location = values.put(content)
            time.sleep(0.0005)
            if not values.has(location):
                lost.append(location)

    threads = [threading.Thread(target=clean) for _ in range(3)]
    threads += [threading.Thread(target=write, args=(start,)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert lost == []
    assert names(local_project) == set(old)
    deleted = sum(garbage.deleted[0] for garbage in found)
    assert len(gone) <= deleted <= len(gone) + len(old)


def test_a_value_store_that_is_not_there_is_empty(project: Project, graph: GraphStore) -> None:
    garbage = collect(project, graph)
    assert (garbage.unused, garbage.kept, garbage.deleted) == ([], (0, 0), (0, 0))
    assert not Path(project.values).exists()
