"""Values made ready to be recorded, wherever they are: what the journal is to have of them, and their bytes stored."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Iterable, Sequence
from types import FunctionType
from typing import Any

from headwater.cypher.records import FileSeen, ValueSeen
from headwater.engine.code_values import code_digest, code_record
from headwater.engine.errors import Unrecordable
from headwater.engine.files import Artefact, was_there
from headwater.engine.observed import Observed, take
from headwater.engine.task import Task
from headwater.engine.traceback import message_of
from headwater.engine.validity import NO_FILES, checked_record
from headwater.engine.values import (
    Checked,
    Described,
    ValueStore,
    describe,
    hash_and_files,
    set_code_fingerprinter,
    type_name,
)

set_code_fingerprinter(code_digest)

RESULT = "result"
"""How results are labelled, which have to be recorded as they are; of arguments, errors may have stand-ins."""

INLINE = 4096
"""Payloads of up to this many bytes live on their node in the graph."""


class Prepared:
    """A described value, made where the value is, ready to be recorded where the journal is.

    Attributes:
        hash: the value's hash (32 bytes).
        record: what the journal is to have of it; None where runs are not recorded.
        files: records of the files inside it.
        named: the hashes of those that were there before the call that gave the value began.
        relative: whether any of them was named relative to the working directory.
        observed: what was seen of the call that gave it, beside its result.
    """

    __slots__ = ("files", "hash", "named", "observed", "record", "relative")

    def __init__(
        self,
        hash: bytes,
        record: ValueSeen | None,
        files: list[FileSeen],
        named: Sequence[bytes] = (),
        *,
        relative: bool = False,
        observed: Observed | None = None,
    ) -> None:
        self.hash = hash
        self.record = record
        self.files = files
        self.named = named
        self.relative = relative
        self.observed = observed

    def __reduce__(self) -> tuple[Any, ...]:
        return _prepared, (self.hash, self.record, self.files, self.named, self.relative, self.observed)


def _prepared(*parts: Any) -> Prepared:
    *rest, relative, observed = parts
    return Prepared(*rest, relative=relative, observed=observed)


def prepare_value(value: Any, label: str, store: ValueStore, began: float | None = None) -> Prepared:
    """Describe a value, and write its bytes to the value store where they are large.

    Args:
        began: when the call began whose result it is (seconds since the epoch).

    Raises:
        Unrecordable: it has no stable identity, or cannot be turned into bytes.
    """
    described = describe(value, label=label)
    if store.largest is not None and described.size > store.largest:
        raise Unrecordable(
            label,
            described.type,
            f"it has {described.size:,} bytes, and max_value_size in the settings allows {store.largest:,}. Write it "
            "to a file and return File(path), or make it smaller",
        )
    files = [file_record(file) for file in described.files]
    record = _value_record(described, store, [file.file_hash for file in files])
    relative = any(map(is_relative, described.files))
    if began is None:
        return Prepared(described.hash, record, files, relative=relative)
    named = named_of(files, began)
    return Prepared(described.hash, record, files, named, relative=relative, observed=take())


def prepare_unrecorded(value: Any) -> Prepared:
    """Describe a value of which nothing is to be recorded: its hash, and the files inside it.

    Raises:
        Unrecordable: it has no stable identity.
    """
    digest, found = hash_and_files(value, RESULT)
    return Prepared(
        digest, None, [file_record(file) for file in found], relative=any(map(is_relative, found))
    )


def is_relative(file: Any) -> bool:
    """Whether the working directory decides what a reactive value is."""
    return isinstance(file, Artefact) and file.is_relative


def named_of(files: Iterable[FileSeen], began: float) -> list[bytes]:
    """The hashes of the files that were there before a moment."""
    return [file.file_hash for file in files if file.evidence not in NO_FILES and was_there(file.path, began)]


def _value_record(described: Described, store: ValueStore, files: list[bytes]) -> ValueSeen:
    if described.size <= INLINE:
        payload, location = described.payload, None
    else:
        payload, location = None, store.put(described.buffers)
    return ValueSeen(
        described.hash,
        described.type,
        described.codec,
        described.size,
        described.preview,
        payload,
        location,
        files,
    )


def file_record(file: Any) -> FileSeen:
    """What is recorded of a reactive value: a file (a member of a folder comes as its record), a task or function that
    was passed as a value, or a class."""
    if isinstance(file, FileSeen):
        return file
    if isinstance(file, Checked):
        return checked_record(file)
    if isinstance(file, (Task, FunctionType, type)):
        return code_record(file)
    return FileSeen(file.file_hash, file.uri, file.evidence, file.digest, file.recorded_size)


def number_record(digest: bytes, value: float) -> ValueSeen:
    """What is recorded of a number: the same as of any value, without the general machinery."""
    payload = pickle.dumps(value, 5)
    return ValueSeen(digest, value.__class__.__name__, "pickle", len(payload), repr(value), payload)


class ErrorStandIn:
    """What is recorded, as an argument, of an error that cannot be recorded itself: the name of its class, and what it
    says. Whoever takes the error has the real one."""

    __slots__ = ("message", "type")

    def __init__(self, type: str, message: str) -> None:
        self.type = type
        self.message = message

    def __canonical__(self) -> tuple[str, tuple[str, str]]:
        return "headwater.ErrorStandIn", (self.type, self.message)

    def __reduce__(self) -> tuple[type[ErrorStandIn], tuple[str, str]]:
        return ErrorStandIn, (self.type, self.message)

    def __repr__(self) -> str:
        return f"{self.type}: {self.message}"


def with_stand_ins(value: Any) -> Any:
    """A value with stand-ins for the errors in it that cannot be recorded; the value itself where there are none."""
    kind = type(value)
    if isinstance(value, BaseException):
        try:
            describe(value)
        except Unrecordable:
            return ErrorStandIn(type_name(kind), message_of(value))
    elif kind in (list, tuple):
        items = [with_stand_ins(item) for item in value]
        return value if all(map(operator.is_, items, value)) else kind(items)
    elif kind is dict:
        items = [with_stand_ins(item) for item in value.values()]
        same = all(map(operator.is_, items, value.values()))
        return value if same else dict(zip(value, items, strict=True))
    return value
