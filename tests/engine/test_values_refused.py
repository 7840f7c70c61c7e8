"""What cannot be recorded is refused with its place, its type and what to do instead."""

from __future__ import annotations

import socket
import sqlite3
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.garbage import RARELY, few_collections
from headwater.engine.errors import Unrecordable
from headwater.engine.values import describe, hash_value

from tests.engine.value_classes import Broken, Circle, Endless, Holder


def _local_class() -> type:
    class Local:
        pass

    return Local


def _nested_function() -> Callable[[], None]:
    def inner() -> None:
        return

    return inner


async def _coroutine() -> None:
    return


def _generator() -> Any:
    yield 1


REFUSED = {
    "a lambda": (lambda: lambda: 1, "function", "def at the top of a module"),
    "a nested function": (_nested_function, "function", "top of a module"),
    "a generator": (_generator, "generator", "list"),
    "an iterator": (lambda: iter([1]), "list_iterator", "list"),
    "a map": (lambda: map(str, [1]), "map", "list"),
    "a module": (lambda: sys, "module", "import it inside the task"),
    "a lock": (threading.Lock, "lock", "leave it out"),
    "an event": (threading.Event, "threading.Event", "leave it out"),
    "a thread": (threading.Thread, "threading.Thread", "return its result"),
    "a weak reference": (lambda: weakref.ref(Circle), "weakref", "the object itself"),
    "an instance of a local class": (_local_class(), "Local", "top of a module"),
    "a local class": (_local_class, "type", "top of a module"),
    "an object that cannot say what it holds": (Broken, "Broken", "LookupError: the key is gone"),
    "the view of a dict's keys": ({}.keys, "dict_keys", "plain data"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_lasting_identity_is_refused_with_its_type_and_advice(name: str) -> None:
    make, kind, advice = REFUSED[name]
    with pytest.raises(Unrecordable) as caught:
        hash_value({"a": [make()]}, label="result")
    assert caught.value.path == "result['a'][0]"
    assert kind in caught.value.type_name
    assert advice.lower() in str(caught.value).lower()


def test_connections_and_open_files_are_refused(tmp_path: Path) -> None:
    file = (tmp_path / "x").open("w")
    connection = sqlite3.connect(":memory:")
    plug = socket.socket()
    try:
        for held in (file, connection, plug):
            with pytest.raises(Unrecordable) as caught:
                hash_value([0, 1, 2, Holder(held)], label="result")
            assert caught.value.path == "result[3].conn"
    finally:
        file.close()
        connection.close()
        plug.close()


def test_a_coroutine_is_refused() -> None:
    waiting = _coroutine()
    with pytest.raises(Unrecordable, match="Await it"):
        hash_value(waiting)
    waiting.close()


def test_the_path_leads_through_keys_fields_and_sets_too() -> None:
    bad = Holder({("k", 1): (Holder([_nested_function()]),)})
    with pytest.raises(Unrecordable) as caught:
        hash_value(bad, label="argument orders")
    assert caught.value.path == "argument orders.conn[('k', 1)][0].conn[0]"


def test_the_path_is_found_inside_a_loop() -> None:
    loop: list[Any] = [1, Holder(None)]
    loop[1].conn = [loop, _nested_function()]
    with pytest.raises(Unrecordable) as caught:
        hash_value(loop)
    assert caught.value.path == "value[1].conn[1]"


def test_an_object_that_has_no_end_is_refused() -> None:
    with few_collections(RARELY), pytest.raises(Unrecordable):  # as in a run
        hash_value(Endless())


def test_what_pickle_refuses_is_refused_when_it_is_described() -> None:
    nested_view = [memoryview(b"abcd").cast("I")]
    with pytest.raises(Unrecordable, match="memoryview"):
        describe(nested_view, label="result")


def test_a_class_that_another_has_replaced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = Circle(1)
    monkeypatch.setattr(sys.modules[Circle.__module__], "Circle", Holder)
    with pytest.raises(Unrecordable, match=r"was replaced by another under its name.*Import the class again"):
        hash_value([circle])
    monkeypatch.delattr(sys.modules[Circle.__module__], "Circle")
    with pytest.raises(Unrecordable, match="no module has its class under its name"):
        hash_value([circle])
