"""How a task's annotations read text: `int`, `list[float]`, `date | None`, an Enum, a File …"""

from __future__ import annotations

import collections.abc
import enum
import inspect
import re
import traceback
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from headwater.cypher.errors import HeadwaterError, UsageError

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:([T ]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)


class UnreadableType(Exception):
    """A type that has no text form on the command line. The message names it."""


@dataclass(frozen=True)
class Reader:
    """Turns the words after a flag into a value.

    Attributes:
        shown: how help shows the words: `INT`, `red|green`.
        read: one word to one value; raises ValueError whose text completes "'x' is not …".
        gather: builds the value out of several words' values, for flags that take many; None for one word.
        switch: whether the flag may stand alone, for True, and as `--no-flag`, for False.
        names_none: whether the word `none` may be meant as it is: any text may, and a choice of that name.
        none: whether the word `none` is None, among several as well.
        given: of a collection that may be None: the collection, where it is known to be given.
    """

    shown: str
    read: Callable[[str], Any]
    gather: Callable[[list[Any]], Any] | None = None
    switch: bool = False
    names_none: bool = False
    none: bool = False
    given: Reader | None = None


def reader_for(annotation: Any, default: Any = inspect.Parameter.empty) -> Reader:
    """The reader of a parameter, from its annotation, or where it has none from its default's type.

    Raises:
        UnreadableType: values of this type cannot be written on a command line.
    """
    if annotation in (inspect.Parameter.empty, Any, object):
        known = default is not inspect.Parameter.empty and type(default) in _SIMPLE
        return _SIMPLE[type(default)] if known else _SIMPLE[str]
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return reader_for(typing.get_args(annotation)[0])
    if isinstance(annotation, typing.NewType):
        return reader_for(annotation.__supertype__)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(annotation))
    if origin is typing.Literal:
        return _choices({str(choice): choice for choice in typing.get_args(annotation)})
    if collections.abc.Callable in (annotation, origin):
        return Reader("FUNCTION", _function)
    if annotation in _GATHERERS or origin in _GATHERERS:
        return _many(annotation, origin)
    if isinstance(annotation, type) and origin is None:
        return _class(annotation)
    raise UnreadableType(describe_type(annotation))


def takes_none(annotation: Any) -> bool:
    """Whether None is among the values that an annotation names."""
    if annotation in (None, types.NoneType, Any, object):
        return True
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return takes_none(args[0])
    if isinstance(annotation, typing.NewType):
        return takes_none(annotation.__supertype__)
    if origin in (typing.Union, types.UnionType):
        return any(map(takes_none, args))
    return origin is typing.Literal and None in args


def describe_type(annotation: Any) -> str:
    """A type's name as a person would write it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        name = annotation.__qualname__
        return name if annotation.__module__ == "builtins" else f"{annotation.__module__}.{name}"
    return str(annotation).replace("typing.", "")


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("an int") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a float") from None


def _bool(text: str) -> bool:
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("true or false")


def _date(text: str) -> date:
    try:
        # Later Pythons also read 20130131 and 2013-W05-4; what is accepted is to be the same on all.
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError("a date like 2013-01-31") from None


def _datetime(text: str) -> datetime:
    found = _DATETIME.fullmatch(text)
    try:
        # Python 3.10 reads neither the Z that everybody writes nor a fraction of other than 3 or 6 digits.
        day, clock, fraction, zone = found.groups(default="") if found else ("", "", "", "")
        fraction = f".{fraction:0<6}" if fraction else ""
        return datetime.fromisoformat(f"{day}{clock}{fraction}{'+00:00' if zone in ('Z', 'z') else zone}")
    except ValueError:
        raise ValueError("a date and time like 2013-01-31T06:30 or 2013-01-31T06:30+02:00") from None


def _function(text: str) -> Any:
    """What stands at the top of a module, by its name."""
    import pkgutil  # few tasks take functions

    try:
        found = pkgutil.resolve_name(text) if "." in text else None
    except (ImportError, AttributeError, ValueError):
        found = None
    if not callable(found):
        raise ValueError("the name of a function with that of its module, like package.module.function")
    return found


_WANTED = {
    "FILE": "the path or URL of a file",
    "DIR": "the path or URL of a folder",
    "GLOB": "a pattern of paths or of a URL",
}


def _artefact(annotation: type) -> Reader:
    """A file, a folder or a set of files, by its path, URL or pattern."""

    def read(text: str) -> Any:
        if not text.strip():
            raise ValueError(_WANTED[_shown(annotation)])
        return annotation(text)

    return Reader(_shown(annotation), read)


_SIMPLE: dict[type, Reader] = {
    str: Reader("TEXT", str, names_none=True),
    int: Reader("INT", _int),
    float: Reader("FLOAT", _float),
    bool: Reader("true|false", _bool, switch=True),
    date: Reader("DATE", _date),
    datetime: Reader("DATETIME", _datetime),
    Path: Reader("PATH", Path, names_none=True),
}

_GATHERERS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    tuple: tuple,
    collections.abc.Sequence: list,
    collections.abc.Iterable: list,
    collections.abc.Collection: list,
}


def _class(annotation: type) -> Reader:
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if issubclass(annotation, enum.Enum):
        return _enum(annotation)
    if _is_artefact(annotation):
        return _artefact(annotation)
    reads = _value_class(annotation)
    if reads is not None:
        return Reader("VALUE", lambda text: _parsed(reads, annotation, text))
    raise UnreadableType(describe_type(annotation))


def _parsed(reads: Any, annotation: type, text: str) -> Any:
    """What a class of the user's makes of a text."""
    try:
        return reads.parse_arg(annotation, text)
    except (ValueError, OSError, HeadwaterError):
        raise
    except Exception as error:  # no answer that it may give: its author wants to know where
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise UsageError(
            f"{reads.__qualname__}.parse_arg raised {type(error).__name__} of {text!r}, and not ValueError: {error}\n"
            f"  {place.filename}:{place.lineno}, in {place.name}"
        ) from error


