"""A journal cut off at, or altered in, any byte of its last group: what is before it is read, the rest is told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import Group, JournalWriter, read_groups

from tests.faults.edit_files import forged, payloads
from tests.runs import MadeUpRun


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    run = MadeUpRun(4, calls=12)
    path = tmp_path / f"{run.id}.hwj"
    writer = JournalWriter(path, run.id)
    for group in run.groups():
        writer.append(group)
    writer.close()
    return path


def read(path: Path) -> tuple[list[Group], JournalDamaged | None]:
    """The groups that can be read, and why there are no more."""
    groups: list[Group] = []
    try:
        for group in read_groups(path):
            groups.append(group)
    except JournalDamaged as damage:
        return groups, damage
    return groups, None


def test_cut_at_every_byte_of_the_last_group(journal: Path) -> None:
    whole, damage = read(journal)
    assert damage is None
    last = whole[-1]
    content = journal.read_bytes()
    for size in range(last.offset + 1, last.end):
        journal.write_bytes(content[:size])
        groups, damage = read(journal)
        assert groups == whole[:-1]
        assert damage is not None
        assert (damage.offset, damage.groups) == (last.offset, last.index)
    journal.write_bytes(content[: last.offset])
    assert read(journal) == (
        whole[:-1],
        None,
    )  # the chain cannot tell; the graph's journal_head and verify do


def test_cut_at_every_byte_with_the_space_allocated_ahead_still_behind_it(journal: Path) -> None:
    """What a machine leaves that lost its power in the middle of a write."""
    whole, _ = read(journal)
    last = whole[-1]
    content = journal.read_bytes()
    for size in range(last.offset, last.end):
        journal.write_bytes(content[:size] + bytes(4096))
        groups, damage = read(journal)
        survives = content[size : last.end].count(0) == last.end - size
        assert groups == (whole if survives else whole[:-1])
        missing_all = content[last.offset : size].count(0) == size - last.offset
        assert (damage is None) == (survives or missing_all)
        if damage is not None:
            assert (damage.offset, damage.groups) == (last.offset, last.index)


@pytest.mark.parametrize("change", [lambda b: b ^ 0x01, lambda b: b ^ 0xFF, lambda b: 0 if b else 1])
def test_altered_in_every_byte_of_the_last_group(journal: Path, change: object) -> None:
    assert callable(change)
    whole, _ = read(journal)
    last = whole[-1]
    content = journal.read_bytes()
    for at in range(last.offset, last.end):
        altered = bytearray(content)
        altered[at] = change(altered[at])
        journal.write_bytes(altered)
        groups, damage = read(journal)
        assert groups == whole[:-1]
        assert damage is not None
        assert (damage.offset, damage.groups) == (last.offset, last.index)


def test_a_group_altered_in_the_middle_ends_the_reading_there(journal: Path) -> None:
    whole, _ = read(journal)
    middle = whole[len(whole) // 2]
    content = bytearray(journal.read_bytes())
    content[middle.end - 1] ^= 0x40
    journal.write_bytes(content)
    groups, damage = read(journal)
    assert groups == whole[: middle.index]
    assert damage is not None
    assert damage.offset == middle.offset


def test_groups_in_another_order_are_no_journal(journal: Path) -> None:
    whole, _ = read(journal)
    content = journal.read_bytes()
    first, second = (content[group.offset : group.end] for group in whole[:2])
    journal.write_bytes(content[: whole[0].offset] + second + first + content[whole[1].end :])
    groups, damage = read(journal)
    assert groups == []
    assert damage is not None
    assert damage.offset == whole[0].offset


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (7, [[99, "n", -1]]),
        (7, [[-1, "n", -1]]),
        (7, [[0, "n", 99]]),
        (8, [99]),
        (8, [-2]),
        (9, 2**60),
        (9, -(2**60)),
        (4, [["n", 2**64 - 1, bytes(32)]]),
    ],
)
def test_a_record_that_has_no_place_in_the_graph_is_damage_in_a_chain_that_is_whole(
    journal: Path, field: int, value: object
) -> None:
    some = payloads(journal)
    for place, payload in enumerate(some):
        records = msgspec.msgpack.decode(payload)
        calls = [record for record in records if record[0] == 7 and record[6]]
        if calls:
            calls[-1][field] = value
            some[place] = msgspec.msgpack.encode(records)
            break
    else:
        raise AssertionError("no call has children")
    journal.write_bytes(forged(journal, some))
    groups, damage = read(journal)
    assert len(groups) == place
    assert damage is not None
    assert "records nobody can read" in damage.reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("notes", "its name is the id of no run"),
        ("0199b2c4-0009-7000-8000-19581e27de7c", "its records are of another run"),
    ],
)
def test_a_journal_under_another_name_is_damaged_though_its_chain_is_whole(
    journal: Path, name: str, reason: str
) -> None:
    other = journal.with_name(f"{name}.hwj")
    other.write_bytes(forged(other, payloads(journal)))
    groups, damage = read(other)
    assert groups == []
    assert damage is not None
    assert reason in damage.reason
