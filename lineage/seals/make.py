"""Making a seal: what the journals have gained since the last one is added to the tree, and its root is signed.

Only whole groups are sealed. A run may go on meanwhile: what it writes later comes into the next seal. Nothing that an
earlier seal covers is read again, so a seal costs what is new; whether the rest is still what was sealed is for
`hw verify`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.errors import JournalDamaged, StoreError
from headwater.cypher.held import is_held
from headwater.cypher.journal import MAGIC, SUFFIX, Group, execution_id_of, first_head, read_groups
from headwater.cypher.targets import note_target
from headwater.lineage.seals.check_proof import leaf_hash, signed_bytes
from headwater.lineage.seals.files import (
    Seal,
    SealDamaged,
    Span,
    Statement,
    file_name,
    read_seal,
    read_seals,
    spans_hash,
    write_seal,
)
from headwater.lineage.seals.keys import public_bytes
from headwater.lineage.seals.merkle import Frontier

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from headwater.cypher.project import Project

LOCK = "seal.lock"


@dataclass(frozen=True)
class Sealed:
    """What `make_seal` did.

    Attributes:
        seal: the newest seal; None where nothing was ever recorded.
        made: whether it was made now.
        records: how many records it adds.
        growing: runs that go on: their whole groups are sealed, what is still being written is not.
        damaged: journals with a damaged end: what is before it is sealed.
    """

    seal: Seal | None
    made: bool
    records: int
    growing: tuple[str, ...]
    damaged: tuple[JournalDamaged, ...]


@dataclass(frozen=True)
class _End:
    """Where the sealed part of a journal ends."""

    groups: int
    offset: int
    head: bytes
    number: int
    """of the seal that says so; 0 for none"""


def make_seal(project: Project, key: Ed25519PrivateKey) -> Sealed:
    """Seal what is recorded and not sealed yet, if there is anything.

    Raises:
        SealDamaged: a seal is missing or not what was written.
        StoreError: a journal that was sealed is not there, or is shorter than it was.
        OSError: the seal cannot be written.
    """
    with _alone(project):
        last, ends = _ends(project)
        tree = Frontier() if last is None else Frontier(last.statement.size, last.tree)
        spans: list[Span] = []
        growing: list[str] = []
        damaged: list[JournalDamaged] = []
        runs = _runs(project)
        for run in sorted(set(ends) - runs):
            raise StoreError(
                f"the journal of run {run}, which seal {ends[run].number} covers, is not there. Type: hw verify"
            )
        for run in sorted(runs):
            if is_held(project.journals / f"{run}{SUFFIX}"):
                growing.append(run)
            end = ends.get(run) or _End(0, len(MAGIC), first_head(run), 0)
            span = _add(project, run, end, tree, damaged)
            if span is not None:
                spans.append(span)
        records = sum(span.records for span in spans)
        if not spans:
            return Sealed(last, False, 0, tuple(growing), tuple(damaged))
        statement = _sign(last, spans, tree, key)
        note_target(project, project.journals / file_name(statement.number))
        path = write_seal(project, statement, spans, tree)
        return Sealed(read_seal(path), True, records, tuple(growing), tuple(damaged))


def leaves_of(group: Group, run: str) -> Iterator[bytes]:
    """The hashes of the leaves that a group of a run's journal stands for."""
    for index, piece in enumerate(group.pieces()):
        yield leaf_hash(run, group.index, index, piece)


def sealed_groups(project: Project, span: Span, head: str | None) -> Iterator[Group]:
    """The groups of a span, as they are now.

    Args:
        head: the chain's head before it, in hexadecimal digits; None where nobody knows: then the whole chain up to
            there is followed.

    Raises:
        JournalDamaged: they do not continue the chain there, or end before the span does.
        FileNotFoundError: there is no such journal.
    """
    for path in _places(project, span.run):
        try:
            yield from _groups_at(path, span, head)
        except FileNotFoundError:  # which comes before the first group: a journal that is open can be moved
            continue
        return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{span.run}{SUFFIX}")


def _places(project: Project, run: str) -> Iterator[Path]:
    """Where a run's journal may be. The loader moves it from one place to the other when it has finished it."""
    for folder in (project.journals, project.loaded_journals):
        yield folder / f"{run}{SUFFIX}"


def _groups_at(path: Path, span: Span, head: str | None) -> Iterator[Group]:
    groups = (
        read_groups(path)
        if head is None
        else read_groups(path, offset=span.start, head=bytes.fromhex(head), index=span.first)
    )
    end, count = span.start, span.first
    for group in groups:
        if group.index < span.first:
            continue
        yield group
        end, count = group.end, group.index + 1
        if count == span.groups:
            return
    raise JournalDamaged(str(path), end, count, "the journal ends before what was sealed of it")


def _ends(project: Project) -> tuple[Seal | None, dict[str, _End]]:
    """The newest seal, and how far each journal is sealed."""
    last: Seal | None = None
    ends: dict[str, _End] = {}
    for seal in read_seals(project):
        told = seal.statement
        before = (0, None) if last is None else (last.statement.number, last.statement.id)
        if (told.number - 1, told.previous) != before:
            raise SealDamaged(seal.path, "the seal before it is missing, or another one")
        for span in seal.spans:
            ends[span.run] = _End(span.groups, span.end, bytes.fromhex(span.head), told.number)
        last = seal
    return last, ends


def _runs(project: Project) -> set[str]:
    """The runs that a project has a journal of, for whatever store."""
    folders = (
        project.journals,
        project.loaded_journals,
    )  # in this order: what is just being moved is not missed
    return {execution_id_of(path) for folder in folders for path in folder.glob(f"*{SUFFIX}")}


def _add(project: Project, run: str, end: _End, tree: Frontier, damaged: list[JournalDamaged]) -> Span | None:
    """Add to the tree what a journal has behind the place up to which it is sealed."""
    for path in _places(project, run):
        with suppress(FileNotFoundError):
            return _add_from(path, end, tree, damaged)
    raise StoreError(f"the journal of run {run} went away")


def _add_from(path: Path, end: _End, tree: Frontier, damaged: list[JournalDamaged]) -> Span | None:
    run = execution_id_of(path)
    if path.stat().st_size < end.offset:
        raise StoreError(
            f"{path} is shorter than it was when seal {end.number} was made of it. Type: hw verify"
        )
    before = tree.size
    group: Group | None = None
    try:
        for group in read_groups(path, offset=end.offset, head=end.head, index=end.groups):
            for leaf in leaves_of(group, run):
                tree.append(leaf)
    except JournalDamaged as damage:
        damaged.append(damage)
    if group is None:
        return None
    records = tree.size - before
    return Span(run, end.groups, group.index + 1, end.offset, group.end, records, group.head.hex())


def _sign(last: Seal | None, spans: list[Span], tree: Frontier, key: Ed25519PrivateKey) -> Statement:
    content = {
        "at": time.time_ns() // 1000,
        "journals": spans_hash(spans),
        "key": public_bytes(key).hex(),
        "number": 1 if last is None else last.statement.number + 1,
        "previous": None if last is None else last.statement.id,
        "root": tree.root().hex(),
        "size": tree.size,
    }
    return Statement(content, key.sign(signed_bytes(content)).hex())


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """One seal is made at a time."""
    lock = os.open(project.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
