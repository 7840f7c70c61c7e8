"""What was seen of a script beside what it declares, on its way from where it ran to the record.

Where a script runs, `note` leaves it for the description of its result, which takes it along to the scheduler. There it
is decided whether it can be laid at this call's door.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from headwater.engine.executors.base import Outcome

_log = logging.getLogger("headwater")

MOST = 100
"""paths of each kind that are recorded"""
_SHOWN = 5


class Observed(NamedTuple):
    """What a script did to files that it does not declare.

    Attributes:
        writes: paths that it wrote, made or removed.
        reads: paths that it read.
        certain: whether its own system calls told so; else the files alone did, which others may have touched.
        crowded: whether another run of the project was under way.
        told: those of `writes` of which a warning was given already.
    """

    writes: Sequence[str] = ()
    reads: Sequence[str] = ()
    certain: bool = False
    crowded: bool = False
    told: Sequence[str] = ()


_here = threading.local()


def note(observed: Observed | None) -> None:
    """Leave what was seen of the call that this thread runs; None takes back what is left of an earlier one."""
    _here.observed = observed


def take() -> Observed | None:
    """What was left by the call that this thread runs."""
    observed: Observed | None = getattr(_here, "observed", None)
    if observed is not None:
        _here.observed = None
    return observed


class Company:
    """Which calls had the run to themselves, from when they were handed over until they answered.

    Attributes:
        begun: how many calls have begun.
    """

    def __init__(self) -> None:
        self.begun = 0
        self._at: dict[int, tuple[int, int]] = {}

    def began(self, n: int, others: int) -> None:
        """The job of that number is handed over, while so many others are."""
        self._at[n] = self.begun, others

    def was_alone(self, n: int) -> bool:
        """Whether no other call was under way while that job was; it has answered."""
        begun, others = self._at.pop(n, (-1, 1))
        return others == 0 and begun == self.begun

    def heard(self, n: int, outcome: Outcome, job: str | None) -> Observed | None:
        """What is recorded of what was seen beside a call's result.

        Args:
            n: the number of its job.
            job: the id of its job.
        """
        alone = self.was_alone(n)
        source = outcome.error if outcome.prepared is None else outcome.prepared
        observed: Observed | None = getattr(source, "observed", None)
        return None if observed is None else settle(observed, alone=alone, job=job)


def settle(observed: Observed, *, alone: bool, job: str | None) -> Observed | None:
    """What is recorded of it, after a warning; None where nobody can say whether this call or another did it.

    Args:
        alone: whether no other call of the run was under way.
        job: the id of the script's job.
    """
    if not observed.certain and (observed.crowded or not alone):
        return None
    name = f"the script of job {(job or '')[:8]}"
    writes = [path for path in observed.writes if path not in observed.told]
    if writes:
        _log.warning(
            "%s wrote what it does not declare: %s. Nothing notices when that changes; name it in outputs=",
            name,
            some(writes),
        )
    if observed.reads:
        _log.warning(
            "%s read what it does not declare: %s. It does not run again when that changes; name it in inputs=",
            name,
            some(observed.reads),
        )
    return observed._replace(writes=observed.writes[:MOST], reads=observed.reads[:MOST])


def some(paths: Sequence[str]) -> str:
    """The first of several paths, and how many more there are."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
