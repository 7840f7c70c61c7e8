"""Handles: values that stand for something outside which tasks change, a database or a service, in one of its states.

What is behind a handle cannot be hashed. So a state goes by its lineage: how the handle was made, and the calls that it
has been through since. Equal lineages are equal states, as far as anybody can know without asking what is outside.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, ClassVar, NamedTuple, TypeVar

from headwater.engine.errors import CallError
from headwater.engine.expression import OPERATIONS, Operation
from headwater.engine.namespace import MODULE_VARIABLE, check_namespace, get_current_namespace
from headwater.engine.nested import find_expressions, opaque_parts, substitute
from headwater.engine.values import hash_value
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.own import TRACKED, Value

H = TypeVar("H", bound="Handle")

MADE, FORK, PASSED, CALL, MERGE = "made", "fork", "passed", "call", "merge"
"""How a state came to be: with its handle, as a fork, on the way into a call, by a call, or from several states."""


class Step(NamedTuple):
    """One state, and how it came to be.

    Attributes:
        state: 64 hexadecimal digits over all of the rest, and so over the whole lineage.
        kind: one of the kinds above.
        key: of MADE the hash of the arguments, of FORK its name, of PASSED the number among the calls that take the
            state, of CALL the `eval_hash` of the call.
        parents: the states it came from.
    """

    state: str
    kind: str
    key: str
    parents: tuple[str, ...]


class _Made(NamedTuple):
    """How a handle was made, which all of its states have in common."""

    name: str
    origin: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Handle(Value):
    """Something outside that tasks change: derive a class whose `__init__(self, name, …)` opens it.

    Attributes that the class does not have are those of `self.instance`. What `__init__` sets is never recorded: in
    each task that takes the handle, `__init__` runs anew with the arguments that the handle was made with, which are.

    Class arguments:
        namespace: what the names of its handles belong to. Default: as of tasks.
    """

    __opaque__ = True

    handle_namespace: ClassVar[str] = ""

    def __init_subclass__(cls, namespace: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if namespace is None:
            module = vars(sys.modules.get(cls.__module__, sys))
            namespace = str(module.get(MODULE_VARIABLE) or get_current_namespace())
        check_namespace(namespace)
        cls.handle_namespace = namespace
        TRACKED.add(cls)

    def __new__(cls: type[H], name: str, *args: Any, **kwargs: Any) -> H:
        if cls is Handle:
            raise TypeError(
                "Handle is derived from: class Database(Handle), with an __init__(self, name, ...)"
            )
        if not isinstance(name, str) or not name:
            raise TypeError(f"{cls.__name__}(...): its first argument is its name, a text, not {name!r}")
        made = object.__new__(cls)
        bound = inspect.signature(cls.__init__).bind(made, name, *args, **kwargs)
        bound.apply_defaults()
        arguments = list(bound.arguments.values())[1:]
        key = hash_value(arguments, label=f"{cls.__name__}(...)").hex()
        fullname = f"{cls.handle_namespace}.{name}" if cls.handle_namespace else name
        state = _hash(MADE, cls.type_name, fullname, key)
        made._take(
            (_Made(fullname, state, (name, *args), kwargs), (Step(state, MADE, key, ()),)), opened=True
        )
        return made

    # -- its lineage ---------------------------------------------------------------------------------------------------

    @property
    def state_hash(self) -> str:
        """What tells this state from others: 64 hexadecimal digits."""
        return self.state_steps[-1].state

    @property
    def state_steps(self) -> tuple[Step, ...]:
        """This state, with those before it up to the last that a call gave. (Earlier ones were recorded with that.)"""
        return vars(self)["_lineage"][1]  # type: ignore[no-any-return]

    @property
    def handle_name(self) -> str:
        """Its name, with its namespace."""
        return vars(self)["_lineage"][0].name  # type: ignore[no-any-return]

    @property
    def handle_origin(self) -> str:
        """The state that it was made in."""
        return vars(self)["_lineage"][0].origin  # type: ignore[no-any-return]

    def fork(self: H, key: str) -> H:
        """A branch of this state, to be changed independently of its other branches.

        Args:
            key: its name. The same name gives the same branch, whatever else is done with this state.
        """
        if not isinstance(key, str) or not key:
            raise CallError(f"{type(self).__name__}.fork(...): a branch needs a name, a text, not {key!r}")
        return self.stepped(FORK, key)

    def stepped(self: H, kind: str, key: str, others: Sequence[Handle] = ()) -> H:
        """The state that comes of this one, and of others."""
        steps: dict[str, Step] = {}
        parts: list[Handle] = [self, *others]
        parents = sorted({one.state_hash for one in parts})
        for one in parts:
            before = one.state_steps
            steps.update((step.state, step) for step in (() if before[-1].kind == CALL else before))
        state = _hash(kind, key, *parents)
        steps[state] = Step(state, kind, key, tuple(parents))
        made = object.__new__(type(self))
        made._take((vars(self)["_lineage"][0], tuple(steps.values())), opened=False)
        return made

    def taken_again(self: H) -> H:
        """This state, as the argument of the very call that took it: which takes it, and no branch of it, again."""
        again = deepcopy(self)
        vars(again)["_again"] = True
        return again

    # -- opening it ----------------------------------------------------------------------------------------------------

    def _take(self, lineage: tuple[_Made, tuple[Step, ...]], *, opened: bool) -> None:
        vars(self).update(_lineage=lineage, _opened=opened)

    def open_handle(self) -> None:
        """Run `__init__`, where that was not done in this object yet."""
        if vars(self)["_opened"]:
            return
        vars(self)["_opened"] = True
        made = vars(self)["_lineage"][0]
        try:
            type(self).__init__(self, *made.args, **made.kwargs)
        except BaseException:
            vars(self)["_opened"] = False
            raise

    def __getattr__(self, name: str) -> Any:
        mine = vars(self)
        if name.startswith("__") or "_lineage" not in mine:
            raise AttributeError(name)
        if not mine["_opened"]:
            self.open_handle()
            return getattr(self, name)
        if "instance" not in mine:
            raise AttributeError(
                f"a {type(self).__name__} has no attribute {name!r}, and its __init__ sets no self.instance "
                "that could be asked for it"
            )
        try:
            return getattr(mine["instance"], name)
        except AttributeError:
            kind = type(mine["instance"]).__name__
            raise AttributeError(
                f"neither a {type(self).__name__} nor its instance, a {kind}, has an attribute {name!r}"
            ) from None

    # -- as a value ----------------------------------------------------------------------------------------------------

    def get_hash(self) -> str:
        return self.state_hash

    def __getstate__(self) -> dict[str, Any]:
        (made, steps) = vars(self)["_lineage"]
        return {"made": tuple(made), "steps": [tuple(step) for step in steps]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        steps = tuple(Step(*step) for step in state["steps"])
        self._take((_Made(*state["made"]), steps), opened=False)

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Any:
        value = object.__new__(cls)
        value.__setstate__(unpickled(data))
        return value

    def __deepcopy__(self: H, memo: dict[int, Any]) -> H:
        copy = object.__new__(type(self))
        memo[id(self)] = copy
        copy._take(deepcopy(vars(self)["_lineage"], memo), opened=False)
        return copy

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.handle_name!r}, {self.state_steps[-1].kind} {self.state_hash[:8]})"
        )


def _hash(*parts: str) -> str:
    digest = hashlib.sha256(b"Handle\0")
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.hexdigest()


# -- inside values -----------------------------------------------------------------------------------------------------


def handles_in(value: Any) -> list[Handle]:
    """The handles inside a value, where evaluation looks: in lists, tuples, sets, dicts, named tuples, dataclasses."""
    return [part for part in opaque_parts(value) if isinstance(part, Handle)] if TRACKED else []


def with_handles(value: Any, change: Callable[[Handle], Handle]) -> Any:
    """A value with others in the place of its handles; itself where there are none."""
    if not handles_in(value):
        return value
    return substitute(
        value, lambda lazy: lazy, lambda part: change(part) if isinstance(part, Handle) else part
    )


def opened(value: Any) -> Any:
    """A value whose handles are open."""
    for handle in handles_in(value):
        handle.open_handle()
    return value


def given_back(value: Any, key: bytes) -> Any:
    """What a call gave, its handles in the states that they are in since.

    Args:
        key: the call's `eval_hash`.
    """
    return with_handles(value, lambda handle: handle.stepped(CALL, key.hex()))


# -- merging -----------------------------------------------------------------------------------------------------------


def merge_handles(handles: Iterable[H]) -> H:
    """One state of several branches of a handle, once all are there. They may be lazy, together and each for itself.

    Raises:
        CallError: they are not of one handle, or there is none.
    """
    if find_expressions(handles):
        return Operation("merge_handles", (handles,))  # type: ignore[return-value]
    return _merged(handles)


def _merged(branches: Iterable[H]) -> H:
    if not isinstance(branches, Iterable):
        raise CallError(f"merge_handles(...): a list of handles is needed, not {branches!r}")
    handles = list(branches)
    for one in handles:
        if not isinstance(one, Handle):
            raise CallError(f"merge_handles(...): a {type(one).__name__} is among them, which is no handle")
    if not handles:
        raise CallError("merge_handles(...): a list of handles is needed, and it is empty")
    first, *others = handles
    for one in others:
        if one.handle_origin != first.handle_origin:
            raise CallError(
                f"merge_handles(...): {first!r} and {one!r} are no branches of one handle: what was made with other "
                "arguments, or has another name, is something else"
            )
    return first if len({one.state_hash for one in handles}) == 1 else first.stepped(MERGE, "", others)


OPERATIONS["merge_handles"] = _merged  # no form, so that the calls in it have their places among the others
