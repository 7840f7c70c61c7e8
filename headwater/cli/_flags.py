"""A task's parameters as flags: which there are, what the words of a command line give them, their help."""

from __future__ import annotations

import enum
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePath
from typing import Any

import click

from headwater.cli._arguments import Reader, UnreadableType, describe_type, reader_for, takes_none
from headwater.cypher.alike import most_alike
from headwater.cypher.errors import HeadwaterError, UsageError

_EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Flag:
    """One parameter of a task. `reader` is None where its type cannot be written on a command line."""

    parameter: inspect.Parameter
    annotation: Any
    reader: Reader | None

    @property
    def name(self) -> str:
        return "--" + self.parameter.name.lstrip("_").replace("_", "-")

    @property
    def variadic(self) -> bool:
        return self.parameter.kind is inspect.Parameter.VAR_POSITIONAL

    @property
    def required(self) -> bool:
        return (
            self.parameter.default is _EMPTY and self.parameter.kind is not inspect.Parameter.VAR_POSITIONAL
        )


@dataclass
class Words:
    """What the words after TASK came to.

    Attributes:
        values: parameter name to value, for the parameters that were given.
        own: the words that belong to `hw run` itself.
        help: whether --help was among them.
    """

    values: dict[str, Any] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    help: bool = False


