"""Seals as they lie beside the journals: `NNNNNN.seal`, one line of JSON each, numbered from 1.

    {"seal": {"at", "journals", "key", "number", "previous", "root", "size"}, "signature": …,
     "journals": [[run, first group, groups, start, end, records, head], …], "tree": [hash, …]}

What stands under `seal` is signed (`check_proof.signed_bytes`); the SHA-256 of what is signed is the seal's id, by
which the next one names it. `seal.journals` is a hash of the list `journals`: which groups this seal adds to those of
the seals before it, and the head of each journal after them. The tree's leaves are the records of these groups, in this
order, behind those of the seals before. `tree` is the right edge of the tree, from which it can be gone on with.

What is kept elsewhere is `seal` and `signature` alone: no more is needed to recognise a seal, and no run is named.

A seal lies among the pending journals until the graph has its node, and then among the loaded ones.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import StoreError
from headwater.cypher.targets import own_store, target_file, target_of
from headwater.lineage.seals.check_proof import signed_bytes
from headwater.lineage.seals.merkle import Frontier

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore

SUFFIX = ".seal"
_NAME = re.compile(r"\d{6,}\.seal")
_STATEMENT = {"at": int, "journals": str, "key": str, "number": int, "root": str, "size": int}


class SealDamaged(StoreError):
    """A seal's file is not what `hw seal` wrote.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a seal as it was written: {reason}. Type: hw verify")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Span:
    """Groups of one journal that a seal adds."""

    run: str
    first: int
    """index of the first group"""
    groups: int
    """how many groups of the journal are sealed then: the index of the group after the last"""
    start: int
    """offset of the first group"""
    end: int
    """offset of the byte after the last"""
    records: int
    head: str
    """the chain's head after the last, in hexadecimal digits"""

    def row(self) -> list[Any]:
        """As it stands in a seal's file."""
        return [self.run, self.first, self.groups, self.start, self.end, self.records, self.head]

    def text(self) -> str:
        """As the graph has it."""
        return f"{self.run} {self.first}-{self.groups} {self.head}"


@dataclass(frozen=True)
class Statement:
    """What is signed, and the signature.

    Attributes:
        content: of the JSON under `seal`.
        signature: in hexadecimal digits.
    """

    content: dict[str, Any]
    signature: str

    @property
    def id(self) -> str:
        return sha256(signed_bytes(self.content)).hexdigest()

    @property
    def number(self) -> int:
        return int(self.content["number"])

    @property
    def previous(self) -> str | None:
        before = self.content["previous"]
        return None if before is None else str(before)

    @property
    def at(self) -> int:
        """When it was made: microseconds since the epoch, by the clock of whoever made it."""
        return int(self.content["at"])

    @property
    def size(self) -> int:
        """How many records it covers, those of the seals before it included."""
        return int(self.content["size"])

    @property
    def root(self) -> str:
        return str(self.content["root"])

    @property
    def key(self) -> str:
        """The public key, in hexadecimal digits."""
        return str(self.content["key"])

    def line(self) -> str:
        """As it is kept elsewhere."""
        return json.dumps({"seal": self.content, "signature": self.signature}, sort_keys=True)


@dataclass(frozen=True)
class Seal:
    """A seal of this project, with what is needed to check it and to go on from it."""

    path: Path
    statement: Statement
    spans: tuple[Span, ...]
    tree: tuple[bytes, ...]
    """the tree's right edge, as `Frontier` takes it"""


def statement_of(told: Any) -> Statement:
    """A statement out of JSON.

    Raises:
        ValueError: it is none; the text says why.
    """
    if not isinstance(told, dict) or not isinstance(told.get("seal"), dict):
        raise ValueError("it is no seal")
    content, signature = told["seal"], told.get("signature")
    if set(content) != {*_STATEMENT, "previous"}:
        raise ValueError("it has not the keys of a seal")
    for name, kind in _STATEMENT.items():
        if type(content[name]) is not kind:
            raise ValueError(f"its {name} is no {'text' if kind is str else 'whole number'}")
    if not isinstance(content["previous"], str | None) or not isinstance(signature, str):
        raise ValueError("its signature, or what it says of the seal before, is no text")
    return Statement(content, signature)


