"""What an object holds in its attributes, those in slots too, and whether it holds anything beside."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from struct import calcsize
from types import MemberDescriptorType
from typing import Any


def _all_slots(cls: type) -> list[MemberDescriptorType]:
    """The slots of a class and of those below it, these first."""
    bases = [base for base in cls.__mro__[::-1] if "__slots__" in vars(base)]
    return [item for base in bases for item in vars(base).values() if isinstance(item, MemberDescriptorType)]


@lru_cache(maxsize=4096)
def slots_of(cls: type) -> dict[str, MemberDescriptorType]:
    """The slots by the names of their attributes. (They are read and set past what the class may have put in front of
    them: a property, a `__getattr__`.)"""
    return {slot.__name__: slot for slot in _all_slots(cls)}


def asked(value: Any, name: str) -> Any:
    """An attribute, or None: also where asking for it raises something of its own, as a stand-in does that has nothing
    to stand for yet (the proxies of web frameworks outside of a request)."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def attributes_of(value: Any) -> dict[str, Any]:
    """What is in an object's attributes, those in slots too."""
    cls = value.__class__
    found = {}
    for name, slot in slots_of(cls).items():
        with suppress(AttributeError):  # nothing is in it
            found[name] = slot.__get__(value, cls)
    return {**found, **getattr(value, "__dict__", {})}


@lru_cache(maxsize=4096)
def has_only_attributes(cls: type) -> bool:
    """Whether objects of a class hold nothing beside their attributes, as a list does, or what is written in C: by
    their size, as pickle tells it."""
    parts = len(_all_slots(cls)) + (cls.__dictoffset__ > 0) + (cls.__weakrefoffset__ > 0)
    return cls.__itemsize__ == 0 and cls.__basicsize__ <= object.__basicsize__ + parts * calcsize("P")
