"""Whether a project's seals are whole, signed and in one chain, and whether the journals still are what was sealed.

The tree is made anew from the journals, in the order in which the seals name their groups, and compared with each seal
on the way: so the tree of every seal is found to be the beginning of the next one's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import JournalDamaged
from headwater.cypher.journal import SUFFIX, Group, first_head
from headwater.cypher.targets import own_store, target_of
from headwater.lineage.moments import moment
from headwater.lineage.seals.check_proof import is_signed, signed_bytes
from headwater.lineage.seals.files import (
    Seal,
    SealDamaged,
    Span,
    Statement,
    read_found,
    row,
    seal_files,
)
from headwater.lineage.seals.make import leaves_of, sealed_groups
from headwater.lineage.seals.merkle import Frontier
from headwater.lineage.verify_facts import EXTRA, PROPERTIES, same
from headwater.lineage.verify_findings import Finding, Place

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

_COLUMNS = ("number", "previous", "at", "size", "root", "key", "signature", "journals")


@dataclass
class SealsVerified:
    """What was found of the seals.

    Attributes:
        seals: how many there are.
        sealed: how many records the newest covers.
        keys: the public keys that they name, in hexadecimal digits, in the order of their first use.
    """

    seals: int = 0
    sealed: int = 0
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def verify_seals(
    project: Project,
    store: GraphStore,
    *,
    runs: Collection[str],
    kept: Collection[Statement] = (),
    prefixes: Collection[str] = (),
    public_keys: Collection[bytes] = (),
) -> SealsVerified:
    """Check all seals of a project.

    Args:
        runs: ids of the executions whose journals are this project's.
        kept: seals as they were kept elsewhere; each must be one of the project's.
        prefixes: beginnings of ids; for each, one of the project's seals must have an id that begins so.
        public_keys: the keys that may have signed, 32 bytes each; none for whichever a seal names.

    Raises:
        StoreError: the store cannot be read.
    """
    result = SealsVerified()
    seals = list(_whole(project, result))
    _signed(seals, result, public_keys)
    result.findings += _chained(seals)
    result.findings += verify_tree(project, seals)
    result.findings += _in_graph(project, store, seals, runs)
    result.findings += _kept(seals, kept, prefixes, public_keys)
    return result


def _whole(project: Project, result: SealsVerified) -> Iterator[Seal]:
    for path in seal_files(project):
        result.seals += 1
        try:
            seal = read_found(project, path)
        except SealDamaged as damage:
            result.findings.append(Finding("damaged", "Seal", path.name, damage.reason))
        else:
            result.sealed = seal.statement.size
            yield seal


def _signed(seals: list[Seal], result: SealsVerified, public_keys: Collection[bytes]) -> None:
    for seal in seals:
        finding = _signature(seal.statement, public_keys)
        if finding is not None:
            result.findings.append(finding)
        if seal.statement.key not in result.keys:
            result.keys.append(seal.statement.key)


def _signature(seal: Statement, public_keys: Collection[bytes]) -> Finding | None:
    try:
        key, signature = bytes.fromhex(seal.key), bytes.fromhex(seal.signature)
        good = is_signed(key, signed_bytes(seal.content), signature)
    except ValueError:
        good = False
    if not good:
        return Finding("damaged", "Seal", seal.id, "its signature is not the one of the key that it names")
    if public_keys and key not in public_keys:
        expected = " or ".join(sorted(key.hex() for key in public_keys))
        return Finding("different", "Seal", seal.id, "key", expected, seal.key)
    return None


def _chained(seals: list[Seal]) -> Iterator[Finding]:
    number, previous = 1, None
    for seal in seals:
        told = seal.statement
        if told.number != number:
            for missing in range(number, told.number):
                yield Finding("missing", "Seal", str(missing), f"seal {told.number} is there, and it is not")
        elif told.previous != previous:
            yield Finding("different", "Seal", told.id, "the seal before it", told.previous, previous)
        number, previous = told.number + 1, told.id


def verify_tree(project: Project, seals: Sequence[Seal]) -> Iterator[Finding]:
    """Compare the journals with what was sealed. Behind the first that is off, each span is compared by itself."""
    tree: Frontier | None = Frontier()
    ends: dict[str, tuple[int, str]] = {}
    number = 1
    for seal in seals:
        if seal.statement.number != number:
            tree = None
        number = seal.statement.number + 1
        for span in seal.spans:
            groups, head = ends.get(span.run, (0, first_head(span.run).hex()))
            ends[span.run] = (span.groups, span.head)
            wrong = _span(project, span, head if groups == span.first else None, tree)
            if wrong is not None:
                tree = None
                yield _span_finding(seal, span, *wrong)
        if tree is not None and (tree.size, tree.root().hex()) != (seal.statement.size, seal.statement.root):
            signed, found = seal.statement.root, tree.root().hex()
            yield Finding("different", "Seal", seal.statement.id, "the root of the tree", signed, found)
            tree = None


def _span(
    project: Project, span: Span, head: str | None, tree: Frontier | None
) -> tuple[str, int, int] | None:
    """Add a span's records to the tree. What is wrong with the span, and the group and the offset where that begins."""
    last: Group | None = None
    try:
        for last in sealed_groups(project, span, head):
            if tree is not None:
                for leaf in leaves_of(last, span.run):
                    tree.append(leaf)
    except FileNotFoundError:
        return "gone: the journal is not there", span.first, span.start
    except JournalDamaged as damage:
        return f"not what was sealed: {damage.reason}", damage.groups, damage.offset
    if last is None or (last.end, last.head.hex()) != (span.end, span.head):
        return "not what was sealed", span.first, span.start
    return None


