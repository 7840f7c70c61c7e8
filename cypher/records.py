"""The records of a journal: what a run tells the graph.

A record is an immutable struct that encodes as a MessagePack array whose first element is its tag. The journal
(`headwater.cypher.journal`) stores groups of them; the loader turns them into nodes and edges. Hashes are 32 raw bytes
here and lower-case hex strings in the graph. Times are whole microseconds since the Unix epoch, UTC.

Fields may be appended with a default; none is ever removed or given a new meaning (old journals stay readable).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

Micros = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]
"""a time: of the years 1 to 9999, since no other has a place in the graph"""
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""a number that has a place in the graph"""
Argument = tuple[str, Whole | None, bytes]
"""(parameter name, position or None where passed by keyword, value_hash)"""


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="tag"):
    """Base of all records."""


class ExecutionStarted(Record, frozen=True, tag=1):
    """The first record of every journal: one run of one scheduler."""

    id: str
    """uuid7, with dashes"""
    started: Micros
    command: list[str]
    """argv as the user typed it, secrets taken out"""
    user: str
    host: str
    project: str
    """namespace of the root task, or the project folder's name"""
    directory: str
    """the working directory"""
    headwater_version: str
    python_version: str
    git_commit: str | None = None
    git_dirty: bool | None = None
    environment: str | None = None
    """hex digest over the sorted name==version list of installed distributions"""
    tags: list[tuple[str, str]] = []
    project_root: str | None = None
    """the project's folder; None in journals of before it was recorded, whose directory was it"""


class ExecutionEnded(Record, frozen=True, tag=2):
    """The last record of a journal whose run ended in an orderly way."""

    finished: Micros
    status: str
    """DONE, FAILED or CANCELLED"""
    error: str | None = None


class TaskSeen(Record, frozen=True, tag=3):
    """A task definition: at least once per execution that used it, before or beside what names it."""

    task_hash: bytes
    name: str
    namespace: str
    version: str | None
    source: str
    options: dict[str, str]
    """the options that count in the hash, as text"""
    counted: list[tuple[str, str, str]] = []
    """(qualified name, kind, hex digest) of the helpers and constants that count in the hash"""
    uncounted: list[tuple[str, str]] = []
    """(name, why not) of what the task reads but the hash does not cover"""
    codes: list[bytes] = []
    """code_hash of those of the counted whose source was recorded, in their order"""


class FileSeen(Record, frozen=True, tag=4):
    """One content of one file."""

    file_hash: bytes
    path: str
    """absolute path, or URL with its scheme; never credentials"""
    evidence: str
    """how content was identified: stat, content, etag, or missing"""
    digest: str
    """what the evidence was, as text (size and mtime_ns; a sha256; an etag)"""
    size: Whole | None = None


class ValueSeen(Record, frozen=True, tag=5):
    """A value, once per execution that saw it."""

    value_hash: bytes
    type: str
    codec: str
    size: Whole
    """bytes of the payload"""
    preview: str
    payload: bytes | None
    """the encoded value where it is small, else None"""
    location: str | None = None
    """key in the value store where the payload is large"""
    files: tuple[bytes, ...] = ()
    """file_hash of every file inside the value"""


class EvaluationSeen(Record, frozen=True, tag=6):
    """A task call whose function returned an expression: the single reduction."""

    eval_hash: bytes
    value_hash: bytes
    task_hash: bytes
    at: Micros
    directory: str | None = None
    """the working directory, where files in the expression were named relative to it"""


class CallMade(Record, frozen=True, tag=7):
    """A call that reached its final result, with everything under it."""

    call_hash: bytes
    eval_hash: bytes
    task_hash: bytes
    args: tuple[Argument, ...]
    result: bytes
    children: tuple[bytes, ...]
    """call_hash of each call it made, in the order of the returned expression"""
    wiring: tuple[tuple[int, str, int], ...]
    """(consumer, parameter name, producer): indexes into children; inside this call, producer fed consumer. Producer -1
    is this call's own function: beside results of children it put plain values into the argument. (What holds nothing
    but plain values has no wiring.)"""
    returns: tuple[int, ...]
    """indexes of the children whose results flowed into this call's own result; -1 where its own function put plain
    values beside them"""
    at: Micros
    cacheable: bool = True
    """False where nothing may ever reuse it (cache=False, narrower scopes, failures)"""
    failed: bool = False
    """True where result is the recorded error"""
    context: tuple[tuple[str, bytes], ...] = ()
    """(dotted path, hash of what was there) of what it and the calls under it read of the context, by path"""
    named: tuple[bytes, ...] = ()
    """file_hash of the files in its result that were there, as they are, before it began: named, and not made"""
    gap: tuple[str, ...] = ()
    """what its reuse depends on of the calls under it that were not recorded (`prov=False`), sorted: `task ` and a
    task_hash, or `file ` and a JSON list of file_hash, path, evidence and digest. Empty where all were recorded"""
    states: tuple[bytes, ...] = ()
    """the states of handles that it gave, and those that it would have given of what it took; sorted"""


