"""The namespace that tasks defined from now on belong to, where neither they nor their module name one."""

from __future__ import annotations

import re

from headwater.engine.errors import TaskDefinitionError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NAMESPACE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)?\Z")

MODULE_VARIABLE = "headwater_namespace"
"""The module-level variable that gives a namespace to all tasks of its module."""


class _Current:
    name = ""


def namespace(name: str | None = None) -> None:
    """Set the namespace of tasks defined after this call; without a name, go back to none.

    Raises:
        TaskDefinitionError: the name is not identifiers joined by dots.
    """
    check_namespace(name or "")
    _Current.name = name or ""


def get_current_namespace() -> str:
    """The namespace last set, or an empty string."""
    return _Current.name


def check_namespace(name: str) -> None:
    """Refuse what cannot be a namespace."""
    if not isinstance(name, str) or not _NAMESPACE.match(name):
        raise TaskDefinitionError(
            f"{name!r} cannot be a namespace: use identifiers joined by dots, like 'lab.assay'."
        )


def check_name(name: str) -> None:
    """Refuse what cannot be a task's name."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise TaskDefinitionError(
            f"{name!r} cannot be a task's name: use letters, digits and _, not a digit first."
        )
