"""Calls that are not recorded (`prov=False`): what has to be known of them so that the calls above are reused rightly.

A call that is not recorded counts as a part of the function of the call above it, as a plain Python helper would: what
it was fed with flows into what it gives, and whatever else that came from came from the caller. The nearest call above
that is recorded keeps what its reuse depends on, its gap: the versions of the tasks, and the files in what they took
and gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from headwater.cypher.records import FileSeen, file_mark, task_mark
from headwater.engine import expression_codec
from headwater.engine.errors import Undecodable, Unrecordable
from headwater.engine.expression_codec import SIMPLE, Flat, Quoted
from headwater.engine.file_checks import FileChecks
from headwater.engine.job import Job, Stored
from headwater.engine.nested import ATOMS
from headwater.engine.options import is_off
from headwater.engine.partial import PartialTask
from headwater.engine.prepare import RESULT, apart, file_record, is_relative, with_stand_ins
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task, task
from headwater.engine.values import hash_and_files, hash_value
from headwater.engine.values.look import LOOK

T = TypeVar("T")


class Withheld(Quoted):
    """An expression that is evaluated without being recorded: of it, its hash is all that is kept."""

    __slots__ = ()
    __withheld__ = True

    def __canonical__(self) -> tuple[str, tuple[bytes]]:
        LOOK.quoted += 1
        try:
            return "headwater.Withheld", (expression_codec.flatten(self.expression).hash(),)
        except RecursionError:
            raise self.too_deep() from None
        finally:
            LOOK.quoted -= 1

    def __reduce__(self) -> tuple[Any, ...]:
        return _withhold, Quoted.__reduce__(self)[1]

    def __repr__(self) -> str:
        return "not recorded (prov=False)"


def _withhold(payload: bytes) -> Withheld:
    return Withheld(expression_codec.load(payload))


@task(name="no_prov", namespace="headwater", version="1")
def evaluate_unrecorded(withheld: Any) -> Any:
    """What `no_prov` held back, to be evaluated without being recorded."""
    return withheld.expression


evaluate_unrecorded.records_below = False


def no_prov(expr: T) -> T:
    """Evaluate an expression without recording the calls in it and under it.

    The whole is one recorded call: it is reused like any other, for as long as the tasks in it and under it and the
    files that they take and give are what they were.

    Args:
        expr: the expression, or a nested value with expressions in it.
    """
    return evaluate_unrecorded(Withheld(expr))  # type: ignore[no-any-return]


class Unrecorded:
    """Is told what a `Recorder` would be told, of calls that are not recorded. It writes nothing."""

    execution_id: str | None = None

    def __init__(self) -> None:
        self._checks = FileChecks()
        self._files: dict[bytes, list[str]] = {}

    def identify(self, value: Any, label: str) -> bytes:
        if value.__class__ in ATOMS:
            return hash_value(value)
        try:
            digest, found = hash_and_files(value, label)
        except Unrecordable:
            known = value if label == RESULT else with_stand_ins(value)
            if known is value:
                raise
            digest, found = hash_and_files(known, label)
        self._took(digest, map(file_record, apart(found)[0]))
        return digest

    def described(self, job: Job, value: Any) -> bytes:
        if job.described is None:
            return self.identify(value, RESULT)
        self._took(job.described.hash, job.described.files)
        if job.described.relative:
            job.depends_on_directory()
        return bytes(job.described.hash)

    def tagged(self, value: Any, tags: Sequence[Any], run_tags: Sequence[Any]) -> None:
        return

    def reduced(self, job: Job, result: Any) -> None:
        for member in expression_codec.flatten(result).members:
            with suppress(Unrecordable):
                if any(map(is_relative, hash_and_files(member, "expression")[1])):
                    job.depends_on_directory()

    def called(self, job: Job, children: list[bytes], *, cacheable: bool) -> None:
        return

    def failed(self, job: Job, children: list[bytes]) -> None:
        return

    def ended(self, job: Job, stopped: float) -> None:
        return

    def changed_file(self, job: Job) -> str | None:
        return self._checks.changed(job.took(), job.value_hash, job.traits.changed)

    def far_files(self, job: Job) -> list[FileSeen]:
        return self._checks.far(job.took())

    def look(self, files: Sequence[FileSeen]) -> set[bytes]:
        return self._checks.look(files)

    def spare(self, job: Job) -> Stored | None:
        return None

    def fetch(self, stored: Stored) -> Any:
        raise Undecodable("it was not recorded (prov=False)")

    def marks_of(self, job: Job) -> Iterable[str]:
        """What the reuse of a call above depends on, of one call that is not recorded (`records.CallMade.gap`)."""
        yield task_mark(job.task.hash)
        if self._files:
            for digest in (*job.took(), job.value_hash):
                if digest is not None:
                    yield from self._files.get(digest, ())

    def _took(self, digest: bytes, files: Iterable[FileSeen]) -> None:
        records = list(files)
        if records and digest not in self._files:
            self._checks.took(digest, records)
            self._files[digest] = [file_mark(file) for file in records]


def withholds(flat: Flat, inside: Iterable[Any]) -> bool:
    """Whether an expression that a recorded call returned holds calls that are not to be recorded, as calls or as tasks
    handed on: then it is not recorded as a whole.

    Args:
        inside: values in it, the tasks among them.
    """
    registry = get_task_registry()
    known: set[str] = set()
    for kind, name, _, _, options in flat.entries:
        if kind == "call" and (options or name not in known):
            found = registry.find(name)
            if found is not None and is_off(found.definition, None, options):
                return True
            if not options:
                known.add(name)
    if not flat.members:
        return False
    stack = [flat.template]
    for _, _, args, kwargs, _ in flat.entries:
        stack += args
        if kwargs:
            stack += kwargs.values()
    return any(getattr(part.__class__, "__withheld__", False) for part in _parts(stack)) or any(
        isinstance(one, Task) and is_off(one.definition, None, one.overrides) for one in inside
    )


def holds_unrecorded(expr: Any) -> bool:
    """Whether calls in an expression are not to be recorded."""
    flat = expression_codec.flatten(expr)
    return withholds(flat, tasks_in(flat.members))


def quoting(expr: Any) -> Quoted:
    """An expression as a value: one of which the hash alone is kept, where a call in it is not to be recorded."""
    return Withheld(expr) if holds_unrecorded(expr) else Quoted(expr)


def tasks_in(values: Iterable[Any]) -> Iterator[Any]:
    """The tasks that stand in lists, tuples, dicts and partial tasks among some values, found without hashing them."""
    return (part for part in _parts(values) if isinstance(part, Task))


def _parts(values: Iterable[Any]) -> Iterator[Any]:
    """What stands among some values, and in lists, tuples, dicts and partial tasks there; the simplest is left out."""
    seen: set[int] = set()
    stack: list[Any] = list(values)
    while stack:
        value = stack.pop()
        cls = value.__class__
        if cls in SIMPLE:
            continue
        if isinstance(value, PartialTask):
            stack += (value.task, value.args, value.kwargs)
        elif cls is list or cls is tuple or cls is dict:
            if id(value) not in seen:
                seen.add(id(value))
                stack.extend(value.values() if cls is dict else value)
        else:
            yield value
