"""The nodes of a running evaluation: jobs (task calls), operations and special forms, each waiting for others.

A node belongs to the job whose function returned the expression it came from, its owner. Nodes hold only what is
still needed: a finished job keeps its value, its hashes and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from headwater.engine.below import Below
from headwater.engine.context import HERE, Context, Reads, read_hash
from headwater.engine.expression import Operation, Special
from headwater.engine.options import CacheScope, CheckValid
from headwater.engine.places import Outermost, Place
from headwater.engine.signature import JobInfo
from headwater.engine.task import Task
from headwater.engine.traits import USUAL
from headwater.engine.values import hash_value
from msgspec.structs import replace

if TYPE_CHECKING:
    from headwater.engine.awaiting import Body
    from headwater.engine.came import Had

WAITING, RUNNING, DONE, CACHED, FAILED, CANCELLED = range(6)
STATUS = ("PENDING", "RUNNING", "DONE", "CACHED", "FAILED", "CANCELLED")

_TOP: Place = Outermost(0)
_BACKEND = CacheScope.BACKEND
_FULL = CheckValid.FULL

BODY = -1
"""Stands for the owner's own function among the sources of a node (`records.CallMade.wiring`)."""


class Stored:
    """A recorded value that nobody needed yet: it is fetched and decoded when somebody does."""

    __slots__ = ("codec", "location", "payload", "type")

    def __init__(self, type_name: str, codec: str, payload: bytes | None, location: str | None) -> None:
        self.type = type_name
        self.codec = codec
        self.payload = payload
        self.location = location


class Node:
    """Something that will have a value, and those who wait for it.

    Attributes:
        owner: the job in whose result the expression stood; None for the root.
        sources: what flows into this node's value, once it is finished: indexes among the owner's children of calls,
            and BODY for plain values of the owner's function. Where it failed: what the error came from.
        pending: how many nodes it still waits for.
        key: what it is known by among the nodes of its owner, where that is not itself alone.
        tolerant: whether it goes on when those it waits for fail.
    """

    tolerant = False

    __slots__ = (
        "error",
        "finished",
        "key",
        "owner",
        "pending",
        "place",
        "sources",
        "value",
        "value_hash",
        "waiters",
    )

    def __init__(self, owner: Job | None) -> None:
        self.owner = owner
        self.key: bytes | Node | None = None
        self.pending = 0
        self.finished = False
        self.value: Any = None
        self.value_hash: bytes | None = None
        self.error: BaseException | None = None
        self.waiters: list[Node] | None = None
        self.sources: tuple[int, ...] = ()
        self.place = _TOP


class StepNode(Node):
    """An operation or a special form: evaluated in steps, each of which may ask for further expressions.

    Attributes:
        expression: what it came from.
        steps: the form's generator, None before its first step.
        awaited: what the last step asked for, until its nodes are finished.
        gathered: what flowed into it so far; empty once it is finished, for then its `sources` are that.
        asked: all that its steps asked for.
        had: from what the plain values in it may have come, where a form asked for it that follows these.
    """

    __slots__ = ("asked", "awaited", "expression", "gathered", "had", "step", "steps", "tolerant")

    def __init__(self, owner: Job, expression: Operation | Special) -> None:
        super().__init__(owner)
        self.expression = expression
        self.step = 0
        self.steps: Generator[Any, Any, Any] | None = None
        self.awaited: Any = None
        self.tolerant = False
        self.gathered: set[int] = set()
        self.asked: list[Any] = []
        self.had: Had | None = None

    def gather(self) -> tuple[int, ...]:
        """Its sources as they are now. (A form may take a hundred thousand steps, each of which adds one.)"""
        if not self.finished and len(self.sources) != len(self.gathered):
            self.sources = tuple(self.gathered)
        return self.sources

    def gathered_all(self) -> None:
        """Its sources are what they are now. (They need not be there twice: each form of a long chain has all those of
        the one before.)"""
        self.sources = tuple(self.gathered)
        self.gathered = set()

    def gathers(self, sources: Iterable[int]) -> None:
        """Begin anew with these."""
        self.gathered = set(sources)
        self.sources = tuple(self.gathered)