def spans_hash(spans: Iterable[Span]) -> str:
    """The hash of a list of spans that a seal signs."""
    return sha256(json.dumps([span.row() for span in spans], separators=(",", ":")).encode()).hexdigest()


def read_seal(path: Path) -> Seal:
    """The seal in a file beside the journals.

    Raises:
        SealDamaged: it is not as it was written.
    """
    try:
        text = path.read_text("utf-8")
        told = json.loads(text)
        statement = statement_of(told)
        spans = tuple(Span(*row) for row in told["journals"])
        tree = Frontier(statement.size, map(bytes.fromhex, told["tree"]))
        if any(
            type(value) is not kind for span in spans for value, kind in zip(span.row(), _SPAN, strict=True)
        ):
            raise ValueError("its list of journals is none")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise SealDamaged(path, getattr(error, "strerror", None) or str(error)) from None
    if spans_hash(spans) != statement.content["journals"]:
        raise SealDamaged(path, "its list of journals is not the one that was signed")
    if tree.root().hex() != statement.root:
        raise SealDamaged(path, "its tree has another root than the one that was signed")
    if _text(statement, spans, tree) != text:
        raise SealDamaged(path, "it is written otherwise")
    if path.name != file_name(statement.number):
        raise SealDamaged(path, f"it says that it is seal {statement.number}")
    return Seal(path, statement, spans, tuple(tree.nodes))


_SPAN = (str, int, int, int, int, int, str)


def file_name(number: int) -> str:
    """What the file of a seal is called."""
    return f"{number:06d}{SUFFIX}"


def seal_files(project: Project) -> list[Path]:
    """The files of all seals, in their order."""
    found: dict[int, Path] = {}
    for folder in (project.journals, project.loaded_journals):
        for path in folder.glob(f"*{SUFFIX}"):
            if _NAME.fullmatch(path.name):
                found[int(path.stem)] = path
    return [found[number] for number in sorted(found)]


def read_seals(project: Project) -> Iterator[Seal]:
    """All seals, in their order.

    Raises:
        SealDamaged: as of `read_seal`, when its turn comes.
    """
    return (read_found(project, path) for path in seal_files(project))


def read_found(project: Project, path: Path) -> Seal:
    """The seal in a file that was found: the graph may have got it since, and then it has moved.

    Raises:
        SealDamaged: as of `read_seal`.
    """
    try:
        return read_seal(path)
    except SealDamaged:
        if path.exists():
            raise
        return read_seal(project.loaded_journals / path.name)


def write_seal(project: Project, statement: Statement, spans: Iterable[Span], tree: Frontier) -> Path:
    """Write a new seal beside the journals; it is on disk when this returns.

    Raises:
        OSError: it cannot be written.
    """
    path = project.journals / file_name(statement.number)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(_text(statement, spans, tree))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    return path


def _text(statement: Statement, spans: Iterable[Span], tree: Frontier) -> str:
    content = {
        "seal": statement.content,
        "signature": statement.signature,
        "journals": [span.row() for span in spans],
        "tree": [node.hex() for node in tree.nodes],
    }
    return json.dumps(content, sort_keys=True) + "\n"


def load_seals(project: Project, store: GraphStore) -> None:
    """Give the graph the seals that it does not have yet.

    Raises:
        StoreError: it does not take them.
    """
    waiting = sorted(path for path in project.journals.glob(f"*{SUFFIX}") if _NAME.fullmatch(path.name))
    if not waiting:
        return
    ours = own_store(project)
    for path in waiting:
        if target_of(project, path) != ours:
            continue
        try:
            seal = read_seal(path)
        except SealDamaged:
            continue  # verify says so; nothing of it comes into the graph
        store.write([("load_seals", {"rows": [row(seal)]})])
        for moved in (path, target_file(path)):
            with suppress(FileNotFoundError):  # it has none, or another command has moved it meanwhile
                os.replace(moved, project.loaded_journals / moved.name)


def row(seal: Seal) -> list[Any]:
    """What the graph has of a seal: id, number, previous, at, size, root, key, signature, journals."""
    told = seal.statement
    spans = [span.text() for span in seal.spans]
    return [
        told.id, told.number, told.previous, told.at, told.size, told.root, told.key, told.signature, spans,
    ]  # fmt: skip
