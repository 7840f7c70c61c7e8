"""Values whose hashes are frozen, made with the standard library only: other interpreters import this module."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Size(enum.IntEnum):
    SMALL = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Order:
    id: int
    items: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: int


class Plain:
    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1
        self.b = [2]


class Words(str):
    __slots__ = ()


class Tags(set):  # type: ignore[type-arg]
    pass


def make() -> dict[str, Any]:
    """Fresh values by name."""
    loop: list[Any] = [1]
    loop.append(loop)
    parent, child = Plain(name="parent"), Plain(name="child")
    parent.children, child.parent = {child}, parent
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    doubled: list[Any] = [1]
    for _ in range(100):
        doubled = [doubled, doubled]
    moment = datetime.datetime(2013, 1, 1, 5, 15, 0, 7)
    return {
        "none": None,
        "true": True,
        "one": 1,
        "one as float": 1.0,
        "one as text": "1",
        "one as bytes": b"1",
        "minus": -255,
        "large": 10**5000,
        "zero": 0.0,
        "minus zero": -0.0,
        "nan": math.nan,
        "infinity": math.inf,
        "complex": complex(1, -0.0),
        "text": "São Paulo ✈",
        "surrogate": "\udcff",
        "long text": "x" * 5000,
        "bytearray": bytearray(b"ab"),
        "memoryview": memoryview(b"ab"),
        "long bytes": bytes(5000),
        "ellipsis": ...,
        "list": [1, "a", None],
        "tuple": (1, "a", None),
        "list of ints": list(range(1000)),
        "empty": [[], (), {}, set(), frozenset()],
        "dict": {"b": 1, "a": [2], 3: {4: 5}},
        "set": {"a", "b", "c", 1, None},
        "frozenset": frozenset({"a", "b", "c"}),
        "naive": moment,
        "utc": moment.replace(tzinfo=datetime.timezone.utc),
        "offset": moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-5), "EST")),
        "zone": moment.replace(tzinfo=ZoneInfo("America/New_York"), fold=1),
        "date": moment.date(),
        "time": moment.time(),
        "timedelta": datetime.timedelta(days=-1, microseconds=3),
        "decimal": decimal.Decimal("1.00"),
        "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=5),
        "range": range(1, 10, 2),
        "slice": slice(None, 3),
        "path": pathlib.PurePosixPath("/data/a b.csv"),
        "deque": collections.deque([1, 2], maxlen=3),
        "counter": collections.Counter("abca"),
        "ordered dict": collections.OrderedDict(b=1, a=2),
        "default dict": collections.defaultdict(list, {"b": [1], "a": [2]}),
        "enum": Colour.RED,
        "int enum": Size.SMALL,
        "flags": Access.READ | Access.WRITE,
        "namedtuple": Point(1, 2),
        "dataclass": Order(1, ["a"]),
        "dataclass with slots": Frozen(3),
        "object": Plain(b=1, a={"c"}),
        "object with slots": Slotted(),
        "subclass of str": Words("a b"),
        "subclass of set": Tags("abc"),
        "exception": ValueError("bad", 3),
        "class": Order,
        "builtin": len,
        "function": json.dumps,
        "method of a class": dict.fromkeys,
        "loop": loop,
        "family": parent,
        "deep": deep,
        "doubled": doubled,
    }


def hashes_of(make: Callable[[], dict[str, Any]]) -> dict[str, str]:
    """The hash of each value, with a remark where it is another when the value was restored."""
    from headwater.engine.values import describe, hash_value, restore

    hashes = {name: hash_value(value).hex() for name, value in make().items()}
    for name, value in make().items():
        described = describe(value)
        again = restore(described.codec, described.type, described.payload)
        if hash_value(again).hex() != hashes[name]:
            hashes[name] += " changes when it is restored"
    return hashes


def main() -> None:
    """Print the hashes of all values, and which modules from elsewhere that took."""
    import sys

    hashes = hashes_of(make)
    foreign = sorted({"numpy", "pandas", "pyarrow", "fsspec", "msgspec"} & set(sys.modules))
    print(json.dumps({"hashes": hashes, "foreign": foreign}))


if __name__ == "__main__":
    from tests.engine.golden_values import main as run  # classes under the name that others import them by

    run()
