"""What a run tells of itself where nothing is written down: outside a project, or without a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.cypher.records import AnyRecord, FileSeen
from headwater.engine.errors import Undecodable, Unrecordable
from headwater.engine.job import Job, Stored
from headwater.engine.prepare import RESULT, Prepared, with_stand_ins
from headwater.engine.values import hash_value

Tag = tuple[str, str]


class NoRecorder:
    """For runs outside a project: values get their identity, and nothing is written."""

    execution_id: str | None = None

    def identify(self, value: Any, label: str) -> bytes:
        try:
            return hash_value(value, label=label)
        except Unrecordable:
            known = value if label == RESULT else with_stand_ins(value)
            if known is value:
                raise
            return hash_value(known, label=label)

    def prepare(self, value: Any, began: float) -> Prepared:
        return Prepared(hash_value(value, label=RESULT), None, [])

    def described(self, job: Job, value: Any) -> bytes:
        return job.described.hash if job.described is not None else hash_value(value, label=RESULT)

    def tagged(self, value: Any, tags: Sequence[Tag], run_tags: Sequence[Tag]) -> None:
        return

    def reduced(self, job: Job, result: Any) -> None:
        return

    def started(self, job: Job) -> None:
        return

    def resumed(self, job: Job) -> None:
        return

    def called(self, job: Job, children: list[bytes], *, cacheable: bool) -> None:
        return

    def failed(self, job: Job, children: list[bytes]) -> None:
        return

    def changed_file(self, job: Job) -> str | None:
        return None

    def far_files(self, job: Job) -> list[FileSeen]:
        return []

    def look(self, files: Sequence[FileSeen]) -> set[bytes]:
        return set()

    def ended(self, job: Job, stopped: float) -> None:
        return

    def spare(self, job: Job) -> Stored | None:
        return None

    def fetch(self, stored: Stored) -> Any:
        raise Undecodable("nothing is recorded outside a project")

    def take_over(self, records: Sequence[AnyRecord]) -> None:
        return

    def settle(self) -> None:
        return

    def check(self) -> None:
        return

    def close(self, status: str, error: str | None) -> None:
        return
