"""What values of one's own, and those that a proxy speaks for, hold, wherever a class keeps it."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import threading
from collections import Counter
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import pydantic
import pytest
from headwater.engine.values import describe, hash_value, restore

from headwater import FileCache, Project, ProxyValue, Scheduler, TaskDefinitionError, Value, task

T = TypeVar("T")
headwater_namespace = "state"


class Plain(Value):
    def __init__(self, n: int) -> None:
        self.n = n


class Slots(Value):
    __slots__ = ("__hidden", "n", "unset")

    def __init__(self, n: int) -> None:
        self.n = self.__hidden = n


class Below(Slots):
    pass


@dataclasses.dataclass(slots=True)
class Record(Value):
    n: int
    __hash__ = Value.__hash__


@dataclasses.dataclass(slots=True, frozen=True)
class Frozen(Value):
    n: int


class Struct(Value, msgspec.Struct, frozen=True):
    n: int
    __hash__ = Value.__hash__


class Model(Value, pydantic.BaseModel):
    n: int
    more: int = 3
    _hidden: int = 5


class PlainModel(Value, pydantic.BaseModel):
    n: int
    more: int = 3


class ForeignModel(pydantic.BaseModel):
    n: int
    more: int = 3


class ForeignModelProxy(ProxyValue, of=ForeignModel):
    pass


@dataclasses.dataclass(frozen=True)
class FrozenRecord(Value):
    n: int


class Typed(Value, Generic[T]):
    def __init__(self, n: T) -> None:
        self.n = n


class Again(Slots):
    """With a slot of a name that is one below it, and one that it hides."""

    __slots__ = ("n",)


class Hiding(Slots):
    """Hides a slot behind what cannot be set."""

    def __init__(self, n: int) -> None:
        vars(Slots)["n"].__set__(self, n)

    @property
    def n(self) -> int:  # type: ignore[override]
        return int(vars(Slots)["n"].__get__(self))


class Asking(Value):
    """Asks another for what it lacks; while that is not there, for that."""

    __slots__ = (name for name in ("n", "other"))

    def __init__(self, n: int) -> None:
        self.n = n

    def __getattr__(self, name: str) -> Any:
        return getattr(self.other, name)


class Colour(Value, enum.Enum):
    RED = 1
    BLUE = 2

    @property
    def n(self) -> int:
        return self.value


class ForeignSlots:
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


class MoreForeignSlots(ForeignSlots):
    pass


class Bag(Counter[str]):
    pass


class SlotsProxy(ProxyValue, of=ForeignSlots):
    pass


class BagProxy(ProxyValue, of=Bag):
    pass


class Locked:
    """Says what pickle is to keep of it."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"n": self.n}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


class LockedProxy(ProxyValue, of=Locked):
    pass


class Money(Decimal):
    pass


class MoneyProxy(ProxyValue, of=Money):
    pass


@dataclasses.dataclass
class Basket(list[int]):
    """A dataclass that holds more than its fields."""

    name: str

    @property
    def n(self) -> int:
        return self[0]


@dataclasses.dataclass
class Prices(dict[str, int]):
    name: str

    @property
    def n(self) -> int:
        return self["n"]


@dataclasses.dataclass
class Amount(float):
    name: str = ""

    def __new__(cls, *_: Any) -> Amount:
        return float.__new__(cls, *_[:1])

    def __init__(self, *_: Any) -> None:
        self.name = "euro"

    @property
    def n(self) -> int:
        return int(float.__add__(self, 0.0))


class Slotted:
    __slots__ = ("n",)
    n: int


@dataclasses.dataclass
class OnSlots(Slotted):
    """A dataclass whose base has slots, and is none."""

    __slots__ = ("more",)
    more: int


class MarkedSet(set[int]):
    __slots__ = ("n",)


def basket(n: int) -> Basket:
    made = Basket("fruit")
    made.append(n)
    return made


def prices(n: int) -> Prices:
    made = Prices("fruit")
    made["n"] = n
    return made


def on_slots(n: int) -> OnSlots:
    made = OnSlots(0)
    made.n = n
    return made


def marked(n: int) -> MarkedSet:
    made = MarkedSet([0])
    made.n = n
    return made


def bag(n: int) -> Bag:
    return Bag({"a": n, "b": 1})


MAKERS = [
    *(
        Plain,
        Slots,
        Below,
        Again,
        Hiding,
        Asking,
        Colour,
        Record,
        Frozen,
        FrozenRecord,
        Typed[int],
        Struct,
        lambda n: Model(n=n),
        lambda n: PlainModel(n=n),
    ),
    *(ForeignSlots, MoreForeignSlots, Locked, bag, Money, lambda n: ForeignModel(n=n)),
    *(basket, prices, Amount, marked),
]


@pytest.mark.parametrize("make", MAKERS)
def test_a_value_is_all_that_it_holds(make: Any) -> None:
    one, same, other = make(1), make(1), make(2)
    assert hash_value(one) == hash_value(same) != hash_value(other)
    assert hash_value([one]) != hash_value([other])
    described = describe(other)
    for again in (restore(described.codec, described.type, described.payload), deepcopy(other)):
        assert hash_value(again) == hash_value(other)
        assert getattr(again, "n", again) == getattr(other, "n", other)


