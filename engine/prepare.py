"""Values made ready to be recorded, wherever they are: what the journal is to have of them, and their bytes stored."""

from __future__ import annotations

import hashlib
import operator
import pickle
from collections.abc import Iterable, Sequence
from types import FunctionType
from typing import Any

from headwater.cypher.records import FileSeen, HandleSeen, ValueSeen
from headwater.engine.background import Thread
from headwater.engine.code_values import code_record
from headwater.engine.errors import TooLarge, Unrecordable
from headwater.engine.expression_codec import Quoted
from headwater.engine.files import Artefact, was_there
from headwater.engine.handle import Handle, handles_in
from headwater.engine.nested import opaque_parts
from headwater.engine.observed import Observed, take
from headwater.engine.partial import PartialTask
from headwater.engine.task import Task
from headwater.engine.traceback import message_of
from headwater.engine.validity import NO_FILES, checked_record
from headwater.engine.values import (
    Checked,
    Described,
    ValueStore,
    describe,
    hash_and_files,
    type_name,
)
from headwater.engine.values.objects import TRACES

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
        states: records of the states of the handles inside it.
    """

    __slots__ = ("files", "hash", "named", "observed", "record", "relative", "states")

    def __init__(
        self,
        hash: bytes,
        record: ValueSeen | None,
        files: list[FileSeen],
        named: Sequence[bytes] = (),
        *,
        relative: bool = False,
        observed: Observed | None = None,
        states: Sequence[HandleSeen] = (),
    ) -> None:
        self.hash = hash
        self.record = record
        self.files = files
        self.named = named
        self.relative = relative
        self.observed = observed
        self.states = states

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.hash, self.record, self.files, self.named, self.relative, self.observed, self.states)
        return _prepared, parts


def _prepared(*parts: Any) -> Prepared:
    *rest, relative, observed, states = parts
    return Prepared(*rest, relative=relative, observed=observed, states=states)


def prepare_value(value: Any, label: str, store: ValueStore, began: float | None = None) -> Prepared:
    """Describe a value, and write its bytes to the value store where they are large.

    Args:
        began: when the call began whose result it is (seconds since the epoch).

    Raises:
        Unrecordable: it has no stable identity, or cannot be turned into bytes.
    """
    described = describe(value, label=label)
    if store.largest is not None and described.size > store.largest:
        raise TooLarge(
            label,
            described.type,
            f"it has {described.size:,} bytes, and max_value_size in the settings allows {store.largest:,}. Write it "
            "to a file and return File(path), or make it smaller",
        )
    found, handles = apart(described.files)
    states = states_of(handles, value, label)
    files = [file_record(file) for file in found]
    record = _value_record(described, store, tuple([file.file_hash for file in files]))
    relative = any(map(is_relative, found))
    if began is None:
        return Prepared(described.hash, record, files, relative=relative, states=states)
    named = named_of(files, began)
    return Prepared(described.hash, record, files, named, relative=relative, observed=take(), states=states)


def prepare_unrecorded(value: Any, *, beside_recorded: bool = True) -> Prepared:
    """Describe a value of which nothing is to be recorded: its hash, and the files and code inside it.

    Args:
        beside_recorded: whether other calls of its run are.

    Raises:
        Unrecordable: it has no stable identity, or a handle is in it that would have no lineage among what is recorded.
    """
    digest, inside = hash_and_files(value, RESULT)
    found, handles = apart(inside)
    if handles and beside_recorded:
        raise Unrecordable(
            RESULT,
            type_name(type(value)),
            "a handle that a call gives which is not recorded (prov=False) has no lineage. Give it in one that is",
        )
    return Prepared(
        digest, None, [file_record(file) for file in found], relative=any(map(is_relative, found))
    )


def apart(found: Iterable[Any]) -> tuple[list[Any], list[Handle]]:
    """The handles among reactive values, apart from the others."""
    others: list[Any] = []
    handles: list[Handle] = []
    for one in found:
        (handles if isinstance(one, Handle) else others).append(one)
    return others, handles


def states_of(handles: Sequence[Handle], value: Any, label: str) -> list[HandleSeen]:
    """What is recorded of the handles inside a value.

    Raises:
        Unrecordable: one is where it is not found on its way into calls.
    """
    if not handles:
        return []
    seen = {handle.state_hash for handle in handles_in(value)}
    lost = next((handle for handle in handles if handle.state_hash not in seen), None)
    if lost is not None and not any(map(_is_evaluated_later, opaque_parts(value))):
        raise Unrecordable(
            label,
            type_name(type(value)),
            f"{lost!r} is inside an object, where calls that take it cannot be told from each other. Pass a handle by "
            "itself, or in a list, tuple, set, dict, named tuple or dataclass",
        )
    return [record for handle in handles for record in state_records(handle)]


def state_records(handle: Handle, *, made: bool = False, ran: bool = False) -> list[HandleSeen]:
    """What is recorded of a handle's state and those before it; of the state itself, what became of it."""
    last = handle.state_hash
    return [
        HandleSeen(
            bytes.fromhex(step.state),
            step.kind,
            step.key,
            [bytes.fromhex(parent) for parent in step.parents],
            handle.handle_name,
            type_name(type(handle)),
            bytes.fromhex(handle.handle_origin),
            made and step.state == last,
            ran and step.state == last,
        )
        for step in handle.state_steps
    ]


