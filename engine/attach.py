"""Turning the expressions in a returned value into nodes: each distinct one once per parent.

Iterative, because an expression may be nested as deep as memory allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from headwater.engine.came import Had
from headwater.engine.context import Context, merged
from headwater.engine.errors import CallError, Unrecordable
from headwater.engine.expression import Call, Expression, Given, Operation, Special
from headwater.engine.expression_codec import digest
from headwater.engine.feeding import hads_of
from headwater.engine.following import Asked, follow
from headwater.engine.handle import handles_in
from headwater.engine.job import BODY, Job, Node, StepNode
from headwater.engine.nested import ATOMS, find_expressions, substitute
from headwater.engine.options import CONTEXT, is_off, options_of_call
from headwater.engine.parts import parts_of, written_options
from headwater.engine.passing import Passed, Taken
from headwater.engine.places import Inner, Outermost, Place
from headwater.engine.task import Task
from headwater.engine.values import hash_value
from headwater.engine.values.own import TRACKED

Identify = Callable[[Any, str], bytes]
"""Gives a value's hash, and records the value where it is to be recorded; the text names it in errors."""


def eval_key(
    task: Task[Any, Any], names: Sequence[str], positional: int, hashes: list[bytes | None]
) -> bytes:
    """The cache's key of a call: its task's version and the hash of every argument that counts, with its name.

    Positional arguments stand in order, keyword-only ones by name (`Plan.bind` sees to it).
    """
    parts = [b"Eval\0", task.hash]
    plan = task.plan
    encoded = plan.encoded if names is plan.names else [f"{name}\0".encode() for name in names]
    for name, value_hash in zip(encoded, hashes, strict=True):
        if value_hash is not None:
            parts += (name, value_hash)
    if plan.takes_any_names:  # so a keyword may have the name that a positional argument goes by
        parts.append(b"%d" % positional)
    return hashlib.sha256(b"".join(parts)).digest()