def flags_of(function: Callable[..., Any], signature: inspect.Signature) -> list[Flag]:
    """The flags of a task's parameters, in their order. `**parameters` have none."""
    hints = hints_of(function)
    flags = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        annotation = hints.get(parameter.name, parameter.annotation)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            annotation = tuple if annotation is _EMPTY else types.GenericAlias(tuple, (annotation, ...))
        try:
            reader = reader_for(annotation, parameter.default)
        except UnreadableType:
            reader = None
        flags.append(Flag(parameter, annotation, reader))
    return flags


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """A function's annotations, by parameter."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        # A name that only exists for type checkers; the annotations as written still say what they can.
        return {}


def read_words(words: Sequence[str], flags: Sequence[Flag], own: Mapping[str, bool], *, task: str) -> Words:
    """Sort the words after TASK into the task's arguments and `hw run`'s own options.

    Args:
        words: as typed.
        flags: the task's.
        own: `hw run`'s flags, and whether each takes a value. A parameter of the same name goes before.
        task: its name, for messages.

    Raises:
        UsageError: an unknown flag, a word that belongs to none, or a value of the wrong kind.
    """
    by_name = {flag.name: flag for flag in flags}
    by_name |= {"--" + flag.parameter.name: flag for flag in flags}
    switched_off = {"--no-" + flag.name[2:]: flag for flag in flags if flag.reader and flag.reader.switch}
    found = Words()
    gathered: dict[str, list[Any]] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, equals, inline = word.partition("=")
        if word == "--":
            own = {}
        elif name in by_name:
            flag = by_name[name]
            given = [inline] if equals else _values_for(flag, queue)
            if _reader(flag, task).gather is None:
                found.values[flag.parameter.name] = _read(flag, given[0], task)
            else:
                gathered.setdefault(flag.parameter.name, []).extend(_read(flag, text, task) for text in given)
        elif word in own or (equals and own.get(name)):
            found.own.append(word)
            if own[name] and not equals and queue:
                found.own.append(queue.pop(0))
        elif name in switched_off:
            if equals:
                flag = switched_off[name]
                raise UsageError(f"{name} of {task} stands alone. For a value: {flag.name}={inline}")
            found.values[switched_off[name].parameter.name] = False
        elif word in ("--help", "-h"):
            found.help = True
        elif word.startswith("--"):
            raise UsageError(_unknown(name, [*by_name, *switched_off, *own], flags, task))
        else:
            raise UsageError(
                f"{word!r} belongs to no parameter of {task}. Arguments are given by name: "
                f"{_synopsis(flags) or 'this task takes none'}"
            )
    for flag in flags:
        if flag.parameter.name in gathered and flag.reader and flag.reader.gather:
            try:
                found.values[flag.parameter.name] = flag.reader.gather(gathered[flag.parameter.name])
            except ValueError as error:
                raise UsageError(f"{flag.name} of {task}: {error} means nothing") from error
    return found


def bind(values: Mapping[str, Any], flags: Sequence[Flag], *, task: str) -> tuple[list[Any], dict[str, Any]]:
    """The positional and keyword arguments of the call.

    Raises:
        UsageError: a parameter without a default was not given.
    """
    missing = [flag for flag in flags if flag.required and flag.parameter.name not in values]
    for flag in missing:
        _reader(flag, task)
    if missing:
        names = ", ".join(f"{flag.name} {flag.reader.shown}" for flag in missing if flag.reader)
        raise UsageError(f"{task} needs {names}")
    variadic = next(
        (f.parameter.name for f in flags if f.parameter.kind is inspect.Parameter.VAR_POSITIONAL), ""
    )
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for flag in flags:
        name, kind = flag.parameter.name, flag.parameter.kind
        by_position = kind is inspect.Parameter.POSITIONAL_ONLY or (
            kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and variadic in values
        )
        if by_position:
            args.append(values.get(name, flag.parameter.default))
        elif name == variadic:
            args.extend(values.get(name, ()))
        elif name in values:
            kwargs[name] = values[name]
    return args, kwargs


def as_flag(flag: Flag) -> str:
    """A parameter as it is given to a task: `--days INT`."""
    if flag.reader is None:
        return f"{flag.name} …"
    return f"{flag.name} / --no-{flag.name[2:]}" if flag.reader.switch else f"{flag.name} {flag.reader.shown}"


def describe(flags: Sequence[Flag], written: Callable[[Flag], str] = as_flag) -> list[tuple[str, str]]:
    """One row a parameter for its help: how it is given, and its default. (Not for what nobody gives.)"""
    from headwater.engine.signature import JobInfo

    rows = []
    for flag in flags:
        reader, default = flag.reader, flag.parameter.default
        if isinstance(default, JobInfo):
            continue
        notes = []
        if reader is None:
            notes.append(f"a {describe_type(flag.annotation)}: cannot be given on the command line")
        if flag.required:
            notes.append("required")
        elif default is not _EMPTY:
            notes.append(f"default: {_short(default)}")
        rows.append((written(flag), "; ".join(notes)))
    return rows


def _reader(flag: Flag, task: str) -> Reader:
    if flag.reader is not None:
        return flag.reader
    raise UsageError(
        f"{flag.name} of {task} is a {describe_type(flag.annotation)}, which cannot be given on the command "
        "line. Write a task that takes simpler parameters, builds it and calls this one."
    )


def _values_for(flag: Flag, queue: list[str]) -> list[str]:
    """The words after a flag that are its values, taken off the queue."""
    reader = flag.reader
    if reader is not None and reader.switch and not (queue and _reads(reader, queue[0])):
        return ["true"]
    if reader is not None and reader.gather is not None:
        values = []
        while queue and not queue[0].startswith("--"):
            values.append(queue.pop(0))
        return values
    if not queue or queue[0].startswith("--"):
        what = reader.shown if reader else "a value"
        after = (
            f", and {queue[0]!r} is a flag. For a value that begins so: {flag.name}={queue[0]}"
            if queue
            else ""
        )
        raise UsageError(f"{flag.name} needs {what}{after}")
    return [queue.pop(0)]


def _reads(reader: Reader, text: str) -> bool:
    try:
        reader.read(text)
    except ValueError:
        return False
    return True


def read_json(flag: Flag, value: Any, task: str) -> Any:
    """An argument from JSON: texts are read as on the command line, item by item where it takes many; where the
    annotation says nothing, or nothing that could be typed, it is the value itself.

    Raises:
        UsageError: it is of another kind.
    """
    reader = flag.reader
    if reader is None or flag.annotation in (_EMPTY, Any, object):
        return value
    if value is None and (flag.parameter.default is None or takes_none(flag.annotation)):
        return None
    if value is None:
        raise UsageError(
            f"{flag.name} of {task}: null is none of the values of {describe_type(flag.annotation)}. Give one, or "
            "leave it out where it has a default"
        )
    if reader.gather is None:
        return _read(flag, value if isinstance(value, str) else json.dumps(value), task)
    if not isinstance(value, list):
        raise UsageError(f"{flag.name} of {task}: {json.dumps(value)} is not a list")
    many = reader.given or reader  # a list is no None, whatever is in it
    items = [_read_item(replace(flag, reader=many), item, task) for item in value]
    assert many.gather is not None
    try:
        return many.gather(items)
    except ValueError as error:
        raise UsageError(f"{flag.name} of {task}: {error} means nothing") from error


def _read_item(flag: Flag, item: Any, task: str) -> Any:
    inner = _unwrapped(flag.annotation)
    if item is None and (not inner or any(map(takes_none, inner))):
        return None
    if item is None:
        raise UsageError(f"{flag.name} of {task}: null is no item of {describe_type(flag.annotation)}")
    return _read(flag, item if isinstance(item, str) else json.dumps(item), task)


def _unwrapped(annotation: Any) -> tuple[Any, ...]:
    """The types of a collection's items, beneath what `Annotated`, `NewType` and `| None` add to it."""
    while typing.get_origin(annotation) is typing.Annotated or isinstance(annotation, typing.NewType):
        named = isinstance(annotation, typing.NewType)
        annotation = annotation.__supertype__ if named else typing.get_args(annotation)[0]
    args = typing.get_args(annotation)
    if type(None) not in args:
        return args
    return tuple(one for arg in args if arg is not type(None) for one in _unwrapped(arg))