def _is_evaluated_later(part: Any) -> bool:
    """Whether what is inside a value is handed to calls that are not made yet."""
    return isinstance(part, (Quoted, PartialTask, Thread))


def is_relative(file: Any) -> bool:
    """Whether the working directory decides what a reactive value is."""
    return isinstance(file, Artefact) and file.is_relative


def named_of(files: Iterable[FileSeen], began: float) -> list[bytes]:
    """The hashes of the files that were there before a moment."""
    return [file.file_hash for file in files if file.evidence not in NO_FILES and was_there(file.path, began)]


def _value_record(described: Described, store: ValueStore, files: tuple[bytes, ...]) -> ValueSeen:
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
    """What is recorded, as an argument, of an error that cannot be recorded itself: the name of its class, what it
    says, and what it is known by. Whoever takes the error has the real one."""

    __slots__ = ("message", "origin", "type")

    def __init__(self, type: str, message: str, origin: str = "") -> None:
        self.type = type
        self.message = message
        self.origin = origin

    def __canonical__(self) -> tuple[str, tuple[str, ...]]:
        return "headwater.ErrorStandIn", (self.type, self.message, self.origin)

    def __reduce__(self) -> tuple[type[ErrorStandIn], tuple[str, ...]]:
        return ErrorStandIn, (self.type, self.message, self.origin)

    def __repr__(self) -> str:
        return f"{self.type}: {self.message}"


def _origin_of(error: BaseException) -> str:
    """What tells an error from others of its class that say the same: the call that failed with it, the line that
    raised it, and what it holds, as far as that has an identity."""
    way = getattr(error, "headwater_traceback", None)
    held = [f"{place} {_known_by(item)}" for place, item in enumerate(error.args)]
    state = sorted(getattr(error, "__dict__", {}).items())
    held += [f"{name} {_known_by(item)}" for name, item in state if name not in TRACES]
    place = "" if way is None else way.place
    return hashlib.sha256("\0".join([place, *held]).encode(errors="surrogatepass")).hexdigest()


def _known_by(item: object) -> str:
    try:
        return describe(item).hash.hex()
    except Unrecordable:
        return type_name(type(item))


def with_stand_ins(value: Any) -> Any:
    """A value with stand-ins for the errors in it that cannot be recorded; the value itself where there are none."""
    kind = type(value)
    if isinstance(value, BaseException):
        try:
            describe(value)
        except Unrecordable:
            return ErrorStandIn(type_name(kind), message_of(value), _origin_of(value))
    elif kind in (list, tuple):
        items = [with_stand_ins(item) for item in value]
        return value if all(map(operator.is_, items, value)) else kind(items)
    elif kind is dict:
        items = [with_stand_ins(item) for item in value.values()]
        same = all(map(operator.is_, items, value.values()))
        return value if same else dict(zip(value, items, strict=True))
    return value
