"""Values that are not what they were."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any


def other_value(value: Any, chance: Random) -> Any:
    """Something else, mostly of the same type."""
    choices: list[Any]
    if isinstance(value, bool):
        choices = [not value, int(value), str(value)]
    elif isinstance(value, int):
        choices = [value + chance.choice([1, -1, 1000]), float(value), str(value), 0]
        choices.append(chance.choice([-2, 10**6, 2**60]))
    elif isinstance(value, float):
        choices = [value + 1, int(value)]
    elif isinstance(value, str):
        choices = [value + "x", value[:-1], value.swapcase(), "", value[::-1], 7]
    elif isinstance(value, bytes):
        choices = [value + b"x", value[:-1], bytes([value[0] ^ 1]) + value[1:] if value else b"y", "text"]
    elif isinstance(value, list):
        choices = [[*value, "x"], value[:-1], value[::-1], []]
        if value:
            inside = chance.randrange(len(value))
            choices.append([*value[:inside], other_value(value[inside], chance), *value[inside + 1 :]])
    elif hasattr(value, "iso_format"):
        native = value.to_native()
        choices = [native + timedelta(microseconds=chance.choice([1, -1, 10**12, -(10**12)])), str(value)]
    else:
        choices = ["x", 1]
    found = chance.choice(choices)
    return found if type(found) is not type(value) or found != value else "something else"