def _is_artefact(annotation: type) -> bool:
    from headwater.engine.files import Artefact

    return issubclass(annotation, Artefact)


def _value_class(annotation: type) -> Any:
    """The class that says how values of a class are written: itself, or its proxy; None where none does."""
    from headwater.engine.values import Value
    from headwater.engine.values.own import proxy_of

    found: Any = annotation if issubclass(annotation, Value) else proxy_of(annotation)
    return None if found is None or found.parse_arg.__func__ is Value.parse_arg.__func__ else found  # type: ignore[attr-defined]


def _shown(annotation: type) -> str:
    from headwater.engine.files import Dir, FileSet

    return "DIR" if issubclass(annotation, Dir) else "GLOB" if issubclass(annotation, FileSet) else "FILE"


def _enum(annotation: type[enum.Enum]) -> Reader:
    choices = dict(annotation.__members__)
    reader = _choices(choices)

    def read(text: str) -> enum.Enum:
        member: enum.Enum = reader.read(text.removeprefix(f"{annotation.__name__}."))
        return member

    return replace(reader, read=read)


def _choices(choices: dict[str, Any]) -> Reader:
    def read(text: str) -> Any:
        if text in choices:
            return choices[text]
        folded = [name for name in choices if name.lower() == text.lower()]
        if len(folded) == 1:
            return choices[folded[0]]
        raise ValueError(f"one of {', '.join(choices)}")

    names_none = any(name.lower() == "none" and choice is not None for name, choice in choices.items())
    return Reader("|".join(choices), read, names_none=names_none)


def _union(members: tuple[Any, ...]) -> Reader:
    readers = [reader_for(member) for member in members if member is not type(None)]
    optional = len(readers) < len(members)
    if len(readers) == 1 and readers[0].gather is not None:
        return _or_none(readers[0]) if optional else readers[0]
    if any(reader.gather is not None for reader in readers):
        raise UnreadableType(" | ".join(describe_type(member) for member in members))
    # Text reads anything, so it goes last: `str | int` given 5 is the number.
    readers.sort(key=lambda reader: reader.read is str)
    named = any(reader.names_none for reader in readers)

    def read(text: str) -> Any:
        if optional and not named and text.lower() == "none":
            return None
        wanted = []
        for reader in readers:
            try:
                return reader.read(text)
            except ValueError as error:
                wanted.append(str(error))
        raise ValueError(" or ".join(wanted))

    shown = "|".join(reader.shown for reader in readers)
    switch = any(reader.switch for reader in readers)
    return Reader(shown, read, switch=switch, names_none=named, none=optional and not named)


def _or_none(many: Reader) -> Reader:
    """A collection that may be None: the word `none`, alone."""
    gather = many.gather
    if gather is None or many.names_none:
        return many

    def read(text: str) -> Any:
        return None if text.lower() == "none" else many.read(text)

    def gathered(values: list[Any]) -> Any:
        if values == [None]:
            return None
        if None in values and not many.none:
            raise ValueError("none beside other values")
        return gather(values)

    return replace(many, read=read, gather=gathered, given=many)


def _many(annotation: Any, origin: Any) -> Reader:
    parts = typing.get_args(annotation)
    if origin is tuple and (len(parts) != 2 or parts[1] is not ...):
        raise UnreadableType(describe_type(annotation))
    one = reader_for(parts[0]) if parts and not isinstance(parts[0], typing.TypeVar) else _SIMPLE[str]
    if one.gather is not None:
        raise UnreadableType(describe_type(annotation))
    return replace(one, shown=f"{one.shown}...", gather=_GATHERERS[origin or annotation], switch=False)
