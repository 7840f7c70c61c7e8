"""The journal gives back exactly what was appended, and says where that ends."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.errors import InternalError, JournalDamaged
from headwater.cypher.held import is_held
from headwater.cypher.journal import (
    JournalWriter,
    apparent_end,
    execution_id_of,
    first_head,
    read_groups,
)
from headwater.cypher.records import AnyRecord, JobStarted

from tests.runs import MadeUpRun, run_id
from tests.waiting import wait_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{run_id(1)}.hwj"


@pytest.fixture
def writer(path: Path) -> Iterator[JournalWriter]:
    writer = JournalWriter(path, run_id(1))
    yield writer
    writer.close()


def group(n: int, size: int = 3) -> list[AnyRecord]:
    return [JobStarted(n * size + i, None, b"t" * 32, b"e" * 32, 5, "thread") for i in range(size)]


def test_every_kind_of_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = MadeUpRun(3)
    path = tmp_path / f"{run.id}.hwj"
    writer = JournalWriter(path, run.id)
    for records in run.groups():
        writer.append(records)
    writer.close()
    assert [found.records for found in read_groups(path)] == run.groups()


def test_groups_are_a_chain_that_begins_with_the_execution(path: Path, writer: JournalWriter) -> None:
    for n in range(3):
        writer.append(group(n))
    found = list(read_groups(path))
    assert [g.index for g in found] == [0, 1, 2]
    assert found[0].previous == first_head(execution_id_of(path))
    assert [g.previous for g in found[1:]] == [g.head for g in found[:-1]]
    assert [g.offset for g in found[1:]] == [g.end for g in found[:-1]]
    assert (writer.head, writer.groups) == (found[-1].head, 3)


def test_reading_goes_on_where_it_stopped(path: Path, writer: JournalWriter) -> None:
    for n in range(3):
        writer.append(group(n))
    first, *rest = read_groups(path)
    assert list(read_groups(path, offset=first.end, head=first.head, index=1)) == rest


def test_a_reader_follows_a_writer(path: Path, writer: JournalWriter) -> None:
    assert list(read_groups(path)) == []
    writer.append(group(0))
    [first] = read_groups(path)
    assert list(read_groups(path, offset=first.end, head=first.head)) == []
    writer.append(group(1))
    [second] = read_groups(path, offset=first.end, head=first.head, index=1)
    assert second.records == group(1)
    assert apparent_end(path) == second.end


def test_a_closed_journal_holds_nothing_behind_its_last_group(path: Path, writer: JournalWriter) -> None:
    writer.append(group(0))
    writer.close()
    [only] = read_groups(path)
    assert path.stat().st_size == only.end == apparent_end(path)


def test_the_end_is_told_of_a_journal_that_is_closed_meanwhile(
    path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.append(group(0))
    [only] = read_groups(path)
    ask = os.fstat

    def asked_just_before(fd: int) -> os.stat_result:
        found = ask(fd)
        writer.close()
        return found

    monkeypatch.setattr(os, "fstat", asked_just_before)
    assert apparent_end(path) == only.end


def test_a_journal_is_open_as_long_as_its_writer(path: Path) -> None:
    assert not is_held(path)
    writer = JournalWriter(path, run_id(1))
    assert is_held(path)
    writer.close()
    assert not is_held(path)


def test_a_killed_writer_leaves_a_journal_that_is_not_open_and_has_every_group(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from headwater.cypher.journal import JournalWriter;"
        "from headwater.cypher.records import ExecutionEnded; path = Path(sys.argv[1]);"
        "writer = JournalWriter(path, path.stem); writer.append([ExecutionEnded(1, 'DONE')]);"
        "print('written', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        assert is_held(path)
        process.kill()
    assert not is_held(path)
    assert len(list(read_groups(path))) == 1


def test_a_forked_child_does_not_keep_the_journal_open(path: Path, writer: JournalWriter) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from headwater.cypher.journal import JournalWriter;"
        "path = Path(sys.argv[1]); writer = JournalWriter(path, path.stem); child = os.fork();"
        "time.sleep(600) if child == 0 else print(child, flush=True)"
    )
    other = path.with_name(f"{run_id(2)}.hwj")
    done = subprocess.Popen([sys.executable, "-c", code, str(other)], stdout=subprocess.PIPE, text=True)
    with done:
        assert done.stdout is not None
        child = int(done.stdout.readline())
        done.wait()
        try:
            wait_for(lambda: not is_held(other))
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_second_writer_of_the_same_journal_is_refused(path: Path, writer: JournalWriter) -> None:
    with pytest.raises(FileExistsError):
        JournalWriter(path, run_id(1))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_writing_to_a_closed_journal_is_a_fault_of_ours(writer: JournalWriter) -> None:
    writer.close()
    writer.close()
    with pytest.raises(InternalError, match="after it was closed"):
        writer.append(group(0))


@pytest.fixture
def small_disk() -> Iterator[int]:
    """A limit on the size of files stands in for a full disk: the system refuses in the same way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield 20_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_takes_nothing_of_a_group_and_what_fits_is_still_written(
    path: Path, small_disk: int
) -> None:
    writer = JournalWriter(path, run_id(1))
    writer.append(group(0))
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        writer.append(group(1, size=1000))
    assert [g.records for g in read_groups(path)] == [group(0)]
    writer.append(group(2))
    writer.close()
    assert [g.records for g in read_groups(path)] == [group(0), group(2)]
    assert path.stat().st_size < small_disk


def test_groups_larger_than_any_reserve_are_written(path: Path, writer: JournalWriter) -> None:
    sizes = [1, 50_000, 1, 120_000, 2]
    for n, size in enumerate(sizes):
        writer.append(group(n, size))
    writer.close()
    assert [len(found.records) for found in read_groups(path)] == sizes


def test_a_journal_of_another_execution_is_damaged_from_its_first_group(
    path: Path, writer: JournalWriter
) -> None:
    writer.append(group(0))
    writer.close()
    other = path.rename(path.with_name(f"{run_id(2)}.hwj"))
    with pytest.raises(JournalDamaged, match="does not continue the chain") as caught:
        list(read_groups(other))
    assert (caught.value.offset, caught.value.groups) == (8, 0)


def test_a_file_that_is_no_journal_is_called_that(path: Path) -> None:
    path.write_bytes(b"a text of mine")
    with pytest.raises(JournalDamaged, match="no headwater journal begins like this"):
        list(read_groups(path))


def test_a_journal_of_a_newer_format_says_so(path: Path, writer: JournalWriter) -> None:
    writer.close()
    path.write_bytes(b"HWJRNL\x00\x07")
    with pytest.raises(JournalDamaged, match="format 7, which this headwater does not know"):
        list(read_groups(path))


def test_a_journal_that_lost_its_end_is_shorter_than_what_was_read_of_it(
    path: Path, writer: JournalWriter
) -> None:
    writer.append(group(0))
    writer.append(group(1))
    writer.close()
    first, second = read_groups(path)
    os.truncate(path, first.end)
    with pytest.raises(JournalDamaged, match="ends before what was read"):
        list(read_groups(path, offset=second.end, head=second.head, index=2))
