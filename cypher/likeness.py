"""Which earlier call of a task is nearest to a call: one rule for a dry run, which asks before it, and for `hw why`,
which asks after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from difflib import SequenceMatcher
from typing import NamedTuple

_READ = 20
"""calls, of those that are equally near otherwise, whose arguments are read for how alike they are"""
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


class Given(NamedTuple):
    """What a call was given for a parameter."""

    value: str
    """its hash"""
    type: str
    preview: str
    files: tuple[tuple[str, str], ...]
    """(file_hash, path) of the files in it"""


class Earlier(NamedTuple):
    """A call that was recorded before."""

    call: str
    at: datetime | None
    """when"""
    same_code: bool
    """whether it called the same version of the task"""
    given: Mapping[str, Given]
    """by parameter"""


def nearest(now: Mapping[str, Given], earlier: Sequence[Earlier]) -> Earlier:
    """The nearest of some earlier calls (one at least).

    That is one with equal arguments; else one of the same code, if there is any; of these, one with the most arguments
    equal, or nearly so: other contents of the same files. Of those, the one among the newest that reads most alike, and
    of equals the newest.
    """
    ranks = [(_sure(now, one.given), one) for one in earlier]
    best = max((sure == 1.0, one.same_code, sure) for sure, one in ranks)
    tied = [one for sure, one in ranks if (sure == 1.0, one.same_code, sure) == best]
    newest = sorted(tied, key=lambda one: (one.at or _NEVER, one.call), reverse=True)[:_READ]
    return newest[0] if len(newest) == 1 else max(newest, key=lambda one: _reading(now, one.given))


def _sure(now: Mapping[str, Given], then: Mapping[str, Given]) -> float:
    names = {*now, *then}
    return sum(_same(now.get(name), then.get(name)) for name in names) / len(names) if names else 1.0


def _same(one: Given | None, other: Given | None) -> float:
    if one is None or other is None:
        return 0.0
    if one.value == other.value:
        return 1.0
    paths = {path for _, path in one.files}
    return 0.9 if paths and paths == {path for _, path in other.files} else 0.0


def _reading(now: Mapping[str, Given], then: Mapping[str, Given]) -> float:
    """How alike the arguments that differ look."""
    alike = 0.0
    for name, one in now.items():
        other = then.get(name)
        if other is not None and one.type == other.type and not _same(one, other):
            alike += SequenceMatcher(None, one.preview, other.preview, autojunk=False).quick_ratio()
    return alike
