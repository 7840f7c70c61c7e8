"""Values whose classes say themselves how they are identified, kept and checked, and proxies that say it for classes of
others.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from copy import deepcopy
from enum import Enum
from functools import lru_cache
from types import FunctionType
from typing import Any, ClassVar, TypeVar

from headwater.engine.errors import TaskDefinitionError, Undecodable
from headwater.engine.main_program import is_main
from headwater.engine.values import names
from headwater.engine.values.attributes import attributes_of, has_only_attributes, slots_of
from headwater.engine.values.models import model_plan
from headwater.engine.values.names import code_fingerprint
from headwater.engine.values.objects import has_own_reduce, open_reduced
from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Refused, Walk, by_nothing

_Self = TypeVar("_Self", bound="Value")

LARGEST_CHECKED = 4096
"""bytes: the state of a value that is asked whether it is still valid is kept with the question"""

_GIVEN = "__pydantic_fields_set__"

HOOKED: set[type] = set()
"""the classes whose values change when they are handed to a task or given by one"""


TRACKED: set[type] = set()
"""the classes whose values are recorded with their lineage (`engine.handle`), wherever they are found"""

PROXIES: dict[type, type[ProxyValue]] = {}
"""what speaks for foreign classes"""
_CLASSES: dict[str, type[Value]] = {}
_forgetters: list[Callable[[type], None]] = []


def overrides(cls: type, method: str) -> bool:
    """Whether a class of values has a method of its own."""
    return next(base for base in cls.__mro__ if method in vars(base)).__module__ != __name__


@lru_cache(maxsize=4096)
def _is_its_attributes(cls: type) -> bool:
    """Whether pickle would keep of a foreign class's objects their attributes, and nothing else."""
    is_model = "pydantic" in sys.modules and model_plan(cls) is not None
    return has_only_attributes(cls) and (is_model or not has_own_reduce(cls))


def _known_by(state: dict[str, Any]) -> dict[str, Any]:
    """What of an object's attributes says what it is: all of them, but of a pydantic model not which fields were given
    (see `models`)."""
    if _GIVEN not in state:
        return state
    beside = ("__pydantic_extra__", "__pydantic_private__")
    return {name: item for name, item in state.items() if name != _GIVEN and (item or name not in beside)}


