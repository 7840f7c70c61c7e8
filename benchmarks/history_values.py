"""The values, files and tasks of a made-up history, known by the engine's own rules and recorded as it records them."""

from __future__ import annotations

import pickle
from hashlib import sha256
from typing import NamedTuple

from headwater.cypher.records import FileSeen, TaskSeen, ValueSeen
from headwater.engine.files import ContentFile
from headwater.engine.values import hash_value


class HistoryTask(NamedTuple):
    name: str
    hash: bytes
    record: TaskSeen


class HistoryValue(NamedTuple):
    hash: bytes
    record: ValueSeen
    file: FileSeen | None = None


def file_hash_of(value: HistoryValue) -> str:
    """The hash of the file in a value."""
    assert value.file is not None
    return value.file.file_hash.hex()


def plain(value: object) -> HistoryValue:
    digest, payload = hash_value(value), pickle.dumps(value, 5)
    preview = repr(value)[:200]
    return HistoryValue(
        digest, ValueSeen(digest, type(value).__name__, "pickle", len(payload), preview, payload)
    )


def file_value(path: str, content: int) -> HistoryValue:
    """A file as somebody saw it once: this is how one is read back, so nobody looks at the disk."""
    file = ContentFile.__new__(ContentFile)
    digest = sha256(b"%b %d" % (path.encode(), content)).hexdigest()
    file.__setstate__(
        {"path": path, "uri": path, "evidence": "content", "digest": digest, "size": 1000, "wanted": None}
    )
    payload = pickle.dumps(file, 5)
    digested = hash_value(file)
    seen = FileSeen(file.file_hash, path, "content", digest, 1000)
    record = ValueSeen(
        digested,
        "headwater.ContentFile",
        "pickle",
        len(payload),
        repr(file),
        payload,
        None,
        (seen.file_hash,),
    )
    return HistoryValue(digested, record, seen)


SOURCES = {
    "main": "def main(day, table, settings):\n    return report([part(...) for part in parts], day)\n",
    "part": "def part(day, first, table, previous=None):\n    return total([region(...) for region in regions])\n",
    "region": "def region(day, first, table, previous=None):\n    return total([consume(make(raw)) for raw in raws])\n",
    "make": "def make(raw):\n    return cleaned(raw)\n",
    "consume": "def consume(file, table):\n    return scale(parse(file))\n",
    "parse": "def parse(file):\n    return amount(file.read())\n",
    "scale": "def scale(value):\n    return value * 3\n",
    "total": "def total(amounts):\n    return sum(amounts)\n",
    "report": "def report(totals, day):\n    return written(totals, day)\n",
}
OF_NUMBERS = {"scale", "total"}
USERS = ("ada", "ben", "cleo", "dan", "eve", "fay", "gus", "hana")
HOSTS = ("alpha", "beta", "gamma", "delta")
ERROR = "ValueError: a line of the file has too few columns"
_DIGEST = sha256(b"Error\0ValueError\0a line of the file has too few columns").digest()
FAILURE = HistoryValue(_DIGEST, ValueSeen(_DIGEST, "headwater.Error", "error", 0, ERROR, b""))


def history_task(name: str, version: str) -> HistoryTask:
    parts = (f"history.{name}".encode(), b"version", version.encode(), b"config_args")
    digest = sha256(b"Task\0" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
    return HistoryTask(name, digest, TaskSeen(digest, name, "history", version, SOURCES[name], {}))