class Job(Node):
    """One call of one task within a run.

    Attributes:
        n: its number in the execution, the root being 0.
        traits: what it has that most have not.
        names, values, positional: its arguments (`signature.Bound`), values lazy until they are resolved.
        hashes: value hash of each argument, None while it is lazy or where it does not count in the key. None where all
            of them are.
        exported: options that the calls under it inherit.
        context: what it reads its context from, where that is not the run's.
        reads: what it and the calls under it read of the context.
        body: of an async task that runs, its function and what that has waited for so far.
        result: what the function returned, while expressions in it are being reduced.
        below: the nodes of these expressions, from when there are any until all of them are put together.
        idle: its executor has not come to it yet, or is through with it.
        outdated: whether a file that it took changed while it ran, so that its result belongs to nothing recorded; or
            a call under it that is not recorded is never to be reused, or what it holds was too large to be recorded.
        gap: what its reuse depends on of the calls under it that are not recorded (`records.CallMade.gap`).
        unrecorded: whether nothing of it is written down (`prov=False`).
        mixed: those of `lazy` into whose parameters the owner's function put plain values, too.
    """

    __slots__ = (
        "below",
        "body",
        "call_hash",
        "context",
        "described",
        "eval_hash",
        "executor",
        "exported",
        "followers",
        "gap",
        "hashes",
        "idle",
        "index",
        "lazy",
        "mixed",
        "n",
        "names",
        "options",
        "outdated",
        "positional",
        "reads",
        "reason",
        "result",
        "returns",
        "started",
        "status",
        "task",
        "traits",
        "unrecorded",
        "values",
    )

    def __init__(self, owner: Job | None, task: Task[Any, Any], n: int) -> None:
        super().__init__(owner)
        self.task = task
        self.n = n
        self.traits = USUAL
        self.index = 0
        self.status = WAITING
        self.options: dict[str, Any] = task.definition
        self.exported: dict[str, Any] | None = None
        self.context: Context | None = None
        self.reads: Reads | None = None
        self.names: Any = ()
        self.values: Sequence[Any] | None = None
        self.hashes: Sequence[bytes | None] | None = None
        self.positional = 0
        self.lazy: Sequence[int] | None = None
        self.mixed: tuple[int, ...] = ()
        self.eval_hash: bytes | None = None
        self.call_hash: bytes | None = None
        self.executor = "default"
        self.idle = False
        self.started = 0.0
        self.reason: str | None = None
        self.outdated = False
        self.unrecorded = False
        self.gap: set[str] | None = None
        self.described: Any = None
        self.body: Body | None = None
        self.result: Any = None
        self.below: Below | None = None
        self.returns: tuple[int, ...] = ()
        self.followers: list[Job] | None = None

    @property
    def live(self) -> Collection[Job]:
        """Its children that have not finished."""
        return self.below.live if self.below is not None else ()

    @property
    def reusable(self) -> bool:
        """Whether a later run may have its result."""
        options = self.options
        return not options or options.get("cache_scope", _BACKEND) is _BACKEND

    @property
    def checks_all(self) -> bool:
        """Whether a recorded result of it has to be what it was in all that is under it, files too."""
        options = self.options
        return not options or options.get("check_valid", _FULL) is _FULL

    def shared_key(self) -> bytes | None:
        """What an equal call of this run has too: the cache's key, whether it may be reused, and a context of its own
        where there is one."""
        key = self.eval_hash
        if key is None:
            return None
        if self.options and not self.reusable:
            key += b"once"
        return key if self.context is None else key + hash_value(self.context, label="context")

    def arguments(
        self, own: Callable[[Sequence[Any], bool], Sequence[Any]] | None = None
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """The resolved arguments as the function takes them; `own` makes them its own where they are shared."""
        values = self.values or ()
        if own is not None:
            values = own(values, self.options.get("retries", 0) != 0)
        if len(values) == self.positional:
            return values, {}
        return values[: self.positional], dict(
            zip(self.names[self.positional :], values[self.positional :], strict=True)
        )

    def infos(self) -> list[JobInfo]:
        """What it is told of itself, among its arguments."""
        asks = self.task.plan.info
        if not asks:
            return []
        told = zip(self.names, self.values or (), strict=False)
        return [value for name, value in told if name in asks and isinstance(value, JobInfo)]

    def took(self) -> Sequence[bytes | None]:
        """The hashes of what its function was given: arguments, and what an async body awaited."""
        hashes = self.hashes or ()
        return hashes if self.body is None else (*hashes, *self.body.took)

    @property
    def flows_nowhere(self) -> bool:
        """Whether it is not recorded, nor anything else that its owner asks for: what feeds it is told nowhere."""
        owner = self.owner
        return self.unrecorded and owner is not None and (owner.unrecorded or not owner.task.records_below)

    def depends_on_directory(self) -> None:
        """Its function named files relative to the working directory."""
        self.reads = {**(self.reads or {}), HERE: read_hash({}, HERE)}

    def have(self, **traits: Any) -> None:
        """Have other traits than most calls (`Traits`)."""
        self.traits = replace(self.traits, **traits)

    def open(self, result: Any) -> None:
        """Get ready to own the nodes of the expressions in a returned value."""
        self.result = result
        self.below = Below()

    def release(self) -> None:
        """Let go of all that only an unfinished job needs. A call whose recorded result was not read yet keeps its
        arguments: it may have to run after all."""
        if self.value.__class__ is not Stored:
            self.values = self.hashes = None
        self.lazy = None
        self.described = self.result = self.body = self.below = None
        self.followers = None
        if self.traits.orders is not None:
            self.have(orders=None)
