"""Tags that a workflow gives while it runs: `apply_tags`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from headwater.cypher.tag_names import tags_in
from headwater.engine.errors import CallError
from headwater.engine.expression import Special
from headwater.engine.job import Job
from headwater.engine.nested import find_expressions
from headwater.engine.special import Steps

T = TypeVar("T")

Tags = Mapping[str, Any] | Iterable[Any]
Pair = tuple[str, str]


def apply_tags(value: T, tags: Tags = (), job_tags: Tags = (), execution_tags: Tags = ()) -> T:
    """A value, with tags recorded on it, on the job whose function returned this, and on the run.

    Args:
        value: any value; may be lazy.
        tags: of the value: a dict (a value may be a list), or a list of `"key=value"`; may be lazy, like the others.
        job_tags: of the job in whose result this stands.
        execution_tags: of the run.

    Raises:
        CallError: something is no tag.
    """
    for name, given in (("tags", tags), ("job_tags", job_tags), ("execution_tags", execution_tags)):
        if not find_expressions(given):
            _pairs(name, given)
    return Special("apply_tags", (value, tags, job_tags, execution_tags))  # type: ignore[return-value]


def _pairs(name: str, given: Any) -> tuple[Pair, ...]:
    try:
        return tags_in(given)
    except ValueError as error:
        raise CallError(f"apply_tags({name}=...): {error}") from None


class Tagging(Protocol):
    """What is told of tags."""

    def tagged(self, value: Any, tags: Sequence[Pair], run_tags: Sequence[Pair]) -> None: ...


def tag_steps(recording: Tagging, owner: Job, value: Any, *given: Any) -> Steps:
    """The steps of `apply_tags`.

    Args:
        recording: is told.
        owner: the job in whose result it stands.
    """
    written = yield list(given)
    names = ("tags", "job_tags", "execution_tags")
    tags, job_tags, run_tags = (_pairs(name, one) for name, one in zip(names, written, strict=True))
    found = yield value
    owner.have(applied=tuple(dict.fromkeys([*owner.traits.applied, *job_tags])))
    recording.tagged(found, tags, run_tags)
    return found