def check_flows(records: Iterable[Record]) -> None:
    """Look at records that were read: a journal in which calls flow that are not there is damaged, like one of which
    the bytes are not right.

    Raises:
        ValidationError: it is.
    """
    for call in records:
        if isinstance(call, CallMade) and (call.wiring or call.returns):
            end = len(call.children)
            if not all(0 <= to < end and -1 <= made < end for to, _, made in call.wiring) or not all(
                -1 <= made < end for made in call.returns
            ):
                raise msgspec.ValidationError("the wiring names a call that is not among the children")


def flows(call: CallMade) -> set[tuple[str, str, str]]:
    """(consumer's call_hash, parameter name, producer's call_hash) of what flowed inside a call, as the graph has it:
    the call itself stands for its own function, and as a consumer, of "return", for its result."""
    parent = call.call_hash.hex()
    nodes = [*(child.hex() for child in call.children), parent]  # so -1 is the parent
    found = {(nodes[consumer], name, nodes[producer]) for consumer, name, producer in call.wiring}
    found.update((parent, "return", nodes[producer]) for producer in call.returns)
    return found


def call_context(call: CallMade) -> list[str] | None:
    """What a call read of the context, as the graph has it; None for nothing."""
    return [f"{path}={digest.hex()}" for path, digest in call.context] or None


def call_states(call: CallMade) -> list[str] | None:
    """The states of handles that a call gave, as the graph has them; None for none."""
    return [state.hex() for state in call.states] or None


def call_named(call: CallMade) -> list[str] | None:
    """The files that a call named and did not make, as the graph has them; None for none."""
    return sorted(file.hex() for file in call.named) or None


def tag_texts(tags: Sequence[tuple[str, str]]) -> list[str] | None:
    """Tags as the graph has them where they were given to a run; None for none."""
    return [f"{key}={value}" for key, value in tags] or None


_TASK, _FILE = "task ", "file "


def task_mark(task_hash: bytes) -> str:
    """A task's version as a part of `CallMade.gap`."""
    return _TASK + task_hash.hex()


def file_mark(file: FileSeen) -> str:
    """A file as a part of `CallMade.gap`."""
    return _FILE + json.dumps([file.file_hash.hex(), file.path, file.evidence, file.digest])


def marked_task(mark: str) -> str | None:
    """The task_hash that a part of a gap names; None where it names a file."""
    return mark.removeprefix(_TASK) if mark.startswith(_TASK) else None


def marked_file(mark: str) -> list[str] | None:
    """The file that a part of a gap names (file_hash, path, evidence, digest); None where it names a task."""
    return list(json.loads(mark.removeprefix(_FILE))) if mark.startswith(_FILE) else None


class JobStarted(Record, frozen=True, tag=8):
    """Written only for jobs whose functions run, or wait for what they returned, when a group is flushed."""

    n: Whole
    """counter within the execution; the root is 0. The graph's Job.id is derived: `job_id`"""
    parent: Whole | None
    task_hash: bytes
    eval_hash: bytes
    started: Micros
    executor: str
    attempt: Whole = 1
    args: tuple[Argument, ...] = ()
    """what it was given; empty in journals of before it was recorded"""


class JobEnded(Record, frozen=True, tag=9):
    """Exactly one for every job that ever started, or was answered from the cache, in an orderly run."""

    n: Whole
    parent: Whole | None
    task_hash: bytes
    eval_hash: bytes | None
    status: str
    """DONE, CACHED, FAILED or CANCELLED"""
    started: Micros
    finished: Micros
    executor: str
    call_hash: bytes | None = None
    error: str | None = None
    """one line: type and message"""
    traceback: str | None = None
    attempt: Whole = 1
    reason: str | None = None
    """why it was cached or had to run"""
    tags: tuple[tuple[str, str], ...] = ()
    """of the task's definition and of the call"""
    prov_off: bool = False
    """whether calls under it were not recorded (`prov=False`)"""
    undeclared_writes: tuple[str, ...] = ()
    """paths of the files that its script wrote, made or removed without declaring them"""
    undeclared_reads: tuple[str, ...] = ()
    """paths of those that it read"""
    args: tuple[Argument, ...] = ()
    """what it was given, or was to be given when it was cancelled before its turn, where it made no call of it (of a
    call, `CallMade` has it)"""


