"""`-o KEY=VALUE`: options of the call that a command line makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.engine.config import Config


def read_options(assignments: Sequence[str], elsewhere: Mapping[str, str]) -> dict[str, Any]:
    """What -o gave. A value is read as JSON where it is some, else it is a text.

    Args:
        elsewhere: options that are given by other means, and by which.

    Raises:
        UsageError: one is no assignment, or no option, or its value cannot be; the message has the nearest name.
    """
    from headwater.engine.errors import TaskDefinitionError
    from headwater.engine.options import check_options

    options: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"-o {text}: KEY=VALUE is needed")
        if name in elsewhere:
            raise UsageError(f"-o {text}: {name} is not given here. {elsewhere[name]}")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    try:
        check_options(options)
    except TaskDefinitionError as error:
        raise UsageError(f"-o: {error}") from error
    return options


def check_names(options: Mapping[str, Any], config: Config, command: str) -> None:
    """Refuse an executor or a limit that is not set up, before anything runs.

    Args:
        options: of the call.
        config: of the scheduler that is to run it.
        command: who needs them, for the message.

    Raises:
        UsageError: the message has the nearest name.
    """
    from headwater.engine.errors import CallError, UnknownExecutor
    from headwater.engine.executors import Executors
    from headwater.engine.limits import Limits
    from headwater.engine.options import check_options

    checked = check_options(options)
    try:
        if "executor" in checked:
            Executors(config).settings_of(checked["executor"])
        Limits(config.limits).check(checked.get("limits", ()), command)
    except (CallError, UnknownExecutor) as error:
        raise UsageError(str(error)) from error