class Hashed:
    """As `attrs` makes one without slots that keeps its `hash()`."""

    __attrs_attrs__ = ("n",)

    def __init__(self, n: str) -> None:
        self.n = n

    def __hash__(self) -> int:
        self._attrs_cached_hash = hash(self.n)
        return self._attrs_cached_hash


def test_asking_an_object_for_its_hash_makes_no_other_value_of_it() -> None:
    one, other = Hashed("a"), Hashed("a")
    assert hash(one) == hash(other)
    assert hash_value(one) == hash_value(Hashed("a")) != hash_value(Hashed("b"))


def test_slots_of_a_base_that_is_no_dataclass_count() -> None:
    assert hash_value(on_slots(1)) == hash_value(on_slots(1)) != hash_value(on_slots(2))


@pytest.mark.parametrize("model", [Model, PlainModel, ForeignModel])
def test_a_model_is_what_its_fields_hold_whether_it_was_given_or_is_a_default(model: Any) -> None:
    one, same = model(n=1), model(n=1, more=3)
    assert hash_value(one) == hash_value(same) != hash_value(model(n=1, more=4))
    assert one == same
    again = restore(*(getattr(describe(one), name) for name in ("codec", "type", "payload")))
    assert again.model_fields_set == {"n"}
    if model is Model:
        same._hidden = 6
        assert hash_value(one) != hash_value(same)


@task
def told(value: Any) -> int:
    return int(getattr(value, "n", None) or (value["a"] if isinstance(value, Bag) else value))


@task
def same(value: Any) -> Any:
    return value


@pytest.mark.parametrize("executor", ["default", "process"])
def test_calls_with_other_values_are_other_calls(local_project: Project, executor: str) -> None:
    calls = [told.options(executor=executor)(same(make(n))) for make in MAKERS for n in (1, 2)]
    assert Scheduler(local_project).run(calls) == [1, 2] * len(MAKERS)


def test_a_value_that_holds_more_than_attributes_says_how_it_is_kept() -> None:
    for below in (list, dict, str, int, Exception):
        with pytest.raises(
            TaskDefinitionError, match=f"derives from {below.__name__}. Put that into an attr"
        ):
            type("Rows", (Value, below), {"__module__": __name__})


class Rows(Value, list[int]):
    """Says itself what it holds."""

    def __getstate__(self) -> dict[str, Any]:
        return {"items": [*self]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self[:] = state["items"]


def test_a_value_may_say_itself_what_it_holds_beside_attributes() -> None:
    assert hash_value(Rows([1])) != hash_value(Rows([2]))
    described = describe(Rows([1, 2]))
    assert (
        [*restore(described.codec, described.type, described.payload)] == [*deepcopy(Rows([1, 2]))] == [1, 2]
    )


# -- hooks of proxies --------------------------------------------------------------------------------------------------


class Letter:
    def __init__(self, stamps: tuple[str, ...] = ()) -> None:
        self.stamps = stamps


class Registered(Letter):
    pass


class LetterProxy(ProxyValue, of=Letter):
    instance: Letter

    def preprocess(self, call: dict[str, Any]) -> Any:
        return type(self.instance)((*self.instance.stamps, f"into {call['function']}"))

    def postprocess(self, call: dict[str, Any]) -> Any:
        self.instance.stamps += (f"out of {call['function']}",)
        return self


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_proxy_is_told_when_a_value_goes_into_a_task_and_out_of_it(executor: str) -> None:
    found = Scheduler(record=False).run(same.options(executor=executor)([Letter(), {"a": Registered()}]))
    assert [type(found[0]), type(found[1]["a"])] == [Letter, Registered]
    assert found[0].stamps == found[1]["a"].stamps == ("into same", "out of same")


# -- values in files ---------------------------------------------------------------------------------------------------


class Kept(FileCache):
    base_path = "cache"  # of the working directory, which processes share

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows


@task
def kept(n: int) -> Kept:
    return Kept(list(range(n)))


@task
def total(kept: Kept, times: int) -> int:
    return times * sum(kept.rows)


@pytest.mark.parametrize("executors", itertools.product(["default", "process"], repeat=2), ids="-".join)
@pytest.mark.parametrize("damage", [b"", b"x" * 10_000, None], ids=["cut off", "longer", "as long"])
def test_a_damaged_file_is_written_again(
    local_project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    executors: tuple[str, str],
    damage: bytes | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    scheduler = Scheduler(local_project)
    makes, sums = kept.options(executor=executors[0]), total.options(executor=executors[1])
    assert scheduler.run(sums(makes(4), 1)) == 6
    [file] = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[::-1] if damage is None else damage)
    assert scheduler.run(sums(makes(4), 2)) == 12
    assert file.read_bytes() == whole
    assert scheduler.run(makes(4)).rows == [0, 1, 2, 3]
    assert scheduler.progress().counts == {"state.kept": {"CACHED": 1}}


def test_a_struct_that_is_a_value_derives_from_value_first() -> None:
    with pytest.raises(TaskDefinitionError, match=r"read back. Write class Point\(Value, msgspec.Struct\)"):

        class Point(msgspec.Struct, Value):
            x: int
