"""What few calls have: so that the others, of which there may be very many at a time, need no room for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from headwater.engine.context import Context
    from headwater.engine.job import Node, Stored
    from headwater.engine.observed import Observed
    from headwater.engine.passing import Taken


class Spare:
    """A large value that lies on disk, too.

    Attributes:
        stored: where.
        readers: how many are still to read it from memory.
    """

    __slots__ = ("readers", "stored")

    def __init__(self, stored: Stored, readers: int) -> None:
        self.stored = stored
        self.readers = readers


class Traits(msgspec.Struct, frozen=True):
    """What a call has that most have not.

    Attributes:
        attempt: 1, or more where its function failed and is tried again; each attempt has a number of its own.
        lazy_options: whether there are expressions among its options, not evaluated yet.
        override: what its call laid over its parent's context.
        changed: paths of files at URLs and folders that were not what they were when its function had run.
        applied: tags that it gave itself.
        taken: the states of handles that it takes; None where it takes none.
        orders: its number among the calls that take what an expression in its arguments gives, by that one's node.
        named: the hashes of the files that its function returned and that were there before.
        observed: what was seen of its function beside its result.
        spare: where its value lies on disk, if it is large.
    """

    attempt: int = 1
    lazy_options: bool = False
    override: Context | None = None
    changed: Sequence[str] = ()
    applied: tuple[tuple[str, str], ...] = ()
    taken: Taken | None = None
    orders: dict[Node, int] | None = None
    named: Sequence[bytes] = ()
    observed: Observed | None = None
    spare: Spare | None = None


USUAL = Traits()
"""those of most calls"""
