"""Writing down what happens to the states of handles, each fact once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from headwater.cypher.records import HandleSeen
from headwater.engine.handle import CALL, MADE
from headwater.engine.handle_states import HandleStates
from headwater.engine.job import RUNNING, Job
from headwater.engine.prepare import Prepared, state_records
from msgspec import structs


class Lineages:
    """What a run records of handles.

    Attributes:
        states: is told of it, too, for the run's own look-ups.
    """

    def __init__(self, record: Callable[[HandleSeen], None]) -> None:
        self.states = HandleStates()
        self._record = record
        self._seen: set[tuple[bytes, bool, bool]] = set()
        self._inside: dict[bytes, Sequence[HandleSeen]] = {}

    def saw(self, prepared: Prepared) -> None:
        """A value is recorded; the handles in it are."""
        self._inside[prepared.hash] = prepared.states
        self.add(prepared.states)

    def add(self, records: Iterable[HandleSeen]) -> None:
        """Record what was not recorded yet."""
        for record in records:
            key = record.state, record.made, record.ran
            if key not in self._seen:
                self._seen.add(key)
                self._record(record)
                self.tell(record)

    def tell(self, record: HandleSeen) -> None:
        """Somebody has recorded a fact."""
        if record.ran:
            self.states.ran(record.state.hex())
        if record.made:
            self.states.made(record.state.hex())

    def started(self, job: Job) -> None:
        """A call runs: what came of the states that it takes is rolled back."""
        for handle in (job.traits.taken or {}).values():
            self.add(state_records(handle, ran=True))

    def called(self, job: Job, *, failed: bool) -> tuple[bytes, ...]:
        """A call has its result. Returns the states that it gave, and would have given of what it took."""
        given = self._inside.get(job.value_hash or b"", ()) if self._inside else ()
        if not given and not job.traits.taken:
            return ()
        if job.status == RUNNING and not failed:
            self.gave(job, given)
        assert job.eval_hash is not None
        key = job.eval_hash.hex()
        found = {record.state for record in given if _is_by(record, key)}
        found.update(
            bytes.fromhex(handle.stepped(CALL, key).state_hash)
            for handle in (job.traits.taken or {}).values()
        )
        return tuple(sorted(found))

    def gave(self, job: Job, given: Iterable[HandleSeen]) -> None:
        """A call's function ran and has ended: it made the states that it gave, and would have given. Where it made the
        handle itself, it is what ran from there."""
        assert job.eval_hash is not None
        key = job.eval_hash.hex()
        taken = (job.traits.taken or {}).values()
        for handle in taken:
            self.add(state_records(handle.stepped(CALL, key), made=True))
        known = {record.state: record for record in given}
        gave = [record for record in known.values() if _is_by(record, key)]
        self.add(structs.replace(record, made=True) for record in gave)
        seen = {bytes.fromhex(handle.state_hash) for handle in taken}
        stack = [parent for record in gave for parent in record.parents]
        while stack:
            state = stack.pop()
            before = known.get(state)
            if before is not None and state not in seen:
                seen.add(state)
                stack.extend(before.parents)
                if before.kind == MADE:
                    self.add([structs.replace(before, ran=True)])


def _is_by(record: HandleSeen, key: str) -> bool:
    """Whether a state was given by the call of a key."""
    return record.kind == CALL and record.key == key