class Attacher:
    """Makes nodes; tells `created` of every new one so that it can be counted and scheduled."""

    def __init__(
        self,
        identify: Identify,
        hash_only: Identify,
        number: Callable[[], int],
        created: Callable[[Node], None],
        context: Context,
    ) -> None:
        self._identify = identify
        self._hash_only = hash_only
        self._number = number
        self._created = created
        self._context = context

    def attach(
        self,
        owner: Job,
        value: Any,
        within: Place | None = None,
        step: int = 0,
        had: Had | None = None,
    ) -> list[Node]:
        """The nodes of the expressions in a value, made where they are new; `owner.open` was called before.

        Args:
            within: the place of the form that asks for this value; None for the owner's result itself.
            step: the number of that form's step.
            had: from what the plain values in it may have come, where a form asks for it that knows.
        """
        roots = find_expressions(value)
        assert owner.below is not None
        memo, made = owner.below.memo, 0
        stack: list[Asked] = [(root, None, had) for root in reversed(roots)]
        while stack:
            expression, parts, had = stack.pop()
            if id(expression) in memo:
                if within is not None:
                    _note_shared(owner, memo[id(expression)], within)
                continue
            if parts is None:
                parts, inner = parts_of(owner, expression)
                missing = [e for e in inner if id(e) not in memo]
                if within is not None and len(missing) < len(inner):
                    for e in inner:
                        if id(e) in memo:
                            _note_shared(owner, memo[id(e)], within)
                if missing:
                    stack.append((expression, parts, had))
                    stack += [(e, None, had) for e in reversed(missing)]
                    continue
            place = Outermost(made) if within is None else Inner(within, step, made)
            node, is_new = self._node(owner, expression, parts, place)
            memo[id(expression)] = node
            made += is_new
            if within is not None and not is_new:
                _note_shared(owner, node, within)
            if had is not None:
                stack += follow(owner, node, expression, parts, had, is_new=is_new)
        return [memo[id(root)] for root in roots]

    def _node(self, owner: Job, expression: Expression, parts: Any, place: Place) -> tuple[Node, bool]:
        if isinstance(expression, Call):
            return self._call(owner, expression, parts, place)
        if isinstance(expression, Given):
            return self._given(owner, expression), False
        assert owner.below is not None
        memo, scope = owner.below.memo, owner.below.scope
        args = parts[0]
        if isinstance(expression, Operation):
            keys = [self._part_key(owner, value, inner, expression) for value, inner, _ in args]
            # How many of the parts are positional says which of the rest are names.
            key: Any = ((expression._symbol, len(expression._args)), *keys)
        else:
            assert isinstance(expression, Special)
            key = _form_key(expression)
        known = scope.get(key)
        if known is not None:
            return known, False
        node = StepNode(owner, expression)
        node.place = place
        if _is_wish(expression):
            node.had = expression._args[1].had
        await_nodes(node, [memo[id(e)] for _, found, _ in args for e in found])
        scope[key] = node
        self._created(node)
        return node, True

    def _given(self, owner: Job, expression: Given) -> Node:
        """A node that is finished when it is made. It is one with no other: equal values may come from elsewhere."""
        value, sources = expression._value, expression._sources
        node = Node(owner)
        node.value, node.sources = value, sources
        # It may come from a call that is not recorded: then it is recorded where one takes it that is.
        known = not owner.unrecorded and not owner.gap
        # What cannot be is told when the turn of a call comes that takes it, if it counts there.
        with suppress(Unrecordable):
            digest = (self._identify if known else self._hash_only)(value, "given")
            node.key = _digest(b"Given", digest, repr(sources).encode())
            node.value_hash = digest if known else None
        node.finished = True
        return node

    def _call(self, owner: Job, call: Call, parts: Any, place: Place) -> tuple[Node, bool]:
        args, bound = parts
        task = call._task
        plan = task.plan
        hashes: list[bytes | None] = []
        lazy: list[int] = []
        assert owner.below is not None
        memo, scope = owner.below.memo, owner.below.scope
        key_parts: list[Any] = [task.hash]
        held: list[int] = []
        plain = False
        unrecorded = owner.unrecorded or not owner.task.records_below
        if not unrecorded and (task.definition or call._options or owner.exported):
            unrecorded = is_off(task.definition, owner.exported, call._options)
        identify = self._hash_only if unrecorded else self._identify
        for index, (value, inner, holds_plain) in enumerate(args):
            name = bound.names[index]
            plain = plain or holds_plain
            if name in plan.excluded:
                hashes.append(None)
                refuse_handles(value, task, name)
                if inner:
                    lazy.append(index)
            elif inner:
                lazy.append(index)
                hashes.append(None)
                key_parts += (name, self._part_key(owner, value, inner, call))
            else:
                try:
                    if TRACKED and value.__class__ not in ATOMS and handles_in(value):
                        digest = self._hash_only(value, name)
                        held.append(index)
                    else:
                        digest = identify(value, name)
                    hashes.append(digest)
                    key_parts += (name, digest)
                except Unrecordable:
                    # It is told when the call's turn comes: that fails, not the call it is written in.
                    lazy.append(index)
                    hashes.append(None)
                    key_parts += (name, _alone(call))
        eval_hash = None if lazy else eval_key(task, bound.names, bound.positional, hashes)
        key: Any = eval_hash
        if eval_hash is None:
            # What makes it one with an equal call of the same owner need not outlive that: it may name nodes.
            key = (bound.positional, *key_parts) if plan.takes_any_names else tuple(key_parts)
        if call._options:
            key = key, self._options_key(owner, call._options)
        known = scope.get(key)
        if known is not None:
            return known, False
        job = Job(owner, task, self._number())
        job.names, job.values, job.positional = bound.names, bound.values, bound.positional
        if lazy:
            job.lazy = plan.indexes if len(lazy) == len(args) == len(plan.indexes) else tuple(lazy)
        job.eval_hash = eval_hash
        if TRACKED:
            values = job.values = self._with_handles(owner, job, held, lazy, args)
            if held:
                for index in held:
                    hashes[index] = identify(values[index], bound.names[index])
                job.eval_hash = None if lazy else eval_key(task, bound.names, bound.positional, hashes)
        job.hashes = tuple(hashes) if len(lazy) < len(hashes) else None
        job.place = place
        job.unrecorded = unrecorded
        self.set_options(owner, job, call._options)
        adopt(owner, job)
        if lazy:
            if plain:
                job.mixed = _mixed(args, lazy)
            await_nodes(job, [memo[id(e)] for index in lazy for e in args[index][1]])
        if job.traits.lazy_options:
            await_nodes(job, [memo[id(e)] for e in find_expressions(written_options(task, call))])
        scope[key] = job
        self._created(job)
        return job, True

    def _with_handles(
        self, owner: Job, job: Job, held: list[int], lazy: list[int], args: Any
    ) -> Sequence[Any]:
        """The arguments of a new call with states of its own of the handles among the plain ones; it is given its turn
        with what comes of the others."""
        assert owner.below is not None
        memo = owner.below.memo
        passed = owner.below.passed = owner.below.passed or Passed()
        taken: Taken = {}
        values = list(job.values or ())
        for index in (*held, *lazy):
            values[index] = passed.into(values[index], taken)
        nodes = {memo[id(expression)] for index in lazy for expression in args[index][1]}
        job.have(taken=taken, orders={node: passed.order_of(node) for node in nodes})
        return values

    def set_options(self, owner: Job | None, job: Job, given: dict[str, Any] | None) -> None:
        """Give a new job its options, its context, and what the calls under it will inherit."""
        task, exported = job.task, owner.exported if owner is not None else None
        job.options, job.exported = options_of_call(task.definition, exported, given)
        if owner is not None:
            job.context = owner.context
            if task.lazy_definition or (given and find_expressions(given)):
                job.have(lazy_options=True)
        if given and CONTEXT in given and not job.traits.lazy_options:
            self.set_context(owner, job, given[CONTEXT])

    def set_context(self, owner: Job | None, job: Job, override: Context) -> None:
        """Lay what a call says of the context over its owner's."""
        above = self._context if owner is None or owner.context is None else owner.context
        job.have(override=override)
        job.context = merged(above, override)

    def _options_key(self, owner: Job, options: dict[str, Any]) -> bytes:
        inner = find_expressions(options)
        assert owner.below is not None
        memo = owner.below.memo
        return hash_value(substitute(options, lambda e: _mark(memo[id(e)])) if inner else options)

    def _part_key(self, owner: Job, value: Any, inner: list[Expression], whole: Expression) -> bytes | Node:
        """The part that a value plays in the key of an expression; lazy parts stand in it by their own nodes."""
        assert owner.below is not None
        memo = owner.below.memo
        try:
            if not inner:
                return self._hash_only(value, "expression")
            if value is inner[0]:
                return _known_by(memo[id(value)])
            return _digest(b"Lazy", hash_value(substitute(value, lambda e: _mark(memo[id(e)]))))
        except Unrecordable:
            return _alone(whole)