class Value:
    """A value whose class says how it is identified, kept and checked. Every method may be overridden.

    Two of them are equal where their hashes are.

    Attributes:
        type_name: what the class is recorded as. Default: its module and name; with one of its own it can be moved.
    """

    type_name: ClassVar[str] = "headwater.Value"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        this: Any = cls
        struct = getattr(sys.modules.get("msgspec"), "Struct", None)  # values are known without msgspec, too
        if struct in cls.__mro__ and cls.__mro__.index(struct) < cls.__mro__.index(Value):
            raise TaskDefinitionError(
                f"{names.type_name(cls)}: Struct stands before Value, so it could not be read back. Write class "
                f"{cls.__name__}(Value, msgspec.Struct)"
            )
        if not has_only_attributes(this) and not _keeps_itself(cls):
            raise TaskDefinitionError(
                f"{names.type_name(cls)} holds something that is in no attribute, as it derives from "
                f"{_what_holds(cls).__name__}. Put that into an attribute of it, or write its __getstate__ and "
                "__setstate__"
            )
        if "type_name" not in vars(cls):
            cls.type_name = names.type_name(cls)
        other = _CLASSES.get(cls.type_name)
        if other is not None and names.type_name(other) != names.type_name(cls):
            raise TaskDefinitionError(
                f"two classes have the type_name {cls.type_name!r}: {names.type_name(other)} and {names.type_name(cls)}"
            )
        # the file of a main program may be imported under its name as well, which gives its classes a second time
        if other is None or not is_main(other.__module__) or is_main(cls.__module__):
            _CLASSES[cls.type_name] = cls
        names.OWN_NAMES[cls] = cls.type_name
        if overrides(cls, "preprocess") or overrides(cls, "postprocess"):
            HOOKED.add(cls)
            _speaker_with_hooks.cache_clear()

    # -- identity ------------------------------------------------------------------------------------------------------

    def get_hash(self) -> str | bytes:
        """What two equal values have in common, and no others. Default: their state (`__getstate__`)."""
        from headwater.engine.values.canonical import hash_value

        return hash_value(self).hex()

    def iter_subvalues(self) -> Iterable[Any]:
        """Values inside this one that its state, or its `get_hash`, does not show: the files among them count, and are
        recorded with it."""
        return ()

    # -- whether it still holds ----------------------------------------------------------------------------------------

    def is_valid(self) -> bool:
        """Whether a recorded value still stands for what it did. Where it does not, the call that gave it, or took it,
        is not reused. It is asked of a value that was read back, whose state is to be small."""
        return True

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def get_serialization_format(self) -> str:
        """What `serialize` writes, for people: `text/csv`. It is recorded as part of the codec."""
        return ""

    def serialize(self) -> bytes:
        """The value as bytes. Default: its state, pickled."""
        from headwater.engine.values.pickling import pickled

        return pickled(self.__getstate__())

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Any:
        """The value that `serialize` made bytes of.

        Args:
            raw_type: its recorded type's name.
        """
        from headwater.engine.values.by_name import unpickled

        state = unpickled(data)
        if issubclass(cls, Enum):
            return cls(state["_value_"])  # there is one of each
        value = cls.__new__(cls)
        value.__setstate__(state)
        return value

    def __getstate__(self) -> dict[str, Any]:
        return attributes_of(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        this: Any = type(self)
        slots = slots_of(this)
        vars(self).update({name: item for name, item in state.items() if name not in slots})
        for name in state.keys() & slots.keys():
            slots[name].__set__(self, state[name])  # also where the class lets nobody set it

    def __reduce__(self) -> tuple[Any, ...]:
        return revive, (type(self).type_name, bytes(self.serialize()))

    def __deepcopy__(self: _Self, memo: dict[int, Any]) -> _Self:
        if isinstance(self, Enum):
            return self
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        copy.__setstate__(deepcopy(self.__getstate__(), memo))
        return copy

    # -- on the way into tasks and out of them -------------------------------------------------------------------------

    def preprocess(self: _Self, call: dict[str, Any]) -> _Self:
        """What a task gets that is handed this value; called where the task runs, just before.

        Args:
            call: `function`, the name of the task's function.
        """
        return self

    def postprocess(self: _Self, call: dict[str, Any]) -> _Self:
        """What a task gives that returned this value; called where the task ran, before it is recorded."""
        return self

    @classmethod
    def parse_arg(cls, raw_type: Any, arg: str) -> Any:
        """The value that a text on the command line stands for.

        Raises:
            ValueError: for none.
        """
        raise ValueError(f"something that can be written on a command line, which a {cls.__name__} cannot")

    # -- equality ------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Value)
        return self.get_hash() == other.get_hash()

    def __hash__(self) -> int:
        return hash(self.get_hash())


class ProxyValue(Value):
    """Says for a class of somebody else's what `Value` says: `class FrameProxy(ProxyValue, of=Frame)`.

    It counts for subclasses, too, unless they have one of their own. `deserialize` gives a value of the foreign class.

    Attributes:
        instance: the foreign value.
    """

    foreign: ClassVar[type]

    def __init_subclass__(cls, of: type | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if of is None:
            if not hasattr(cls, "foreign"):
                raise TaskDefinitionError(
                    f"{cls.__name__}: say which class it is for: class {cls.__name__}(ProxyValue, of=...)"
                )
            return
        if not isinstance(of, type) or issubclass(of, Value):
            raise TaskDefinitionError(f"{cls.__name__}: of={of!r}: a class of somebody else's is needed")
        cls.foreign = of
        PROXIES[of] = cls
        _forget(of)

    def __init__(self, instance: Any) -> None:
        self.instance = instance

    def __getstate__(self) -> dict[str, Any]:
        return attributes_of(self.instance)

    def serialize(self) -> bytes:
        """The foreign value as bytes. Default: pickled."""
        from headwater.engine.values.pickling import pickled

        return pickled(self.instance)

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Any:
        from headwater.engine.values.by_name import unpickled

        return unpickled(data)


def _keeps_itself(cls: type[Value]) -> bool:
    """Whether a class of values says what there is to keep of them, all of it."""
    return overrides(cls, "__getstate__") or all(
        overrides(cls, method) for method in ("get_hash", "serialize", "__deepcopy__")
    )


def _what_holds(cls: type) -> type:
    """The class below one for which its objects hold something beside their attributes."""
    return next(base for base in cls.__mro__[1:] if not has_only_attributes(base))


def _forget(foreign: type) -> None:
    _speaker_with_hooks.cache_clear()
    for forget in _forgetters:
        forget(foreign)


def on_new_proxy(forget: Callable[[type], None]) -> None:
    """Have somebody told of each foreign class that gets a proxy: what is known of its values holds no more."""
    _forgetters.append(forget)


def proxy_of(cls: type) -> type[ProxyValue] | None:
    """What speaks for the values of a foreign class, or None."""
    if not PROXIES:
        return None
    return next((PROXIES[base] for base in cls.__mro__ if base in PROXIES), None)


def own_value(value: Any) -> Value | None:
    """A value that speaks for itself, or its proxy; None for any other."""
    if isinstance(value, Value):
        return value
    proxy = proxy_of(type(value))
    return None if proxy is None else proxy(value)


# -- identity ----------------------------------------------------------------------------------------------------------


def open_own(value: Any, walk: Walk) -> Frame:
    """The plan for values that speak for themselves, or have a proxy."""
    speaker = own_value(value)
    assert speaker is not None
    cls = type(speaker)
    if cls in TRACKED:
        walk.files.append(value)
    if overrides(cls, "is_valid"):
        walk.files.append(Checked(value, speaker))
    inside = _reactive_in(speaker) if overrides(cls, "iter_subvalues") else []
    walk.files.extend(inside)
    foreign = speaker.instance if isinstance(speaker, ProxyValue) else None
    if overrides(cls, "get_hash"):
        what: Any = speaker.get_hash()
        if not isinstance(what, (str, bytes)):
            raise Refused(value, f"its get_hash gave a {type(what).__name__}. Give text or bytes")
    elif foreign is None or overrides(cls, "__getstate__") or _is_its_attributes(foreign.__class__):
        what = speaker.__getstate__()
        if not overrides(cls, "__getstate__"):
            what = _known_by(what)
    else:
        what = open_reduced(foreign, walk)
    # (A value is recorded with its files once: whatever can change about it has to be in its hash.)
    items = [what, sorted({_mark(one) for one in inside})] if inside else [what]
    return Frame(b"V" + text(names.type_name(type(value))), items, SEQUENCE, by_nothing)


def _reactive_in(speaker: Value) -> list[Any]:
    """The files, code and values to be asked whether they hold, in what a value names as its subvalues."""
    from headwater.engine.values.canonical import hash_and_files

    named = speaker.iter_subvalues()
    return [one for value in named for one in hash_and_files(value, "iter_subvalues()")[1]]


def _mark(one: Any) -> bytes:
    """What of something reactive is another where that has changed."""
    from headwater.engine.values.canonical import hash_and_files

    if isinstance(one, Checked):
        return f"{one.type}:{one.state}".encode()
    if isinstance(one, (type, FunctionType)):
        return code_fingerprint(one)
    return hash_and_files(one, "iter_subvalues()")[0]


class Checked:
    """A value that is asked, before it is reused, whether it is still valid.

    Attributes:
        type: the name of its class.
        state: its bytes, as text.
    """

    def __init__(self, value: Any, speaker: Value) -> None:
        payload = bytes(speaker.serialize())
        if len(payload) > LARGEST_CHECKED:
            raise Refused(
                value,
                f"to ask it later whether it is_valid, {len(payload):,} bytes would have to be kept, and "
                f"{LARGEST_CHECKED:,} are the most. Keep what is large in a File",
            )
        self.type = names.type_name(type(value))
        self.state = b64encode(payload).decode()


def asked_again(type_name: str, state: str) -> Value | None:
    """A value that was recorded to be asked whether it is still valid, read back; None where it cannot be."""
    try:
        return own_value(revive(type_name, b64decode(state)))
    except Exception:
        return None


# -- bytes -------------------------------------------------------------------------------------------------------------


def encode_own(value: Any) -> tuple[str, bytes] | None:
    """Codec and payload of a value whose class, or whose proxy, says how it is written; None for any other."""
    speaker = own_value(value)
    if speaker is None or (isinstance(speaker, ProxyValue) and not overrides(type(speaker), "serialize")):
        return None
    format_ = speaker.get_serialization_format()
    return f"value {format_}".strip(), bytes(speaker.serialize())


def as_spoken(value: Any) -> Any:
    """How pickle is to write a value of a foreign class with a proxy that says so: as `__reduce__` would answer.
    NotImplemented for any other."""
    if value.__class__ is memoryview:
        return (memoryview, (value.tobytes(),)) if value.format == "B" and value.ndim == 1 else NotImplemented
    if not PROXIES or isinstance(value, (type, Value)):
        return NotImplemented
    spoken = encode_own(value)
    return NotImplemented if spoken is None else (revive, (names.type_name(type(value)), spoken[1]))


def revive(type_name: str, data: bytes) -> Any:
    """The value that was written by `encode_own`.

    Raises:
        Undecodable: its class, or the proxy for it, is not there any more.
    """
    found = _CLASSES.get(type_name) or names.imported(type_name)
    speaker = found if isinstance(found, type) and issubclass(found, Value) else None
    if speaker is None and isinstance(found, type):
        speaker = proxy_of(found)
    if speaker is None:
        raise Undecodable(f"no class in this process says how a {type_name} is read back")
    return speaker.deserialize(type_name, data)


# -- on the way into tasks and out of them -----------------------------------------------------------------------------


def handed_over(value: Any, hook: str, function: Any) -> Any:
    """A value in which those with hooks have been asked (`preprocess` or `postprocess`), inside lists, tuples, sets and
    dicts at any depth. It is the value itself where there are none."""
    if not _holds_hooked(value):
        return value
    return _asked(value, hook, {"function": getattr(function, "__qualname__", "")})


_CONTAINERS = frozenset({list, tuple, set, dict})


@lru_cache(maxsize=4096)
def _speaker_with_hooks(cls: type) -> type[Value] | None:
    """The class, or the proxy for it, that changes its values on their way; None where there is none."""
    speaker = cls if issubclass(cls, Value) else proxy_of(cls)
    return speaker if speaker in HOOKED else None


def _holds_hooked(value: Any) -> bool:
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        cls = item.__class__
        if cls in _CONTAINERS:
            if id(item) not in seen:
                seen.add(id(item))
                stack.extend(item.values() if cls is dict else item)
        elif _speaker_with_hooks(cls) is not None:
            return True
    return False


def _asked(value: Any, hook: str, call: dict[str, Any]) -> Any:
    cls = value.__class__
    if cls is dict:
        return {key: _asked(item, hook, call) for key, item in value.items()}
    if cls in _CONTAINERS:
        return cls(_asked(item, hook, call) for item in value)
    if _speaker_with_hooks(cls) is None:
        return value
    found = getattr(own_value(value), hook)(call)
    return found.instance if isinstance(found, ProxyValue) else found
