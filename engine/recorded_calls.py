"""Recorded calls, as look-ups in the graph give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.engine.answers import Result
from headwater.engine.context import HERE, Reads, read_hash
from headwater.engine.job import Stored


@dataclass
class RecordedCall:
    """A recorded call as a look-up gives it."""

    call_hash: str
    value_hash: str
    value: Stored
    has_children: bool
    files: list[Any]
    reads: Reads | None = None
    gap: Sequence[str] = ()
    """what it depends on that was not recorded (`records.CallMade.gap`)"""
    states: Sequence[str] = ()
    """the states of handles that it gave, or would have given (`records.CallMade.states`)"""
    judged: int | None = None
    """the moment (`cache.GraphCache._moment`) at which it was found clean below a call that was expanded"""

    def result(self) -> Result:
        """Its result, where that is good to be reused."""
        return Result(
            self.value,
            bytes.fromhex(self.value_hash),
            bytes.fromhex(self.call_hash),
            "recorded result reused",
            self.reads,
        )


def is_for_all(row: RecordedCall) -> bool:
    """Whether whoever asks for a recorded call would find what it found in its context."""
    return row.reads is None or (row.reads.keys() == {HERE} and row.reads[HERE] == read_hash({}, HERE))


def recorded_call(columns: Sequence[Any]) -> RecordedCall:
    call_hash, value_hash, type_name, codec, payload, location, has_children, files, context, gap, states = (
        columns
    )
    stored = stored_value(type_name, codec, payload, location)
    return RecordedCall(
        call_hash,
        value_hash,
        stored,
        has_children,
        files,
        _reads(context) if context else None,
        gap or (),
        states or (),
    )


def _reads(context: Sequence[str]) -> Reads:
    """What a recorded call read of its context (`records.CallMade.context`, as the graph has it)."""
    pairs = (text.rpartition("=") for text in context)
    return {path: bytes.fromhex(digest) for path, _, digest in pairs}


def stored_value(type_name: str, codec: str, payload: Any, location: str | None) -> Stored:
    return Stored(type_name, codec, None if payload is None else bytes(payload), location)
