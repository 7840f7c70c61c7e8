"""The errors of headwater, and those of its stores.

    HeadwaterError
    ├── UsageError            wrong use: exit code 2
    ├── StoreError            the graph or its records: exit code 3
    │   ├── StoreUnavailable  nothing answers; try again later
    │   ├── StoreRefused      wrong password, database or rights: trying again will not help
    │   ├── SchemaError       the graph's schema is newer than this headwater, or damaged
    │   ├── JournalDamaged    a journal's bytes are not what was written
    │   └── QueryRefused      a read-only query that is not one
    └── InternalError         a fault of ours: please report it

The wings above add theirs below `HeadwaterError` (`headwater.engine.errors`).
"""

from __future__ import annotations


class HeadwaterError(Exception):
    """Base of every error that headwater raises on purpose."""

    exit_code = 1


class UsageError(HeadwaterError):
    """The request cannot be carried out as it was put; the message says what to type instead."""

    exit_code = 2


class StoreError(HeadwaterError):
    """The graph, or the records it is loaded from, cannot be used."""

    exit_code = 3

    def is_retryable(self) -> bool:
        """Whether the same request may succeed later without anybody changing anything."""
        return False


class StoreUnavailable(StoreError):
    """Nothing answers at the store's address, or it answers that it cannot serve now."""

    def is_retryable(self) -> bool:
        return True


class StoreRefused(StoreError):
    """The store answers, and refuses us: wrong password, unknown database, missing rights."""


class SchemaError(StoreError):
    """The graph's schema is from a newer headwater, or not what its version says."""


class JournalDamaged(StoreError):
    """A journal holds bytes that no writer wrote: cut off, altered or mixed up.

    Attributes:
        path: the journal's file.
        offset: byte offset of the first group that is not intact; everything before it is.
        groups: how many intact groups lie before it.
    """

    def __init__(self, path: str, offset: int, groups: int, reason: str) -> None:
        super().__init__(f"{path}: {reason} at byte {offset}, after {groups} intact groups")
        self.path = path
        self.offset = offset
        self.groups = groups
        self.reason = reason


class QueryRefused(StoreError):
    """A query handed in for reading would write, load from outside, or administer the server."""

    exit_code = 2


class InternalError(HeadwaterError):
    """Something that cannot happen did. The text asks for a report."""

    exit_code = 3

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} (this is a fault in headwater: please report it with the journal's name)")
