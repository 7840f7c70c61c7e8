"""How values are described, and what happens when the bytes do not fit any more."""

from __future__ import annotations

import array
import ast
import collections
import contextlib
import functools
import inspect
import io
import ipaddress
import pickle
import random
import re
import sys
import types

import pytest
from headwater.engine.errors import Undecodable
from headwater.engine.values import describe, hash_value, restore
from headwater.engine.values.pickling import pickled
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.golden_values import Colour, Point, make
from tests.engine.value_classes import Circle, Named, OneWay


@pytest.mark.parametrize("name", make())
def test_every_kind_of_value_comes_back_with_its_type_and_hash(name: str) -> None:
    value = make()[name]
    described = describe(value)
    again = restore(described.codec, described.type, described.payload)
    assert type(again) is type(value)
    assert hash_value(again) == described.hash == hash_value(value)
    assert described.size == len(described.payload)
    assert 0 < len(described.preview) <= 200


ODD = {
    "pattern": re.compile("a+", re.IGNORECASE),
    "partial": functools.partial(int, base=2),
    "namespace": types.SimpleNamespace(a=[1]),
    "array": array.array("d", [1, 2]),
    "address": ipaddress.ip_address("1.2.3.4"),
    "file in memory": io.BytesIO(b"abc"),
    "chain of dicts": collections.ChainMap({1: 2}),
    "generator of numbers": random.Random(3),
    "syntax tree": ast.parse("x = [1]"),
    "type with parameters": list[int],
    "union": int | None,
    "signature": inspect.signature(len),
    "bound method": "a".join,
    "OSError": FileNotFoundError(2, "gone", "/x"),
    "object": object(),
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_pickle_takes_keeps_its_hash(name: str) -> None:
    described = describe(ODD[name])
    again = restore(described.codec, described.type, described.payload)
    assert hash_value(again) == described.hash == hash_value(ODD[name])


def test_text_and_bytes_are_stored_as_they_are() -> None:
    assert (describe("é").codec, describe("é").payload) == ("text", "é".encode())
    assert (describe(b"\x00").codec, describe(b"\x00").payload) == ("bytes", b"\x00")


def test_types_are_named_as_people_know_them() -> None:
    named = {describe(value).type for value in (1, Point(1, 2), Colour.RED, make()["path"], [])}
    assert named == {
        "int",
        "tests.engine.golden_values.Point",
        "tests.engine.golden_values.Colour",
        "pathlib.PurePosixPath",
        "list",
    }


def test_file_like_values_are_collected_wherever_they_are() -> None:
    one, two = Named("one"), Named("two")
    described = describe({"a": [one, (two, one)]})
    assert [file for file in described.files if file is not Named] == [one, two]
    assert hash_value(Named("one")) == hash_value(one) != hash_value(two)


def test_a_large_buffer_is_not_copied_to_be_described() -> None:
    large = bytearray(1_000_000)
    (buffer,) = describe(large).buffers
    large[0] = 7
    assert buffer[0] == 7


DAMAGED: dict[str, tuple[str, str, bytes]] = {
    "an unknown codec": ("cbor", "int", b"\x05"),
    "nothing": ("pickle", "int", b""),
    "half a pickle": ("pickle", "list", pickle.dumps([1, 2, 3])[:-4]),
    "not a pickle": ("pickle", "int", b"hello"),
    "a module that is gone": ("pickle", "gone.Thing", b"\x80\x04cgone\nThing\n)\x81."),
    "a class that is gone": ("pickle", "x.Thing", b"\x80\x04ctests.engine.value_classes\nGone\n)\x81."),
    "another type": ("pickle", "float", pickle.dumps(5)),
    "bytes that are no text": ("text", "str", b"\xff\xfe"),
    "no buffers": ("buffers", "list", b"\x01"),
    "too few buffers": ("buffers", "list", (1).to_bytes(8, "little") + (99).to_bytes(8, "little") + b"x"),
    "an array without a header": ("numpy", "numpy.ndarray", b"\x00" * 64),
    "a table cut short": ("arrow", "pyarrow.lib.Table", b"\xff\xff\xff\xff\x10"),
    "a state of another version": ("pickle", "tests.engine.value_classes.OneWay", pickle.dumps(OneWay())),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_bytes_that_do_not_give_the_value_back_are_undecodable(name: str) -> None:
    with pytest.raises(Undecodable) as caught:
        restore(*DAMAGED[name])
    assert len(str(caught.value)) > 20


@given(st.sampled_from(["pickle", "text", "buffers", "numpy", "arrow"]), st.binary(max_size=80))
def test_no_bytes_make_anything_but_undecodable(codec: str, payload: bytes) -> None:
    with contextlib.suppress(Undecodable):
        restore(codec, "list", payload)


def test_a_class_that_was_renamed_is_undecodable(monkeypatch: pytest.MonkeyPatch) -> None:
    described = describe(Circle(1))
    monkeypatch.delattr(sys.modules[Circle.__module__], "Circle")
    with pytest.raises(Undecodable, match="Circle"):
        restore(described.codec, described.type, described.payload)


class Asked:
    """Says how often it was asked for what pickle makes of it, and cannot be made anything of."""

    def __init__(self) -> None:
        self.times = 0

    def __reduce__(self) -> str:
        self.times += 1
        raise TypeError("a connection cannot be pickled")


def test_what_cannot_be_pickled_is_asked_once() -> None:
    value = Asked()
    with pytest.raises(TypeError, match="a connection cannot be pickled") as caught:
        pickled([value])
    assert value.times == 1
    assert caught.value.__context__ is None
    assert pickle.loads(pickled([memoryview(b"ab")])) == [memoryview(b"ab")]
