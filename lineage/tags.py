"""Tags: `key=value` on runs, jobs, calls, values, files and tasks, with everything that ever became of them.

Some are given to a run (`hw run --tag`), to a job (`@task(tags=…)`), or by a workflow while it runs (`apply_tags`), and
stand in the record of that run. All others come from changes (`hw tag`), which add tags and end them. Nothing is
rewritten: a change that ends a given tag adds a tag of the same name, marked as given, and ends that one at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from headwater.cypher.change import part_id
from headwater.cypher.errors import UsageError
from headwater.cypher.records import ChangeMade, TagSet
from headwater.cypher.tag_names import split_name, split_tag

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found


class Name(NamedTuple):
    """What is written of a tag: its key, and its value; None for any."""

    key: str
    value: str | None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key}={self.value}"

    def covers(self, tag: Tag) -> bool:
        return tag.key == self.key and self.value in (None, tag.value)


@dataclass(frozen=True)
class Tag:
    """One tag on one thing, from when it was put there until when it was taken away.

    Attributes:
        kind: of what it is on: execution, job, call, value, file or task.
        target: its id or hash.
        id: of the tag itself; None where it was given to the run.
        ended: when it was taken away; None while it counts.
    """

    kind: str
    target: str
    key: str
    value: str
    id: str | None
    at: datetime | None
    user: str | None
    ended: datetime | None = None
    ended_by: str | None = None

    @property
    def text(self) -> str:
        return f"{self.key}={self.value}"

    @property
    def is_current(self) -> bool:
        return self.ended is None


def read_name(text: str, *, needs_value: bool = True) -> Name:
    """A tag as it is typed.

    Raises:
        UsageError: it is none.
    """
    try:
        return Name(*(split_tag(text) if needs_value else split_name(text)))
    except ValueError as error:
        raise UsageError(f"{error}{'' if needs_value else '; or KEY alone'}") from None


def tags_of(store: GraphStore, targets: Iterable[str]) -> list[Tag]:
    """Every tag that some things have or had, oldest first."""
    keys = sorted(set(targets))
    return _together(store.rows("tags_given", keys=keys), store.rows("tags_of", keys=keys))


def tags_named(store: GraphStore, name: Name | None = None, *, of_all: bool = True) -> list[Tag]:
    """Every tag of a name, or of any, on whatever has or had it, oldest first.

    Args:
        of_all: also those that jobs and values were given when they ran, for which all of them are looked at.
    """
    beginning = "" if name is None else name.key + "=" + (name.value or "")
    key, value = (None, None) if name is None else name
    given = store.rows("tags_given_to_runs", beginning=beginning)
    for query in ("tags_given_to_values", "tags_given_to_jobs") if of_all else ():
        given += store.rows(query, beginning=beginning)
    found = _together(given, store.rows("tags_named", name=key, value=value))
    return [tag for tag in found if name is None or name.covers(tag)]


def tags_since(store: GraphStore, since: datetime) -> list[Tag]:
    """The tags that the runs which began since a moment were given, their jobs, and the values that these took or gave;
    and every tag of a change, on whatever it is. Oldest first."""
    return _together(
        store.rows("tags_given_since", since=since), store.rows("tags_named", name=None, value=None)
    )


def ended_on_jobs(store: GraphStore, name: Name) -> list[tuple[str, str]]:
    """(job, tag) where a job was given a tag of a name when it ran, and it was taken away."""
    rows = store.rows("tags_named", name=name.key, value=name.value)
    return [
        (target, f"{key}={value}") for kind, target, key, value, given, *_ in rows if kind == "job" and given
    ]


def _together(given: Iterable[Sequence[object]], changed: Iterable[Sequence[object]]) -> list[Tag]:
    tags: list[Tag] = []
    ends: dict[tuple[object, str], Sequence[object]] = {}
    for kind, target, key, value, was_given, id_, at, user, ended, ended_by in changed:
        if was_given:
            ends[target, f"{key}={value}"] = (ended, ended_by)
        else:
            tags.append(Tag(kind, target, key, value, id_, at, user, ended, ended_by))  # type: ignore[arg-type]
    for kind, target, texts, at, user in given:
        for text in texts:  # type: ignore[attr-defined]
            key, _, value = text.partition("=")
            ended, by = ends.get((target, text), (None, None))
            tags.append(Tag(kind, target, key, value, None, at, user, ended, by))  # type: ignore[arg-type]
    return sorted(tags, key=lambda tag: (tag.at is not None, str(tag.at), tag.target, tag.text))


def add(change: ChangeMade, found: Found, known: Sequence[Tag], names: Sequence[Name]) -> ChangeMade:
    """A change with tags added to something; what it has already is passed over.

    Args:
        known: all tags of it.
    """
    has = {(tag.key, tag.value) for tag in known if tag.is_current}
    new = [name for name in dict.fromkeys(names) if name not in has]
    return _with(change, [_tag(change, found, name) for name in new], [])


def update(change: ChangeMade, found: Found, known: Sequence[Tag], names: Sequence[Name]) -> ChangeMade:
    """A change after which the keys have these values and no other."""
    keys = {name.key for name in names}
    old = [tag for tag in known if tag.is_current and tag.key in keys and (tag.key, tag.value) not in names]
    return add(_ending(change, found, old), found, known, names)


def remove(change: ChangeMade, found: Found, known: Sequence[Tag], names: Sequence[Name]) -> ChangeMade:
    """A change after which something has these tags no more.

    Raises:
        UsageError: it has no such tag.
    """
    current = [tag for tag in known if tag.is_current]
    for name in names:
        if not any(name.covers(tag) for tag in current):
            has = ", ".join(tag.text for tag in current) or "none"
            raise UsageError(f"the {found.kind} {found.id[:12]} has no tag {name}. Its tags: {has}")
    return _ending(change, found, [tag for tag in current if any(name.covers(tag) for name in names)])


def is_empty(change: ChangeMade) -> bool:
    """Whether a change changes nothing."""
    return not (change.tags or change.datasets or change.ended or change.files)


def _ending(change: ChangeMade, found: Found, old: Sequence[Tag]) -> ChangeMade:
    given = [_tag(change, found, Name(tag.key, tag.value), given=True) for tag in old if tag.id is None]
    ended = [bytes.fromhex(tag.id) for tag in old if tag.id is not None]
    return _with(change, given, [*ended, *(tag.id for tag in given)])


def _tag(change: ChangeMade, found: Found, name: Name, *, given: bool = False) -> TagSet:
    key, value = name.key, name.value or ""
    id_ = part_id(change.id, "tag", found.id, key, value, str(given))
    return TagSet(id_, found.kind, found.id, key, value, given)


def _with(change: ChangeMade, tags: Sequence[TagSet], ended: Sequence[bytes]) -> ChangeMade:
    return msgspec.structs.replace(change, tags=[*change.tags, *tags], ended=sorted({*change.ended, *ended}))
