"""What a job has while expressions in what its function returned are being reduced: the nodes of these, and its calls.

Few of the jobs of a run have it at a time, or at all. So it is an object of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.engine.feeding import Hads
    from headwater.engine.job import Job, Node
    from headwater.engine.passing import Passed
    from headwater.engine.places import Place


class Below:
    """The nodes below a job, and what is known of them.

    Attributes:
        memo, scope: the nodes of the expressions in its result, by identity and by what makes equal ones one.
        kept: expressions that were made for its calls: they must live as long as `memo` knows them by identity. None
            where there are none.
        calls: call hash of each child, by index; None while it is not finished.
        places: where each child stands in the result, in the order that is recorded.
        hads: from what the plain values may have come in a call that a user's form asked for, by its index.
        wiring: (consumer, parameter name, producer) among the children, with BODY among the producers.
        live: children that have not finished.
        passed: what of handles the calls were given.
        gives: whether a form has put what it has got into expressions (`expression.Given`).
    """

    __slots__ = ("calls", "gives", "hads", "kept", "live", "memo", "passed", "places", "scope", "wiring")

    def __init__(self) -> None:
        self.memo: dict[int, Node] = {}
        self.scope: dict[Any, Node] = {}
        self.kept: list[Any] | None = None
        self.calls: list[bytes | None] = []
        self.places: list[Place] = []
        self.hads: Hads | None = None
        self.wiring: list[tuple[int, str, int]] = []
        self.live: dict[Job, None] = {}
        self.passed: Passed | None = None
        self.gives = False
