"""`hw run --setup KEY=VALUE`: what the function that sets up a project's schedulers is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _flags
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.engine.scheduler import Scheduler

_NONE = "the settings name no function that sets up schedulers: setup_scheduler = FILE::FUNCTION under [scheduler]"


def scheduler_for(project: Project | None, words: Sequence[str]) -> Scheduler:
    """The scheduler of a run.

    Args:
        words: what `--setup` was given, KEY=VALUE each.

    Raises:
        UsageError: one is no parameter, or not of its type; or nothing takes them.
    """
    from headwater.engine.setup import set_up, setup_function

    function = setup_function(project)
    if function is None:
        if words:
            raise UsageError(f"--setup {words[0]}: {_NONE}")
        return set_up(project)
    for word in words:
        if "=" not in word:
            raise UsageError(f"--setup {word}: KEY=VALUE is needed")
    flags, name = _taken_by(function), "setup_scheduler"
    found = _flags.read_words([f"--{word}" for word in words], flags, {}, task=name)
    return set_up(project, _flags.bind(found.values, flags, task=name)[1])


def setup_help(project: Project | None, command: str) -> None:
    """Say what `--setup` takes."""
    from headwater.engine.setup import setup_function

    function = setup_function(project)
    if function is None:
        raise UsageError(f"--setup-help: {_NONE}")
    usage = f"{command} --setup KEY=VALUE"
    click.echo(_flags.task_help(usage, function.__doc__, _taken_by(function)))


def _taken_by(function: Callable[..., Any]) -> list[_flags.Flag]:
    """Its parameters beside the first, which is the project."""
    return _flags.flags_of(function, inspect.signature(function))[1:]