def _span_finding(seal: Seal, span: Span, wrong: str, group: int, offset: int) -> Finding:
    name, last = f"{span.run}{SUFFIX}", span.groups - 1
    groups = f"group {span.first}" if span.first == last else f"groups {span.first} to {last}"
    number = seal.statement.number
    what = f"{groups}, which seal {number} covers, {'is' if span.first == last else 'are'} {wrong}"
    return Finding("damaged", "Journal", name, what, place=Place(name, group, offset, 0))


def _in_graph(
    project: Project, store: GraphStore, seals: list[Seal], runs: Collection[str]
) -> Iterator[Finding]:
    """Compare the seals with the graph's, both ways."""
    ours, known = own_store(project), {seal.statement.id for seal in seals}
    found = {}
    now: set[str] | None = None
    for id, extra, *values in store.rows("verify_seals", properties=list(PROPERTIES["Seal"])):
        found[id] = dict(zip((*_COLUMNS, EXTRA), (*values, sorted(extra)), strict=True))
        if id not in known and (store.dialect == "local" or _names_one_of(values[-1], runs)):
            now = now or _ids(project)  # it may have been made since
            if id in now:
                continue
            yield Finding("unknown", "Seal", str(id), "its file is not there")
    for seal in seals:
        if seal.path.parent == project.journals or target_of(project, seal.path) != ours:
            continue  # on its way into the graph, or into another one
        told = seal.statement
        there = found.get(told.id)
        if there is None:
            yield Finding("missing", "Seal", told.id)
            continue
        _, number, previous, at, *rest = row(seal)
        wanted = dict(zip((*_COLUMNS, EXTRA), (number, previous, moment(at), *rest, []), strict=True))
        for name, value in wanted.items():
            if not same(value, there[name]):
                yield Finding("different", "Seal", told.id, name, value, there[name])


def _ids(project: Project) -> set[str]:
    found = {""}
    for path in seal_files(project):
        with suppress(SealDamaged):
            found.add(read_found(project, path).statement.id)
    return found


def _names_one_of(journals: Any, runs: Collection[str]) -> bool:
    return any(str(text).split(" ", 1)[0] in runs for text in journals or ())


def _kept(
    seals: list[Seal], kept: Collection[Statement], prefixes: Collection[str], public_keys: Collection[bytes]
) -> Iterator[Finding]:
    ids = {seal.statement.id for seal in seals}
    for statement in kept:
        finding = _signature(statement, public_keys)
        if finding is not None:
            yield finding
        if statement.id not in ids:
            what = (
                f"seal {statement.number}, of {statement.size} records, was kept elsewhere, and is not here"
            )
            yield Finding("missing", "Seal", statement.id, what)
    for prefix in prefixes:
        matching = [id for id in ids if id.startswith(prefix)]
        if not matching:
            yield Finding("missing", "Seal", prefix, "no seal's id begins so")
