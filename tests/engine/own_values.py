"""Classes that say themselves how their values are identified, kept and checked, and classes of others."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from typing import Any, ClassVar

import pydantic

from headwater import File, FileCache, ProxyValue, Value


class Plain(Value):
    def __init__(self, **state: Any) -> None:
        vars(self).update(state)


class Sorted(Value):
    """Known by its items in order, whatever order they came in."""

    def __init__(self, items: Iterable[int]) -> None:
        self.items = list(items)

    def get_hash(self) -> str:
        return repr(sorted(self.items))


class Lines(Value):
    """Written as text, and nothing but."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def get_serialization_format(self) -> str:
        return "text/plain"

    def serialize(self) -> bytes:
        return json.dumps(self.lines).encode()

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Lines:
        return cls(json.loads(data))

    @classmethod
    def parse_arg(cls, raw_type: Any, arg: str) -> Lines:
        if not arg:
            raise ValueError("lines joined by /")
        return cls(arg.split("/"))


class Lock(Value):
    """Holds as long as a file is there."""

    def __init__(self, path: str) -> None:
        self.path = path

    def is_valid(self) -> bool:
        return os.path.exists(self.path)


class BigLock(Lock):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.weight = "x" * 5_000


class Report(Value):
    """Known by its title; the file beside it counts all the same."""

    def __init__(self, title: str, file: File) -> None:
        self.title = title
        self.file = file

    def get_hash(self) -> str:
        return self.title

    def iter_subvalues(self) -> Iterable[Any]:
        return [self.file]


class Stamped(Value):
    """Notes each task that it goes through."""

    def __init__(self, stamps: tuple[str, ...] = ()) -> None:
        self.stamps = stamps

    def preprocess(self, call: dict[str, Any]) -> Stamped:
        return Stamped((*self.stamps, f"into {call['function']}"))

    def postprocess(self, call: dict[str, Any]) -> Stamped:
        return Stamped((*self.stamps, f"out of {call['function']}"))


class Renamed(Value):
    type_name = "elsewhere.Renamed"

    def __init__(self, n: int) -> None:
        self.n = n


class Kept(FileCache):
    base_path: ClassVar[str] = "."

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows


class Foreign:
    """Somebody else's: says nothing of itself, and pickle cannot write it."""

    def __init__(self, key: str, noise: int = 0) -> None:
        self.key = key
        self.noise = noise
        self.guard = threading.Lock()


class MoreForeign(Foreign):
    pass


class ForeignProxy(ProxyValue, of=Foreign):
    instance: Foreign

    def get_hash(self) -> str:
        return self.instance.key

    def serialize(self) -> bytes:
        return self.instance.key.encode()

    @classmethod
    def deserialize(cls, raw_type: str, data: bytes) -> Foreign:
        return (MoreForeign if raw_type.endswith("MoreForeign") else Foreign)(data.decode())


class Model(pydantic.BaseModel):
    a: int
    b: str = "x"
    _private: int = 0


class OpenModel(pydantic.BaseModel, extra="allow"):
    a: int = 1
