"""The options a task may have: their names, defaults and checks. A name that is not one is an error."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from headwater.cypher.alike import most_alike
from headwater.cypher.sensitivity import LEVELS
from headwater.cypher.sensitivity import OPTION as LEVEL
from headwater.cypher.tag_names import tags_in
from headwater.engine.errors import TaskDefinitionError
from headwater.engine.expression import OPERATIONS, Operation
from headwater.engine.nested import find_expressions
from headwater.engine.retries import check_backoff, check_retries, check_retry_on
from headwater.engine.timeouts import check_timeout


class CacheScope(enum.Enum):
    """How far a result may be reused."""

    NONE = "NONE"
    """never, not even within one run (two equal calls in one task body are still one)"""
    CSE = "CSE"
    """within one run"""
    BACKEND = "BACKEND"
    """by every later run"""


class CheckValid(enum.Enum):
    """What is checked before a recorded result is reused."""

    FULL = "full"
    """every task and every file anywhere under the call"""
    SHALLOW = "shallow"
    """every task under the call, and the files in its own result"""


class CacheResult(enum.Enum):
    """Where a job's result may come from."""

    CSE = "CSE"
    SINGLE = "SINGLE"
    ULTIMATE = "ULTIMATE"
    MISS = "MISS"


def _enum(kind: type[enum.Enum]) -> Any:
    def convert(name: str, value: Any) -> Any:
        if isinstance(value, kind):
            return value
        for member in kind:
            if isinstance(value, str) and value.lower() == str(member.value).lower():
                return member
        choices = ", ".join(repr(member.value) for member in kind)
        raise TaskDefinitionError(f"option {name}={value!r}: choose one of {choices}")

    return convert


