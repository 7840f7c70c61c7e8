"""`hw run --input FILE`: a task's arguments by name, from a JSON file."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cli._flags import read_json
from headwater.cypher.errors import UsageError
from headwater.cypher.settings import nearest

if TYPE_CHECKING:
    from headwater.cli._flags import Flag
    from headwater.cli._workflow import AnyTask


class _Twice(Exception):
    """A name stands twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in found if names.count(name) > 1))
    return found


def read_input(
    file: Path, flags: Sequence[Flag], task: AnyTask, *, without: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments in a file.

    Args:
        flags: the task's parameters.
        without: parameters that are given elsewhere.

    Returns:
        Parameter to value, and the arguments of `**parameters`.

    Raises:
        UsageError: the file cannot be read, is no JSON object, or names what is no parameter, or something twice; or a
            value is of another kind.
    """
    try:
        found = json.loads(file.read_text("utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise UsageError(f"--input {file}: it cannot be read: {error.strerror}") from error
    except _Twice as error:
        raise UsageError(f"--input {file}: {error.name!r} is given twice. Which one counts?") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--input {file}: this is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f'--input {file}: a JSON object is needed, with arguments by name, like {{"n": 3}}')
    by_name = {flag.parameter.name: flag for flag in flags}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in task.plan.signature.parameters.values())
    values: dict[str, Any] = {}
    named: dict[str, Any] = {}
    for name, value in found.items():
        flag = by_name.get(name)
        if flag is None and not takes_any:
            raise UsageError(
                f"--input {file}: {task.fullname} has no parameter {name!r}.{nearest(name, by_name)}"
            )
        if flag is None:
            named[name] = value
        elif name not in without:
            if flag.parameter.kind is inspect.Parameter.VAR_POSITIONAL and value is None:
                raise UsageError(f"--input {file}: {name} is a list of arguments, not null")
            values[name] = read_json(flag, value, task.fullname)
    return values, named
