"""Proving that a record is one of those that were sealed, and that one seal goes on from another, so that
`check_proof` can check it without the other records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import JournalDamaged, StoreError, UsageError
from headwater.cypher.journal import first_head
from headwater.cypher.records import AnyRecord, ExecutionStarted
from headwater.lineage.seals.check_proof import GROWTH, PROOF
from headwater.lineage.seals.files import Seal, Statement, read_seals
from headwater.lineage.seals.make import leaves_of, sealed_groups
from headwater.lineage.seals.merkle import consistency_path, inclusion_path, root
from headwater.lineage.verify_facts import expected

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.lineage.resolve import Found

LABELS = {
    "execution": "Execution",
    "job": "Job",
    "task": "Task",
    "call": "CallNode",
    "value": "Value",
    "file": "File",
}


def prove(project: Project, found: Found, seal: Seal | None = None) -> dict[str, Any]:
    """A proof that the first record of something is under a seal.

    Args:
        seal: which one, default the newest.

    Returns:
        what `check_proof.check` takes, as JSON has it.

    Raises:
        UsageError: there is no seal, or none that covers a record of it.
        SealDamaged: a seal is not as it was written.
        StoreError: the journals are not what was sealed.
    """
    seals = []
    for one in read_seals(project):
        seals.append(one)
        if seal is not None and one.statement.id == seal.statement.id:
            break
    if not seals:
        raise UsageError("nothing is sealed yet. Type: hw seal")
    leaves, place = _leaves(project, seals, LABELS[found.kind], found.id)
    told = seals[-1].statement
    _check(told, leaves)
    if place is None:
        raise UsageError(
            f"seal {told.number} covers no record of {found.kind} {found.id}: it was recorded after it, or in another "
            "project. To seal what is new: hw seal"
        )
    return {
        "proof": PROOF,
        **place,
        "path": [node.hex() for node in inclusion_path(leaves, place["leaf"])],
        "seal": told.content,
        "signature": told.signature,
    }


def prove_growth(project: Project, one: Seal, other: Seal) -> dict[str, Any]:
    """A proof that of two seals, the later covers all that the earlier does, unchanged, and goes on from there.

    Returns:
        what `check_proof.check` takes, as JSON has it.

    Raises:
        UsageError: they are one and the same.
        SealDamaged: a seal is not as it was written.
        StoreError: the journals are not what was sealed.
    """
    older, newer = sorted((one.statement, other.statement), key=lambda told: told.number)
    if older.size == newer.size:
        raise UsageError(f"seal {older.number} is compared with itself. Name two: hw seal list")
    seals = [seal for seal in read_seals(project) if seal.statement.number <= newer.number]
    leaves, _ = _leaves(project, seals)
    _check(older, leaves[: older.size])
    _check(newer, leaves)
    return {
        "proof": GROWTH,
        "path": [node.hex() for node in consistency_path(leaves, older.size)],
        "older": {"seal": older.content, "signature": older.signature},
        "newer": {"seal": newer.content, "signature": newer.signature},
    }


def _check(told: Statement, leaves: list[bytes]) -> None:
    """Refuse to prove by a seal what is not what it was made of."""
    if len(leaves) != told.size or root(leaves).hex() != told.root:
        raise StoreError(
            f"what the journals hold is not what seal {told.number} was made of. Type: hw verify"
        )


def _leaves(
    project: Project, seals: list[Seal], label: str | None = None, key: str = ""
) -> tuple[list[bytes], dict[str, Any] | None]:
    """The leaves of the tree, and where the first record of a node is among them, if one is looked for."""
    heads: dict[str, str] = {}
    leaves: list[bytes] = []
    place: dict[str, Any] | None = None
    for seal in seals:
        for span in seal.spans:
            head = heads.get(span.run, first_head(span.run).hex())
            heads[span.run] = span.head
            try:
                for group in sealed_groups(project, span, head):
                    for index, record in enumerate(group.records) if label and place is None else ():
                        if _is(span.run, record, label, key):
                            place = {
                                "run": span.run,
                                "group": group.index,
                                "record": index,
                                "bytes": group.pieces()[index].hex(),
                                "leaf": len(leaves) + index,
                            }
                            break
                    leaves += leaves_of(group, span.run)
            except FileNotFoundError:
                raise StoreError(
                    f"the journal of run {span.run}, which is sealed, is not there. Type: hw verify"
                ) from None
            except JournalDamaged as damage:
                raise StoreError(
                    f"{damage}. It is sealed, and not what was sealed. Type: hw verify"
                ) from damage
    return leaves, place


def _is(run: str, record: AnyRecord, label: str | None, key: str) -> bool:
    if label == "Execution":
        return isinstance(record, ExecutionStarted) and record.id == key
    told = expected(run, record, {})
    return told is not None and told[:2] == (label, key)