def _read(flag: Flag, text: str, task: str) -> Any:
    try:
        return _reader(flag, task).read(text)
    except ValueError as error:
        raise UsageError(f"{flag.name} of {task}: {text!r} is not {error}") from error
    except OSError as error:  # a file that cannot be looked at
        raise HeadwaterError(f"{flag.name} of {task}: {error}") from error


def _unknown(name: str, known: list[str], flags: Sequence[Flag], task: str) -> str:
    near = most_alike(name, known, n=1)
    if near:
        return f"{task} has no parameter {name}. Did you mean {near[0]}?"
    return f"{task} has no parameter {name}. It takes: {_synopsis(flags) or 'none'}"


def _synopsis(flags: Sequence[Flag]) -> str:
    return " ".join(
        flag.name if f is None else f"{flag.name} {f.shown}" for flag in flags for f in [flag.reader]
    )


def _short(value: Any) -> str:
    """A default as it would be typed, where it can be typed in one word."""
    from headwater.engine.files import File
    from headwater.engine.values import preview

    if value is None:
        return "none"
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (File, PurePath)):
        return value.path if isinstance(value, File) else str(value)
    return preview(value, 60)


def task_help(usage: str, doc: str | None, flags: Sequence[Flag]) -> str:
    """The text of `hw run FILE TASK --help`."""
    usage += " [--PARAMETER VALUE]..." if flags else ""
    return help_text(usage, doc, describe(flags), "This task takes no parameters.")


def help_text(usage: str, doc: str | None, rows: Sequence[tuple[str, str]], none: str) -> str:
    """The help of something that takes parameters.

    Args:
        rows: as `describe` has them.
        none: what is said where there are none.
    """
    formatter = click.HelpFormatter(max_width=100)
    formatter.write_usage(usage)
    if doc:
        lines = [f"  {line}".rstrip() for line in inspect.cleandoc(doc).splitlines()]
        formatter.write("\n" + "\n".join(lines) + "\n")
    if rows:
        with formatter.section("Parameters"):
            formatter.write_dl(rows)
    else:
        formatter.write_paragraph()
        formatter.write_text(none)
    return formatter.getvalue().rstrip("\n")
