"""`hw run --setup KEY=VALUE`: what the function that sets up a project's schedulers is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _flags
from headwater.cypher.errors import UsageError
from headwater.cypher.settings import nearest

if TYPE_CHECKING:
    from headwater.cypher.project import Project

_NONE = "the settings name no function that sets up schedulers: setup_scheduler = FILE::FUNCTION under [scheduler]"


def setup_arguments(project: Project | None, words: Sequence[str]) -> dict[str, Any]:
    """The arguments of the function that sets up a run's scheduler.

    Args:
        words: what `--setup` was given, KEY=VALUE each.

    Raises:
        UsageError: one is no parameter, or not of its type; or nothing takes them.
    """
    from headwater.engine.setup import setup_function

    function = setup_function(project)
    if function is None:
        if words:
            raise UsageError(f"--setup {words[0]}: {_NONE}")
        return {}
    flags, name = _taken_by(function), "setup_scheduler"
    known = [flag.parameter.name for flag in flags]
    given = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--setup {word}: KEY=VALUE is needed")
        if key.replace("-", "_") not in known:  # as a flag may be written, too
            takes = nearest(key, known) if known else " It takes none."
            raise UsageError(f"--setup: {name} has no parameter {key}.{takes}")
        given.append(f"--{key.replace('-', '_')}={value}")
    return _flags.bind(_flags.read_words(given, flags, {}, task=name).values, flags, task=name)[1]


def secret_names(project: Project | None, words: Sequence[str], typed: Sequence[str]) -> set[str]:
    """The keys of `--setup` whose values are secrets by their types, as they are written in a command.

    Args:
        words: what `--setup` was given.
        typed: the command, in which a key may stand behind the flags of one letter, too (`-sKEY=VALUE`).
    """
    from headwater.engine.redaction import is_secret
    from headwater.engine.setup import setup_function

    function = setup_function(project)
    secret = {
        flag.parameter.name
        for flag in (() if function is None else _taken_by(function))
        if is_secret(str(flag.annotation))
    }
    keys = tuple(key for key in (word.partition("=")[0] for word in words) if key.replace("-", "_") in secret)
    heads = {word.partition("=")[0] for word in typed if word.startswith("-")}
    return {*keys, *(head for head in heads if not head.startswith("--") and head.endswith(keys))}


def setup_help(project: Project | None, command: str) -> None:
    """Say what `--setup` takes."""
    from headwater.engine.setup import setup_function

    function = setup_function(project)
    if function is None:
        raise UsageError(f"--setup-help: {_NONE}")
    rows = _flags.describe(_taken_by(function), _as_setup)
    usage = f"{command} [--setup KEY=VALUE]..." if rows else command
    click.echo(_flags.help_text(usage, function.__doc__, rows, "It takes nothing by --setup."))


def _as_setup(flag: _flags.Flag) -> str:
    return f"--setup {flag.parameter.name}={'…' if flag.reader is None else flag.reader.shown}"


def _taken_by(function: Callable[..., Any]) -> list[_flags.Flag]:
    """Its parameters beside the first, which is the project.

    Raises:
        UsageError: one can not be given by its name.
    """
    flags = _flags.flags_of(function, inspect.signature(function))[1:]
    for flag in flags:
        if flag.variadic or flag.parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise UsageError(
                f"setup_scheduler: {function.__name__}{inspect.signature(function)} takes "
                f"{flag.parameter.name!r} by its place, and --setup gives arguments by name. "
                "Let only the project stand before a /, and take no *arguments."
            )
    return flags
