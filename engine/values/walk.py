"""The walk over a value that makes its canonical encoding, without recursion.

A value is opened by the plan of its class (`plans.plan_for`) into either finished bytes or a `Frame`: a head,
the values inside, and whether their order counts. The walk keeps the frames on a stack of its own, so depth
is bounded by memory only. Each object is encoded once however often it is shared, and long encodings are
replaced by their digests, so a structure with n objects costs O(n) even when its unfolding is exponential.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from headwater.cypher.errors import InternalError
from headwater.engine.errors import Unrecordable
from headwater.engine.values.look import LOOK
from headwater.engine.values.names import type_name
from headwater.engine.values.scalars import SCALARS, embed

SEQUENCE, SET, PAIRS = range(3)
"""what order means in a frame: it counts; it does not; items are keys and values, whose pairs have none"""

MANY_QUOTED = 20
"""expressions quoted in each other, each of which takes some of Python's stack"""
MAX_DEPTH = 1_000_000
"""frames: only an object that makes new copies of itself whenever it is asked for its state gets there"""

Label = Callable[["Frame", int], str]

Plan = Callable[[Any, "Walk"], "bytes | Frame"]
"""opens a value"""


class Refused(Exception):
    """A plan cannot encode its value; the walk knows where that is."""

    def __init__(self, value: Any, advice: str) -> None:
        super().__init__(advice)
        self.value = value
        self.advice = advice


class Cyclic(Exception):
    """The value contains itself: it takes the slower way of `cycles`."""


class Frame:
    """A value that has been opened: its tagged head with the number of items, and the items.

    An item is a value, or again a Frame where the parts of one object form groups with an order of their own.
    """

    __slots__ = ("head", "items", "key", "label", "order", "parts", "rest")

    def __init__(self, head: bytes, items: list[Any], order: int, label: Label) -> None:
        self.head = head
        self.items = items
        self.order = order
        self.label = label
        self.rest = iter(items)
        self.parts: list[bytes] = []
        self.key: int | None = None

    def finish(self) -> bytes:
        return finish(self.head, self.order, self.parts)


def finish(head: bytes, order: int, parts: list[bytes]) -> bytes:
    """The encoding of a frame from those of its items."""
    if order == SET:
        parts = sorted(parts)
    elif order == PAIRS:
        parts = list(chain.from_iterable(sorted(zip(parts[::2], parts[1::2], strict=True))))
    return embed(head + b"".join(parts))


def by_index(_: Frame, index: int) -> str:
    return f"[{index}]"


def by_key(frame: Frame, index: int) -> str:
    from headwater.engine.values.preview import preview

    key = preview(frame.items[index & ~1], 40)
    return f"[{key}]" if index % 2 else f"[key {key}]"


def by_attribute(frame: Frame, index: int) -> str:
    return f".{frame.items[index & ~1]}"


def by_nothing(_frame: Frame, _index: int) -> str:
    return ""


class Walk:
    """One walk over one value.

    Attributes:
        files: the reactive (file-like) values met on the way, each object once; the user's functions and
            classes, too.
    """

    __slots__ = ("_kept", "_memo", "_noted", "_plan_for", "_stack", "files", "label")

    def __init__(self, label: str, plan_for: Callable[[type], Plan]) -> None:
        self.label = label
        self._plan_for = plan_for
        self.files: list[Any] = []
        self._noted: set[int] = set()
        self._memo: dict[int, bytes | None] = {}
        self._kept: list[
            Any
        ] = []  # objects made on the way stay alive, or their ids would be given to others
        self._stack: list[Frame] = []

    def encode(self, value: Any) -> bytes:
        """The canonical encoding.

        Raises:
            Unrecordable: the value, or one inside it, has no stable identity.
        """
        scalar = SCALARS.get(type(value))
        if scalar is not None:
            return scalar(value)
        if LOOK.found is not None:
            return self._encode_any(value)
        LOOK.found = {}
        try:
            return self._encode_any(value)
        finally:
            LOOK.found = None

    def _encode_any(self, value: Any) -> bytes:
        try:
            return self._encode(value)
        except Cyclic:
            from headwater.engine.values.cycles import encode_cyclic

            self.files.clear()
            self._noted.clear()
            self._stack.clear()
            return encode_cyclic(value, self)

    def _encode(self, value: Any) -> bytes:
        memo, stack, scalar_of = self._memo, self._stack, SCALARS.get
        top = Frame(b"", [value], SEQUENCE, by_nothing)
        stack.append(top)
        while True:
            frame = stack[-1]
            parts = frame.parts
            for item in frame.rest:
                scalar = scalar_of(type(item))
                if scalar is not None:
                    parts.append(scalar(item))
                    continue
                if type(item) is Frame:
                    opened: bytes | Frame = item
                else:
                    key = id(item)
                    if key in memo:
                        known = memo[key]
                        if known is None:
                            raise Cyclic
                        parts.append(known)
                        continue
                    opened = self.open(item)
                    self._kept.append(item)
                    if type(opened) is bytes:
                        memo[key] = opened
                        parts.append(opened)
                        continue
                    memo[key] = None
                    opened.key = key  # type: ignore[union-attr]
                stack.append(opened)  # type: ignore[arg-type]
                if len(stack) > MAX_DEPTH:
                    raise self.refusal(item, "it seems to have no end; give its class a __getstate__")
                break
            else:
                stack.pop()
                if frame is top:
                    return parts[0]
                encoded = frame.finish()
                if frame.key is not None:
                    memo[frame.key] = encoded
                stack[-1].parts.append(encoded)

    def note(self, code: Any) -> None:
        """Put a function or class among the reactive values, once."""
        if id(code) not in self._noted:
            self._noted.add(id(code))
            self.files.append(code)

    def open(self, value: Any, where: Callable[[], str] | None = None) -> bytes | Frame:
        """Open one value by the plan of its class; its refusal becomes an Unrecordable with the path."""
        try:
            return self._plan_for(type(value))(value, self)
        except Refused as refused:
            raise self.refusal(refused.value, refused.advice, where) from refused.__cause__
        except (Unrecordable, InternalError):
            raise
        except Exception as error:
            if isinstance(error, RecursionError) and LOOK.quoted > MANY_QUOTED:
                raise  # not for what this value is: whoever quotes it says so
            what = f"{type(error).__name__}: {error}"[:300]
            advice = f"asked for its state, it raised {what}. Return the plain data it holds instead"
            raise self.refusal(value, advice, where) from error

    def refusal(self, value: Any, advice: str, where: Callable[[], str] | None = None) -> Unrecordable:
        return Unrecordable((where or self.path)(), type_name(type(value)), advice)

    def path(self) -> str:
        """Where in the value the walk stands: `result[3].conn`."""
        return self.label + "".join(frame.label(frame, len(frame.parts)) for frame in self._stack[1:])[:300]
