"""Context: settings that a run is given from outside and that reach every task in it.

A context is a nested dict. The run has one; `task.update_context(...)` lays another over it for a call and everything
under it. `get_context("model.rate")` reads it lazily. What a call and the calls under it read is recorded with the call
(path and hash of what was found): it is reused only where they would read the same again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.engine.errors import CallError
from headwater.engine.expression import Expression, Operation, Special
from headwater.engine.nested import substitute
from headwater.engine.values import hash_value

Context = dict[str, Any]
Reads = dict[str, bytes]
"""What was read: dotted path, and the hash of what was found there (`MISSING` for nothing)."""

HERE = "."
"""Stands among what was read for the working directory: a task that names a file relative to it has read it."""
MISSING = b"\0" * 32
_NOTHING = object()


def get_context(path: str, default: Any = None) -> Any:
    """The value at a dotted path of the context of the task that returns this (or has it as a default argument).

    Args:
        path: names joined by dots, like `"model.rate"`.
        default: what to give where the context has nothing there; may be lazy.

    Raises:
        CallError: the path is no such text.
    """
    if not isinstance(path, str) or not all(path.split(".")):
        raise CallError(f"get_context({path!r}): a dotted path is needed, like 'model.rate'")
    return Special("get_context", (path, default))


def get_context_value(context: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """What a context has at a dotted path; the default where it has nothing there."""
    there, found = look_up(context, path)
    return found if there else default


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Context:
    """One context laid over another: dicts are merged at every depth, anything else is replaced."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[name] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def check_context(given: Any, where: str) -> Context:
    """What was given as a context, or to be laid over one; nothing for None.

    Args:
        where: how it was given, with `{}` in its place, for the message.

    Raises:
        CallError: it is no dict with texts for keys.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise CallError(
            f"{where.format(repr(given))}: a dict with texts for keys is needed, like {{'model': {{'rate': 0.1}}}}"
        )
    return dict(given)


def look_up(context: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    """Whether there is anything at a dotted path, and what."""
    found: Any = context
    for name in path.split("."):
        found = found.get(name, _NOTHING) if isinstance(found, Mapping) else _NOTHING
        if found is _NOTHING:
            return False, None
    return True, found


def read_hash(context: Mapping[str, Any], path: str) -> bytes:
    """What identifies the thing at a dotted path, or the working directory."""
    if path == HERE:
        return hash_value(os.getcwd())
    there, found = look_up(context, path)
    return hash_value(found, label=f"context {path}") if there else MISSING


def is_settled(override: Mapping[str, Any], path: str) -> bool:
    """Whether an override alone decides what is at a path, whatever it is laid over."""
    found: Any = override
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return True
        if name not in found:
            return False
        found = found[name]
    return not isinstance(found, Mapping)


def add_reads(reads: Reads | None, context: Context, inner: Reads, override: Context | None) -> Reads | None:
    """A call's reads with those of a call under it, which had an override on top of the call's own context."""
    for path, digest in inner.items():
        if override is None:
            reads = reads or {}
            reads[path] = digest
        elif not is_settled(override, path):
            reads = reads or {}
            reads[path] = read_hash(context, path)
    return reads


def with_override(value: Any, override: Context) -> Any:
    """A default argument, with what it reads of the context taken from an override first.

    (A default belongs to the call, but is evaluated before the call is: in its parent.)
    """

    def rewrite(expression: Expression) -> Any:
        if isinstance(expression, Special) and expression._form == "get_context":
            return Special("get_context", (*expression._args[:2], override))
        if isinstance(expression, Operation):
            args = substitute(expression._args, rewrite)
            return Operation(expression._symbol, args, substitute(expression._kwargs, rewrite))
        return expression

    return substitute(value, rewrite)


# -- from outside ------------------------------------------------------------------------------------------------------


def parse_context(text: str, where: str) -> Context:
    """A context as JSON text.

    Raises:
        UsageError: it is no JSON object; the message says where.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where}: this is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f'{where}: a JSON object is needed, like {{"model": {{"rate": 0.1}}}}')
    return found


def read_context(file: Path) -> Context:
    """A context from a JSON file.

    Raises:
        UsageError: it cannot be read, or is no JSON object.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the context file {file} cannot be read: {error}") from error
    return parse_context(text, str(file))


def parse_assignment(text: str) -> Context:
    """A context of one value, from `a.b=value` as it stands on a command line.

    The value is JSON where it is that (`3`, `true`, `[1, 2]`), and else the text itself.

    Raises:
        UsageError: there is no path or no `=`.
    """
    path, equals, value = text.partition("=")
    names = path.split(".")
    if not equals or not all(names):
        raise UsageError(
            f"--context {text}: a dotted path and a value are needed, like --context model.rate=0.1"
        )
    try:
        found = json.loads(value)
    except ValueError:
        found = value
    for name in reversed(names):
        found = {name: found}
    return found  # type: ignore[no-any-return]