def refuse_handles(value: Any, task: Task[Any, Any], name: str) -> None:
    """Refuse handles in an argument that does not count."""
    if handles_in(value):
        raise CallError(
            f"{task.fullname}({name}=...): a handle is passed there, whose state always counts. Take {name!r} out of "
            "config_args"
        )


def await_nodes(node: Node, awaited: Sequence[Node]) -> None:
    """Make a node wait for those of others that have no value yet."""
    for other in awaited if len(awaited) < 2 else {id(n): n for n in awaited}.values():
        if not other.finished:
            node.pending += 1
            if other.waiters is None:
                other.waiters = [node]
            else:
                other.waiters.append(node)
        elif other.error is not None and node.error is None and not node.tolerant:
            node.error = other.error


def _note_shared(owner: Job, node: Node, within: Place) -> None:
    """A form asks for what there is already: where another form made it, either may be the first."""
    if node.place.within is not None and node.place.within is not within:
        hads_of(owner).shares = True


def adopt(owner: Job, job: Job) -> None:
    """Make a job a child of its owner."""
    below = owner.below
    assert below is not None
    job.index = len(below.calls)
    if not job.unrecorded:
        job.sources = (job.index,)
    elif job.flows_nowhere:
        job.sources = (BODY,)
    else:
        job.sources = (BODY, job.index)
        hads_of(owner).unseen.add(job.index)
    below.calls.append(None)
    below.places.append(job.place)
    below.live[job] = None


def _known_by(node: Node) -> bytes | Node:
    """What is the same for nodes that are one among those of their owner."""
    return node.key or node


def _mark(node: Node) -> bytes:
    """The same in what is hashed, while its owner goes on."""
    known = _known_by(node)
    return id(known).to_bytes(32, "big") if isinstance(known, Node) else known


def _is_wish(expression: Expression) -> bool:
    return isinstance(expression, Special) and expression._form == "wish"


def _form_key(expression: Special) -> bytes:
    known = b"" if _is_wish(expression) else digest(expression)
    return _digest(b"Special", known) if known else _alone(expression)


def _alone(expression: Expression) -> bytes:
    """A key that no other expression of the same owner has, for one that holds what has no identity."""
    return _digest(b"Alone", b"%d" % id(expression))


def _mixed(args: Any, lazy: list[int]) -> tuple[int, ...]:
    """The lazy arguments in which there are plain values, too."""
    return tuple(index for index in lazy if args[index][2])


def flows(sources: Collection[int]) -> tuple[int, ...]:
    """Sources in the order in which they are recorded: none where nothing but the body is among them."""
    if len(sources) == 1:
        return () if BODY in sources else tuple(sources)
    return tuple(sorted(sources))


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join([len(part).to_bytes(4, "big") + part for part in parts])).digest()
