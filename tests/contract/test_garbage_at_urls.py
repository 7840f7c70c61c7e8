"""Values at a URL: what is taken out of use there is moved aside first, so that nobody who puts it again loses it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from headwater.cypher.journal import JournalWriter
from headwater.cypher.project import SETTINGS, Project, open_project
from headwater.cypher.records import ExecutionStarted, ValueSeen
from headwater.cypher.store import GraphStore, open_store
from headwater.engine.errors import Undecodable
from headwater.engine.garbage import SHORTEST, Garbage, delete_garbage, find_garbage
from headwater.engine.values import ValueStore

from tests.runs import EPOCH, digest, run_id

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

DAY = 86_400.0


@pytest.fixture
def remote_project(local_project: Project, bucket: str) -> Project:
    (local_project.folder / SETTINGS).write_text(f"[store]\nvalues = s3://{bucket}/values\n")
    return open_project(local_project.root)


@pytest.fixture
def graph(remote_project: Project) -> Iterator[GraphStore]:
    store = open_store(remote_project)
    yield store
    store.close()


@pytest.fixture
def values(remote_project: Project) -> ValueStore:
    return ValueStore(remote_project.values_address())


def years_pass(values: ValueStore) -> None:
    """Everything that is there now was put, or moved aside, days ago."""
    from moto.s3.models import s3_backends

    then = datetime.now(timezone.utc) - timedelta(days=3)
    files = values._place._files  # type: ignore[union-attr]
    for entry in list(values.entries()):
        if entry.kind == "aside":
            path = f"{values.address}/{entry.location}"
            files.mv(f"{values.address}/{entry.name}", f"{path}.{int(then.timestamp() * 1000):012x}.aside")
    bucket = s3_backends["123456789012"]["aws"].buckets[values.address.split("/")[2]]
    for key in bucket.keys.values():
        key.last_modified = then


def look(project: Project, graph: GraphStore, values: ValueStore) -> Garbage:
    return find_garbage(project, graph, values, DAY)


def name_in_a_journal(project: Project, location: str, size: int) -> None:
    record = ValueSeen(digest("value", 1), "str", "pickle", size, "'named'", None, location)
    writer = JournalWriter(project.journals / f"{run_id(7)}.hwj", run_id(7))
    writer.append([ExecutionStarted(run_id(7), EPOCH, ["hw"], "me", "here", "p", "/p", "0", "3"), record])
    writer.close()


def kinds(values: ValueStore) -> list[str]:
    return sorted(entry.kind for entry in values.entries())


def test_what_nothing_refers_to_is_moved_aside_and_deleted_hours_later(
    remote_project: Project, graph: GraphStore, values: ValueStore
) -> None:
    location = values.put(b"of nobody")
    years_pass(values)
    garbage = look(remote_project, graph, values)
    delete_garbage(garbage, values)
    assert (garbage.set_aside, garbage.deleted, kinds(values)) == ((1, 9), (0, 0), ["aside"])
    again = look(remote_project, graph, values)
    delete_garbage(again, values)
    assert (again.young, again.deleted, kinds(values)) == ((1, 9), (0, 0), ["aside"])
    years_pass(values)
    last = look(remote_project, graph, values)
    delete_garbage(last, values)
    assert (last.deleted, kinds(values)) == ((1, 9), [])
    with pytest.raises(Undecodable, match="no longer has"):
        values.get(location)


def test_what_is_put_again_between_the_look_and_the_deletion_is_not_lost(
    remote_project: Project, graph: GraphStore, values: ValueStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = values.put(b"put again")
    years_pass(values)
    garbage = look(remote_project, graph, values)
    files = values._place._files  # type: ignore[union-attr]
    copy = files.copy

    def a_run_writes_meanwhile(source: str, target: str, **how: Any) -> None:
        copy(source, target, **how)
        assert ValueStore(remote_project.values_address()).put(b"put again") == location

    monkeypatch.setattr(files, "copy", a_run_writes_meanwhile)
    delete_garbage(garbage, values)
    monkeypatch.undo()
    assert kinds(values) == ["aside"], "the run's bytes were deleted after it had put them"
    name_in_a_journal(remote_project, location, 9)
    years_pass(values)
    later = look(remote_project, graph, values)
    delete_garbage(later, values)
    assert ([entry.location for entry in later.lost], later.deleted) == ([location], (0, 0))
    assert kinds(values) == ["aside", "value"]
    assert look(remote_project, graph, values).unused == [], "what stands in its place is young"
    years_pass(values)
    last = look(remote_project, graph, values)
    delete_garbage(last, values)
    assert (last.kept, last.deleted, kinds(values)) == ((1, 9), (1, 9), ["value"])
    assert values.get(location) == b"put again"


def test_a_reader_brings_back_what_was_moved_aside(
    remote_project: Project, graph: GraphStore, values: ValueStore
) -> None:
    location = values.put(b"needed")
    years_pass(values)
    delete_garbage(look(remote_project, graph, values), values)
    assert values.has(location)
    assert ValueStore(remote_project.values_address()).get(location) == b"needed"
    assert kinds(values) == ["aside", "value"]


def test_a_look_that_is_old_deletes_nothing(
    remote_project: Project, graph: GraphStore, values: ValueStore
) -> None:
    values.put(b"of nobody")
    years_pass(values)
    garbage = look(remote_project, graph, values)
    garbage.listed -= SHORTEST
    delete_garbage(garbage, values)
    assert (garbage.unfinished, garbage.set_aside, kinds(values)) == (True, (0, 0), ["value"])


def test_writers_and_several_that_clean_at_once_lose_nothing(
    remote_project: Project, graph: GraphStore, values: ValueStore
) -> None:
    contents = [b"content %d" % i for i in range(20)]
    for content in contents:
        values.put(content)
    years_pass(values)
    barrier = threading.Barrier(4)

    def clean() -> None:
        mine = ValueStore(remote_project.values_address())
        garbage = look(remote_project, graph, mine)
        barrier.wait()
        delete_garbage(garbage, mine)

    def write(start: int) -> None:
        mine = ValueStore(remote_project.values_address())
        barrier.wait()
        for content in contents[start::2]:
            mine.put(content)
            time.sleep(0.002)

    threads = [threading.Thread(target=clean) for _ in range(2)]
    threads += [threading.Thread(target=write, args=(start,)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [values.get(values_location(content)) for content in contents] == contents


def values_location(content: bytes) -> str:
    from hashlib import sha256

    name = sha256(content).hexdigest()
    return f"{name[:2]}/{name[2:]}"
