"""What a run is started with, checked before anything of it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headwater.cypher.project import Project
from headwater.cypher.tag_names import tags_in
from headwater.engine.context import Context, check_context
from headwater.engine.errors import CallError
from headwater.engine.nested import find_expressions

Tags = Mapping[str, Any] | Sequence[tuple[str, Any] | str]
"""A dict (a value may be a list), pairs, or texts like `key=value`."""


def check_flags(label: str, /, **flags: Any) -> None:
    """Refuse what is neither True nor False.

    Args:
        label: what the options are given to, for the message.

    Raises:
        TypeError: with the option's name.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{label}(…, {name}={value!r}): True or False is needed")


def check_tags(tags: Any) -> tuple[tuple[str, str], ...]:
    """The tags of a run as pairs.

    Raises:
        TypeError: no collection of tags.
        ValueError: something in it is no tag.
    """
    if not isinstance(tags, (Mapping, list, tuple, set, frozenset)):
        raise TypeError(f"run(…, tags={tags!r}): a dict, or a list of (key, value) or 'key=value', is needed")
    try:
        return tags_in(tags)
    except ValueError as error:
        raise ValueError(f"run(…, tags={tags!r}): {error}") from None


def check_command(command: Any) -> None:
    """Refuse what is no command line, word by word.

    Raises:
        TypeError: it is none.
    """
    if command is None:
        return
    if isinstance(command, str) or not isinstance(command, Sequence):
        raise TypeError(f"run(…, command={command!r}): a list of words is needed")
    if not all(isinstance(word, str) for word in command):
        raise TypeError(f"run(…, command={command!r}): every word has to be a text")


def check_run_context(context: Any) -> Context:
    """The context of a run, which is there before anything is evaluated.

    Raises:
        CallError: it is no dict with texts for keys, or a lazy value is in it.
    """
    checked = check_context(context, "run(…, context={})")
    for lazy in find_expressions(checked):
        raise CallError(
            f"run(…, context=…): {lazy!r} is a lazy value, and a run has its context before anything is evaluated. "
            "Give it to the task: task.update_context(…)(…)"
        )
    return checked


def check_project(project: Any, label: str = "Scheduler") -> Project | None:
    """A project, or None.

    Args:
        label: what it was given to, for the message.

    Raises:
        TypeError: it is neither.
    """
    if project is not None and not isinstance(project, Project):
        raise TypeError(f"{label}({project!r}): a Project is needed, like open_project(FOLDER) gives")
    return project