def _results(name: str, value: Any) -> frozenset[CacheResult]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        value = [value]
    convert = _enum(CacheResult)
    return frozenset(convert(name, item) for item in value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TaskDefinitionError(f"option {name}={value!r}: True or False is needed")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TaskDefinitionError(f"option {name}={value!r}: a name is needed")
    return value


def _mode(name: str, value: Any) -> str:
    executors = {"thread": "default", "threads": "default", "process": "process", "processes": "process"}
    if not isinstance(value, str) or value not in executors:
        raise TaskDefinitionError(f"option {name}={value!r}: choose one of 'thread', 'process'")
    return executors[value]


def _nout(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        error = TaskDefinitionError(f"option {name}={value!r}: the number of items is needed, 0 or more")
        raise error
    return value


def _limits(name: str, value: Any) -> dict[str, int]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        value = [value]
    pairs = value.items() if isinstance(value, Mapping) else [(key, 1) for key in value]
    for key, count in pairs:
        if not isinstance(key, str) or isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise TaskDefinitionError(
                f"option {name}={value!r}: use a list of names, or names with counts from 1"
            )
    return dict(pairs)


def _tags(name: str, value: Any) -> tuple[str, ...]:
    try:
        return tuple(f"{key}={text}" for key, text in tags_in(value))
    except ValueError as error:
        raise TaskDefinitionError(f"option {name}: {error}") from None


def _exports(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or "export_options" in value:
        raise TaskDefinitionError(f"option {name}={value!r}: a dict of options is needed")
    return check_options(value)


_CHECKS: dict[str, Any] = {
    "nout": _nout,
    "prov": _flag,
    "cache": _flag,
    "cache_scope": _enum(CacheScope),
    "check_valid": _enum(CheckValid),
    "allowed_cache_results": _results,
    "executor": _text,
    "mode": _mode,
    "limits": _limits,
    "export_options": _exports,
    "retries": check_retries,
    "retry_backoff": check_backoff,
    "retry_on": check_retry_on,
    "timeout": check_timeout,
    "tags": _tags,
    "trace_files": _flag,
}

CONTEXT = "context"
"""Among a call's options: what `update_context` lays over the context."""
PRIVATE = frozenset({CONTEXT})
"""Names among a call's options that no user writes as an option."""

OPTIONS = frozenset(_CHECKS)
"""Every option that both `@task(...)` and `.options(...)` take."""


_TEXT = str | None
_DEFINITION: dict[str, tuple[Any, str]] = {
    "version": (_TEXT, "a text is needed, like '1'"),
    "source": (_TEXT, "the text of the function is needed"),
    "load_module": (_TEXT, "the name of a module is needed, like 'lab.assay'"),
    "script": (bool | None, "True or False is needed"),
    "config_args": (Collection, "a list of names of parameters is needed, like ['threads']"),
    "hash_includes": (Collection, "a list of what counts is needed, like [helper]"),
    LEVEL: (_TEXT, f"choose one of {', '.join(LEVELS)}"),
}

DEFINITION = frozenset({"name", "namespace", *_DEFINITION})
"""What `@task(...)` alone takes: it is of the task, and not of a call."""


def check_definition(label: str, /, **given: Any) -> None:
    """Refuse what cannot be among the arguments of `@task` that are no options of a call.

    Args:
        label: names the task, for the message.

    Raises:
        TaskDefinitionError: with what is needed.
    """
    for name, value in given.items():
        kind, needed = _DEFINITION[name]
        is_other = kind is Collection and isinstance(value, (str, bytes, Mapping))
        if is_other or not isinstance(value, kind) or (name == LEVEL and value not in (None, *LEVELS)):
            raise TaskDefinitionError(f"{label}: {name}={value!r}: {needed}")


def check_options(options: Mapping[str, Any], also: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Options with their values normalised; `cache` becomes a cache scope.

    Args:
        options: as the user gave them. (`mode` is a short way to say `executor`.)
        also: further names that would have been right in this place, for the nearest match.

    Raises:
        TaskDefinitionError: an unknown name (the message has the nearest one) or a value that cannot be.
    """
    checked = {}
    for name, value in options.items():
        check = _CHECKS.get(name)
        if check is None and name in DEFINITION:
            raise TaskDefinitionError(
                f"{name} is no option of a call: it is given where the task is defined, @task({name}=…)"
            )
        if check is None:
            near = most_alike(name, OPTIONS | also, 1)
            hint = (
                f" Did you mean {near[0]}?" if near else f" Options are: {', '.join(sorted(OPTIONS | also))}."
            )
            raise TaskDefinitionError(f"no option is called {name!r}.{hint}")
        # A lazy value is checked once it is there.
        # (Whether a call is recorded has to be known before anything of it is, and nout when it is unpacked.)
        lazy = name not in ("export_options", "nout", "prov") and find_expressions(value)
        checked[name] = value if lazy else check(name, value)
    if "cache" in checked:
        cache = checked.pop("cache")
        if cache is False and checked.get("cache_scope") is CacheScope.BACKEND:
            raise TaskDefinitionError(
                "cache=False keeps a result from later runs, and cache_scope='BACKEND' gives it to them: leave out one "
                "of the two"
            )
        lazy = find_expressions(cache)
        checked.setdefault("cache_scope", Operation(_CACHE, (cache,)) if lazy else _scope_of(cache))
    if "mode" in checked:
        mode = checked.pop("mode")
        executor = Operation(_MODE, (mode,)) if find_expressions(mode) else mode
        given = checked.setdefault("executor", executor)
        if given is not executor and (find_expressions([given, executor]) or given != executor):
            raise TaskDefinitionError(
                "mode and executor say where a task runs, each its own: give executor alone"
            )
    return checked


def _scope_of(cache: Any) -> CacheScope:
    return CacheScope.BACKEND if _flag("cache", cache) else CacheScope.CSE


def _executor_of(mode: Any) -> str:
    return _mode("mode", mode)


_CACHE, _MODE = "cache", "mode"
# What a lazy value for `cache` or `mode` has turned out to be.
OPERATIONS[_CACHE] = _scope_of
OPERATIONS[_MODE] = _executor_of


def limits_of_reuse(definition: Mapping[str, Any]) -> list[bytes]:
    """What a task's definition says against reusing it or the calls under it, as parts of its hash: a parent that was
    recorded before it said so must not be reused unopened."""
    parts = []
    exported = definition.get("export_options", {})
    for label, options in ((b"cache", definition), (b"exported cache", exported)):
        scope = options.get("cache_scope", options.get("cache", CacheScope.BACKEND))
        if scope is not CacheScope.BACKEND:
            parts += [label, scope.value.encode() if isinstance(scope, CacheScope) else b"lazy"]
        if options.get("prov") is False:
            parts.append(label + b" without prov")
    return parts


def is_off(
    definition: Mapping[str, Any], exported: dict[str, Any] | None, given: dict[str, Any] | None
) -> bool:
    """Whether a call is not to be recorded (`prov=False`). What the calls above export of this, nothing undoes."""
    if exported is not None and exported.get("prov") is False:
        return True
    if not given and "prov" not in definition and "export_options" not in definition:
        return False
    return options_of_call(dict(definition), exported, given)[0].get("prov") is False


def options_of_call(
    definition: dict[str, Any], exported: Mapping[str, Any] | None, given: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A call's options, and those of them that the calls under it inherit.

    Later ones win: the task's definition, what the calls above export, what was given at the call.

    Args:
        definition: the task's own.
        exported: what the call above hands down.
        given: those of `.options(...)` and the like.
    """
    if not exported and not given and "export_options" not in definition:
        return definition, None
    own, at_call = definition.get("export_options", {}), (given or {}).get("export_options", {})
    hand_down = {**own, **(exported or {}), **at_call}
    return {**definition, **hand_down, **(given or {})}, hand_down or None