class CodeSeen(Record, frozen=True, tag=10):
    """A helper, class or constant that counts in a task's hash: once per execution, before the first task that names
    it."""

    code_hash: bytes
    """over name, kind and digest"""
    name: str
    """qualified, like `package.module.helper`"""
    kind: str
    """function, class, constant, variable or default"""
    digest: str
    """SHA-256 of its source text, hexadecimal"""
    source: str
    """its source text, secrets taken out"""


class HandleSeen(Record, frozen=True, tag=11):
    """A state of a handle. Of one state there may be several records: that it is there, that a call ran that took it,
    and that the call ran that gave it."""

    state: bytes
    kind: str
    """made, fork, passed, call or merge"""
    key: str
    """of made the hash of the arguments, of fork its name, of passed a number, of call the eval_hash"""
    parents: list[bytes]
    name: str
    """the handle's, with its namespace"""
    type: str
    origin: bytes
    """the state that the handle was made in"""
    made: bool = False
    """the call that gave it ran in this execution"""
    ran: bool = False
    """a call that took it ran in this execution"""


class TagsGiven(Record, frozen=True, tag=12):
    """Tags that a workflow gave while it ran."""

    tags: list[tuple[str, str]]
    value: bytes | None = None
    """value_hash of what they are on; None for the run itself"""
    at: Micros = 0
    """0 in journals of before it was recorded"""


class TagSet(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A tag that a change put on something of the graph."""

    id: bytes
    kind: str
    """of what it is on: execution, job, call, value, file or task"""
    target: str
    """its key in the graph"""
    key: str
    value: str
    given: bool = False
    """it was given to the run or the task, and stands here only because the same change ends it"""


class DatasetDeclared(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A dataset as it was declared at some time. What is not known is empty."""

    id: bytes
    name: str
    files: list[str]
    """patterns of paths and URLs"""
    origin: str
    licence: str
    collected_by: str
    purpose: str
    lawful_basis: str
    sensitivity: str
    declared_in: str = ""
    """the script that declares it, seen from the project's root; empty for the project's file"""


class ChangeMade(Record, frozen=True, tag=20):
    """What a person, or a declaration of theirs, added to the graph beside the runs: the one record of its journal."""

    id: str
    """uuid7, with dashes"""
    at: Micros
    user: str
    host: str
    command: list[str]
    """argv as the user typed it"""
    headwater_version: str
    project_root: str
    tags: list[TagSet] = []
    datasets: list[DatasetDeclared] = []
    ended: list[bytes] = []
    """ids of the tags and datasets that count no more from now on"""
    files: list[tuple[bytes, list[bytes]]] = []
    """(id of a dataset, file_hash of every file that belongs to it and was not known to)"""


AnyRecord = (
    ExecutionStarted
    | ExecutionEnded
    | TaskSeen
    | FileSeen
    | ValueSeen
    | EvaluationSeen
    | CallMade
    | JobStarted
    | JobEnded
    | CodeSeen
    | HandleSeen
    | TagsGiven
    | ChangeMade
)

_STRIDE = 0x9E3779B97F4A7C15F39CC0605CEDC835
_SPREAD = 0xD1B54A32D192ED03AEF17502B6B4CBF7
_MASK = (1 << 128) - 1
_BACK = pow(_STRIDE, -1, 1 << 128)


CODE = ("task", "function", "class")
"""Kinds of evidence: of code that stands in a value, which is recorded as a file is."""


def is_code(path: str) -> bool:
    """Whether what is recorded as a file is of these kinds, by its path: `function:module:name`."""
    return path.partition(":")[0] in CODE


PROJECT = "project"
"""Among the options of a task that was called from another project: the folder of its own."""


def project_in(options: str | None) -> str | None:
    """The project that a task's options name, as the graph has them; None for that of the run."""
    found = json.loads(options or "{}").get(PROJECT)
    return None if found is None else str(found)


def job_id(execution_id: str, n: int) -> str:
    """The id of the n-th job of an execution: 32 hex digits, well spread so that a short prefix is unique.

    Multiplying by an odd constant is a bijection modulo 2**128, so no two jobs of one execution share an id; the
    execution's own number has another constant, so that executions with near ids do not share theirs.
    """
    base = int(execution_id.replace("-", ""), 16)
    return f"{(base * _SPREAD + n * _STRIDE) & _MASK:032x}"


def job_number(execution_id: str, id: str) -> int:
    """Which job of an execution has that id: what `job_id` gives it for. Other executions' ids give numbers that no
    execution reaches."""
    base = int(execution_id.replace("-", ""), 16)
    return (int(id, 16) - base * _SPREAD) * _BACK & _MASK
